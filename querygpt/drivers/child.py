"""The process in which foreign databases are asked and SQL of unknown origin is parsed: `python -m querygpt.drivers.child`.

A warm process, with everything imported, waits for requests on its standard input. For each one it forks: the fork
reads the request, gives up its rights, takes its limits, answers and ends, so that nothing of one run meets the next.
Only the fork ever holds a secret. The end of the input ends both. `{"event": "ready", "status"}` says that the next
request may be sent; its status is how the fork before ended.

Requests (`wire` frames; see `base.Target` for `target`):
`{"op": "verdict", "sql", "dialect", "catalogue", "policy"}` the guard alone;
`{"op": "run", … as above, "target", "limits": {"seconds", "rows", "bytes"}}` the guard, then the statement;
`{"op": "probe", "target", "seconds"}` and `{"op": "introspect", "target", "seconds"}`.
The last frame is `{"event": "end", "state", "error_code", "detail", "rows_count", "truncated", "bytes", "execution_ms",
"peak_rss_kb", "answer"}`; `state` is ok, refused, failed, timeout, cancelled or too_large.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from querygpt.drivers import asking, confinement, wire

STDIN, STDOUT = 0, 1
STACK_BYTES = 64 * 1024 * 1024
SMALL_STACK_BYTES = 1024 * 1024
RECURSION = 20_000


def main() -> None:
    """Wait, fork, wait for the fork; until the input ends."""
    confinement.die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asking.warm()
    gc.collect()
    gc.freeze()
    wire.send(STDOUT, {"event": "ready", "status": 0})
    while _something_came():
        process = os.fork()
        if process == 0:
            _be_one_run()
        _process, status = os.waitpid(process, 0)
        wire.send(STDOUT, {"event": "ready", "status": os.waitstatus_to_exitcode(status)})


def _something_came() -> bool:
    """Whether a request waits; the first byte stays where it is. False at the end of the input."""
    poll = select.poll()
    poll.register(STDIN, select.POLLIN | select.POLLHUP)
    events = poll.poll()
    return any(flags & select.POLLIN for _descriptor, flags in events)


def _be_one_run() -> None:
    """Answer one request and end. Never returns."""
    confinement.die_with_parent()
    status = 1
    with contextlib.suppress(wire.Broken, OSError):
        request = wire.receive(STDIN)
        if request is not None and request.get("op") == "cancel":
            # It came when its run was already over.
            os._exit(0)
        if request is not None:
            wire.send(STDOUT, {"event": "started", "pid": os.getpid()})
            status = _answered(request)
    os._exit(status)


def _answered(request: dict[str, Any]) -> int:
    """Work in a thread with a stack for deep statements; listen for `cancel` and the end here.

    All threads start before the limits on memory do.
    """
    work = asking.Work(request, tell=lambda message: wire.send(STDOUT, message))
    ended, end = os.pipe()
    wish = threading.Event()

    def run() -> None:
        try:
            work.run()
        finally:
            os.write(end, b"x")

    def stop() -> None:
        wish.wait()
        work.cancel()

    sys.setrecursionlimit(RECURSION)
    _start(stop, SMALL_STACK_BYTES)
    _start(run, STACK_BYTES)
    return _listen(ended, wish)


def _start(function: Callable[[], None], stack_bytes: int) -> None:
    threading.stack_size(stack_bytes)
    threading.Thread(target=function, daemon=True).start()


def _listen(ended: int, wish: threading.Event) -> int:
    while True:
        ready, _, _ = select.select([STDIN, ended], [], [])
        if ended in ready:
            return 0
        message = wire.receive(STDIN)
        if message is None:
            return 1
        if message.get("op") == "cancel":
            wish.set()


if __name__ == "__main__":
    main()
