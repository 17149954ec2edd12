"""One request to a child, under the parent's watch: its deadlines, its memory, the wish to stop."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from querygpt.drivers import wire
from querygpt.execution.pool import NoChild, pool

# After the limit T of a statement the server has ended it; else, in seconds after T:
CANCEL_AFTER = 0.2
KILL_AFTER = 0.7
# What a wish to stop gives the server before the process goes.
STOP_GRACE = 0.5
# The guard comes before the statement's own time.
GUARD_SECONDS = 3.0
TICK_SECONDS = 0.1
BORROW_SECONDS = 20.0
MEBIBYTE = 1024 * 1024
MAX_RESIDENT = {"sqlite": 256 * MEBIBYTE, "duckdb": 256 * MEBIBYTE}
MAX_RESIDENT_NETWORK = 128 * MEBIBYTE
PAGE_KILOBYTES = 4


@dataclass
class Reply:
    """What a child answered. `state` is as in the protocol, or `killed`."""

    state: str = "failed"
    error_code: str = ""
    detail: str = ""
    verdict: dict[str, Any] | None = None
    guard_ms: int | None = None
    columns: list[dict[str, Any]] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    truncated: bool = False
    bytes: int = 0
    execution_ms: int = 0
    peak_rss_kb: int = 0
    answer: dict[str, Any] | None = None
    # The process was ended before the server had confirmed its own end.
    server_abandoned: bool = False


def ask(
    request: dict[str, Any],
    *,
    seconds: float,
    driver: str = "",
    is_cancelled: Callable[[], bool] | None = None,
) -> Reply:
    """Send a request and wait for its end, at most `seconds` and one after the guard's verdict. Never raises."""
    try:
        with pool.borrowed(BORROW_SECONDS) as child:
            watch = _Watch(child, seconds, driver, is_cancelled)
            return watch.followed(request)
    except NoChild:
        return Reply(error_code="busy")
    except _Over as over:
        return over.reply
    except wire.Broken:
        return Reply(state="killed", error_code="interrupted")


class _Over(Exception):
    """The child has to go; this is what is known by then."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


class _Watch:
    def __init__(
        self, child: Any, seconds: float, driver: str, is_cancelled: Callable[[], bool] | None
    ) -> None:
        self._child = child
        self._seconds = seconds
        self._is_cancelled = is_cancelled
        self._most_resident = MAX_RESIDENT.get(driver, MAX_RESIDENT_NETWORK)
        self._reply = Reply()
        self._pid = 0
        self._is_file = driver in MAX_RESIDENT
        self._started = time.monotonic()
        self._deadline = self._started + seconds
        self._kill_at: float | None = None
        self._why = ""

    def followed(self, request: dict[str, Any]) -> Reply:
        self._child.send(request)
        while True:
            message = self._child.next(TICK_SECONDS)
            if message is not None and self._take(message):
                return self._settled()
            self._tick()

    def _take(self, message: dict[str, Any]) -> bool:
        """Whether this was the last frame. Raises _Over where the fork went without one."""
        reply, event = self._reply, message.get("event")
        if event == "started":
            self._pid = message["pid"]
        elif event == "verdict":
            reply.verdict, reply.guard_ms = message["verdict"], message["guard_ms"]
            # The statement's time begins where the guard's ends.
            self._deadline = time.monotonic() + self._seconds
        elif event == "columns":
            reply.columns = message["columns"]
        elif event == "rows":
            reply.rows += message["rows"]
        elif event == "ready":
            reply.state, reply.error_code = self._why or "killed", self._why or "memory"
            reply.server_abandoned = not self._is_file
            raise _Over(reply)
        elif event == "end":
            for name in (
                "state",
                "error_code",
                "detail",
                "truncated",
                "bytes",
                "execution_ms",
                "peak_rss_kb",
            ):
                setattr(reply, name, message[name])
            reply.answer = message.get("answer")
            return True
        return False

    def _settled(self) -> Reply:
        """What was asked to stop did so, whatever words the server had for it."""
        reply = self._reply
        if self._why and reply.state in ("failed", "timeout", "cancelled"):
            reply.state, reply.error_code = self._why, self._why
        if reply.state != "ok":
            # Part of a result is never shown as the whole.
            reply.rows = []
        return reply

    def _tick(self) -> None:
        now = time.monotonic()
        self._watch_memory()
        if self._kill_at is not None:
            if now >= self._kill_at:
                self._give_up()
            return
        if self._is_cancelled is not None and self._is_cancelled():
            self._stop("cancelled", now + STOP_GRACE)
        elif now >= self._deadline + CANCEL_AFTER:
            self._stop("timeout", self._deadline + KILL_AFTER)

    def _stop(self, why: str, kill_at: float) -> None:
        self._why, self._kill_at = why, kill_at
        with contextlib.suppress(wire.Broken):
            self._child.send({"op": "cancel"})

    def _give_up(self) -> None:
        reply = self._reply
        reply.state, reply.error_code, reply.rows = self._why, self._why, []
        reply.execution_ms = round((time.monotonic() - self._started) * 1000)
        reply.server_abandoned = not self._is_file
        raise _Over(reply)

    def _watch_memory(self) -> None:
        resident = _resident_kilobytes(self._pid)
        self._reply.peak_rss_kb = max(self._reply.peak_rss_kb, resident)
        if resident * 1024 > self._most_resident:
            reply = self._reply
            reply.state, reply.error_code, reply.rows = "killed", "memory", []
            reply.execution_ms = round((time.monotonic() - self._started) * 1000)
            reply.server_abandoned = not self._is_file
            raise _Over(reply)


def _resident_kilobytes(pid: int) -> int:
    if not pid:
        return 0
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_KILOBYTES
    except (OSError, IndexError, ValueError):
        return 0
