"""Where anchors go besides the database: a file for each month, and this process's standard output.

The file belongs to whoever reads along from outside; it is only ever appended to.
"""

import os
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings

FILE, STDOUT = "file", "stdout"
TAIL_BYTES = 64 * 1024


def append(raw: bytes, at: datetime) -> None:
    """Add one line to the month's file and wait until it is on the disk; a line that breaks off is taken back.

    Raises OSError.
    """
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{at:%Y-%m}.jsonl"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
    try:
        size = _end_of_whole_lines(descriptor)
        try:
            _write(descriptor, raw + b"\n")
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def announce(raw: bytes) -> None:
    """Print one line, for whoever collects the output of processes. Raises OSError."""
    sys.stdout.write(raw.decode() + "\n")
    sys.stdout.flush()


def written(path: Path | None = None) -> Iterator[bytes]:
    """Every whole line of the files in order; `path` is a file or another folder. Raises OSError."""
    for file in _files(path or _folder()):
        with file.open("rb") as content:
            for raw in content:
                if raw.endswith(b"\n"):
                    yield raw[:-1]


def written_after(size: int) -> Iterator[bytes]:
    """The last lines of the files, at least `size` of them where there are as many. Raises OSError."""
    found: list[bytes] = []
    for file in reversed(_files(_folder())):
        whole = file.read_bytes().split(b"\n")[:-1]
        found = whole[-(size - len(found)) :] + found
        if len(found) >= size:
            break
    yield from found


def last() -> bytes | None:
    """The newest line of the files. Raises OSError."""
    for file in reversed(_files(_folder())):
        with file.open("rb") as content:
            tail = _tail(content.fileno())
        if tail is not None:
            return tail
    return None


def _folder() -> Path:
    folder: Path = settings.AUDIT_ANCHORS_DIR
    return folder


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(path.glob("[0-9]*-[0-9]*.jsonl"))


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _end_of_whole_lines(descriptor: int) -> int:
    """Where the next line begins; half a line that a killed process left is cut off."""
    size = os.fstat(descriptor).st_size
    kept = size
    while kept and os.pread(descriptor, 1, kept - 1) != b"\n":
        block = os.pread(descriptor, TAIL_BYTES, max(0, kept - TAIL_BYTES))
        found = block.rfind(b"\n")
        kept = 0 if found < 0 and kept <= TAIL_BYTES else kept - len(block) + found + 1
    if kept < size:
        os.ftruncate(descriptor, kept)
    return kept


def _tail(descriptor: int) -> bytes | None:
    """The last whole line of a file."""
    size = os.fstat(descriptor).st_size
    length = TAIL_BYTES
    while True:
        block = os.pread(descriptor, length, max(0, size - length))
        parts = block.split(b"\n")
        if len(parts) > 2 or (len(parts) == 2 and length >= size):
            return parts[-2]
        if length >= size:
            return None
        length *= 4
