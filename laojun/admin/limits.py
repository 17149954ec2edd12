"""The platform's limits: what is in force, who is near the end of it, and who was refused."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from accounts import limits, pressure
from accounts.models import RateLimit
from accounts.registry import limit_classes
from laojun import audit, configs
from laojun.admin.configuration import change_of, faulty
from laojun.admin.console import OperatorAdmin, actor, in_scope
from laojun.audit import Target
from laojun.configs import Entry
from laojun.definitions import SUBJECTS, InvalidValue
from laojun.forms import SettingForm

MAX_SUBJECT = 255
HERE = "admin:accounts_ratelimit_changelist"


@admin.register(RateLimit)
class RateLimitAdmin(OperatorAdmin):
    """The list is one page: a form of the values, the busiest subjects, the refusals."""

    icon = "speed"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("clearance/", wrap(self.clear), name="accounts_ratelimit_clear"),
            *super().get_urls(),
        ]

    @in_scope
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        refused: dict[str, SettingForm] = {}
        if request.method == "POST":
            refused = _save(request)
            if not refused:
                return redirect(HERE)
        return self._page(request, refused)

    @in_scope
    def clear(self, request: HttpRequest) -> HttpResponse:
        """Let one subject begin anew in one class."""
        name = request.POST.get("name", "")
        subject = request.POST.get("subject", "")[:MAX_SUBJECT]
        if (
            request.method != "POST"
            or not subject
            or not pressure.clear(name=name, subject=subject)
        ):
            raise Http404
        audit.record(
            actor=actor(request),
            action="limit.cleared",
            target=Target("rate_limit", f"{name}:{subject}"[:MAX_SUBJECT], platform=True),
        )
        messages.success(request, _("Cleared: the count begins anew."))
        return redirect(HERE)

    def _page(self, request: HttpRequest, refused: dict[str, SettingForm]) -> HttpResponse:
        counts = pressure.refusals()
        forms = {
            entry.key: refused.get(entry.key) or SettingForm(entry=entry) for entry in _entries()
        }
        rows = [
            {
                "limit": entry,
                "of": SUBJECTS[entry.subject],
                "refused": counts[name],
                "form": forms.get(entry.setting),
            }
            for name, entry in limit_classes.items()
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Rate limits"),
            "opts": self.opts,
            "rows": rows,
            "busiest": pressure.busiest(),
            "factors": limits.PLAN_FACTORS,
        }
        return TemplateResponse(
            request, "admin/laojun/limits.html", context, status=400 if refused else 200
        )


def _entries() -> list[Entry]:
    keys = {entry.setting for entry in limit_classes.values()}
    return [entry for entry in configs.entries(None) if entry.key in keys]


def _save(request: HttpRequest) -> dict[str, SettingForm]:
    """Write the values that changed; the forms that were refused, by key."""
    forms = {entry.key: SettingForm(request.POST, entry=entry) for entry in _entries()}
    invalid = {key: form for key, form in forms.items() if not form.is_valid()}
    if invalid:
        return invalid
    changes = [change for form in forms.values() if (change := change_of(form))]
    try:
        configs.write(
            changes=changes, workspace_id=None, actor=actor(request), action="limit.changed"
        )
    except InvalidValue as error:
        return {error.key: faulty(forms[error.key], error.message)}
    except configs.Stale as error:
        text = _("Somebody changed it meanwhile. It is now: %(value)s")
        key = error.entry.key
        return {key: faulty(forms[key], text % {"value": error.entry.shown})}
    messages.success(request, _("Saved. It holds from the next request on."))
    return {}
