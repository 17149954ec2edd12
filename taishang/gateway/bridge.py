"""Run the asynchronous gateway for synchronous callers: one event loop in one thread per process."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from typing import Any, TypeVar

Result = TypeVar("Result")
LOOK_SECONDS = 0.5
_loops: list[asyncio.AbstractEventLoop] = []
_lock = threading.Lock()
# A forked process has the list but not the thread.
os.register_at_fork(after_in_child=_loops.clear)


def run(
    work: Coroutine[Any, Any, Result],
    *,
    watch: Callable[[], None] | None = None,
    stop: Callable[[], Coroutine[Any, Any, None]] | None = None,
) -> Result:
    """Wait for `work`. `watch` is called twice a second and may raise: then `stop` is run and the work's end awaited."""
    future = asyncio.run_coroutine_threadsafe(work, _loop())
    try:
        _watched(future, watch)
    except BaseException:
        if stop is not None:
            asyncio.run_coroutine_threadsafe(stop(), _loop())
        wait_for([future])
        future.exception()
        raise
    return future.result()


def _watched(future: Future[Any], watch: Callable[[], None] | None) -> None:
    while not wait_for([future], timeout=LOOK_SECONDS if watch else None).done:
        if watch is not None:
            watch()


def _loop() -> asyncio.AbstractEventLoop:
    with _lock:
        if not _loops:
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="gateway-loop", daemon=True).start()
            _loops.append(loop)
        return _loops[0]
