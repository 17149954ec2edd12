"""Holds a call to its times: until the first piece, between two pieces, and in all."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from taishang.providers.base import Done, Event, Scores, Text, Thought, Timeouts, ToolCall, Vectors
from taishang.providers.errors import ErrorClass, ProviderError

CONTENT = (Text, Thought, ToolCall, Vectors, Scores, Done)


async def paced(
    chunks: AsyncGenerator[Sequence[Event], None], timeouts: Timeouts
) -> AsyncGenerator[Event, None]:
    """The events of a call. A chunk without events shows life, but only content ends the wait for the first token.

    Raises ProviderError(first_token_timeout, idle_timeout, total_timeout).
    """
    clock = asyncio.get_running_loop().time
    end = clock() + timeouts.total
    silent_until = clock() + timeouts.first
    begun = False
    async with aclosing(chunks):
        while True:
            try:
                async with asyncio.timeout_at(min(end, silent_until)):
                    events = await anext(chunks, None)
            except TimeoutError as error:
                raise ProviderError(_late(begun=begun, over=end <= silent_until)) from error
            if events is None:
                return
            begun = begun or any(isinstance(event, CONTENT) for event in events)
            if begun:
                silent_until = clock() + timeouts.gap
            for event in events:
                yield event


def _late(*, begun: bool, over: bool) -> ErrorClass:
    if over:
        return ErrorClass.TOTAL_TIMEOUT
    return ErrorClass.IDLE_TIMEOUT if begun else ErrorClass.FIRST_TOKEN_TIMEOUT
