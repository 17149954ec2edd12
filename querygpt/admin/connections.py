"""Connections in every workspace, and what was sent to them: health, refusals, what runs now. No secrets, no rows."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from laojun import audit
from laojun.audit import Target
from querygpt.connections import saving
from querygpt.execution import reviewing, stopping
from querygpt.models import Connection, Result, Run
from querygpt.models.run import RunQuerySet
from querygpt.results import storing
from taishang.admin.console import OperatorAdmin, actor, ask


@admin.register(Connection)
class ConnectionAdmin(OperatorAdmin):
    """How lent databases do. Passwords are never shown."""

    icon = "database"
    list_display = (
        "name",
        "workspace",
        "user",
        "driver",
        "status",
        "last_error_code",
        "shown_findings",
        "last_tested_at",
        "catalogue_at",
    )
    list_filter = ("status", "driver", "tls_mode", "visibility", "last_error_code")
    search_fields = ("name", "host")
    list_select_related = ("workspace", "user")
    ordering = ("-created_at",)
    actions = ("disable", "purge")
    exclude = ("password_encrypted", "values_key_encrypted", "extra_options")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(obj is None and super().has_change_permission(request, obj))

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Connection]:
        rows: models.QuerySet[Connection] = super().get_queryset(request)
        return rows.filter(deleted_at__isnull=True)

    @admin.action(description=gettext_lazy("Switch off"))
    def disable(
        self, request: HttpRequest, rows: models.QuerySet[Connection]
    ) -> HttpResponse | None:
        effect = _("Nobody asks these databases any more; what runs there is stopped.")
        question = ask(request, self, action="disable", effect=effect, rows=rows)
        if question is None:
            for connection in rows.select_for_update(of=("self",)):
                saving.switch_off(connection=connection, actor=actor(request))
            messages.success(request, _("They are switched off."))
        return question

    @admin.action(description=gettext_lazy("Remove the rows they brought"))
    def purge(self, request: HttpRequest, rows: models.QuerySet[Connection]) -> HttpResponse | None:
        effect = _("Stored rows of these databases become unreadable at once; questions stay.")
        question = ask(request, self, action="purge", effect=effect, rows=rows)
        if question is None:
            for connection in rows:
                storing.purge(Result.objects.filter(run__connection_id=connection.pk))
                audit.record(
                    actor=actor(request),
                    action="connection.results_purged",
                    target=Target(
                        "connection", str(connection.pk), workspace_id=connection.workspace_id
                    ),
                )
            messages.success(request, _("The rows are gone."))
        return question

    @display(description=gettext_lazy("findings"))
    def shown_findings(self, connection: Connection) -> str:
        return ", ".join(one["code"] for one in connection.findings) or "–"


@admin.register(Run)
class RunAdmin(OperatorAdmin):
    """Every statement: refused ones with their rule, running ones with their time."""

    icon = "terminal"
    list_display = (
        "created_at",
        "state",
        "rule",
        "error_code",
        "shown_sql",
        "actor_name",
        "workspace",
        "connection",
        "origin",
        "shown_time",
        "review",
    )
    list_filter = ("verdict", "state", "rule", "origin", "review", "server_abandoned")
    search_fields = ("sql_submitted", "actor_name", "trace_id")
    list_select_related = ("workspace", "connection")
    ordering = ("-created_at",)
    actions = ("stop", "rightly", "wrongly", "export")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(obj is None and super().has_change_permission(request, obj))

    @admin.action(description=gettext_lazy("Stop"))
    def stop(self, request: HttpRequest, rows: RunQuerySet) -> HttpResponse | None:
        effect = _("These statements end within a second, at the server too.")
        question = ask(request, self, action="stop", effect=effect, rows=rows)
        if question is None:
            stopped = sum(stopping.stop(run=run, actor=actor(request)) for run in rows.running())
            messages.success(request, _("Stopped: %(count)d.") % {"count": stopped})
        return question

    @admin.action(description=gettext_lazy("Reviewed: rightly refused"))
    def rightly(self, request: HttpRequest, rows: RunQuerySet) -> None:
        reviewing.review(runs=rows, verdict=Run.Review.RIGHT, by=request.user, actor=actor(request))

    @admin.action(description=gettext_lazy("Reviewed: wrongly refused"))
    def wrongly(self, request: HttpRequest, rows: RunQuerySet) -> None:
        reviewing.review(runs=rows, verdict=Run.Review.FALSE, by=request.user, actor=actor(request))

    @admin.action(description=gettext_lazy("Export as lines of check_sql"))
    def export(self, request: HttpRequest, rows: RunQuerySet) -> HttpResponse:
        return HttpResponse(
            reviewing.lines(rows),
            content_type="text/tab-separated-values; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="statements.tsv"'},
        )

    @display(description=gettext_lazy("statement"))
    def shown_sql(self, run: Run) -> str:
        return run.sql_submitted[:120]

    @display(description=gettext_lazy("time (ms)"))
    def shown_time(self, run: Run) -> int | None:
        if run.state != Run.State.RUNNING:
            return run.execution_ms
        return int((timezone.now() - run.created_at).total_seconds() * 1000)
