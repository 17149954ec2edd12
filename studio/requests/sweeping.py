"""Nothing stays under way for ever: requests end with their tasks, and what nobody told is found."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from accounts import tenancy
from studio.models import AIRequest
from studio.requests import finishing
from studio.requests.live import Voice
from taishang.models import Task

EVERY_SECONDS = 30
BATCH = 200
# A task that is being inserted is not looked for yet.
YOUNG = timedelta(seconds=5)
REASON = "studio.stuck_requests"


def task_ended(task: Task, *, state: str, code: str) -> None:
    """A task ended without its run's own word: its request ends with it."""
    number = (task.payload or {}).get("request_id")
    if number is None:
        return
    status = AIRequest.Status.FAILED
    if state == Task.State.CANCELLED:
        status = AIRequest.Status.CANCELLED
    told = "" if status == AIRequest.Status.CANCELLED else "interrupted"
    if finishing.end(UUID(number), status=status, code=told):
        Voice(UUID(number)).changed()


def sweep(now: datetime | None = None) -> int:
    """End the requests whose task has ended or is gone; returns how many. Runs by itself."""
    moment = now or timezone.now()
    with tenancy.platform_scope(reason=REASON):
        live = AIRequest.objects.live().filter(created_at__lt=moment - YOUNG)
        # Those of a batch have the batch's task, which looks after them itself.
        rows = live.filter(batch_item_id__isnull=True).order_by("created_at")
        found = list(rows.values_list("workspace_id", "id", "task_id")[:BATCH])
        tasks = Task.objects.filter(id__in=[one[2] for one in found if one[2]])
        working = set(tasks.live().values_list("id", flat=True))
    ended = 0
    for workspace_id, number, task_id in found:
        if task_id in working:
            continue
        with tenancy.workspace(workspace_id):
            ended += finishing.end(number, status=AIRequest.Status.FAILED, code="interrupted")
    return ended
