"""Whether each engine can be used here, asked at most every few seconds in a process."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from taishang.vectors.backends import base
from taishang.vectors.backends.base import EngineError

FRESH_SECONDS = 5.0


@dataclass(frozen=True)
class Known:
    """What is known of one engine. `took_ms` is how long it took to say so."""

    name: str
    available: bool
    version: str = ""
    reason: str = ""
    command: str = ""
    kinds: tuple[str, ...] = ()
    limits: dict[str, int] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    took_ms: float = 0.0


_lock = threading.Lock()
_found: tuple[float, list[Known]] = (0.0, [])


def look(*, fresh: bool = False) -> list[Known]:
    """Every engine of the store, in its order. Two seconds for one that hangs, five seconds of memory."""
    global _found
    with _lock:
        at, known = _found
        if fresh or not known or time.monotonic() - at > FRESH_SECONDS:
            known = [_ask(name) for name in base.store]
            _found = (time.monotonic(), known)
        return known


def _ask(name: str) -> Known:
    began = time.perf_counter()
    try:
        engine = base.get(name)
        found = engine.probe()
    except EngineError as error:
        return Known(name, available=False, reason=error.reason, command=base.INSTALL)
    return Known(
        name,
        found.available,
        found.version,
        found.reason,
        found.command,
        engine.kinds,
        dict(engine.limits),
        dict(found.details),
        round((time.perf_counter() - began) * 1000, 1),
    )
