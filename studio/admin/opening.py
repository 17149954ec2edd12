"""Pages of one work in the console: given to somebody else, and its texts, which only a reason opens."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import identity
from accounts.admin.base import ReasonForm
from accounts.models import User
from studio import naming, operating, works
from studio.models import Chapter, Work
from taishang.admin.console import OperatorAdmin, actor, in_scope

MOST_SHOWN = 50_000


class TransferForm(ReasonForm):
    login = forms.CharField(label=gettext_lazy("E-mail or user name"), max_length=254)
    field_order = ("login", "reason")

    def clean_login(self) -> User:
        found = identity.find(self.cleaned_data["login"])
        if found is None:
            raise forms.ValidationError(_("There is no such account."), code="does_not_exist")
        return found


class WorkPages(OperatorAdmin):
    """What the list of works adds to one work's page."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<uuid:pk>/transfer/", view(self.transfer), name="studio_work_transfer"),
            path("<uuid:pk>/texts/", view(self.texts), name="studio_work_texts"),
        ]
        return [*own, *super().get_urls()]

    @in_scope
    def transfer(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Another owner, of the same workspace."""
        work = self._work(request, pk)
        form = TransferForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            given = form.cleaned_data
            try:
                operating.transfer(
                    work=work, to=given["login"], actor=actor(request), reason=given["reason"]
                )
            except works.NotAMember as error:
                form.add_error("login", str(error))
            else:
                messages.success(request, _("The work has another owner now."))
                return redirect("admin:studio_work_changelist")
        return self._page(request, "admin/studio/transfer.html", work, {"form": form})

    @in_scope
    def texts(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The texts of one work, for an hour after a reason was given; its owner is told."""
        work = self._work(request, pk)
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            reason = form.cleaned_data["reason"]
            operating.open_texts(work=work, actor=actor(request), reason=reason)
            return redirect("admin:studio_work_texts", pk)
        until = operating.opened_until(work=work, actor=actor(request), now=timezone.now())
        context: dict[str, Any] = {"form": form, "until": until}
        if until is not None:
            context |= {"lines": naming.outline(work).lines, "chapter": _asked(request, work)}
        return self._page(request, "admin/studio/texts.html", work, context)

    def _work(self, request: HttpRequest, pk: UUID) -> Work:
        found: Work | None = self.get_object(request, str(pk))
        if found is None or not self.has_change_permission(request):
            raise Http404
        return found

    def _page(
        self, request: HttpRequest, template: str, work: Work, context: dict[str, Any]
    ) -> HttpResponse:
        whole = {
            **self.admin_site.each_context(request),
            "title": work.title,
            "opts": self.opts,
            "work": work,
            **context,
        }
        return TemplateResponse(request, template, whole)


def _asked(request: HttpRequest, work: Work) -> Chapter | None:
    try:
        number = UUID(request.GET.get("chapter", ""))
    except ValueError:
        return None
    chapter = Chapter.objects.alive().filter(work=work, pk=number).first()
    if chapter is not None:
        chapter.content = chapter.content[:MOST_SHOWN]
    return chapter
