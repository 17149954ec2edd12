"""Tasks follow their workspace, models their person; and who waited for a task is told how it ended."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.dispatch import receiver
from django.utils import timezone

from accounts import news, signals, tenancy
from accounts.models import User, Workspace
from taishang import kinds, transitions
from taishang.catalogue import connecting
from taishang.gateway import news as quota_news
from taishang.kinds import Kind
from taishang.models import Lane, ModelCall, Task
from taishang.models.engine import EVERY_QUEUE
from taishang.providers.errors import ErrorClass
from taishang.signals import call_finished, quota_crossed, task_finished

REASON = "tasks follow their workspace"
LETTERS = {Task.State.SUCCEEDED: "task_succeeded", Task.State.FAILED: "task_failed"}
logger = logging.getLogger(__name__)


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


@receiver(signals.user_deleted)
def own_models_go(user: User, **_: Any) -> None:
    """With their keys, whatever still names them."""
    with tenancy.platform_scope(reason="models follow their person"):
        connecting.remove_all_of(user=user)


@receiver(task_finished)
def whoever_asked_is_told(task: Task, state: str, **_: Any) -> None:
    """A notice that cannot be written never takes the outcome of the task back."""
    letter, kind = LETTERS.get(Task.State(state)), kinds.get(task.type)
    if letter is None or not kind.tells:
        return
    try:
        with transaction.atomic():
            _tell(task, letter, kind)
    except Exception:  # the boundary: news never undo what they tell of
        logger.exception("nobody was told how a task ended task=%s kind=%s", task.id, task.type)


@receiver(quota_crossed)
def owners_hear_of_quotas(
    workspace_id: int | None, user_id: UUID | None, scope: str, marks: Sequence[str], **_: Any
) -> None:
    """After the call is settled, in a transaction of its own: news never undo what they tell of."""
    transaction.on_commit(
        partial(
            quota_news.tell, workspace_id=workspace_id, user_id=user_id, scope=scope, marks=marks
        ),
        robust=True,
    )


@receiver(call_finished)
def the_owner_hears_of_a_rejected_key(call: ModelCall, **_: Any) -> None:
    if call.error_class == ErrorClass.AUTH:
        transaction.on_commit(
            partial(quota_news.tell_key_rejected, model_id=call.model_id, user_id=call.user_id),
            robust=True,
        )


def _tell(task: Task, letter: str, kind: Kind) -> None:
    reader = User.objects.able_to_sign_in().filter(pk=task.user_id).first()
    if reader is None:
        return
    ended = Task.objects.get(pk=task.pk)
    news.tell(
        letter,
        user=reader,
        link=(kind.tells, task.pk),
        workspace_id=task.workspace_id,
        what=kind.label,
        reason=ended.error_message,
    )
