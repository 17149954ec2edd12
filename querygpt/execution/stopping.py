"""Stopping what runs: a row says so, and the process that runs it looks there three times a second."""

from __future__ import annotations

from uuid import UUID

from laojun import audit
from laojun.audit import Actor, Target
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


def stop(*, run: Run, actor: Actor) -> bool:
    """An operator stops somebody's statement. In the platform's scope; False when it is over."""
    is_stopped = cancel(run)
    if is_stopped:
        audit.record(
            actor=actor,
            action="query.stopped",
            target=Target("querygpt_run", str(run.pk), workspace_id=run.workspace_id),
        )
    return is_stopped
