"""Warm children of this process: lent for one request each, replaced after fifty and after every kill."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from querygpt.drivers import wire

WARM = 2
MOST = 4
MAX_RUNS = 50
START_SECONDS = 30.0
# How long a fork that has said its last word may take to be gone.
REST_SECONDS = 2.0
# Nothing of the platform's own environment; one arena keeps the limit on memory exact.
ENVIRONMENT = {
    "HOME": "/nonexistent",
    "MALLOC_ARENA_MAX": "1",
    "PYTHONUTF8": "1",
    "LC_ALL": "C.UTF-8",
}
PROGRAM = ("-m", "querygpt.drivers.child")
logger = logging.getLogger(__name__)


class NoChild(Exception):
    """No child became free in time, or none can be started."""


class Child:
    """One warm process. A request is sent, frames are read until `end`, then it is given back."""

    def __init__(self) -> None:
        self.runs = 0
        self._reader = wire.Reader()
        self._waiting: list[dict[str, Any]] = []
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, *PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
            cwd=settings.BASE_DIR,
            start_new_session=True,
        )
        assert self._process.stdin is not None  # noqa: S101
        assert self._process.stdout is not None  # noqa: S101
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._out, selectors.EVENT_READ)

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, message: dict[str, Any]) -> None:
        """Raises wire.Broken when it is gone."""
        try:
            wire.send(self._in, message)
        except OSError as error:
            raise wire.Broken("the child is gone") from error

    def next(self, seconds: float) -> dict[str, Any] | None:
        """The next frame, or None when none came in time. Raises wire.Broken when it is gone."""
        until = time.monotonic() + seconds
        while not self._waiting:
            left = until - time.monotonic()
            if not self._selector.select(max(0.0, left)):
                return None
            data = os.read(self._out, wire.CHUNK_BYTES)
            if not data:
                raise wire.Broken("the child is gone")
            self._waiting = self._reader.feed(data)
            if not self._waiting and left <= 0:
                return None
        return self._waiting.pop(0)

    def is_ready(self, seconds: float) -> bool:
        """Whether it says so in this time; what else it says meanwhile is of no interest any more."""
        until = time.monotonic() + seconds
        with contextlib.suppress(wire.Broken):
            while (left := until - time.monotonic()) > 0:
                message = self.next(left)
                if message is not None and message.get("event") == "ready":
                    return True
        return False

    def kill(self) -> None:
        """End it with its fork, and wait until both are gone."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self.forget()

    def forget(self) -> None:
        """Close this process's ends of its pipes."""
        self._selector.close()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


class Pool:
    """The children of one process. They are started by one thread that lives as long as the process.

    The kernel's signal at a parent's death follows the thread that made the child, and threads of requests end.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._warm = WARM
        self._idle: list[Child] = []
        self._lent = 0
        self._wanted = 0
        self._starting = 0
        self._failures = 0
        self._keeper: threading.Thread | None = None

    @contextmanager
    def borrowed(self, seconds: float) -> Iterator[Child]:
        """A warm child for one request. Raises NoChild."""
        child = self._take(seconds)
        is_fine = False
        try:
            yield child
            child.runs += 1
            is_fine = child.runs < MAX_RUNS and child.is_ready(REST_SECONDS)
        finally:
            if not is_fine:
                child.kill()
            with self._changed:
                self._lent -= 1
                if is_fine:
                    self._idle.append(child)
                self._changed.notify_all()

    def stand_by(self, warm: int) -> None:
        """Have so many children waiting from now on; returns before they are there."""
        with self._changed:
            self._warm = warm
            self._keep()
            self._changed.notify_all()

    def figures(self) -> dict[str, int]:
        with self._changed:
            return {"warm": len(self._idle), "busy": self._lent, "most": MOST}

    def close(self) -> None:
        """End all idle ones; for the end of the process and of tests."""
        with self._changed:
            idle, self._idle = self._idle, []
            self._keeper = None
            self._changed.notify_all()
        for child in idle:
            child.kill()

    def after_fork(self) -> None:
        """The children belong to the process that started them."""
        for child in self._idle:
            child.forget()
        self.__init__()

    def _take(self, seconds: float) -> Child:
        until = time.monotonic() + seconds
        with self._changed:
            self._wanted += 1
            try:
                while not self._idle:
                    self._keep()
                    self._changed.notify_all()
                    left = until - time.monotonic()
                    if left <= 0 or self._failures > 3:
                        raise NoChild
                    self._changed.wait(left)
                self._lent += 1
                return self._idle.pop()
            finally:
                self._wanted -= 1

    def _keep(self) -> None:
        if self._keeper is None or not self._keeper.is_alive():
            self._failures = 0
            self._keeper = threading.Thread(
                target=self._start_as_needed, name="children", daemon=True
            )
            self._keeper.start()

    def _start_as_needed(self) -> None:
        """The keeper: one more child whenever fewer wait than should, up to four in all."""
        while True:
            with self._changed:
                while self._keeper is threading.current_thread() and not self._is_short():
                    self._changed.wait()
                if self._keeper is not threading.current_thread():
                    return
                self._starting += 1
            child = _started()
            with self._changed:
                self._starting -= 1
                self._failures = 0 if child else self._failures + 1
                if child is not None:
                    self._idle.append(child)
                self._changed.notify_all()
            if child is None:
                time.sleep(min(5.0, 0.2 * 2**self._failures))

    def _is_short(self) -> bool:
        waiting = len(self._idle) + self._starting
        return waiting < max(self._warm, self._wanted) and waiting + self._lent < MOST


def _started() -> Child | None:
    try:
        child = Child()
    except OSError as error:
        logger.error("no child could be started error=%s", type(error).__name__)
        return None
    if child.is_ready(START_SECONDS):
        return child
    child.kill()
    logger.error("a child did not become ready")
    return None


pool = Pool()
os.register_at_fork(after_in_child=pool.after_fork)
atexit.register(pool.close)
