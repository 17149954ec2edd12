"""A request as it is answered: first all that there is, then the words as they come, then exactly one end.

Whoever comes back gets a snapshot again, so nothing is missed and nothing is told twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async

from accounts import watching
from accounts.authentication import Principal
from accounts.registry import problems
from accounts.web import streams
from accounts.web.streams import Event
from studio.models import AIRequest
from studio.models.base import moment_of
from studio.prose import answers
from studio.requests import live
from studio.requests.asking import SUBJECT
from taishang import streaming as tasks
from taishang.models import ModelCall

VERSION = 1
ENDS = {
    AIRequest.Status.COMPLETED: "done",
    AIRequest.Status.FAILED: "error",
    AIRequest.Status.CANCELLED: "cancelled",
}
Shown = Callable[[AIRequest], Mapping[str, Any]]


async def news(
    principal: Principal, request_id: UUID, task_id: UUID | None, shown: Shown
) -> AsyncGenerator[Event, None]:
    """The events of one request for one reader."""
    teller = Teller(principal, request_id, shown)
    person = principal.user.id if principal.user else request_id
    with ExitStack() as held:
        held.enter_context(watching.counted(person))
        held.enter_context(_watching(request_id))
        hint = held.enter_context(live.watches.here().on(request_id))
        change = held.enter_context(tasks.watches.here().on(task_id or request_id))
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
                told = await sync_to_async(live.heard)(request_id)
                if not told.get("text"):
                    break
                for event in teller.said(told["variant"], told["text"]):
                    yield event
                await _either(hint, change)


@contextmanager
def _watching(request_id: UUID) -> Iterator[None]:
    """Whoever looks on hears no news of the end; telling the cache never holds the stream up."""
    run = asyncio.get_running_loop().run_in_executor
    run(None, live.watched, request_id)
    try:
        yield
    finally:
        run(None, live.left, request_id)


async def _either(*events: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


class Teller:
    """Turns looks at a request into what one reader has not heard yet."""

    def __init__(self, principal: Principal, request_id: UUID, shown: Shown) -> None:
        self.principal = principal
        self.request_id = request_id
        self._shown = shown
        self._has_begun = False
        self._variant = 1
        self._text = ""

    def look(self) -> list[Event]:
        """What is new, asked in the reader's own tenancy; somebody else's request ends the stream."""
        rows = AIRequest.objects.visible_to(self.principal)
        request = rows.filter(pk=self.request_id, created_at=moment_of(self.request_id)).first()
        if request is None:
            return [Event("end", {"code": "not_found"}, terminal=True)]
        return list(self._told(request))

    def said(self, variant: int, text: str) -> Iterator[Event]:
        """The words since the last ones. Text that is shorter than what was told was told before."""
        if variant != self._variant:
            self._variant, self._text = variant, ""
        if not text.startswith(self._text) or text == self._text:
            return
        piece, self._text = text[len(self._text) :], text
        number = f"{variant}.{len(text)}"
        yield _event("text", {"variant": variant, "seq": len(text), "text": piece}, number)

    def _told(self, request: AIRequest) -> Iterator[Event]:
        is_live = request.status not in ENDS
        if not self._has_begun:
            self._has_begun = True
            self._variant, self._text = self._so_far(request) if is_live else (1, "")
            text = self._text if is_live else request.output_text
            yield _event(
                "snapshot",
                {"request": self._shown(request), "variant": self._variant, "text": text},
                f"{self._variant}.{len(text)}",
            )
        elif is_live:
            yield from self.said(*self._so_far(request))
        if not is_live:
            yield from self._end(request)

    def _so_far(self, request: AIRequest) -> tuple[int, str]:
        """What has arrived: as the worker told it, else as the gateway saved it."""
        told = live.heard(request.pk)
        if told.get("text"):
            return told["variant"], told["text"]
        calls = ModelCall.objects.filter(subject_type=SUBJECT, subject_id=str(request.pk)).running()
        saved = calls.values_list("partial_text", flat=True).first() or ""
        return self._variant, answers.clean(saved, has_ended=False)

    def _end(self, request: AIRequest) -> Iterator[Event]:
        calls = ModelCall.objects.filter(subject_type=SUBJECT, subject_id=str(request.pk))
        used = list(calls.values_list("input_tokens", "output_tokens", "cost"))
        yield _event(
            "usage",
            {
                "input_tokens": sum(one[0] for one in used),
                "output_tokens": sum(one[1] for one in used),
                "cost": _sum([one[2] for one in used]),
                "calls": len(used),
            },
        )
        name = ENDS[AIRequest.Status(request.status)]
        data: dict[str, Any] = {"request": self._shown(request)}
        if name == "error":
            data |= told_error(request.error_message)
        yield _event(name, data, terminal=True)


def told_error(code: str) -> dict[str, Any]:
    """A failure in words: the problem of this code, or that the work was interrupted."""
    found = problems.get(code) or problems["ai_interrupted"]
    return {"code": code, "title": str(found.title), "detail": str(found.remedy)}


def _sum(costs: list[Any]) -> str | None:
    known = [one for one in costs if one is not None]
    return str(sum(known)) if known and len(known) == len(costs) else None


def _event(
    name: str, data: Mapping[str, Any], number: str = "", *, terminal: bool = False
) -> Event:
    return Event(name, {"v": VERSION, **data}, id=number, terminal=terminal)
