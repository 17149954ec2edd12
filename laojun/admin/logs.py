"""The logs of every workspace and of the platform, and all that one request left behind."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from laojun.admin.console import CappedPaginator, OperatorAdmin, in_scope
from laojun.logs import searching, tracing
from laojun.models import SystemLog

LABELS = {"DEBUG": "info", "INFO": "info", "WARN": "warning", "ERROR": "danger"}
ICONS = {"good": "check", "warn": "warning", "bad": "cross", "info": "info"}
SHOWN = 300


class ByLogger(admin.SimpleListFilter):
    """The loggers that spoke in the last week, the busiest first."""

    title = gettext_lazy("logger")
    parameter_name = "logger"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        recent = SystemLog.objects.filter(created_at__gt=timezone.now() - searching.MAX_WINDOW)
        with searching.bounded():
            names = recent.order_by("logger").values_list("logger", flat=True).distinct()[:50]
            return [(name, name) for name in names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(logger=self.value()) if self.value() else queryset


@admin.register(SystemLog)
class SystemLogAdmin(OperatorAdmin):
    icon = "article"
    paginator = CappedPaginator
    list_display = ("created_at", "severity", "said", "logger", "service", "workspace_id", "trace")
    list_filter: ClassVar = (
        ("created_at", RangeDateTimeFilter),
        "level",
        "service",
        ByLogger,
    )
    list_filter_submit = True
    search_fields = ("message", "path", "trace_id")
    ordering = ("-created_at", "-id")
    fields = readonly_fields = (
        "created_at",
        "severity",
        "message",
        "logger",
        "service",
        "context",
        "traceback",
        "repeat_count",
        "method",
        "path",
        "workspace_id",
        "user_id",
        "ip_address",
        "user_agent",
        "trace",
    )

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = path("trace/<str:trace_id>/", wrap(self.trace_view), name="laojun_systemlog_trace")
        return [own, *super().get_urls()]

    @in_scope
    def trace_view(self, request: HttpRequest, trace_id: str) -> HttpResponse:
        """Logs, deeds and whatever else names this request, in the order it happened."""
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": _("One request"),
            "opts": self.opts,
            "trace_id": trace_id,
            "steps": [
                {"step": step, "icon": ICONS[step.level]} for step in tracing.steps(trace_id[:64])
            ],
        }
        return TemplateResponse(request, "admin/laojun/trace.html", context)

    @display(description=gettext_lazy("level"), label=LABELS, ordering="level")
    def severity(self, row: SystemLog) -> tuple[str, str]:
        return row.level, str(row.get_level_display())

    @display(description=gettext_lazy("message"))
    def said(self, row: SystemLog) -> str:
        times = f" × {row.repeat_count}" if row.repeat_count > 1 else ""
        return row.message[:SHOWN] + times

    @display(description=gettext_lazy("traceback"))
    def traceback(self, row: SystemLog) -> SafeString | str:
        text = row.traceback
        return format_html('<pre class="code">{}</pre>', text) if text else "–"

    @display(description=gettext_lazy("request"))
    def trace(self, row: SystemLog) -> SafeString | str:
        if not row.trace_id:
            return "–"
        address = reverse("admin:laojun_systemlog_trace", args=[row.trace_id])
        return format_html('<a href="{}"><code>{}</code></a>', address, row.trace_id)
