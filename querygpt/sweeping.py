"""What is done for connections without anybody asking: structures read again, servers looked at, owners told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts import news, tenancy
from accounts.models import User
from querygpt.connections import testing
from querygpt.models import Connection, Run
from querygpt.models.connection import NETWORK_DRIVERS
from querygpt.schema import tasks
from querygpt.schema.tasks import REFRESH, connection_of
from taishang.runs import RetryLater
from taishang.runs import Run as TaskRun

HEALTH = "querygpt.health"
HEALTH_SECONDS = 900
TRIES, PAUSE_SECONDS = 3, 20.0
STALE = timedelta(hours=24)
USED_WITHIN = timedelta(days=7)
AT_ONCE = 500
REASON = "connections are looked after"
State = Connection.Status
# What an owner is told when a connection comes to this state by itself.
LETTERS = {
    State.OK: "connection_back",
    State.FAILING: "connection_failing",
    State.UNSAFE: "connection_unsafe",
}


def refresh_structures() -> int:
    """Have every structure that is a day old read again; files never change. How many were asked for."""
    due = Q(catalogue_at__lt=timezone.now() - STALE, catalogue_version__gt=0)
    return _ask(REFRESH, due & Q(driver__in=NETWORK_DRIVERS))


def look_after() -> int:
    """Have every server looked at that somebody asked within a week. How many were asked for."""
    asked = Run.objects.filter(
        connection_id=OuterRef("pk"), created_at__gt=timezone.now() - USED_WITHIN
    )
    return _ask(HEALTH, Q(Exists(asked), driver__in=NETWORK_DRIVERS))


def look(run: TaskRun) -> dict[str, Any]:
    """The handler of `querygpt.health`: three silences in a row are a failure, and a change is told once."""
    connection = connection_of(run)
    outcome = testing.look(connection=connection)
    if not outcome.ok and outcome.code != "unsafe_role" and run.attempt < TRIES:
        raise RetryLater(PAUSE_SECONDS, outcome.code)
    with run.finish({"code": outcome.code}):
        before = testing.keep(connection, outcome)
        now = Connection.objects.values_list("status", flat=True).get(pk=connection.pk)
        if before is not None and now != before and before != State.NEW:
            _tell(connection, now)
    return {"code": outcome.code}


def _ask(kind: str, due: Q) -> int:
    with tenancy.platform_scope(reason=REASON):
        rows = list(Connection.objects.in_use().filter(due).order_by("pk")[:AT_ONCE])
    for row in rows:
        with tenancy.workspace(row.workspace_id, user_id=row.user_id):
            tasks.ask(kind=kind, connection=row, user_id=row.user_id)
    return len(rows)


def _tell(connection: Connection, status: str) -> None:
    news.tell(
        LETTERS[State(status)],
        user=User.objects.get(pk=connection.user_id),
        link=("connection", connection.pk),
        workspace_id=connection.workspace_id,
        dedup_key=f"connection:{connection.pk}:{status}",
        connection=connection.name,
    )
