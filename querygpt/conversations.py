"""Conversations: begun, named, starred, archived, deleted, restored, found again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection as database
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.authentication import Principal
from laojun import audit, textindex
from querygpt.models import Connection, Conversation, Message, Result
from querygpt.results import storing
from taishang.models import Model

TITLE_CHARACTERS = 60
MOST_MESSAGES = 500
MOST_FOUND = 200
SNIPPET_CHARACTERS = 60
ENGINES = ("auto", "model", "planner")
# Empty: the language of each question.
LANGUAGES = ("", "zh", "en")
CONTEXT_ROUNDS = 5
MOST_ROUNDS = 20
MOST_PINNED = 16
METADATA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "pinned_tables": {
            "type": "array",
            "items": {"type": "string", "maxLength": 512},
            "maxItems": MOST_PINNED,
        },
        "context_rounds": {"type": "integer", "minimum": 1, "maximum": MOST_ROUNDS},
        "language": {"enum": list(LANGUAGES)},
        "engine": {"enum": list(ENGINES)},
    },
    "additionalProperties": False,
}


class ConversationRefused(Exception):
    """The base of what a conversation refuses. `code` is a registered problem."""

    code = ""

    def __init__(self, **members: Any) -> None:
        super().__init__(self.code)
        self.members = members


class NoConnection(ConversationRefused):
    """The conversation has no database that its person may ask."""

    code = "no_connection"


class Archived(ConversationRefused):
    """The conversation is archived: reopen it to go on."""

    code = "archived"


@dataclass(frozen=True)
class Hit:
    """A conversation that a search found; `snippet` is where, in the text as it was written."""

    conversation: Conversation
    snippet: str


def create(
    *,
    principal: Principal,
    connection: Connection | None,
    model: Model | None = None,
    title: str = "",
    settings: Mapping[str, Any] | None = None,
) -> Conversation:
    """Begin a conversation; an audit row says so."""
    conversation = Conversation.objects.create(
        workspace_id=principal.workspace_id,
        user=principal.user,
        connection=connection,
        model=model,
        title=title.strip()[: Conversation._meta.get_field("title").max_length],
        metadata=dict(settings or {}),
        last_message_at=timezone.now(),
    )
    index(conversation)
    audit.record(
        actor=principal,
        action="conversation.created",
        target=("conversation", conversation.pk),
        after={"connection": connection and str(connection.pk)},
    )
    return conversation


def change(
    *, principal: Principal, conversation: Conversation, wishes: Mapping[str, Any]
) -> Conversation:
    """Change title, star, archive, database, model or settings. The caller holds the row locked.

    Another database or model is noted in the thread. A changed title is found at once.
    """
    before = {name: _plain(getattr(conversation, name)) for name in wishes}
    for name, value in wishes.items():
        setattr(conversation, name, value)
    conversation.save(update_fields=[*wishes, "updated_at"])
    after = {name: _plain(getattr(conversation, name)) for name in wishes}
    changed = {name for name in wishes if before[name] != after[name]}
    if "title" in changed:
        index(conversation)
    if changed & {"connection", "model"}:
        _note_change(conversation, changed)
    audit.record(
        actor=principal,
        action="conversation.changed",
        target=("conversation", conversation.pk),
        before=_told(before),
        after=_told(after),
    )
    return conversation


def delete(*, principal: Principal, conversation: Conversation) -> None:
    """Take it from every list at once and let its results go; it can be restored for thirty days."""
    conversation.deleted_at = timezone.now()
    conversation.save(update_fields=["deleted_at", "updated_at"])
    storing.purge(Result.objects.filter(message__conversation=conversation))
    audit.record(
        actor=principal, action="conversation.deleted", target=("conversation", conversation.pk)
    )


def restore(*, principal: Principal, conversation: Conversation) -> Conversation:
    """Bring a deleted one back; its results are gone and can be asked for again."""
    conversation.deleted_at = None
    conversation.save(update_fields=["deleted_at", "updated_at"])
    audit.record(
        actor=principal, action="conversation.restored", target=("conversation", conversation.pk)
    )
    return conversation


def remove(*, principal: Principal, conversation: Conversation) -> None:
    """Delete it for good."""
    storing.purge(Result.objects.filter(message__conversation=conversation))
    audit.record(
        actor=principal, action="conversation.removed", target=("conversation", conversation.pk)
    )
    conversation.delete()


def locked(conversation: Conversation) -> Conversation:
    """The row, held until the transaction ends: messages are numbered only so."""
    rows = Conversation.objects.select_for_update(of=("self",))
    return rows.select_related("connection", "model").get(pk=conversation.pk)


def next_position(conversation: Conversation) -> int:
    """The next free number of a message. The caller holds the conversation locked."""
    last = conversation.messages.order_by("-position").values_list("position", flat=True).first()
    return 0 if last is None else last + 1


def index(conversation: Conversation) -> None:
    """Write what search knows: the grams of the title and of the questions."""
    text = "\n".join(_texts(conversation))[: textindex.MAX_CHARACTERS]
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE querygpt_conversations SET search = %s::tsvector WHERE id = %s",
            [textindex.as_tsvector(textindex.grams(text)), conversation.pk],
        )


def search(*, principal: Principal, query: str, archived: bool | None = None) -> list[Hit]:
    """One's conversations that hold the words as they stand, starred first, the latest first. Three queries."""
    wanted = textindex.fold(query.strip())
    terms = textindex.all_of(textindex.pieces(query), prefix=True)
    if not wanted or not terms:
        return []
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT querygpt_conversations_matching(%s::tsquery, %s)", [terms, MOST_FOUND]
        )
        ids = [row[0] for row in cursor.fetchall()]
    rows = Conversation.objects.visible_to(principal).filter(pk__in=ids)
    if archived is not None:
        done = Conversation.Status.COMPLETED
        rows = rows.filter(status=done) if archived else rows.exclude(status=done)
    found = {row.pk: row for row in rows.select_related("connection")}
    questions = _questions(found)
    return [
        Hit(found[pk], snippet)
        for pk in ids
        if pk in found and (snippet := _snippet(wanted, [found[pk].title, *questions.get(pk, [])]))
    ]


