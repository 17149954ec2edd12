"""Files of connections on this machine: filled from the stored file, found by hash, never written again."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from django.conf import settings

from laojun import files
from laojun.models import File
from querygpt.connections.checking import ConnectionRefused
from querygpt.models import ConnectionFile

PURPOSE = "querygpt.source"
# What stands in a file of the driver, and where.
MAGIC = {"sqlite": (0, b"SQLite format 3\x00"), "duckdb": (8, b"DUCK")}
CHUNK_BYTES = 1024 * 1024
HEAD_BYTES = 16
WAL_AT, WAL_FORMAT = 18, 2


def folder() -> Path:
    """Where they lie; for this platform's user alone."""
    place = Path(settings.DATA_DIR) / "querygpt"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def local_path(source: ConnectionFile, *, driver: str) -> Path:
    """The file on this machine, fetched when it is not here yet. Runs in the workspace of the file.

    Raises ConnectionRefused: it is gone, it is not what was imported, or not what its driver reads.
    """
    path = folder() / source.sha256
    if not _is_regular(path):
        _fetch(source, path)
    if not _is_regular(path) or not _starts_right(path, driver):
        raise ConnectionRefused("file_unreadable", "database_name")
    return path


def _fetch(source: ConnectionFile, path: Path) -> None:
    """A temporary file beside it takes its name once its hash is right."""
    stored = File.objects.filter(pk=source.file_id, workspace_id=source.workspace_id).first()
    if stored is None:
        raise ConnectionRefused("file_unreadable", "database_name")
    descriptor, name = tempfile.mkstemp(dir=folder(), prefix=".")
    digest = hashlib.sha256()
    try:
        with os.fdopen(descriptor, "wb") as target, files.open_content(stored) as content:
            while part := content.read(CHUNK_BYTES):
                digest.update(part)
                target.write(part)
        if digest.hexdigest() != source.sha256:
            raise ConnectionRefused("file_unreadable", "database_name")
        Path(name).chmod(0o400)
        Path(name).rename(path)
    except files.ContentMissing as error:
        raise ConnectionRefused("file_unreadable", "database_name") from error
    finally:
        Path(name).unlink(missing_ok=True)


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _starts_right(path: Path, driver: str) -> bool:
    with path.open("rb") as content:
        return starts_right(content.read(HEAD_BYTES), driver)


def starts_right(head: bytes, driver: str) -> bool:
    """Whether these are the first bytes of a database that the driver reads."""
    place, mark = MAGIC[driver]
    return head[place:].startswith(mark)
