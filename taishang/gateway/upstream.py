"""One try at one provider: its events with the waiting limited, ended by `Done` or by one ProviderError."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress

from taishang.providers.base import Connection, Done, Event, Prompt, Timeouts, Usage, provider_for
from taishang.providers.errors import ErrorClass, ProviderError

CLOSE_SECONDS = 1.0
logger = logging.getLogger(__name__)


async def ask(connection: Connection, prompt: Prompt) -> AsyncGenerator[Event, None]:
    """Everything the provider says up to `Done`. Closing this closes the connection within a second.

    Raises ProviderError for whatever goes wrong: a provider that raises something else is `unknown`, one that just
    ends is `protocol`.
    """
    events = await _opened(connection, prompt)
    clock = _Clock(connection.timeouts)
    try:
        while True:
            event = await _next(events, clock)
            yield event
            if isinstance(event, Done):
                return
            clock.has_begun |= not isinstance(event, Usage)
    finally:
        await _closed(events)


class _Clock:
    """How long the next event may take."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._ends_at = time.monotonic() + timeouts.total
        self.has_begun = False

    @property
    def seconds(self) -> float:
        return max(0.0, min(self._patience, self._left))

    @property
    def fault(self) -> ErrorClass:
        """What it is called when nothing came in time."""
        if self._left <= 0:
            return ErrorClass.TOTAL_TIMEOUT
        return ErrorClass.IDLE_TIMEOUT if self.has_begun else ErrorClass.FIRST_TOKEN_TIMEOUT

    @property
    def _patience(self) -> float:
        return self._timeouts.gap if self.has_begun else self._timeouts.first

    @property
    def _left(self) -> float:
        return self._ends_at - time.monotonic()


async def _opened(connection: Connection, prompt: Prompt) -> AsyncIterator[Event]:
    try:
        provider = await provider_for(connection)
        return provider.execute(prompt)
    except ProviderError:
        raise
    except Exception as error:
        raise _unknown(error) from error


async def _next(events: AsyncIterator[Event], clock: _Clock) -> Event:
    try:
        async with asyncio.timeout(clock.seconds):
            return await anext(events)
    except TimeoutError as error:
        raise ProviderError(clock.fault) from error
    except StopAsyncIteration as error:
        raise ProviderError(ErrorClass.PROTOCOL, "the answer ended without its end") from error
    except ProviderError:
        raise
    except Exception as error:
        raise _unknown(error) from error


async def _closed(events: AsyncIterator[Event]) -> None:
    """A provider that will not be closed is left to itself after a second."""
    close = getattr(events, "aclose", None)
    if close is None:
        return
    with suppress(Exception):
        async with asyncio.timeout(CLOSE_SECONDS):
            await close()


def _unknown(error: Exception) -> ProviderError:
    # Its words may hold the prompt; only its name is told.
    logger.error("provider raised what it may not error=%s", type(error).__name__)
    return ProviderError(ErrorClass.UNKNOWN, type(error).__name__)