def history(conversation: Conversation, *, before: Message, rounds: int) -> list[Message]:
    """The last answered rounds before a question, oldest first: the newest variant of each."""
    answers = (
        conversation.messages.filter(
            role=Message.Role.ASSISTANT, position__lt=before.position, state=Message.State.DONE
        )
        .exclude(reply_to=before)
        .select_related("reply_to")
        .order_by("-position")
    )
    latest: dict[UUID | None, Message] = {}
    for answer in answers[: rounds * 4]:
        latest.setdefault(answer.reply_to_id, answer)
    return list(reversed(list(latest.values())[:rounds]))


def _texts(conversation: Conversation) -> Iterable[str]:
    yield conversation.title
    asked = conversation.messages.filter(role=Message.Role.USER).order_by("position")
    yield from asked.values_list("content", flat=True)


def _questions(found: Mapping[UUID, Conversation]) -> dict[UUID, list[str]]:
    rows = Message.objects.filter(conversation_id__in=list(found), role=Message.Role.USER)
    texts: dict[UUID, list[str]] = {}
    for number, content in rows.order_by("position").values_list("conversation_id", "content"):
        texts.setdefault(number, []).append(content)
    return texts


def _snippet(wanted: str, texts: Iterable[str]) -> str:
    """The text around the first place that holds the words; empty when none does."""
    for text in texts:
        place = textindex.fold(text).find(wanted)
        if place >= 0:
            start = max(0, place - SNIPPET_CHARACTERS // 3)
            piece = " ".join(text[start : start + SNIPPET_CHARACTERS].split())
            return f"…{piece}" if start else piece
    return ""


def _note_change(conversation: Conversation, changed: set[str]) -> None:
    """A line in the thread that says what is asked from here on."""
    if not conversation.messages.exists():
        return
    if "connection" in changed:
        name = conversation.connection.name if conversation.connection else "–"
        text = _("Questions go to %(name)s from here on.") % {"name": name}
    else:
        name = str(conversation.model) if conversation.model else _("the usual choice")
        text = _("%(name)s answers from here on.") % {"name": name}
    Message.objects.create(
        workspace_id=conversation.workspace_id,
        conversation=conversation,
        position=next_position(conversation),
        role=Message.Role.SYSTEM,
        content=text,
    )
    Conversation.objects.filter(pk=conversation.pk).update(last_message_at=timezone.now())


def _plain(value: Any) -> Any:
    return str(value.pk) if isinstance(value, Connection | Model) else value


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the audit log keeps: that the title changed, not what people ask."""
    return {name: ("***" if name == "title" else value) for name, value in values.items()}


def touched(conversation: Conversation, *, status: str | None = None) -> None:
    """A message came: the conversation moves to the top, and takes a state where one is given."""
    changes: dict[str, Any] = {"last_message_at": timezone.now(), "updated_at": timezone.now()}
    if status is not None:
        changes["status"] = status
    rows = Conversation.objects.filter(pk=conversation.pk)
    if status is not None:
        rows = rows.exclude(status=Conversation.Status.COMPLETED)
    rows.update(**changes)
