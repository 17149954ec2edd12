"""Leave a provider alone that keeps failing. One breaker for each address and key, so that a new key is tried at once.

Each process decides by what it saw itself; Redis only carries the hint that another one has opened.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from django.core.cache import cache

from taishang.models import Model
from taishang.providers.errors import ErrorClass

FAILURES_IN_A_ROW = 5
WINDOW_SECONDS = 60.0
WINDOW_CALLS = 20
OPEN_SECONDS = 30.0
# A key that was refused is not tried again by itself; the hint in Redis lives as long as this.
AUTH_SECONDS = 24 * 3600.0
COUNTED = frozenset(
    {
        ErrorClass.CONNECT,
        ErrorClass.FIRST_TOKEN_TIMEOUT,
        ErrorClass.IDLE_TIMEOUT,
        ErrorClass.TOTAL_TIMEOUT,
        ErrorClass.SERVER,
        ErrorClass.PROTOCOL,
    }
)


@dataclass(frozen=True)
class State:
    """How a provider stands here. `until` is when the next call may try again, in seconds since the epoch."""

    is_open: bool
    until: float = 0.0
    error_class: str = ""


@dataclass
class _Circuit:
    """What this process has seen of one address and key; guarded by the module's lock."""

    failures: int = 0
    recent: deque[tuple[float, bool]] = field(default_factory=deque)
    open_until: float = 0.0
    error_class: str = ""
    opened_at: float = 0.0
    is_probing: bool = False


_circuits: dict[str, _Circuit] = {}
_lock = threading.Lock()


def name_of(model: Model) -> str:
    """The breaker of a model: its provider, address and key. The key itself cannot be read from it."""
    text = "\n".join((model.provider, model.base_url, model.api_key_encrypted))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def admits(name: str) -> bool:
    """Whether a call may go. Of those that ask when the time is over, one goes as a probe. One look at Redis."""
    hint, reset_at = _hints(name)
    now = time.time()
    with _lock:
        circuit = _circuits.setdefault(name, _Circuit())
        if reset_at > circuit.opened_at:
            _close(circuit)
        if circuit.open_until == 0 and hint.get("until", 0) > now and hint["at"] > reset_at:
            return False
        if circuit.open_until == 0:
            return True
        if now < circuit.open_until or circuit.is_probing:
            return False
        circuit.is_probing = True
        return True


def succeeded(name: str) -> None:
    with _lock:
        circuit = _circuits.setdefault(name, _Circuit())
        was_open = circuit.open_until > 0
        circuit.failures = 0
        if was_open:
            _close(circuit)
        _note(circuit, ok=True)
    if was_open:
        cache.delete(_key(name))


def failed(name: str, error_class: ErrorClass) -> None:
    """Count a failure that says something about the provider; others only end a probe."""
    now = time.time()
    with _lock:
        circuit = _circuits.setdefault(name, _Circuit())
        circuit.is_probing = False
        if error_class == ErrorClass.AUTH:
            _open(circuit, error_class, now, AUTH_SECONDS)
        elif error_class in COUNTED:
            circuit.failures += 1
            _note(circuit, ok=False)
            if not (circuit.open_until or _too_many(circuit)):
                return
            _open(circuit, error_class, now, OPEN_SECONDS)
        else:
            return
        until = circuit.open_until
    state = {"until": until, "at": now, "error_class": str(error_class)}
    cache.set(_key(name), state, max(1, int(until - now)))


def gave_up(name: str) -> None:
    """A call ended without telling anything about the provider: a probe may be tried by the next one."""
    with _lock:
        if circuit := _circuits.get(name):
            circuit.is_probing = False


def reset(name: str) -> None:
    """Ask the provider again at once, in every process."""
    cache.set(_reset_key(name), time.time(), int(AUTH_SECONDS))
    cache.delete(_key(name))
    with _lock:
        _circuits.pop(name, None)


def state(name: str) -> State:
    """As this process and the hint of the others say. One look at Redis."""
    hint, reset_at = _hints(name)
    now = time.time()
    with _lock:
        circuit = _circuits.get(name)
        if circuit and circuit.open_until and circuit.opened_at > reset_at:
            return State(is_open=True, until=circuit.open_until, error_class=circuit.error_class)
    if hint.get("until", 0) > now and hint["at"] > reset_at:
        return State(is_open=True, until=hint["until"], error_class=hint["error_class"])
    return State(is_open=False)


def forget() -> None:
    """Begin anew in this process; for tests."""
    with _lock:
        _circuits.clear()


def _note(circuit: _Circuit, *, ok: bool) -> None:
    now = time.time()
    circuit.recent.append((now, ok))
    while circuit.recent and circuit.recent[0][0] < now - WINDOW_SECONDS:
        circuit.recent.popleft()


def _too_many(circuit: _Circuit) -> bool:
    if circuit.failures >= FAILURES_IN_A_ROW:
        return True
    bad = sum(not ok for _at, ok in circuit.recent)
    return len(circuit.recent) >= WINDOW_CALLS and bad * 2 >= len(circuit.recent)


def _open(circuit: _Circuit, error_class: ErrorClass, now: float, seconds: float) -> None:
    circuit.open_until, circuit.opened_at = now + seconds, now
    circuit.error_class = str(error_class)


def _close(circuit: _Circuit) -> None:
    circuit.failures, circuit.open_until, circuit.opened_at = 0, 0.0, 0.0
    circuit.recent.clear()
    circuit.is_probing = False
    circuit.error_class = ""


def _hints(name: str) -> tuple[dict[str, Any], float]:
    found = cache.get_many([_key(name), _reset_key(name)])
    return found.get(_key(name)) or {}, float(found.get(_reset_key(name)) or 0)


def _key(name: str) -> str:
    return f"breaker:{name}:state"


def _reset_key(name: str) -> str:
    return f"breaker:{name}:reset"
