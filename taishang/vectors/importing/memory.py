"""How much memory a file may make the worker take beyond what it has."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# A row group of 256 MB is decoded page by page; this is for pages that lie about their size.
ROOM_BYTES = 512 * 1024 * 1024
STATM = Path("/proc/self/statm")


@contextmanager
def bounded(room: int = ROOM_BYTES) -> Iterator[None]:
    """Allocations beyond `room` raise MemoryError instead of filling the machine. Units: bytes. Linux only."""
    if not STATM.exists():
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_DATA)
    # The sixth figure: data and stack, in pages.
    held = int(STATM.read_text().split()[5]) * resource.getpagesize()
    wanted = held + room
    if before[1] != resource.RLIM_INFINITY:
        wanted = min(wanted, before[1])
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)
