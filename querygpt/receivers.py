"""Answers follow their tasks, conversations their models."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from accounts import tenancy
from querygpt.answering import stopping
from querygpt.answering.asking import KIND
from querygpt.models import Conversation
from taishang.models import Model, Task
from taishang.signals import model_deleted, model_disabled, task_finished

REASON = "conversations follow their models"


@receiver(task_finished)
def answers_end_with_their_tasks(task: Task, state: str, code: str, **_: Any) -> None:
    if task.type == KIND:
        stopping.task_ended(task, state=state, code=code)


@receiver(model_disabled)
@receiver(model_deleted)
def conversations_choose_anew(model: Model, **_: Any) -> None:
    """Whoever asked this model goes on with the usual choice."""
    with tenancy.platform_scope(reason=REASON):
        Conversation.objects.filter(model_id=model.pk).update(model=None)
