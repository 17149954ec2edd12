"""What has arrived and was not yet taken: a small buffer between a provider and a reader who may be slow."""

from __future__ import annotations

import asyncio
from collections import deque

from taishang.gateway.events import Event, Text, Thought, ToolCall

MAX_EVENTS = 64
MAX_BYTES = 256 * 1024
PATIENCE_SECONDS = 60.0


class ReaderAway(Exception):
    """The reader took nothing for a minute."""


class Channel:
    """At most 64 events or 256 KB wait; then the writer waits, and with it the provider's connection.

    Belongs to the loop in which it was made.
    """

    def __init__(self, patience: float = PATIENCE_SECONDS) -> None:
        self._events: deque[Event] = deque()
        self._bytes = 0
        self._patience = patience
        self._arrived = asyncio.Event()
        self._taken = asyncio.Event()
        self._is_closed = False

    async def put(self, event: Event) -> None:
        """Raises ReaderAway when there was no room for a minute."""
        while len(self._events) >= MAX_EVENTS or self._bytes >= MAX_BYTES:
            self._taken.clear()
            try:
                async with asyncio.timeout(self._patience):
                    await self._taken.wait()
            except TimeoutError as error:
                raise ReaderAway from error
        self.leave(event)

    def leave(self, event: Event) -> None:
        """Put without waiting: the last words always fit."""
        self._events.append(event)
        self._bytes += _size(event)
        self._arrived.set()

    def close(self) -> None:
        self._is_closed = True
        self._arrived.set()

    async def get(self) -> Event | None:
        """The next event, None when all were taken and no more will come."""
        while not self._events:
            if self._is_closed:
                return None
            self._arrived.clear()
            await self._arrived.wait()
        event = self._events.popleft()
        self._bytes -= _size(event)
        self._taken.set()
        return event


def _size(event: Event) -> int:
    if isinstance(event, Text | Thought):
        return len(event.text)
    return len(event.arguments) if isinstance(event, ToolCall) else 0
