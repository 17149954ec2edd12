"""What people ask for: an answer, another one, a statement of their own, one of the readings offered.

Each writes its rows and its task in the caller's transaction; the answer comes later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.authentication import Principal
from laojun import audit
from querygpt import conversations
from querygpt.answering import details, metadata, routing
from querygpt.conversations import Archived, ConversationRefused, NoConnection
from querygpt.models import Connection, Conversation, Message
from taishang import queue
from taishang.catalogue.refusals import LimitReached, constraint_of
from taishang.models import Task

KIND = "querygpt.answer"
SUBJECT = "querygpt_message"
CLAIMED_WITHIN = timedelta(seconds=60)
LIVE_CONSTRAINT = "querygpt_messages_live_uniq"
WISHES = ("auto", "model", "planner", "manual", "choice")
CHOSEN_ENGINES = {"manual": Message.Engine.MANUAL, "choice": Message.Engine.PLANNER}


class AnswerRunning(ConversationRefused):
    """An answer of this conversation is under way."""

    code = "answer_running"


class NoSuchOption(ConversationRefused):
    """The answer offers no such reading."""

    code = "no_such_option"


@dataclass(frozen=True)
class Asked:
    """What asking wrote: the question, the answer that waits, and the task that brings it."""

    question: Message
    answer: Message
    task: Task


def ask(
    *,
    principal: Principal,
    conversation: Conversation,
    content: str,
    language: str = "",
    engine: str = "",
) -> Asked:
    """Ask a question. Raises Archived, NoConnection, AnswerRunning, LimitReached."""
    held = _held(principal, conversation)
    wish = engine or held.metadata.get("engine", "auto")
    return _asked(
        principal, held, content, _language(principal, held, content, language), wish=wish
    )


def choose(*, principal: Principal, message: Message, option: int) -> Asked:
    """Go on with one of the readings an answer offered, as a question of its own. Raises NoSuchOption and as `ask`."""
    held = _held(principal, message.conversation)
    offered = details.of(message.plan)["options"]
    if not 0 <= option < len(offered):
        raise NoSuchOption
    chosen = offered[option]
    plan = {**details.empty(), "plan": chosen["plan"]} if chosen.get("plan") else None
    wish = "choice" if plan else held.metadata.get("engine", "auto")
    return _asked(principal, held, chosen["label"], message.language or "zh", wish=wish, plan=plan)


def regenerate(*, principal: Principal, message: Message, engine: str = "") -> Asked:
    """Answer the same question once more, beside the answers there are. Raises as `ask`."""
    held = _held(principal, message.conversation)
    question = _question(message)
    wish = engine or held.metadata.get("engine", "auto")
    return _answering(principal, held, question, message.language, wish=wish)


def rerun(
    *, principal: Principal, message: Message, sql: str, timeout_seconds: int | None = None
) -> Asked:
    """Run a statement that the person wrote or edited, as another answer to the question. Raises as `ask`.

    `timeout_seconds`, at most 120, stands for the connection's own this once.
    """
    held = _held(principal, message.conversation)
    question = _question(message)
    return _answering(
        principal, held, question, message.language, wish="manual", sql=sql, seconds=timeout_seconds
    )


def _held(principal: Principal, conversation: Conversation) -> Conversation:
    """The conversation, locked, when another question may be asked in it."""
    held = conversations.locked(conversation)
    if held.status == Conversation.Status.COMPLETED:
        raise Archived
    askable = Connection.objects.askable_by(principal)
    if held.connection_id is None or not askable.filter(pk=held.connection_id).exists():
        raise NoConnection
    if held.messages.live().exists():
        raise AnswerRunning
    if held.messages.count() >= conversations.MOST_MESSAGES:
        raise LimitReached(conversations.MOST_MESSAGES)
    return held


def _asked(
    principal: Principal,
    held: Conversation,
    content: str,
    language: str,
    *,
    wish: str,
    plan: dict[str, Any] | None = None,
) -> Asked:
    question = Message.objects.create(
        workspace_id=held.workspace_id,
        conversation=held,
        position=conversations.next_position(held),
        role=Message.Role.USER,
        content=content,
        language=language,
    )
    if not held.title:
        held.title = _title(content)
        held.save(update_fields=["title", "updated_at"])
    conversations.index(held)
    return _answering(principal, held, question, language, wish=wish, plan=plan)


def _answering(  # noqa: PLR0913 what is known of an answer before it is one
    principal: Principal,
    held: Conversation,
    question: Message,
    language: str,
    *,
    wish: str,
    sql: str | None = None,
    plan: dict[str, Any] | None = None,
    seconds: int | None = None,
) -> Asked:
    variants = question.replies.order_by("-variant").values_list("variant", flat=True)
    answer = Message(
        workspace_id=held.workspace_id,
        conversation=held,
        position=conversations.next_position(held),
        role=Message.Role.ASSISTANT,
        reply_to=question,
        variant=(variants.first() or 0) + 1,
        language=language,
        state=Message.State.QUEUED,
        engine=CHOSEN_ENGINES.get(wish, ""),
        plan=plan,
        metadata={**metadata.empty(), "sql": sql},
    )
    task = _enqueued(principal, answer, wish, seconds)
    answer.task_id = task.id
    _inserted(answer)
    conversations.touched(held)
    audit.record(
        actor=principal,
        action="conversation.asked",
        target=("conversation", held.pk),
        details={"message": str(answer.pk), "engine": wish},
    )
    return Asked(question, answer, task)


def _enqueued(principal: Principal, answer: Message, wish: str, seconds: int | None) -> Task:
    more = {} if seconds is None else {"timeout_seconds": seconds}
    return queue.enqueue(
        kind=KIND,
        payload={"message_id": str(answer.pk), "engine": wish, **more},
        workspace=answer.workspace_id,
        user=principal.user,
        api_key_id=principal.api_key_id,
        subject_type=SUBJECT,
        subject_id=str(answer.pk),
        expires_at=timezone.now() + CLAIMED_WITHIN,
        trace_id=audit.current_facts().trace_id,
    )


def _inserted(answer: Message) -> None:
    """Raises AnswerRunning: whatever else failed to keep two answers apart, the database does."""
    try:
        with transaction.atomic():
            answer.save(force_insert=True)
    except IntegrityError as error:
        if constraint_of(error) == LIVE_CONSTRAINT:
            raise AnswerRunning from error
        raise


def _question(message: Message) -> Message:
    return message if message.reply_to is None else message.reply_to


def _language(principal: Principal, held: Conversation, content: str, wanted: str) -> str:
    if wanted or held.metadata.get("language"):
        return wanted or str(held.metadata["language"])
    default: routing.Language = "en" if (principal.language or "zh").startswith("en") else "zh"
    return routing.language_of(content, default=default)


def _title(content: str) -> str:
    plain = " ".join(content.split())
    most = conversations.TITLE_CHARACTERS
    return plain if len(plain) <= most else plain[: most - 1] + "…"
