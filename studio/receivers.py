"""Requests and batches follow their tasks, works their workspace; what a call brought after its process died is taken in."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from accounts import signals, tenancy
from accounts.models import User, Workspace
from studio import leaving
from studio.batches import deciding
from studio.requests import sweeping, tools
from studio.requests.asking import ANALYZE, GENERATE
from taishang.models import Task
from taishang.signals import task_finished


@receiver(task_finished)
def requests_end_with_their_tasks(task: Task, state: str, code: str, **_: Any) -> None:
    if task.type in {GENERATE, ANALYZE, tools.KIND}:
        sweeping.task_ended(task, state=state, code=code)
    elif task.type == deciding.KIND:
        deciding.task_ended(task, state=state, code=code)


@receiver(signals.membership_removed)
def works_stay_in_the_workspace(workspace: Workspace, user: User, **_: Any) -> None:
    """What somebody wrote there belongs to the workspace's owner from then on."""
    with tenancy.platform_scope(reason="works stay in their workspace"):
        leaving.hand_over(workspace=workspace, user=user)


@receiver(signals.user_deleted)
def names_go_with_their_person(user: User, **_: Any) -> None:
    with tenancy.platform_scope(reason="names go with their person"):
        leaving.forget(user=user)
