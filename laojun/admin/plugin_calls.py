"""Calls of plugins across workspaces: what was given up and is sent again, what a restore holds back."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from laojun import audit
from laojun.admin.console import CappedPaginator, OperatorAdmin, actor
from laojun.models import PluginDelivery
from laojun.plugins import deliveries

COLOURS = {
    "pending": "info",
    "sending": "warning",
    "delivered": "success",
    "failed": "danger",
    "dead": "danger",
    "skipped": "default",
    "held": "warning",
}


@admin.register(PluginDelivery)
class PluginDeliveryAdmin(OperatorAdmin):
    icon = "webhook"
    paginator = CappedPaginator
    list_display = (
        "created_at",
        "plugin_slug",
        "workspace",
        "hook",
        "event_type",
        "shown_state",
        "attempts",
        "error_code",
        "duration_ms",
    )
    list_filter = ("state", "hook", "event_type", "error_code", ("created_at", RangeDateTimeFilter))
    list_filter_submit = True
    list_select_related = ("workspace", "plugin")
    search_fields = ("id__exact", "event_id__exact", "trace_id", "plugin__slug")
    ordering = ("-created_at", "-id")
    actions = ("send_again", "send_held", "drop_held")
    # Payloads are the workspaces' own; an operator sees that something was told, not what.
    fields = readonly_fields = (
        "id",
        "created_at",
        "plugin",
        "instance",
        "workspace",
        "hook",
        "mode",
        "is_test",
        "event_id",
        "event_type",
        "shown_state",
        "attempts",
        "next_attempt_at",
        "lease_until",
        "status_code",
        "duration_ms",
        "bytes_in",
        "bytes_out",
        "error_code",
        "error",
        "trace_id",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[PluginDelivery]:
        return super().get_queryset(request).defer("payload", "answer")

    @display(description=gettext_lazy("plugin"), ordering="plugin__slug")
    def plugin_slug(self, row: PluginDelivery) -> str:
        return str(row.plugin.slug)

    @display(description=gettext_lazy("state"), label=COLOURS)
    def shown_state(self, row: PluginDelivery) -> tuple[str, str]:
        return row.state, str(row.get_state_display())

    @admin.action(description=gettext_lazy("Send again what was given up, under the same id"))
    def send_again(self, request: HttpRequest, queryset: QuerySet[PluginDelivery]) -> None:
        rows = list(queryset.dead().select_for_update(of=("self",)))  # type: ignore[attr-defined]
        for row in rows:
            deliveries.retry(delivery=row, by=actor(request))
        messages.success(request, _("%(count)d are sent again.") % {"count": len(rows)})

    @admin.action(description=gettext_lazy("Held back after a restore: let them go out"))
    def send_held(self, request: HttpRequest, queryset: QuerySet[PluginDelivery]) -> None:
        self._release(request, queryset, send_them=True)

    @admin.action(description=gettext_lazy("Held back after a restore: never send them"))
    def drop_held(self, request: HttpRequest, queryset: QuerySet[PluginDelivery]) -> None:
        self._release(request, queryset, send_them=False)

    def _release(self, request: HttpRequest, queryset: Any, *, send_them: bool) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        count = deliveries.release(ids, send_them=send_them)
        audit.record(
            actor=actor(request),
            action="plugin.delivery_released",
            target=audit.Target("plugin_deliveries", str(count), platform=True),
            details={"sent": send_them, "count": count},
        )
        messages.success(request, _("Decided about %(count)d.") % {"count": count})
