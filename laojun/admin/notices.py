"""Notices and mail: tell many people, test the mail server, and read the letters of an installation without one."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import mail
from accounts.models import Workspace
from accounts.web.console import may_act
from laojun import audit
from laojun.admin.console import OperatorAdmin, actor, in_scope
from laojun.models import AuditLog, Notification
from laojun.notifications import broadcasting, outbox
from laojun.notifications.broadcasting import EVERYBODY, OPERATORS, WORKSPACE, Broadcast

HERE = "admin:laojun_notification_changelist"
RECENT = 20
AUDIENCES = (
    (EVERYBODY, gettext_lazy("everybody who can sign in")),
    (OPERATORS, gettext_lazy("operators")),
    (WORKSPACE, gettext_lazy("the members of one workspace")),
)


class BroadcastForm(forms.Form):
    audience = forms.ChoiceField(label=gettext_lazy("To"), choices=AUDIENCES)
    workspace = forms.IntegerField(
        label=gettext_lazy("Workspace (its number)"), required=False, min_value=1
    )
    title_zh = forms.CharField(label=gettext_lazy("Title, Chinese"), max_length=100)
    text_zh = forms.CharField(
        label=gettext_lazy("Text, Chinese"), max_length=1000, widget=forms.Textarea({"rows": 3})
    )
    title_en = forms.CharField(label=gettext_lazy("Title, English"), max_length=100)
    text_en = forms.CharField(
        label=gettext_lazy("Text, English"), max_length=1000, widget=forms.Textarea({"rows": 3})
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("audience") == WORKSPACE:
            number = cleaned.get("workspace") or 0
            if not Workspace.objects.filter(pk=number).exists():
                self.add_error("workspace", _("No workspace has this number."))
        return cleaned

    def broadcast(self) -> Broadcast:
        given = self.cleaned_data
        return Broadcast(
            given["audience"],
            {"zh-hans": given["title_zh"], "en": given["title_en"]},
            {"zh-hans": given["text_zh"], "en": given["text_en"]},
            given["workspace"] if given["audience"] == WORKSPACE else None,
        )


@admin.register(Notification)
class NotificationAdmin(OperatorAdmin):
    """The list is one page; what single people were told is nobody else's business."""

    icon = "campaign"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("test-mail/", wrap(self.test_mail), name="laojun_notification_test"),
            path("outbox/<str:name>/", wrap(self.letter_view), name="laojun_notification_letter"),
            *super().get_urls(),
        ]

    @in_scope
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Nothing is sent before its preview was seen with the number of people."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = BroadcastForm(request.POST or None)
        preview: dict[str, Any] = {}
        if request.method == "POST" and form.is_valid():
            preview = self._preview(form)
            if "send" in request.POST and request.POST.get("count") == str(preview["count"]):
                self._send(request, form, preview["count"])
                return redirect(HERE)
        refused = request.method == "POST" and not preview
        return self._page(request, form, preview, status=400 if refused else 200)

    @in_scope
    def test_mail(self, request: HttpRequest) -> HttpResponse:
        """A letter to the operator's own address."""
        if request.method != "POST":
            return redirect(HERE)
        person: Any = request.user
        mail.send("mail_test", user=person)
        audit.record(
            actor=actor(request),
            action="mail.tested",
            target=audit.Target("user", str(person.pk), platform=True),
        )
        messages.success(
            request, _("A letter to %(to)s was put into the queue.") % {"to": person.email}
        )
        return redirect(HERE)

    @in_scope
    def letter_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """One letter of an installation without a mail server."""
        letter = outbox.read(name) if mail.is_filed() and may_act(self, request) else None
        if letter is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "title": letter.subject,
            "opts": self.opts,
            "letter": letter,
        }
        return TemplateResponse(request, "admin/laojun/letter.html", context)

    def _preview(self, form: BroadcastForm) -> dict[str, Any]:
        message = form.broadcast()
        people = broadcasting.readers(message.audience, message.workspace_id)
        return {"message": message, "count": people.count(), "some": list(people[:5])}

    def _send(self, request: HttpRequest, form: BroadcastForm, count: int) -> None:
        if not may_act(self, request):
            raise PermissionDenied
        broadcasting.start(broadcast=form.broadcast(), count=count, actor=actor(request))
        text = _("%(count)d people are being told.") % {"count": count}
        messages.success(request, text)

    def _page(
        self, request: HttpRequest, form: BroadcastForm, preview: dict[str, Any], *, status: int
    ) -> HttpResponse:
        today = Q(created_at__gt=timezone.now() - timedelta(days=1))
        kinds = Notification.objects.order_by().values("letter")
        sent = AuditLog.objects.filter(action="notification.broadcast").order_by("-created_at")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Notices and mail"),
            "opts": self.opts,
            "form": form,
            "preview": preview,
            "may_send": may_act(self, request),
            "kinds": kinds.annotate(
                all=Count("pk"),
                today=Count("pk", filter=today),
                unread=Count("pk", filter=Q(is_read=False)),
            ).order_by("-today", "-all")[:RECENT],
            "sent": [(row, (row.payload.get("details") or {})) for row in sent[:RECENT]],
            "letters": outbox.latest() if mail.is_filed() and may_act(self, request) else [],
        }
        return TemplateResponse(request, "admin/laojun/notices.html", context, status=status)
