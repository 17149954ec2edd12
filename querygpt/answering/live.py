"""What the worker tells open pages at once: how often the message was written, and the words a model is saying.

A hint in the cache, never the truth: without it a page sees the stored message a little later.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.cache import cache

from accounts.watching import Watches

LOOK_SECONDS = 0.1
KEPT_SECONDS = 300
PAUSE_SECONDS = 0.2


class Voice:
    """One run's way to tell: at most five times a second, and every written change at once."""

    def __init__(self, message_id: UUID) -> None:
        self._key = _key(message_id)
        self._ticks = 0
        self._said_at = 0.0

    def changed(self) -> None:
        """The stored message is another one."""
        self._tell({})

    def say(self, *, channel: str, text: str) -> None:
        """All the text so far; what comes too fast is left out, since the next one holds it."""
        now = time.monotonic()
        if now - self._said_at >= PAUSE_SECONDS:
            self._said_at = now
            self._tell({"channel": channel, "text": text})

    def _tell(self, draft: dict[str, Any]) -> None:
        self._ticks += 1
        # Told apart from those of another run of the same answer.
        tick = int(time.time() * 1000) * 1000 + self._ticks % 1000
        cache.set(self._key, {"tick": tick, "draft": draft}, KEPT_SECONDS)


def heard(message_id: UUID) -> dict[str, Any]:
    """What was told last: `{tick, draft: {} | {channel, text}}`, or nothing."""
    return cache.get(_key(message_id)) or {}


def _ticks(ids: Sequence[UUID]) -> dict[UUID, int]:
    found = cache.get_many([_key(number) for number in ids])
    return {
        number: found[_key(number)]["tick"] for number in ids if found.get(_key(number)) is not None
    }


def _key(message_id: UUID) -> str:
    return f"querygpt:{message_id}:live"


watches = Watches(_ticks, LOOK_SECONDS)
