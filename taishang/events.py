"""What plugins hear of tasks: that one was created, and how it ended."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from accounts import tenancy
from accounts.rls import DISPATCHER
from laojun.plugins.events import TASK, EventType
from laojun.plugins.points import TEXT, closed

REASON = "events of tasks"
# What the history calls it → what sinks are told.
TOLD = {
    "created": "task.created",
    "succeeded": "task.succeeded",
    "failed": "task.failed",
    "expired": "task.failed",
    "cancelled": "task.cancelled",
}
DATA = closed(
    {
        "task_id": {**TEXT, "format": "uuid"},
        "type": {**TEXT, "examples": ["generation"]},
        "state": {"enum": ["queued", "succeeded", "failed", "cancelled"]},
        "attempts": {"type": "integer"},
        "error_code": TEXT,
        "subject_type": TEXT,
        "subject_id": TEXT,
        "result": {"type": "object", "x-permission": "data:task.result"},
    }
)
ADDRESS = "/api/v1/{subject}/"
LABELS = {
    "task.created": _("A task was created"),
    "task.succeeded": _("A task succeeded"),
    "task.failed": _("A task failed for good"),
    "task.cancelled": _("A task was cancelled"),
}
TELL = """
    SELECT lao_plugin_emit(t.workspace_id, %s, %s, 'tasks/' || t.id, lao_uuid7(),
        jsonb_build_object('task_id', t.id, 'type', t.type, 'state', t.state, 'attempts', t.attempts,
            'error_code', t.error_code, 'subject_type', t.subject_type, 'subject_id', t.subject_id,
            'result', t.result), t.trace_id)
    FROM tai_tasks t WHERE t.id = ANY(%s) AND t.workspace_id IS NOT NULL
"""


def types() -> list[EventType]:
    return [EventType(key, TASK, DATA, label, ADDRESS) for key, label in LABELS.items()]


def tell(ids: list[UUID], event: str) -> None:
    """Write what happened to these tasks into the outbox, in the transaction of their change. One statement.

    The dispatcher's role sees no plugins, so what it changes is told in the platform scope.
    """
    if not ids:
        return
    as_dispatcher = tenancy.current().role == DISPATCHER
    scope: Any = tenancy.platform_scope(reason=REASON) if as_dispatcher else nullcontext()
    with scope, connection.cursor() as cursor:
        cursor.execute(TELL, [TOLD[event], TASK, ids])
