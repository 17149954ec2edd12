"""The one writer of server-sent events: ids, heartbeats, resumption, and exactly one terminal event.

A stream holds no database connection while it waits: whatever its source asks the database runs in short
transactions of its own, opened by `in_transaction`. Membership is asked again every minute, so a person who
was removed stops receiving within that time.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpRequest, StreamingHttpResponse
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from accounts import tenancy
from accounts.authentication import Principal
from accounts.models import Session, User, Workspace
from accounts.web.authentication import principal_of
from accounts.web.parsing import JsonRenderer, dump

CONTENT_TYPE = "text/event-stream"
HEARTBEAT_SECONDS = 15.0
MEMBERSHIP_SECONDS = 60.0
RECONNECT_MS = 2_000
MAX_ID_CHARACTERS = 64
Result = TypeVar("Result")
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Event:
    """One event. `id` is what a client names to go on after it; `terminal` closes the stream for good."""

    name: str
    data: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    terminal: bool = False


Source = Callable[[str | None], AsyncGenerator[Event, None]]


class EventRenderer(BaseRenderer):
    """Lets `Accept: text/event-stream` pass content negotiation; the stream writes itself."""

    media_type = CONTENT_TYPE
    format = "events"

    def render(self, data: Any, *_args: Any, **_options: Any) -> bytes:
        return JsonRenderer().render(data)


def stream(request: Request | HttpRequest, source: Source) -> StreamingHttpResponse:
    """Answer with the events of `source`, an async generator function of the last id the client has seen.

    The source ends with one terminal event; should it fail or forget, the writer adds one.
    """
    principal = principal_of(request)
    seen = request.headers.get("Last-Event-ID", "")[:MAX_ID_CHARACTERS] or None
    trace_id = getattr(request, "trace_id", "")
    response = StreamingHttpResponse(
        _frames(source(seen), principal, trace_id), content_type=CONTENT_TYPE
    )
    response["Cache-Control"] = "private, no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def in_transaction(principal: Principal, function: Callable[[], Result]) -> Result:
    """Run a function of synchronous database calls as this request's person, and give the connection back."""

    def run() -> Result:
        try:
            with tenancy.entered(principal.context):
                return function()
        finally:
            release()

    return await sync_to_async(run)()


async def _frames(
    events: AsyncGenerator[Event, None], principal: Principal, trace_id: str
) -> AsyncIterator[bytes]:
    yield f"retry: {RECONNECT_MS}\n\n".encode()
    await sync_to_async(release)()
    try:
        async with aclosing(_watched(events, principal, trace_id)) as watched:
            async for event in watched:
                yield _frame(event) if event else b": still here\n\n"
    finally:
        await events.aclose()


async def _watched(
    events: AsyncGenerator[Event, None], principal: Principal, trace_id: str
) -> AsyncGenerator[Event | None, None]:
    """The source's events up to the terminal one, None for each heartbeat, and an end for whoever lost access."""
    pending: asyncio.Future[Event] = asyncio.ensure_future(anext(events))
    checked_at = time.monotonic()
    try:
        while True:
            await asyncio.wait({pending}, timeout=HEARTBEAT_SECONDS)
            if time.monotonic() - checked_at >= MEMBERSHIP_SECONDS:
                checked_at = time.monotonic()
                if not await _still_welcome(principal):
                    yield Event("end", {"code": "not_found"}, terminal=True)
                    return
            if not pending.done():
                yield None
                continue
            event = _outcome(pending, trace_id)
            yield event
            if event.terminal:
                return
            pending = asyncio.ensure_future(anext(events))
    finally:
        pending.cancel()
        await asyncio.wait({pending})
        if not pending.cancelled():
            pending.exception()


def _outcome(pending: "asyncio.Future[Event]", trace_id: str) -> Event:
    error = pending.exception()
    if error is None:
        return pending.result()
    if isinstance(error, StopAsyncIteration):
        return Event("end", terminal=True)
    logger.error("stream failed trace_id=%s", trace_id, exc_info=error)
    return Event("error", {"code": "internal_error", "trace_id": trace_id}, terminal=True)


def _frame(event: Event) -> bytes:
    lines = [f"event: {event.name}"]
    if event.id:
        lines.insert(0, f"id: {event.id}")
    # JSON escapes line breaks inside strings, so one data line is always enough.
    return ("\n".join(lines) + "\ndata: ").encode() + dump(event.data) + b"\n\n"


async def _still_welcome(principal: Principal) -> bool:
    def ask() -> bool:
        user = principal.user
        if user is None or not User.objects.able_to_sign_in().filter(pk=user.pk).exists():
            return False
        if principal.session_id and _is_revoked(principal.session_id):
            return False
        if principal.workspace_id is None:
            return True
        return Workspace.objects.visible_to(user).filter(pk=principal.workspace_id).exists()

    return await in_transaction(principal, ask)


def _is_revoked(session_id: UUID) -> bool:
    return not Session.objects.filter(pk=session_id, revoked_at__isnull=True).exists()


def release() -> None:
    """Give the thread's connection back unless a longer transaction holds it."""
    if not connection.in_atomic_block:
        connection.close()
