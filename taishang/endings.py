"""Tell the apps above of tasks that ended without a run's own word: killed, expired, or given up after crashes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from uuid import UUID

from accounts import tenancy
from accounts.tenancy import Context
from taishang import signals
from taishang.models import Task


def tell(task_ids: Sequence[UUID]) -> int:
    """Send `task_finished` for those of these tasks that have ended, in the transaction that ended them.

    Runs as the dispatcher; each receiver is called inside the task's own workspace. Returns how many were told of.
    """
    ended = Task.objects.filter(id__in=task_ids).finished().values_list("id", "workspace_id")
    found = list(ended)
    for task_id, workspace_id in found:
        with _home(workspace_id):
            task = Task.objects.get(id=task_id)
            signals.task_finished.send(
                sender=Task, task=task, state=task.state, code=task.error_code
            )
    return len(found)


def _home(workspace_id: int | None) -> AbstractContextManager[None]:
    """Out of the dispatcher's role, which sees no content, into what the task belongs to."""
    if workspace_id is None:
        return tenancy.platform_scope(reason="task ended")
    return tenancy.entered(Context(workspace_id=workspace_id))
