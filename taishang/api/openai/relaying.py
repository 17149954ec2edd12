"""One call of the gateway as an answer over HTTP: whole, or as it happens."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from accounts.registry import problems as registered
from taishang.api.openai import errors, writing
from taishang.api.openai.reading import Chat, Embeddings
from taishang.gateway import Answer, Stream
from taishang.gateway.answers import whole
from taishang.gateway.asks import Ask
from taishang.gateway.events import Ended, Event, Failed, Start, Stopped, Usage
from taishang.gateway.refusals import CallCancelled, CallFailed

CONTENT_TYPE = "text/event-stream"
HEARTBEAT_SECONDS = 10.0
# Until then a failure can still be told by its status; afterwards the client hears that somebody is at work.
STATUS_SECONDS = 10.0


async def answered(ask: Ask) -> HttpResponse:
    """The whole answer. Raises what the gateway refuses with, CallFailed, CallCancelled."""
    answer = await whole(Stream(ask))
    return _json(orjson.dumps(writing.completion(answer)), answer)


async def embedded(ask: Ask, wish: Embeddings) -> HttpResponse:
    answer = await whole(Stream(ask))
    body = await asyncio.to_thread(writing.embeddings, answer, as_base64=wish.as_base64)
    return _json(body, answer)


async def streamed(request: HttpRequest, ask: Ask, wish: Chat) -> HttpResponseBase:
    """The answer as it happens. What goes wrong before its first piece is raised, and told by its status."""
    stream = await Stream(ask).open()
    try:
        opening = await _opening(stream)
        if isinstance(opening[-1], Failed | Stopped):
            raise _error(opening[-1], stream)
    except BaseException:
        await stream.aclose()
        raise
    response = StreamingHttpResponse(
        _frames(request, stream, opening, wish), content_type=CONTENT_TYPE
    )
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    for name, value in _headers(opening[0]).items():
        response[name] = value
    return response


async def _opening(stream: Stream) -> list[Event | None]:
    """What comes before the first piece of the answer, and that piece or end; None last when nothing came in time.

    A call that fails before it said anything names who answered and what it used, and then fails.
    """
    found: list[Event | None] = []
    while not found or isinstance(found[-1], Start | Usage):
        found.append(await _next(stream, STATUS_SECONDS))
    return found


async def _frames(
    request: HttpRequest, stream: Stream, opening: Sequence[Event | None], wish: Chat
) -> AsyncIterator[bytes]:
    """The bytes of the stream. Whatever ends it, the call behind it is closed."""
    teller = _Teller(request, wish)
    try:
        for event in opening:
            if frame := teller.frame(event):
                yield frame
        while not teller.is_over:
            if frame := teller.frame(await _next(stream, HEARTBEAT_SECONDS)):
                yield frame
    finally:
        await stream.aclose()


class _Teller:
    """Turns the events of one call into frames."""

    def __init__(self, request: HttpRequest, wish: Chat) -> None:
        self.is_over = False
        self._request = request
        self._wish = wish
        self._writer: writing.ChunkWriter | None = None
        self._usage: Usage | None = None

    def frame(self, event: Event | None) -> bytes:
        if event is None:
            return writing.HEARTBEAT
        if isinstance(event, Failed | Stopped):
            self.is_over = True
            return _told(self._request, event)
        if isinstance(event, Start):
            self._writer = writing.ChunkWriter(
                event.call_id, event.model, wants_usage=self._wish.wants_usage
            )
            return self._writer.first()
        if isinstance(event, Usage):
            self._usage = event
            return b""
        if self._writer is None:
            return b""
        if isinstance(event, Ended):
            self.is_over = True
            return self._writer.last(event.finish_reason, self._usage)
        return self._writer.piece(event)


async def _next(stream: Stream, seconds: float) -> Event | None:
    """The next event, None when none came in time: giving up a wait loses nothing. A stream without an end was stopped."""
    try:
        async with asyncio.timeout(seconds):
            return await anext(stream)
    except TimeoutError:
        return None
    except StopAsyncIteration:
        return Stopped()


def _json(body: bytes, answer: Answer) -> HttpResponse:
    return HttpResponse(body, content_type="application/json", headers=_headers(answer.start))


def _headers(event: Event | None) -> dict[str, str]:
    """Who answered, and whether it is another one than was asked for."""
    if not isinstance(event, Start):
        return {}
    found = {"X-Model-Used": event.model.encode("ascii", "replace").decode()}
    if event.is_degraded:
        found["X-Degraded"] = "quota"
    if event.fallback_of:
        found["X-Fallback-Of"] = str(event.fallback_of)
    return found


def _error(event: Failed | Stopped, stream: Stream) -> Exception:
    if isinstance(event, Stopped):
        return CallCancelled(stream.call_id)
    return CallFailed(
        event.error_class,
        call_id=stream.call_id,
        detail=event.message,
        retry_after=event.retry_after,
    )


def _told(request: HttpRequest, event: Failed | Stopped) -> bytes:
    """An error in the middle of a stream."""
    code = event.code if isinstance(event, Failed) else CallCancelled.code
    declared = registered[code]
    problem: Mapping[str, Any] = {
        "code": code,
        "status": declared.status,
        "title": str(declared.title),
        "detail": event.message if isinstance(event, Failed) else str(declared.remedy),
        "trace_id": getattr(request, "trace_id", ""),
    }
    return writing.error(errors.shape(problem)[0])
