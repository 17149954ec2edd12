"""What other pages show of generation at a glance: the first page, the first steps, the operator's board."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

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


def jobs_tile() -> dict[str, Any]:
    """Running jobs, and those that failed for good and nobody acknowledged."""
    jobs = Task.objects.filter(type="generation")
    failed = jobs.dead_letters().count()
    return {
        "value": jobs.filter(state=Task.State.RUNNING).count(),
        "note": _("%(count)d failed, not seen yet") % {"count": failed} if failed else "",
        "state": "warn" if failed else "good",
        "url": reverse("admin:taishang_generationjob_changelist"),
    }
