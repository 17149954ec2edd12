"""Content on its way in: copied to the temporary folder while it is hashed, counted and sampled."""

import errno
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.files import File as Content

from accounts.ids import uuid7
from laojun import filetypes
from laojun.filetypes import Sample

CHUNK_BYTES = 256 * 1024


class FileTooLarge(Exception):
    """More bytes came than the purpose allows. Units: bytes."""

    code = "file_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} bytes")
        self.limit = limit
        self.members = {"limit": limit}


class StorageFull(Exception):
    """The disk or bucket behind the storage takes no more."""

    code = "storage_full"


@dataclass(frozen=True)
class Received:
    """Content that waits in the temporary folder."""

    path: Path
    size: int
    sha256: str
    sample: Sample


@contextmanager
def received(content: bytes | IO[bytes] | Iterable[bytes], *, limit: int) -> Iterator[Received]:
    """Copy a content to the temporary folder, hashing and counting; removed when nobody took it."""
    path = Path(settings.FILE_UPLOAD_TEMP_DIR) / f"{uuid7().hex}.part"
    try:
        yield _copied(content, path, limit)
    finally:
        path.unlink(missing_ok=True)


def _copied(content: bytes | IO[bytes] | Iterable[bytes], path: Path, limit: int) -> Received:
    hashed, size, head, tail = hashlib.sha256(), 0, b"", b""
    with a_full_disk_named(), path.open("wb") as target:
        for chunk in _chunks(content):
            size += len(chunk)
            if size > limit:
                raise FileTooLarge(limit)
            hashed.update(chunk)
            target.write(chunk)
            head += chunk[: filetypes.HEAD_BYTES - len(head)]
            tail = (tail + chunk)[-filetypes.TAIL_BYTES :]
        target.flush()
        os.fsync(target.fileno())
    return Received(path, size, hashed.hexdigest(), Sample(head, tail))


def _chunks(content: bytes | IO[bytes] | Iterable[bytes]) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
    elif hasattr(content, "read"):
        while chunk := content.read(CHUNK_BYTES):
            yield chunk
    else:
        yield from content


@contextmanager
def a_full_disk_named() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise StorageFull(str(error)) from error
        raise


class OnDisk(Content):
    """Content that a storage on the same disk takes by renaming it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.open("rb"), name=path.name)
        self._path = path

    def temporary_file_path(self) -> str:
        return str(self._path)
