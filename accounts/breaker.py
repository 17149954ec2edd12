"""When to stop asking a server that does not answer, and when to ask again."""

import logging
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar

FAILURES_TO_OPEN = 3
BUDGET_SECONDS = 0.25
PROBE_SECONDS = 2.0
logger = logging.getLogger(__name__)
_spent: ContextVar[list[float] | None] = ContextVar("seconds_spent_on_redis", default=None)


def start_budget() -> None:
    """From here on this request may lose a quarter of a second to Redis, not more."""
    _spent.set([0.0])


class Breaker:
    """Closed: calls go through. Open: calls are skipped while one thread in the background keeps asking.

    It opens after three failures in a row, or when one request has lost a quarter of a second. `probe` says
    whether the server answers and all is done that must be done before it is used again; it is asked every two
    seconds.
    """

    def __init__(
        self, name: str, probe: Callable[[], bool], *, every: float = PROBE_SECONDS
    ) -> None:
        self.name = name
        self._probe = probe
        self._every = every
        self._lock = threading.Lock()
        self._failures = 0
        self._open = False
        self._thread: threading.Thread | None = None
        # Whether anything failed since the last re-attachment.
        self.missed = False
        self.opened_at: float | None = None

    @property
    def is_open(self) -> bool:
        return self._open

    def allows(self) -> bool:
        return not self._open

    def succeeded(self, seconds: float) -> None:
        self._failures = 0
        self._spend(seconds, "slow")
        if self.missed and not self._open:
            # It answers again before the breaker opened: what it missed is made good all the same.
            self.open("missed calls")

    def failed(self, error: str, seconds: float) -> None:
        self.missed = True
        self._failures += 1
        if self._failures >= FAILURES_TO_OPEN:
            self.open(error)
        self._spend(seconds, error)

    def open(self, why: str) -> None:
        """Skip Redis until the background thread has found it again."""
        with self._lock:
            if self._open:
                return
            self._open, self.opened_at = True, time.time()
            logger.warning("%s is away, going on without it error=%s", self.name, why)
            self._thread = threading.Thread(
                target=self._watch, name=f"{self.name}-probe", daemon=True
            )
            self._thread.start()

    def _spend(self, seconds: float, why: str) -> None:
        spent = _spent.get()
        if spent is None:
            return
        spent[0] += seconds
        if spent[0] > BUDGET_SECONDS:
            self.missed = True
            self.open(f"{why} took {spent[0]:.2f} s")

    def _watch(self) -> None:
        wait = min(self._every, 0.05) if self._failures < FAILURES_TO_OPEN else self._every
        while True:
            time.sleep(wait)
            wait = self._every
            if self._probe():
                break
        with self._lock:
            self._failures, self._open, self.missed, self.opened_at = 0, False, False, None
        logger.warning("%s is back", self.name)
