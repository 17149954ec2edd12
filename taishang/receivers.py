"""What happens to a workspace happens to its tasks: suspended ones wait, those of a workspace that goes are cancelled."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver
from django.utils import timezone

from accounts import signals, tenancy
from accounts.models import Workspace
from taishang import transitions
from taishang.models import Lane, Task
from taishang.models.engine import EVERY_QUEUE

REASON = "tasks follow their workspace"


@receiver(signals.workspace_suspended)
def tasks_wait(workspace: Workspace, **_: Any) -> None:
    with tenancy.platform_scope(reason=REASON):
        Lane.objects.update_or_create(
            workspace=workspace,
            queue=EVERY_QUEUE,
            defaults={"paused_at": timezone.now(), "paused_reason": "workspace suspended"},
        )


@receiver(signals.workspace_activated)
def tasks_go_on(workspace: Workspace, **_: Any) -> None:
    with tenancy.platform_scope(reason=REASON):
        Lane.objects.filter(workspace=workspace, queue=EVERY_QUEUE).delete()


@receiver(signals.workspace_deleting)
def tasks_are_cancelled(workspace: Workspace, **_: Any) -> None:
    with tenancy.platform_scope(reason=REASON):
        live = Task.objects.live().filter(workspace=workspace)
        for task_id in live.values_list("id", flat=True):
            transitions.cancel(task_id, by="system:workspace", reason="workspace deleted")
