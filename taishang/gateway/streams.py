"""A call as it happens: an async iterator of events that ends with exactly one terminal one."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any
from uuid import UUID

from taishang.gateway.asks import Ask
from taishang.gateway.channel import Channel
from taishang.gateway.database import refuse_open_transaction
from taishang.gateway.events import Event
from taishang.gateway.relay import Relay

CLOSE_SECONDS = 10.0


class Stream:
    """Open it (or just iterate), read it to its end, or close it: a stream that is left behind is stopped and billed.

    `open` may run in another loop than the reading. Raises NetworkInTransaction where it is made inside a transaction.
    """

    def __init__(self, ask: Ask) -> None:
        refuse_open_transaction()
        self._ask = ask
        self._relay: Relay | None = None
        self._channel: Channel | None = None
        self._running: asyncio.Task[None] | None = None
        self._opening: asyncio.Task[Any] | None = None

    @property
    def call_id(self) -> UUID | None:
        """The call under way, once it is reserved. After a fallback it is another one."""
        call = self._relay.call if self._relay else None
        return call.id if call else None

    async def open(self) -> Stream:
        """Everything that can be refused is refused here, before anything is sent. Raises what the gateway refuses with."""
        if self._relay is None:
            refuse_open_transaction()
            relay = Relay(self._ask)
            self._opening = asyncio.current_task()
            try:
                await relay.open()
            finally:
                self._opening = None
            self._relay = relay
        return self

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> Event:
        await self.open()
        if self._channel is None and self._relay is not None:
            self._channel = Channel()
            self._running = asyncio.ensure_future(self._relay.run(self._channel))
        assert self._channel is not None  # noqa: S101 made above
        event = await self._channel.get()
        if event is None:
            raise StopAsyncIteration
        return event

    async def stop(self) -> None:
        """Ask the call to end; its last event says so. One that is still being opened is left, and not made."""
        for task in (self._running, self._opening):
            if task is not None:
                task.cancel()

    async def aclose(self) -> None:
        """Stop, and wait until what had arrived is billed."""
        if self._relay is None:
            return
        if self._running is None:
            # Opened and never read: the provider was not asked.
            self._running = asyncio.ensure_future(self._relay.abandon())
        else:
            self._running.cancel()
        await asyncio.wait({self._running}, timeout=CLOSE_SECONDS)

    async def __aenter__(self) -> Stream:
        return await self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()
