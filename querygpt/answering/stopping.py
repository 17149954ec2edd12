"""Answers that end without their run: stopped by a person, killed, never begun, left behind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts import tenancy
from accounts.authentication import Principal
from laojun import audit
from querygpt import conversations, repairing
from querygpt.answering.live import Voice
from querygpt.models import Conversation, Message
from querygpt.summaries import LOCALES
from taishang import transitions
from taishang.models import Task
from taishang.transitions import IllegalTransition

EVERY_SECONDS = 30
BATCH = 200
# Longer than a run may take, its second try and the wait before it included.
STUCK_AFTER = timedelta(seconds=420)
# A task that is being inserted is not looked for yet.
YOUNG = timedelta(seconds=5)
REASON = "querygpt.stuck_answers"
STATUS = {
    Message.State.ERROR: Conversation.Status.ERROR,
    Message.State.CANCELLED: None,
}
OUTCOME = {
    Message.State.ERROR: Message.Outcome.FAILED,
    Message.State.CANCELLED: Message.Outcome.CANCELLED,
}


def stop(*, principal: Principal, message: Message) -> bool:
    """End an answer at once and its statement soon. False when it had ended before."""
    stopped = end(message.pk, state=Message.State.CANCELLED)
    if message.task_id is not None:
        try:
            transitions.cancel(message.task_id, by=principal.actor, reason="stopped")
        except IllegalTransition:
            # It has just ended by itself.
            return stopped
    if stopped:
        audit.record(
            actor=principal,
            action="conversation.answer_stopped",
            target=("conversation", message.conversation_id),
            details={"message": str(message.pk)},
        )
    return stopped


def end(message_id: UUID, *, state: str, code: str = "") -> bool:
    """Write the end of a live answer, in the caller's transaction and workspace. False when there is none."""
    message = Message.objects.select_for_update(of=("self",)).live().filter(pk=message_id).first()
    if message is None:
        return False
    moment = timezone.now()
    metadata = dict(message.metadata)
    metadata["steps"] = [_closed(step, moment) for step in metadata.get("steps", [])]
    content, metadata["error"] = _told(message, code)
    Message.objects.filter(pk=message.pk).update(
        state=state,
        outcome=OUTCOME[Message.State(state)],
        content=content,
        metadata=metadata,
        event_seq=F("event_seq") + 1,
        updated_at=moment,
    )
    conversations.touched(
        Conversation(pk=message.conversation_id), status=STATUS[Message.State(state)]
    )
    transaction.on_commit(Voice(message.pk).changed)
    return True


def task_ended(task: Task, *, state: str, code: str) -> None:
    """A task ended without its run's own word: its answer ends with it."""
    message_id = (task.payload or {}).get("message_id")
    if state == Task.State.SUCCEEDED or message_id is None:
        return
    if state == Task.State.CANCELLED:
        end(UUID(message_id), state=Message.State.CANCELLED)
    else:
        end(UUID(message_id), state=Message.State.ERROR, code=_class_of(code))


def sweep(now: datetime | None = None) -> int:
    """End the answers whose task has ended, is gone, or has had its time; returns how many. Runs by itself."""
    moment = now or timezone.now()
    with tenancy.platform_scope(reason=REASON):
        live = Message.objects.live().filter(updated_at__lt=moment - YOUNG).order_by("updated_at")
        found = list(live.values_list("workspace_id", "id", "task_id", "updated_at")[:BATCH])
        tasks = Task.objects.filter(id__in=[one[2] for one in found if one[2]])
        working = set(tasks.live().values_list("id", flat=True))
    ended = 0
    for workspace_id, message_id, task_id, updated_at in found:
        if task_id in working and updated_at > moment - STUCK_AFTER:
            continue
        with tenancy.workspace(workspace_id):
            ended += end(message_id, state=Message.State.ERROR, code="interrupted")
    return ended


def _class_of(code: str) -> str:
    """What a person is told of the engine's reason."""
    if code in {"timeout", "timed_out", "killed_timeout"}:
        return "deadline"
    return "interrupted" if code in {"expired", "crashed", "lost", ""} else "internal"


def _told(message: Message, code: str) -> tuple[str, dict[str, Any] | None]:
    language = message.language or "zh"
    with translation.override(LOCALES[language]):
        if not code:
            return _("Stopped."), None
        found = repairing.advice(code)
        title, hint = str(found.title), str(found.hint)
    content = f"{title} {hint}" if language == "en" else f"{title}{hint}"
    return content, {"code": code, "message": title, "hint": hint}


def _closed(step: Mapping[str, Any], moment: datetime) -> dict[str, Any]:
    if step["status"] != "running":
        return dict(step)
    return {**step, "status": "error", "finished_at": moment.isoformat(timespec="milliseconds")}
