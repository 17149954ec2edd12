"""Whole answers, for callers who do not watch them arrive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from taishang.gateway.events import (
    Content,
    Ended,
    Event,
    Failed,
    Scores,
    Start,
    Stopped,
    Terminal,
    Text,
    Thought,
    ToolCall,
    Usage,
    Vectors,
)
from taishang.gateway.refusals import CallCancelled, CallFailed
from taishang.gateway.streams import Stream
from taishang.providers.errors import ErrorClass


@dataclass(frozen=True)
class Answer:
    """What a call brought. `start` names who answered and why; `cost` None is unknown.

    Shapes: `vectors` `(n, dimension)` in the order of the inputs; `scores` one for each document; `tool_calls` whole.
    """

    start: Start
    finish_reason: str
    usage: Usage
    cost: Decimal | None
    text: str = ""
    thought: str = ""
    tool_calls: Sequence[ToolCall] = field(default_factory=tuple)
    vectors: Sequence[Sequence[float]] = field(default_factory=tuple)
    scores: Sequence[float] = field(default_factory=tuple)

    @property
    def call_id(self) -> UUID:
        return self.start.call_id

    @property
    def model(self) -> str:
        return self.start.model


async def whole(stream: Stream, heard: Callable[[Event], None] | None = None) -> Answer:
    """Read a stream to its end. `heard` is told of every event. Raises what it refuses with, CallFailed, CallCancelled."""
    gathering = _Gathering()
    async with stream:
        async for event in stream:
            gathering.take(event)
            if heard is not None:
                heard(event)
    return gathering.answer()


class _Gathering:
    """The pieces of one answer."""

    def __init__(self) -> None:
        self._start: Start | None = None
        self._end: Terminal | None = None
        self._usage = Usage(0, 0)
        self._texts: list[str] = []
        self._thoughts: list[str] = []
        self._tools: dict[int, ToolCall] = {}
        self._vectors: dict[int, Sequence[float]] = {}
        self._scores: Sequence[float] = ()

    def take(self, event: Event) -> None:
        if isinstance(event, Start):
            self._start = event
        elif isinstance(event, Usage):
            self._usage = event
        elif isinstance(event, Ended | Failed | Stopped):
            self._end = event
        else:
            self._take_content(event)

    def _take_content(self, event: Content) -> None:
        match event:
            case Text():
                self._texts.append(event.text)
            case Thought():
                self._thoughts.append(event.text)
            case ToolCall():
                self._join(event)
            case Vectors():
                self._vectors |= dict(enumerate(event.vectors, event.start))
            case Scores():
                self._scores = event.scores

    def answer(self) -> Answer:
        text = "".join(self._texts)
        call_id = self._start.call_id if self._start else None
        if isinstance(self._end, Failed):
            raise CallFailed(
                self._end.error_class,
                call_id=call_id,
                detail=self._end.message,
                text=text,
                retry_after=self._end.retry_after,
            )
        if self._start is None or not isinstance(self._end, Ended):
            raise CallCancelled(call_id, text)
        return Answer(
            self._start,
            self._end.finish_reason,
            self._usage,
            self._end.cost,
            text=text,
            thought="".join(self._thoughts),
            tool_calls=[self._tools[index] for index in sorted(self._tools)],
            vectors=self._ordered(call_id),
            scores=self._scores,
        )

    def _join(self, piece: ToolCall) -> None:
        known = self._tools.get(piece.index)
        if known is None:
            self._tools[piece.index] = piece
            return
        self._tools[piece.index] = ToolCall(
            piece.index,
            known.id or piece.id,
            known.name or piece.name,
            known.arguments + piece.arguments,
        )

    def _ordered(self, call_id: UUID | None) -> list[Sequence[float]]:
        try:
            return [self._vectors[index] for index in range(len(self._vectors))]
        except KeyError as error:
            raise CallFailed(
                ErrorClass.PROTOCOL, call_id=call_id, detail="a vector is missing"
            ) from error
