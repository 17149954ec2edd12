"""Uploaded sheets become the DuckDB file of a connection, built in a cage that is thrown away."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from laojun import cage, files, zipsafe
from laojun.models import File

MEBIBYTE = 1024 * 1024
CHUNK_BYTES = MEBIBYTE
TEXTS = frozenset({".csv", ".tsv", ".txt"})
BOOKS = frozenset({".xlsx", ".xlsm"})
ZIP = b"PK\x03\x04"
# DuckDB looks there for the limits of its container, and aborts where the folder exists and is closed.
GROUPS = Path("/sys/fs/cgroup")
UTF16 = (b"\xff\xfe", b"\xfe\xff")
UNPACKED = zipsafe.Limits(
    max_archive_bytes=100 * MEBIBYTE, max_entries=2_000, max_read_bytes=500 * MEBIBYTE
)
LIMITS = cage.Limits(
    cpu_seconds=150,
    wall_seconds=165,
    address_bytes=4096 * MEBIBYTE,
    file_bytes=1024 * MEBIBYTE,
    resident_bytes=640 * MEBIBYTE,
)


class SheetRefused(Exception):
    """A file that becomes no table. `code` is the class."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Built:
    """A DuckDB file: where it lies until the block ends, and its tables as the cage told them."""

    path: Path
    told: dict[str, Any]


def kind_of(name: str, head: bytes) -> str:
    """csv or xlsx, by name and first bytes; empty for what is neither."""
    ending = Path(name).suffix.lower()
    if ending in BOOKS and head.startswith(ZIP):
        return "xlsx"
    is_text = b"\x00" not in head or head.startswith(UTF16)
    return "csv" if ending in TEXTS and head and is_text and not head.startswith(ZIP) else ""


@contextmanager
def built(
    *, source: File, kind: str, name: str, should_stop: Callable[[], bool]
) -> Iterator[Built]:
    """Build the file; it is gone after the block. Outside any transaction. Raises SheetRefused."""
    with tempfile.TemporaryDirectory(prefix="sheets-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        upload, target = folder / f"source.{kind}", folder / "made.duckdb"
        with upload.open("wb") as into, files.open_content(source) as content:
            while part := content.read(CHUNK_BYTES):
                into.write(part)
        if kind == "xlsx":
            _check_archive(upload)
        upload.chmod(0o444)
        order = {"source": str(upload), "target": str(target), "kind": kind, "name": name}
        ended = cage.run(
            argv=[sys.executable, "-m", "querygpt.drivers.sheets", json.dumps(order)],
            directory=folder,
            limits=LIMITS,
            environment={
                "PYTHONPATH": str(settings.BASE_DIR),
                "PYTHONDONTWRITEBYTECODE": "1",
                "HOME": str(folder),
                "LANG": "C.UTF-8",
            },
            readable=[Path(settings.BASE_DIR) / "querygpt", *filter(Path.is_dir, [GROUPS])],
            should_stop=should_stop,
        )
        told = _told(ended)
        if not target.is_file() or target.is_symlink():
            raise SheetRefused("file_damaged")
        yield Built(target, told)


def content_of(path: Path) -> Iterator[bytes]:
    """A built file in parts. It was written by strangers' means: no link is followed."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as content:
        while part := content.read(CHUNK_BYTES):
            yield part


def _check_archive(path: Path) -> None:
    try:
        zipsafe.open_archive(path, limits=UNPACKED)
    except zipsafe.ArchiveError as error:
        raise SheetRefused("file_damaged") from error


def _told(ended: cage.CageResult) -> dict[str, Any]:
    if ended.limit == "cancelled":
        raise SheetRefused("cancelled")
    if ended.limit is not None:
        raise SheetRefused("sheet_too_large")
    try:
        told: dict[str, Any] = json.loads(ended.stdout)
    except ValueError as error:
        raise SheetRefused("file_damaged") from error
    if "error" in told:
        raise SheetRefused(str(told["error"]))
    return told
