"""What the first page shows of generation at a glance."""

from __future__ import annotations

from typing import Any

from accounts.models import User, Workspace
from taishang.models import GenerationJob, Task

SHOWN_AT_HOME = 3


def newest_jobs(*, user: User, workspace: Workspace) -> dict[str, Any]:
    """The person's newest jobs for the first page; nothing while there are none. One query."""
    mine = GenerationJob.objects.filter(workspace=workspace, user=user).with_task()
    found = list(mine.order_by("-created_at")[:SHOWN_AT_HOME])
    return {"jobs": found} if found else {}


def has_generated(*, user: User, workspace: Workspace) -> bool:
    return GenerationJob.objects.filter(
        workspace=workspace, user=user, task__state=Task.State.SUCCEEDED
    ).exists()
