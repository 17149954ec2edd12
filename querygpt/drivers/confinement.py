"""What a run may use: memory, time and files by the system's limits, nobody's rights, no life after its parent."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import time
from pathlib import Path

MEBIBYTE = 1024 * 1024
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NO_NEW_PRIVS = 38
CLONE_NEWNET = 0x40000000
NOBODY = 65534
MAX_DESCRIPTORS = 64
# A certificate bundle is written beside the run; nothing else is.
MAX_FILE_BYTES = 2 * MEBIBYTE
# What a run may take beyond what it holds already. Units: bytes.
HEADROOM = {"sqlite": 160 * MEBIBYTE, "duckdb": 1024 * MEBIBYTE}
NETWORK_HEADROOM = 48 * MEBIBYTE
GUARD_HEADROOM = 384 * MEBIBYTE
PAGE_BYTES = resource.getpagesize()
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> None:
    """Ask the kernel for SIGKILL when the parent goes. To be asked again after every change of the user."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def leave_network() -> None:
    """Enter a network without any way out, where the kernel lets us: files need none."""
    if os.geteuid() == 0:
        _libc.unshare(CLONE_NEWNET)


def become_nobody() -> None:
    """Give up root for good; nobody else's process may look into this one."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    die_with_parent()


def confine(driver: str, seconds: float) -> None:
    """Before anything of unknown origin is read: no rights, no network for files, room for the guard alone."""
    if driver in HEADROOM:
        leave_network()
    become_nobody()
    limit(headroom_bytes=GUARD_HEADROOM, seconds=seconds)


def confine_to(driver: str, seconds: float) -> None:
    """Before the database is asked: what its driver may take."""
    limit(headroom_bytes=HEADROOM.get(driver, NETWORK_HEADROOM), seconds=seconds)


def limit(*, headroom_bytes: int, seconds: float) -> None:
    """From now on: this much more memory than there is, this much processor time and two seconds."""
    for what, value in (
        (resource.RLIMIT_AS, address_bytes() + headroom_bytes),
        (resource.RLIMIT_CPU, int(time.process_time() + seconds + 2)),
        (resource.RLIMIT_FSIZE, MAX_FILE_BYTES),
        (resource.RLIMIT_NOFILE, MAX_DESCRIPTORS),
        (resource.RLIMIT_CORE, 0),
    ):
        _soft, hard = resource.getrlimit(what)
        lower = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (lower, lower))


def address_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * PAGE_BYTES


def peak_kilobytes() -> int:
    """The most memory this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
