"""Providers asked over plain connections of their own; the guard has tests of its own."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import pytest

from taishang.providers.base import (
    ChatPrompt,
    Connection,
    Event,
    Prompt,
    Text,
    Timeouts,
    provider_for,
    spec_of,
)
from tests.upstream import Upstream

HELLO = ChatPrompt(messages=[{"role": "user", "content": "Say hello"}])
QUICK = Timeouts(connect=2, first=3, gap=3, total=6)


@pytest.fixture(scope="session")
def _one_upstream():
    with Upstream() as running:
        yield running


@pytest.fixture
def upstream(_one_upstream):
    _one_upstream.forget()
    return _one_upstream


@dataclass(frozen=True)
class Asker:
    """Asks one provider of the upstream, from start to end."""

    provider: str
    url: str

    def connection(self, model: str, **changes: Any) -> Connection:
        given = Connection(self.provider, model, self.url, "key", timeouts=QUICK)
        return replace(given, **changes)

    def __call__(self, model: str, prompt: Prompt = HELLO, **changes: Any) -> list[Event]:
        """All events of a call. Raises what the call raises."""
        kept: list[Event] = []
        self.into(kept, model, prompt, **changes)
        return kept

    def into(self, kept: list[Event], model: str, prompt: Prompt = HELLO, **changes: Any) -> None:
        """Like a call, with what arrived kept when it fails."""

        async def ask() -> None:
            async with httpx2.AsyncClient(timeout=None) as client:
                provider = await provider_for(self.connection(model, **changes), client=client)
                async with aclosing(provider.execute(prompt)) as events:
                    async for event in events:
                        kept.append(event)

        asyncio.run(ask())


@pytest.fixture
def asker(upstream) -> Callable[[str], Asker]:
    return lambda provider: Asker(provider, upstream.url)


def said(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Text))


def needs_a_key(provider: str) -> bool:
    return spec_of(provider).needs_key
