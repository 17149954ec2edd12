"""The change feed and the remembered replies, as operators see them: counts, the oldest tombstone, a new beginning."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Min, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from accounts import sync
from accounts.admin.base import Console, ReasonForm, operator
from accounts.models import Change, FeedState, IdempotencyKey
from accounts.web.console import may_act


@admin.register(FeedState)
class FeedAdmin(Console):
    """One page instead of a list: there is one feed."""

    icon = "sync"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            self._reset(request, form.cleaned_data["reason"])
            return redirect("admin:accounts_feedstate_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Change feed"),
            "opts": self.opts,
            "state": FeedState.objects.get(),
            "kinds": _kinds(),
            "oldest_tombstone": Change.objects.filter(op=Change.Op.GONE).aggregate(
                at=Min("changed_at")
            )["at"],
            "replies": IdempotencyKey.objects.count(),
            "may_reset": may_act(self, request),
            "form": form,
        }
        return TemplateResponse(request, "admin/accounts/feed.html", context)

    def _reset(self, request: HttpRequest, reason: str) -> None:
        sync.reset(reason=reason[:200], by=operator(request))
        messages.success(request, _("The feed begins anew; every client loads again."))


def _kinds() -> Any:
    gone = Count("pk", filter=Q(op=Change.Op.GONE))
    return Change.objects.values("resource_type").annotate(n=Count("pk"), gone=gone).order_by("-n")
