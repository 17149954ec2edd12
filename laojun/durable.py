"""Files that are there whole or not at all, also when the machine dies or the disk fills up."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

PARTIAL = ".partial"
CHUNK_BYTES = 1024 * 1024


@contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    """A file to write: it appears under its name, on the disk, once the block ends well; otherwise it is gone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + PARTIAL)
    try:
        with draft.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    settle(path.parent)


def settle(path: Path) -> None:
    """Put on the disk what another program wrote into a file, or the renames inside a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_of(path: Path) -> str:
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            hashed.update(chunk)
    return hashed.hexdigest()
