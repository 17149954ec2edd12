"""A project's content as git objects: trees, commits, packs, and the archives people download.

No git binary, no checkout, no hooks: a tree is a dict of paths and bytes. The same content gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from dulwich.object_format import SHA1
from dulwich.object_store import MemoryObjectStore
from dulwich.objects import Blob, Commit, ShaFile, Tree
from dulwich.pack import write_pack_objects
from merge3 import Merge3

Files = dict[str, bytes]

FILE_MODE = 0o100644
PROGRAM_MODE = 0o100755
FOLDER_MODE = 0o040000
PROGRAMS = frozenset({"manage.py"})
FIXED_DATE = (2025, 1, 1, 0, 0, 0)
MAX_PACK_BYTES = 256 * 1024 * 1024


class PackDamaged(Exception):
    """A stored pack does not hold what its version says it holds."""


@dataclass(frozen=True)
class Packed:
    """A new commit and the pack of exactly the objects that it adds."""

    sha: str
    pack: bytes


@dataclass(frozen=True)
class Author:
    """Shown in the history; the address leads nowhere."""

    name: str
    address: str

    def line(self) -> bytes:
        safe = "".join(letter for letter in self.name if letter not in "<>\n\r\0").strip()
        return f"{safe or 'unknown'} <{self.address}>".encode()


@dataclass(frozen=True)
class Conflict:
    """A place where both sides changed the same lines. `base`, `ours` and `theirs` are the lines' text."""

    path: str
    number: int
    base: str
    ours: str
    theirs: str


class History:
    """The objects of a project, read from its packs in order."""

    def __init__(self, packs: Iterable[bytes] = ()) -> None:
        self._store = MemoryObjectStore()
        for pack in packs:
            self._add(pack)

    def commit(
        self, *, files: Files, parent: str | None, author: Author, message: str, at: datetime
    ) -> Packed:
        """Make the commit over `files`; the history then holds it."""
        new: dict[bytes, ShaFile] = {}
        commit = Commit()
        commit.tree = self._write_tree(files, new)
        commit.parents = [parent.encode()] if parent else []
        commit.author = commit.committer = author.line()
        commit.author_time = commit.commit_time = int(at.astimezone(UTC).timestamp())
        commit.author_timezone = commit.commit_timezone = 0
        commit.encoding = b"UTF-8"
        commit.message = message.encode()
        self._keep(commit, new)
        return Packed(commit.id.decode(), _pack(new))

    def files(self, commit: str) -> Files:
        """The content of a commit. Raises PackDamaged when an object is missing or is no file."""
        found: Files = {}
        try:
            pending = [("", self._store[self._store[commit.encode()].tree])]
            while pending:
                prefix, tree = pending.pop()
                for name, mode, sha in tree.items():
                    path = f"{prefix}{name.decode()}"
                    item = self._store[sha]
                    if mode == FOLDER_MODE:
                        pending.append((f"{path}/", item))
                    else:
                        found[path] = item.as_raw_string()
        except (KeyError, AttributeError, UnicodeDecodeError) as error:
            raise PackDamaged(commit) from error
        return dict(sorted(found.items()))

    def _add(self, pack: bytes) -> None:
        file, finish, abort = self._store.add_pack()
        try:
            file.write(pack)
            finish()
        except Exception as error:
            abort()
            raise PackDamaged("unreadable pack") from error

    def _write_tree(self, files: Files, new: dict[bytes, ShaFile]) -> bytes:
        """Write blobs and trees, deepest folders first, and return the root's id."""
        folders: dict[str, Tree] = {"": Tree()}
        for path, content in files.items():
            folder, _slash, name = path.rpartition("/")
            for parent in _ancestors(folder):
                folders.setdefault(parent, Tree())
            blob = Blob.from_string(content)
            self._keep(blob, new)
            mode = PROGRAM_MODE if path in PROGRAMS else FILE_MODE
            folders[folder].add(name.encode(), mode, blob.id)
        for folder in sorted(folders, key=lambda path: (-path.count("/"), path), reverse=False):
            if folder:
                parent, _slash, name = folder.rpartition("/")
                self._keep(folders[folder], new)
                folders[parent].add(name.encode(), FOLDER_MODE, folders[folder].id)
        self._keep(folders[""], new)
        return folders[""].id

    def _keep(self, item: ShaFile, new: dict[bytes, ShaFile]) -> None:
        if item.id not in self._store:
            self._store.add_object(item)
            new[item.id] = item


