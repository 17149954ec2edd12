"""The audit explorer: every workspace, every filter, and no way to change a row."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from laojun.admin.console import CappedPaginator, OperatorAdmin
from laojun.audit_search import MAX_WINDOW
from laojun.models import AuditLog

RESULTS = {"ok": "success", "denied": "warning", "failed": "danger"}


@admin.register(AuditLog)
class AuditLogAdmin(OperatorAdmin):
    icon = "policy"
    paginator = CappedPaginator
    list_display = ("created_at", "workspace_id", "actor", "action", "thing", "outcome", "trace_id")
    list_filter = (("created_at", RangeDateTimeFilter), "result", "actor_kind", "action")
    search_fields = ("actor", "resource_id", "trace_id", "action")
    ordering = ("-created_at", "-id")
    fields = readonly_fields = (
        "created_at",
        "workspace_id",
        "actor_kind",
        "actor",
        "action",
        "resource_type",
        "resource_id",
        "result",
        "change",
        "ip_address",
        "user_agent",
        "trace_id",
        "seq",
        "sealed_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditLog]:
        """The months that are kept at hand; older ones stand in the archives."""
        return super().get_queryset(request).filter(created_at__gte=timezone.now() - MAX_WINDOW)

    @display(description=_("thing"))
    def thing(self, row: AuditLog) -> str:
        return f"{row.resource_type} {row.resource_id[:60]}"

    @display(description=_("result"), label=RESULTS)
    def outcome(self, row: AuditLog) -> tuple[str, str]:
        return row.result, str(row.get_result_display())

    @display(description=_("change"))
    def change(self, row: AuditLog) -> SafeString:
        """Before and after in two columns."""
        before, after = row.payload.get("before") or {}, row.payload.get("after") or {}
        details: dict[str, Any] = row.payload.get("details") or {}
        paths = row.payload.get("changed") or sorted({*before, *after})
        lines = [(path, before.get(path, "–"), after.get(path, "–")) for path in paths]
        lines += [(path, "", value) for path, value in sorted(details.items())]
        body = format_html_join("", "<tr><th>{}</th><td>{}</td><td>{}</td></tr>", lines)
        return format_html(
            "<table><thead><tr><th></th><th>{}</th><th>{}</th></tr></thead><tbody>{}</tbody></table>",
            _("Before"),
            _("After"),
            body,
        )
