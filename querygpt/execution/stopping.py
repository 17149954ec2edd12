"""Stopping what runs: a row says so, and the process that runs it looks there three times a second."""

from __future__ import annotations

from uuid import UUID

from querygpt.execution import turns
from querygpt.models import Run
from taishang.models import Task


def cancel(what: Run | Task) -> bool:
    """Ask the statement of a run, or of a task, to stop. False when none runs. In the caller's workspace."""
    column = "run_id" if isinstance(what, Run) else "task_id"
    return bool(turns.call_off(**{column: what.pk}))


def cancel_all_of(connection_id: UUID) -> int:
    """Ask everything that runs against a connection to stop; how many there are."""
    return turns.call_off(connection_id=connection_id)
