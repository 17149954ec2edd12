"""The pipe between the processes of one worker: a byte in it wakes one idle slot."""

from __future__ import annotations

import os
import select
from contextlib import suppress

_ends: list[int] = []


def open_pipe() -> None:
    """Called once, before the worker's processes part."""
    _ends[:] = os.pipe()
    for end in _ends:
        os.set_blocking(end, False)


def poke(count: int = 1) -> None:
    """Wake up to `count` idle slots. A full pipe already wakes everybody; without a worker nothing happens."""
    if _ends:
        with suppress(BlockingIOError):
            os.write(_ends[1], b"." * count)


def wait(seconds: float) -> bool:
    """Sleep until poked. Of several sleepers one gets the byte; the others go on sleeping."""
    readable, _writable, _failed = select.select([_ends[0]], [], [], seconds)
    if not readable:
        return False
    try:
        return bool(os.read(_ends[0], 1))
    except BlockingIOError:
        return False


def drop() -> None:
    """Forget bytes that nobody needs any more."""
    if _ends:
        with suppress(BlockingIOError):
            os.read(_ends[0], 4096)
