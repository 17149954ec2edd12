"""Answers follow their tasks, conversations their models; what is private follows its person."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from accounts import signals, tenancy
from accounts.models import User, Workspace
from querygpt.answering import stopping
from querygpt.answering.asking import KIND
from querygpt.models import Connection, Conversation, Prompt, Result, Run
from querygpt.results import storing
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


@receiver(signals.membership_removed)
def private_connections_rest(workspace: Workspace, user: User, **_: Any) -> None:
    """Who left runs nothing any more by a database that only they could see."""
    with tenancy.platform_scope(reason="connections follow their person"):
        Connection.objects.alive().filter(
            workspace=workspace, user=user, visibility=Connection.Visibility.PRIVATE
        ).update(status=Connection.Status.DISABLED)


@receiver(signals.user_deleted)
def what_was_private_goes(user: User, **_: Any) -> None:
    """Conversations with their rows, private connections, own texts; runs stay without a name."""
    with tenancy.platform_scope(reason="questions follow their person"):
        storing.purge(Result.objects.filter(run__user=user))
        Conversation.objects.filter(user=user).delete()
        Prompt.objects.filter(user=user).delete()
        Connection.objects.filter(user=user, visibility=Connection.Visibility.PRIVATE).delete()
        Run.objects.filter(user=user).update(actor_name="", user=None)
