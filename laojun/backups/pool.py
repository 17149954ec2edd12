"""The pool of saved files, each kept once under the hash of its content, whatever number of backups need it."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from laojun import durable
from laojun.receiving import a_full_disk_named

FOLDER = "pool"


class PoolDamaged(Exception):
    """A saved file is missing or is not what its name says."""

    code = "backup_damaged"


@dataclass(frozen=True)
class Pool:
    """The pool below one backup folder."""

    root: Path

    def path_of(self, sha256: str) -> Path:
        return self.root / sha256[:2] / sha256

    def has(self, sha256: str) -> bool:
        return self.path_of(sha256).exists()

    def add(self, sha256: str, content: IO[bytes]) -> int:
        """Copy a content in, hashing it on the way. Returns its size. Raises PoolDamaged, StorageFull."""
        hashed, size = hashlib.sha256(), 0
        with a_full_disk_named(), durable.whole(self.path_of(sha256)) as target:
            while chunk := content.read(durable.CHUNK_BYTES):
                hashed.update(chunk)
                target.write(chunk)
                size += len(chunk)
            if hashed.hexdigest() != sha256:
                raise PoolDamaged(f"{sha256} has another content")
        return size

    def check(self, sha256: str) -> None:
        """Re-hash one file. Raises PoolDamaged."""
        path = self.path_of(sha256)
        if not path.exists():
            raise PoolDamaged(f"{FOLDER}/{sha256[:2]}/{sha256} is missing")
        if durable.sha256_of(path) != sha256:
            raise PoolDamaged(f"{FOLDER}/{sha256[:2]}/{sha256} was changed")

    def keep_only(self, wanted: Iterable[str]) -> int:
        """Remove what no backup names any more, and drafts of dead runs. Returns how many."""
        needed = set(wanted)
        doomed = [path for path in self._paths() if path.name not in needed]
        for path in doomed:
            path.unlink(missing_ok=True)
        return len(doomed)

    def _paths(self) -> Iterator[Path]:
        return (path for path in self.root.glob("??/*") if path.is_file())