def tree_sha256(files: Files) -> str:
    """SHA-256 over the sorted lines `path NUL mode NUL sha256(content) LF`; the name of a tree's content."""
    total = hashlib.sha256()
    for path in sorted(files):
        mode = PROGRAM_MODE if path in PROGRAMS else FILE_MODE
        digest = hashlib.sha256(files[path]).hexdigest()
        total.update(f"{path}\0{mode:o}\0{digest}\n".encode())
    return total.hexdigest()


def archive(files: Files, *, folder: str = "") -> bytes:
    """A ZIP of the files, byte-identical for equal input: sorted, fixed dates and modes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed:
        for path in sorted(files):
            entry = zipfile.ZipInfo(f"{folder}/{path}" if folder else path, FIXED_DATE)
            entry.create_system = 3
            entry.compress_type = zipfile.ZIP_DEFLATED
            mode = PROGRAM_MODE if path in PROGRAMS else FILE_MODE
            entry.external_attr = mode << 16
            packed.writestr(entry, files[path])
    return buffer.getvalue()


def unarchive(packed: bytes) -> Files:
    """The files of a ZIP that `archive` made; never for uploads."""
    with zipfile.ZipFile(io.BytesIO(packed)) as archive_file:
        return {name: archive_file.read(name) for name in sorted(archive_file.namelist())}


def merge(
    *, base: Files, ours: Files, theirs: Files, resolutions: dict[str, str] | None = None
) -> tuple[Files, list[Conflict]]:
    """Three-way merge, file by file. `resolutions` maps `path#number` to "ours" or "theirs".

    Unresolved conflicts are returned and their lines kept as ours; no marker is ever written.
    """
    chosen = resolutions or {}
    merged: Files = {}
    conflicts: list[Conflict] = []
    for path in sorted({*base, *ours, *theirs}):
        content, found = _merge_file(path, base.get(path), ours.get(path), theirs.get(path), chosen)
        conflicts += found
        if content is not None:
            merged[path] = content
    return merged, conflicts


def _merge_file(
    path: str,
    base: bytes | None,
    ours: bytes | None,
    theirs: bytes | None,
    chosen: dict[str, str],
) -> tuple[bytes | None, list[Conflict]]:
    if ours == theirs or theirs == base:
        return ours, []
    if ours == base:
        return theirs, []
    if base is None or ours is None or theirs is None:
        conflict = Conflict(path, 1, _text(base), _text(ours), _text(theirs))
        side = chosen.get(f"{path}#1")
        return (theirs if side == "theirs" else ours), [] if side else [conflict]
    return _merge_lines(path, base, ours, theirs, chosen)


def _merge_lines(
    path: str, base: bytes, ours: bytes, theirs: bytes, chosen: dict[str, str]
) -> tuple[bytes, list[Conflict]]:
    lines = [
        part.decode(errors="surrogateescape").splitlines(keepends=True)
        for part in (base, ours, theirs)
    ]
    merged: list[str] = []
    conflicts: list[Conflict] = []
    number = 0
    for group in Merge3(*lines).merge_groups():
        if group[0] != "conflict":
            merged += group[1]
            continue
        number += 1
        before, mine, yours = (list(part or []) for part in group[1:4])
        side = chosen.get(f"{path}#{number}")
        merged += yours if side == "theirs" else mine
        if side is None:
            conflicts.append(Conflict(path, number, "".join(before), "".join(mine), "".join(yours)))
    return "".join(merged).encode(errors="surrogateescape"), conflicts


def _ancestors(folder: str) -> list[str]:
    parts = folder.split("/") if folder else []
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def _text(content: bytes | None) -> str:
    return "" if content is None else content.decode(errors="replace")


def _pack(objects: dict[bytes, ShaFile]) -> bytes:
    buffer = io.BytesIO()
    ordered = [objects[sha] for sha in sorted(objects)]
    write_pack_objects(buffer.write, ordered, SHA1, deltify=False)
    return buffer.getvalue()
