"""What a worker tells open pages of a request at once: the words that have arrived so far.

A hint in the cache, never the truth: without it a page reads what the gateway saved of the call.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.cache import cache

from accounts.watching import Watches
from studio.prose import answers

LOOK_SECONDS = 0.1
KEPT_SECONDS = 300
PAUSE_SECONDS = 0.1
# Longer than a request takes.
WATCHED_SECONDS = 3_600


class Voice:
    """One run's way to tell: at most ten times a second; what comes too fast is in the next one."""

    def __init__(self, request_id: UUID) -> None:
        self._key = _key(request_id)
        self._said_at = 0.0
        self._ticks = 0
        self._raw: list[str] = []
        self.variant = 1

    def begin(self, variant: int) -> None:
        self.variant = variant
        self._raw = []

    def hear(self, piece: str) -> None:
        self._raw.append(piece)
        now = time.monotonic()
        if now - self._said_at >= PAUSE_SECONDS:
            self._said_at = now
            self._tell(answers.clean("".join(self._raw), has_ended=False))

    def changed(self) -> None:
        """The stored request is another one."""
        self._tell("")

    def _tell(self, text: str) -> None:
        self._ticks += 1
        tick = int(time.time() * 1000) * 1000 + self._ticks % 1000
        cache.set(self._key, {"tick": tick, "variant": self.variant, "text": text}, KEPT_SECONDS)


def heard(request_id: UUID) -> dict[str, Any]:
    """What was told last: `{tick, variant, text}`, or nothing."""
    return cache.get(_key(request_id)) or {}


def watched(request_id: UUID, seconds: int = WATCHED_SECONDS) -> None:
    """A page shows this request at present; `left` when it no longer does."""
    cache.set(_watch_key(request_id), "yes", seconds)


def left(request_id: UUID) -> None:
    cache.delete(_watch_key(request_id))


def is_watched(request_id: UUID) -> bool:
    return bool(cache.get(_watch_key(request_id)))


def _watch_key(request_id: UUID) -> str:
    return f"studio:{request_id}:watched"


def _ticks(ids: Sequence[UUID]) -> dict[UUID, int]:
    found = cache.get_many([_key(number) for number in ids])
    return {one: found[_key(one)]["tick"] for one in ids if found.get(_key(one)) is not None}


def _key(request_id: UUID) -> str:
    return f"studio:{request_id}:live"


watches = Watches(_ticks, LOOK_SECONDS)
