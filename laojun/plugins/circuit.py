"""Whether a plugin that kept failing is asked again: a pure machine over the `circuit` column of its instance.

An empty circuit is a healthy one, so that an instance whose calls all succeed is never written to.
Shapes: `{failures, recent, open_until, open_s, probe_until}`; `recent` holds 1 for success, 0 for failure, the
newest last; times are seconds since the epoch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

FAILURES_IN_A_ROW = 5
WINDOW = 20
OPEN_SECONDS, MAX_OPEN_SECONDS = 30.0, 600.0
# As long as the slowest hook may take; a probe that was lost with its process blocks no longer than this.
PROBE_SECONDS = 75.0
Circuit = Mapping[str, Any]


@dataclass(frozen=True)
class Permit:
    """Whether a call may start. `circuit` is what is to be kept, None for no change; `wait_until` when not."""

    allowed: bool
    circuit: dict[str, Any] | None = None
    wait_until: datetime | None = None


def is_open(circuit: Circuit) -> bool:
    """Whether the plugin counts as failing; it stays so until a probe has succeeded."""
    return bool(circuit.get("open_until"))


def admit(circuit: Circuit, now: datetime) -> Permit:
    """May a call start? Once the time of an open circuit has passed, one call is let through as a probe."""
    if not is_open(circuit):
        return Permit(allowed=True)
    at = now.timestamp()
    blocked_until = max(circuit["open_until"], circuit.get("probe_until", 0.0))
    if at < blocked_until:
        return Permit(allowed=False, wait_until=datetime.fromtimestamp(blocked_until, UTC))
    return Permit(allowed=True, circuit={**circuit, "probe_until": at + PROBE_SECONDS})


def after(circuit: Circuit, *, ok: bool, now: datetime) -> dict[str, Any]:
    """The circuit after a call. A successful probe closes it, a failed one opens it for twice as long."""
    if is_open(circuit):
        return {} if ok else _opened(min(circuit["open_s"] * 2, MAX_OPEN_SECONDS), now)
    recent = [*circuit.get("recent", ()), int(ok)][-WINDOW:]
    failures = 0 if ok else circuit.get("failures", 0) + 1
    if failures >= FAILURES_IN_A_ROW or _mostly_failed(recent):
        return _opened(OPEN_SECONDS, now)
    if all(recent):
        return {}
    return {"failures": failures, "recent": recent}


def _mostly_failed(recent: list[int]) -> bool:
    return len(recent) == WINDOW and sum(recent) * 2 <= WINDOW


def _opened(seconds: float, now: datetime) -> dict[str, Any]:
    return {"open_s": seconds, "open_until": now.timestamp() + seconds}
