"""The workspace's audit page: is it whole, filters, what changed in two columns, the same request, export."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import registry
from accounts.authentication import Principal
from accounts.web.access import needs, principal_of
from laojun import audit, audit_search
from laojun.audit import Actor
from laojun.chain import exporting, inspections, wording
from laojun.models import AuditChain, AuditLog

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
        **_proof(principal),
    }
    return render(request, "laojun/audit.html", context)


@needs("audit.view")
@never_cache
@require_safe
def proof(request: HttpRequest) -> HttpResponse:
    """The part that says whether the log is whole; asked for again while a verification or an export runs."""
    return render(request, "laojun/_audit_proof.html", _proof(principal_of(request)))


@needs("audit.view")
@require_POST
def verify(request: HttpRequest) -> HttpResponse:
    principal = principal_of(request)
    inspections.ask(
        by=Actor.of_principal(principal),
        chain=principal.workspace_id,
        workspace=principal.workspace_id,
    )
    return redirect("workspace_audit")


@needs("audit.export")
@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """A download, or with more than 10,000 rows the page, where the file's bar is shown."""
    principal = principal_of(request)
    asked = {name: request.GET[name] for name in audit_search.PARAMETERS if name in request.GET}
    rows, error = _found(principal, asked)
    try:
        if error is None:
            begun = exporting.begin(
                rows=rows,
                asked=asked,
                kind=request.GET.get("format", "csv"),
                actor=Actor.of_principal(principal),
                context=principal.context,
            )
            if isinstance(begun, HttpResponseBase):
                return begun
            return redirect("workspace_audit")
    except audit_search.BadQuery as refused:
        error = refused.message
    return render(request, "laojun/audit.html", {"error": error, "asked": asked}, status=400)


def _proof(principal: Principal) -> dict[str, Any]:
    """The verdict in words, and what is under way."""
    workspace = principal.workspace_id
    chain = AuditChain.objects.visible_to(principal).first()
    may_export = principal.may("audit.export")
    return {
        "chain": chain,
        "words": wording.of_verdict(chain.verdict if chain else None),
        "verification": registry.latest_work(kind=inspections.KIND, workspace=workspace),
        "file": registry.latest_work(kind=exporting.KIND, workspace=workspace)
        if may_export
        else None,
    }


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
