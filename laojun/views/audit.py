"""The workspace's audit page: filters, what changed in two columns, the same request, export."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.authentication import Principal
from accounts.web.access import needs, principal_of
from laojun import audit, audit_search
from laojun.audit import Actor
from laojun.models import AuditLog

PAGE = 50


@needs("audit.view")
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    principal = principal_of(request)
    asked = {name: request.GET[name] for name in audit_search.PARAMETERS if name in request.GET}
    rows, error = _found(principal, asked)
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows.order_by("-pk")[: PAGE + 1])
    known = audit.names(found)
    shown = [_shown(row, known) for row in found[:PAGE]]
    context = {
        "rows": shown,
        "next": found[PAGE - 1].pk if len(found) > PAGE else None,
        "asked": asked,
        "error": error,
        "results": AuditLog.Result.choices,
        "actions": sorted(audit.actions.items()),
        "may_export": principal.may("audit.export"),
    }
    return render(request, "laojun/audit.html", context)


@needs("audit.export")
@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    principal = principal_of(request)
    asked = {name: request.GET[name] for name in audit_search.PARAMETERS if name in request.GET}
    rows, error = _found(principal, asked)
    try:
        if error is None:
            return audit_search.export(
                rows=rows,
                kind=request.GET.get("format", "csv"),
                actor=Actor.of_principal(principal),
                context=principal.context,
            )
    except audit_search.BadQuery as refused:
        error = refused.message
    except audit_search.ExportTooLarge:
        error = audit_search.TOO_LARGE
    return render(request, "laojun/audit.html", {"error": error, "asked": asked}, status=400)


def _found(principal: Principal, asked: dict[str, str]) -> tuple[Any, Any]:
    rows = AuditLog.objects.visible_to(principal)
    try:
        return audit_search.find(rows, asked), None
    except audit_search.BadQuery as error:
        return rows.none(), error.message


def _shown(row: AuditLog, known: dict[str, str]) -> dict[str, Any]:
    before, after = row.payload.get("before") or {}, row.payload.get("after") or {}
    paths = row.payload.get("changed") or sorted({*before, *after})
    return {
        "row": row,
        "actor": known.get(row.actor) or row.get_actor_kind_display(),
        "words": audit.actions.get(row.action) or row.action,
        "changes": [(path, before.get(path), after.get(path)) for path in paths],
        "details": sorted((row.payload.get("details") or {}).items()),
    }
