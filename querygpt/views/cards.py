"""What a card of an answer shows: its words, its statement, its steps, what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import pygments
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from pygments.formatters import HtmlFormatter
from pygments.lexers import SqlLexer

from accounts.web.access import principal_of
from querygpt import repairing
from querygpt.answering import details
from querygpt.models import Conversation, Message, Result
from querygpt.repairing import Advice

MOST_PREVIEWED = 8
DRAWN = frozenset({"line", "area", "bar", "pie", "scatter"})


@dataclass
class Card:
    """One answer as it is shown; `siblings` are the ids of all variants in their order."""

    message: Message
    details: Mapping[str, Any]
    sql: str
    sql_html: SafeString
    figure: str
    result: Result | None
    is_kept: bool
    advice: Advice | None
    siblings: Sequence[UUID] = field(default_factory=list)
    may: Mapping[str, bool] = field(default_factory=dict)
    preview: int = 0

    @property
    def is_live(self) -> bool:
        return not self.message.is_terminal

    @property
    def previous(self) -> UUID | None:
        place = self.siblings.index(self.message.pk)
        return self.siblings[place - 1] if place else None

    @property
    def following(self) -> UUID | None:
        place = self.siblings.index(self.message.pk) + 1
        return self.siblings[place] if place < len(self.siblings) else None

    @property
    def steps(self) -> list[dict[str, Any]]:
        return [_timed(step) for step in self.message.metadata.get("steps", [])]

    @property
    def failed_attempts(self) -> list[dict[str, Any]]:
        return [one for one in self.message.metadata.get("attempts", []) if one["error_code"]]

    @property
    def attempts(self) -> int:
        return len(self.message.metadata.get("attempts", []))

    @property
    def is_refused(self) -> bool:
        return self.message.outcome == Message.Outcome.REFUSED


@dataclass(frozen=True)
class Turn:
    """A question with one of its answers, or a note between them."""

    message: Message
    card: Card | None = None


def turns(request: HttpRequest, conversation: Conversation) -> list[Turn]:
    """The thread: each question with its newest answer. Three queries."""
    rows = list(conversation.messages.order_by("position"))
    answers: dict[UUID | None, list[Message]] = {}
    for row in rows:
        row.conversation = conversation
        if row.role == Message.Role.ASSISTANT:
            answers.setdefault(row.reply_to_id, []).append(row)
    results = results_of([row.pk for row in rows if row.role == Message.Role.ASSISTANT])
    shown = []
    for row in rows:
        if row.role == Message.Role.ASSISTANT:
            continue
        variants = answers.get(row.pk, [])
        made = None
        if variants:
            siblings = [one.pk for one in variants]
            made = card(request, variants[-1], results.get(variants[-1].pk), siblings)
        shown.append(Turn(row, made))
    return shown


def of(request: HttpRequest, message: Message) -> Card:
    """The card of one answer. Two queries."""
    siblings = Message.objects.filter(reply_to_id=message.reply_to_id).order_by("variant")
    result = results_of([message.pk]).get(message.pk)
    return card(request, message, result, list(siblings.values_list("pk", flat=True)))


def card(
    request: HttpRequest, message: Message, result: Result | None, siblings: Sequence[UUID]
) -> Card:
    metadata = message.metadata or {}
    sql = metadata.get("sql") or ""
    chart = metadata.get("visualization")
    error = metadata.get("error")
    verdict = "refused" if message.outcome == Message.Outcome.REFUSED else ""
    may = principal_of(request).may
    is_open = message.conversation.status != Conversation.Status.COMPLETED
    return Card(
        message=message,
        details=details.of(message.plan),
        sql=sql,
        sql_html=highlighted(sql),
        figure=chart["type"] if chart else "",
        result=result,
        is_kept=result is not None and _is_kept(result),
        advice=repairing.advice(error["code"], verdict=verdict) if error else None,
        siblings=siblings,
        preview=min(MOST_PREVIEWED, metadata.get("rows_count") or 0),
        may={
            "ask": may("connection.query") and is_open,
            "run_sql": may("connection.run_sql") and is_open,
            "export": may("result.export"),
            "rate": may("conversation.update"),
            "example": may("knowledge.update"),
        },
    )


def results_of(ids: Sequence[UUID]) -> dict[UUID, Result]:
    """The newest result of each answer, without its keys."""
    rows = Result.objects.filter(message_id__in=ids).order_by("created_at")
    rows = rows.defer("data_key_encrypted")
    return {row.message_id: row for row in rows if row.message_id is not None}


def highlighted(sql: str) -> SafeString:
    """A statement with Pygments' class names."""
    html = pygments.highlight(sql, SqlLexer(stripnl=False), HtmlFormatter(nowrap=True))
    return mark_safe(html)  # noqa: S308 - escaped by the formatter


def _is_kept(result: Result) -> bool:
    return result.state == Result.State.STORED and result.expires_at > timezone.now()


def _timed(step: Mapping[str, Any]) -> dict[str, Any]:
    """A step with its seconds, where it has ended."""
    if not step["finished_at"]:
        return {**step, "seconds": None}
    spent = datetime.fromisoformat(step["finished_at"]) - datetime.fromisoformat(step["started_at"])
    return {**step, "seconds": spent.total_seconds()}
