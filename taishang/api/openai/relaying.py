"""One call of the gateway as an answer over HTTP: whole, or as it happens."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from accounts.web import problems
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


async def answered(ask: Ask, wish: Chat) -> HttpResponse:
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
    events = _Patient(stream)
    try:
        first = await events.next(STATUS_SECONDS)
        if isinstance(first, Failed | Stopped):
            raise _error(first, stream)
        if isinstance(first, Start):
            # A provider that fails at once is named, then fails: the status still tells.
            second = await events.peek(0)
            if isinstance(second, Failed):
                raise _error(second, stream)
    except BaseException:
        await events.close()
        raise
    response = StreamingHttpResponse(
        _frames(request, events, first, wish, str(stream.call_id)), content_type=CONTENT_TYPE
    )
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    for name, value in _headers(first).items():
        response[name] = value
    return response


async def _frames(
    request: HttpRequest, events: "_Patient", first: Event | None, wish: Chat, call_id: str
) -> AsyncIterator[bytes]:
    writer: writing.ChunkWriter | None = None
    usage: Usage | None = None
    event = first
    try:
        while True:
            if event is None:
                yield writing.HEARTBEAT
            elif isinstance(event, Start):
                writer = writing.ChunkWriter(
                    event.call_id, event.model, wants_usage=wish.wants_usage
                )
                yield writer.first()
            elif isinstance(event, Usage):
                usage = event
            elif isinstance(event, Ended):
                writer = writer or writing.ChunkWriter(call_id, wish.model, wants_usage=False)
                yield writer.last(event.finish_reason, usage)
                return
            elif isinstance(event, Failed | Stopped):
                yield _told(request, event)
                return
            elif writer is not None:
                yield writer.piece(event)
            event = await events.next(HEARTBEAT_SECONDS)
    finally:
        await events.close()


class _Patient:
    """Reads a stream without losing an event to a wait that was given up."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._pending: asyncio.Future[Event] | None = None

    async def next(self, seconds: float) -> Event | None:
        """The next event, None when none came in time. A stream that ends without an end has failed."""
        found = await self.peek(seconds)
        if found is not None:
            self._pending = None
        return found

    async def peek(self, seconds: float) -> Event | None:
        if self._pending is None:
            self._pending = asyncio.ensure_future(anext(self._stream))
        await asyncio.wait({self._pending}, timeout=seconds)
        if not self._pending.done():
            return None
        try:
            return self._pending.result()
        except StopAsyncIteration:
            return Stopped()

    async def close(self) -> None:
        if self._pending is not None and not self._pending.done():
            self._pending.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                await self._pending
        await self._stream.aclose()


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
    declared = problems.declared[code]
    problem: Mapping[str, Any] = {
        "code": code,
        "status": declared.status,
        "title": str(declared.title),
        "detail": event.message if isinstance(event, Failed) else str(declared.remedy),
        "trace_id": getattr(request, "trace_id", ""),
    }
    body, _headers_ = errors.shape(problem)
    return writing.error(body)
