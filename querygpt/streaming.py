"""An answer as it happens: the stored message first, then what changes in it, then exactly one end.

Every event but `delta` can be worked out from the stored message, so whoever comes back misses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async

from accounts import watching
from accounts.authentication import Principal
from accounts.web import streams
from accounts.web.streams import Event
from querygpt import repairing
from querygpt.answering import details, live
from querygpt.models import Message, Result
from querygpt.results import storing
from taishang import streaming as tasks
from taishang.models import Task

VERSION = 1
FIRST_ROWS = 50
ENDS = {
    Message.State.DONE: "done",
    Message.State.ERROR: "error",
    Message.State.CANCELLED: "cancelled",
}
Shown = Callable[[Message], Mapping[str, Any]]


async def news(
    principal: Principal, message_id: UUID, task_id: UUID | None, shown: Shown
) -> AsyncGenerator[Event, None]:
    """The events of one answer for one reader. `shown` gives the message as its own operation does."""
    teller = Teller(principal, message_id, shown)
    with ExitStack() as held:
        held.enter_context(watching.counted(teller.person))
        hint = held.enter_context(live.watches.here().on(message_id))
        change = held.enter_context(tasks.watches.here().on(task_id or message_id))
        while True:
            hint.clear()
            change.clear()
            for event in await streams.in_transaction(principal, teller.look):
                yield event
                if event.terminal:
                    return
            await _either(hint, change)
            while hint.is_set() and not change.is_set():
                hint.clear()
                told = await sync_to_async(live.heard)(message_id)
                delta = teller.delta(told.get("draft") or {})
                if delta is None:
                    break
                yield delta
                await _either(hint, change)


async def _either(*events: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


class Teller:
    """Turns looks at a message into what one reader has not heard yet."""

    def __init__(self, principal: Principal, message_id: UUID, shown: Shown) -> None:
        self.principal = principal
        self.person = principal.user.id if principal.user else message_id
        self.message_id = message_id
        self._shown = shown
        self._seen: dict[str, Any] | None = None
        self._seq = -1
        self._drafted = ""

    def look(self) -> list[Event]:
        """What is new, asked in the reader's own tenancy; somebody else's message ends the stream."""
        rows = Message.objects.visible_to(self.principal)
        message = rows.filter(pk=self.message_id).first()
        if message is None:
            return [Event("end", {"code": "not_found"}, terminal=True)]
        return list(self._told(message))

    def delta(self, draft: Mapping[str, Any]) -> Event | None:
        """The words a model has said since the last one; None when the message itself changed."""
        text = draft.get("text")
        if not text:
            return None
        if not text.startswith(self._drafted):
            self._drafted = ""
        piece = text[len(self._drafted) :]
        self._drafted = text
        return _event("delta", {"channel": draft.get("channel", "sql"), "text": piece})

    def _told(self, message: Message) -> Iterator[Event]:
        if message.event_seq == self._seq:
            return
        before, self._seen = self._seen, _facts(message)
        self._seq = message.event_seq
        number = str(message.event_seq)
        if before is None:
            yield _event("snapshot", {"message": self._shown(message)}, number)
        else:
            yield from _changes(before, self._seen, number)
        if message.is_terminal:
            if before is not None:
                yield from self._results(message, number)
            yield self._end(message, number)

    def _results(self, message: Message, number: str) -> Iterator[Event]:
        result = message.results.order_by("-created_at").first()
        if result is not None:
            yield _event("result", _result(result, message), number)
        if chart := message.metadata.get("visualization"):
            yield _event("visualization", chart, number)
        if message.outcome == Message.Outcome.CLARIFICATION:
            found = details.of(message.plan)
            options = [one["label"] for one in found["options"]]
            yield _event("clarification", {"question": message.content, "options": options}, number)

    def _end(self, message: Message, number: str) -> Event:
        name = ENDS[Message.State(message.state or "")]
        data: dict[str, Any] = {"message_id": str(message.pk), "outcome": message.outcome}
        error = message.metadata.get("error")
        if name == "error" and error:
            advice = repairing.advice(error["code"])
            data |= {
                "code": error["code"],
                "title": str(advice.title),
                "detail": error["message"],
                "hint": error["hint"],
                "retryable": advice.is_retryable,
                "trace_id": _trace_of(message),
            }
        return _event(name, data, number, terminal=True)


def _trace_of(message: Message) -> str:
    """What its task was filed under in logs and the audit log."""
    traces = Task.objects.filter(pk=message.task_id).values_list("trace_id", flat=True)
    return traces.first() or ""


def _facts(message: Message) -> dict[str, Any]:
    return {
        "steps": message.metadata.get("steps", []),
        "attempts": message.metadata.get("attempts", []),
        "sql": message.metadata.get("sql"),
    }


def _changes(before: Mapping[str, Any], now: Mapping[str, Any], number: str) -> Iterator[Event]:
    known = {(one["stage"], one["started_at"]): one for one in before["steps"]}
    for step in now["steps"]:
        if known.get((step["stage"], step["started_at"])) != step:
            told = {name: step[name] for name in ("stage", "status", "message", "attempt")}
            yield _event("step", told, number)
    if now["sql"] and now["sql"] != before["sql"]:
        attempt = now["steps"][-1]["attempt"] if now["steps"] else 1
        yield _event("sql", {"sql": now["sql"], "attempt": attempt}, number)


def _result(result: Result, message: Message) -> dict[str, Any]:
    try:
        rows = storing.rows_of(result)[:FIRST_ROWS]
    except (storing.ResultGone, storing.ResultUnreadable):
        rows = []
    return {
        "result_id": str(result.pk),
        "columns": result.columns,
        "rows_count": result.rows_count,
        "truncated": result.truncated,
        "execution_time": message.metadata.get("execution_time"),
        "first_rows": rows,
    }


def _event(
    name: str, data: Mapping[str, Any], number: str = "", *, terminal: bool = False
) -> Event:
    return Event(name, {"v": VERSION, **data}, id=number, terminal=terminal)
