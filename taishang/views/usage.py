"""The page of AI use: what is left of each limit, what was used day by day, by model, purpose and person."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.web.access import needs, person_of, principal_of
from laojun import audit
from laojun.audit import Actor, Target
from taishang.catalogue.prices import platform_currency
from taishang.forms import QuotaForm
from taishang.gateway import caching
from taishang.models import Quota, UsageDay
from taishang.quotas import changing, standing
from taishang.quotas.changing import AboveCeiling
from taishang.usage import exporting, sums
from taishang.usage.costs import plain
from taishang.usage.recording import day_of

PERIODS = (7, 30, 90)
USUAL = 30


@needs("model.view")
@never_cache
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """One's own use; with `usage.view` everybody's, by person too."""
    return render(request, "taishang/usage.html", _context(request))


@require_POST
@needs("quota.manage")
def change_quota(request: HttpRequest) -> HttpResponse:
    quota = changing.held(workspace_id=principal_of(request).workspace_id or 0)
    form = QuotaForm(request.POST)
    if form.is_valid():
        try:
            changing.change(
                quota=quota,
                wishes=form.cleaned_data,
                actor=Actor.of_principal(principal_of(request)),
            )
        except AboveCeiling as error:
            most = {"most": error.ceiling}
            form.add_error(error.field, _("At most %(most)s: the operator's ceiling.") % most)
        else:
            messages.success(request, _("The limits hold from the next call on."))
            return redirect("usage")
    return render(request, "taishang/usage.html", _context(request, form=form), status=400)


@require_POST
@needs("model.manage")
def forget_answers(request: HttpRequest) -> HttpResponse:
    """No answer that was kept for equal questions is given again in this workspace."""
    principal = principal_of(request)
    caching.forget(workspace_id=principal.workspace_id)
    audit.record(
        actor=principal,
        action="model_call.answers_forgotten",
        target=Target("workspace", str(principal.workspace_id)),
    )
    messages.success(request, _("Every question is asked anew from now on."))
    return redirect("usage")


@needs("model.view")
@never_cache
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    first, last = _period(request)
    content = exporting.as_csv(_rows(request, first, last))
    name = f"ai-use-{first.isoformat()}-{last.isoformat()}.csv"
    return HttpResponse(
        content,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _context(request: HttpRequest, *, form: QuotaForm | None = None) -> dict[str, Any]:
    principal = principal_of(request)
    workspace_id = principal.workspace_id or 0
    first, last = _period(request)
    rows = _rows(request, first, last)
    is_manager = principal.may("quota.manage")
    found = standing.of(workspace_id=workspace_id, user=person_of(request))
    quota = found.quota
    return {
        "scopes": _shown(found.scopes),
        "total": sums.total(rows),
        "chart": _chart(sums.grouped(rows, sums.BY_DAY), first, last),
        "tables": _tables(rows, by_person=principal.may("usage.view")),
        "currency": platform_currency(),
        "periods": PERIODS,
        "days": (last - first).days + 1,
        "quota": quota,
        "may_forget": principal.may("model.manage"),
        "form": form or (QuotaForm(initial=_initial(quota)) if is_manager else None),
    }


def _initial(quota: Quota) -> dict[str, Any]:
    """What the form begins with; costs without the zeros behind their last digit."""
    values = {name: getattr(quota, name) for name in changing.OWNERS}
    if quota.cost_quota is not None:
        values["cost_quota"] = plain(quota.cost_quota)
    return values


def _period(request: HttpRequest) -> tuple[date, date]:
    asked = request.GET.get("days", "")
    days = int(asked) if asked.isdecimal() and int(asked[:4]) in PERIODS else USUAL
    last = day_of(timezone.now())
    return last - timedelta(days=days - 1), last


def _rows(request: HttpRequest, first: date, last: date) -> list[UsageDay]:
    rows = UsageDay.objects.visible_to(principal_of(request))
    return list(rows.filter(stat_date__gte=first, stat_date__lte=last).order_by("stat_date", "id"))


def _shown(scopes: list[standing.Scope]) -> list[dict[str, Any]]:
    """Limits first; what is unlimited and was not used is left out."""
    names = {
        ("workspace", "tokens"): _("The workspace's tokens"),
        ("workspace", "cost"): _("The workspace's costs"),
        ("member", "tokens"): _("Your share of the workspace"),
        ("user_plan", "tokens"): _("Your plan, in all workspaces"),
    }
    return [
        {"row": scope, "label": names[scope.scope, scope.unit]}
        for scope in sorted(scopes, key=lambda scope: scope.limit is None)
        if scope.limit is not None or scope.used or scope.reserved
    ]


def _chart(days: list[sums.Group], first: date, last: date) -> dict[str, Any]:
    """Every day of the period, used or not."""
    used = {group.key: group.sums for group in days}
    dates = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    found = [used.get(day.isoformat(), sums.Sums()) for day in dates]
    labels = [f"{day.month}/{day.day}" for day in dates]
    tokens_in, tokens_out = _("Tokens in"), _("Tokens out")
    busy = sum(1 for one in found if one.requests)
    return {
        "data": {
            "kind": "bar",
            "labels": labels,
            "series": [
                {"name": tokens_in, "values": [one.input_tokens for one in found]},
                {"name": tokens_out, "values": [one.output_tokens for one in found]},
            ],
        },
        "rows": [
            [label, one.input_tokens, one.output_tokens]
            for label, one in zip(labels, found, strict=True)
            if one.requests
        ],
        "summary": ngettext("Used on %(count)d day.", "Used on %(count)d days.", busy)
        % {"count": busy},
    }


def _tables(rows: list[UsageDay], *, by_person: bool) -> list[dict[str, Any]]:
    asked = [(sums.BY_MODEL, _("By model")), (sums.BY_TYPE, _("By purpose"))]
    if by_person:
        asked.append((sums.BY_USER, _("By person")))
    unnamed = {sums.BY_MODEL: _("a model that is gone"), sums.BY_USER: _("the platform itself")}
    return [
        {
            "key": by,
            "title": title,
            "unnamed": unnamed.get(by, ""),
            "groups": sums.grouped(rows, by),
        }
        for by, title in asked
    ]
