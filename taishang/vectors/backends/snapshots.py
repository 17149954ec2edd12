"""Sets of files that appear whole or not at all, and that are proved unharmed before anybody maps them."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from taishang.vectors.backends.base import Damaged, Unavailable

KEPT = 2
KEPT_SECONDS = 600
BLOCK_BYTES = 4 * 1024 * 1024
MANIFEST = ".json"


Signature = tuple[int, int, int]


@dataclass(frozen=True)
class Snapshot:
    """`locator` is the manifest's path below the root; `sha256` the hash of its bytes. `files` maps names to paths
    with the size, inode and time of change that were checked.
    """

    locator: str
    sha256: str
    bytes: int
    facts: Mapping[str, Any]
    files: Mapping[str, tuple[Path, Signature]]

    def path(self, name: str) -> Path:
        return self.files[name][0]

    def still_whole(self) -> None:
        """One `stat` per file: it is the one that was checked. Raises Damaged."""
        for path, checked in self.files.values():
            if _signature(path) != checked:
                raise Damaged(f"{path.name} was changed.")


def write(
    folder: Path, facts: Mapping[str, Any], parts: Mapping[str, Callable[[Path], object]]
) -> Snapshot:
    """Write each part to a temporary name, flush it to disk, rename it, then the manifest that names them all.

    Raises Unavailable when the disk does not take it; half files are removed.
    """
    stem = f"{facts.get('seq', 0):020d}-{secrets.token_hex(4)}"
    listed: dict[str, dict[str, Any]] = {}
    try:
        for name, fill in parts.items():
            path = folder / f"{stem}.{name}"
            with _landing(path) as draft:
                fill(draft)
            listed[name] = {"file": path.name, "sha256": digest(path), "size": path.stat().st_size}
        manifest = orjson.dumps({**facts, "files": listed}, option=orjson.OPT_SORT_KEYS)
        with _landing(folder / f"{stem}{MANIFEST}") as draft:
            draft.write_bytes(manifest)
    except (OSError, RuntimeError) as error:
        for path in folder.glob(f"{stem}*"):
            path.unlink(missing_ok=True)
        raise Unavailable(f"The snapshot could not be written: {error}"[:300]) from error
    _forget_older(folder, stem)
    locator = f"{folder.parent.name}/{folder.name}/{stem}{MANIFEST}"
    return read(folder.parent.parent, locator, hashlib.sha256(manifest).hexdigest())


def read(root: Path, locator: str, sha256: str) -> Snapshot:
    """Check the manifest against `sha256` and each file against the manifest. Cost: reads every byte.

    Raises Damaged.
    """
    try:
        raw = (root / locator).read_bytes()
    except OSError as error:
        raise Damaged("The snapshot's manifest is missing.") from error
    if hashlib.sha256(raw).hexdigest() != sha256:
        raise Damaged("The snapshot's manifest was changed.")
    manifest = orjson.loads(raw)
    folder = (root / locator).parent
    files = {name: _checked(folder, entry) for name, entry in manifest.pop("files").items()}
    size = len(raw) + sum(signature[0] for _, signature in files.values())
    return Snapshot(locator, sha256, size, manifest, files)


def digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            found.update(block)
    return found.hexdigest()


def _checked(folder: Path, entry: Mapping[str, Any]) -> tuple[Path, Signature]:
    path = folder / entry["file"]
    before = _signature(path)
    if before[0] != entry["size"] or digest(path) != entry["sha256"]:
        raise Damaged(f"{path.name} is not what was written.")
    return path, before


def _signature(path: Path) -> Signature:
    try:
        found = path.stat()
    except OSError as error:
        raise Damaged(f"{path.name} is missing.") from error
    return found.st_size, found.st_ino, found.st_mtime_ns


@contextmanager
def _landing(path: Path) -> Iterator[Path]:
    """A temporary name; what was written to it is on disk under the real one afterwards."""
    draft = path.with_name(f"{path.name}.new")
    yield draft
    handle = os.open(draft, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    draft.replace(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _forget_older(folder: Path, newest: str) -> None:
    """Remove all but the last two snapshots, but none of the last ten minutes: somebody may be opening it."""
    stems = sorted({path.name.split(".")[0] for path in folder.glob("*-*.*")})
    kept = {newest, *stems[-KEPT:]}
    edge = time.time() - KEPT_SECONDS
    for path in folder.glob("*-*.*"):
        with suppress(OSError):
            if path.name.split(".")[0] not in kept and path.stat().st_mtime < edge:
                path.unlink()
