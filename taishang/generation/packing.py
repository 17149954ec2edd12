"""Trees as archives and as git objects: deterministic ZIPs, commits, packs, three-way merges.

Objects only: no checkout, no hooks, no repository configuration, no git binary.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from dulwich.index import commit_tree
from dulwich.object_format import SHA1
from dulwich.object_store import MemoryObjectStore, iter_tree_contents
from dulwich.objects import Blob, Commit, ObjectID, ShaFile
from dulwich.pack import write_pack_objects
from merge3 import Merge3

from taishang.generation.trees import Tree, check_path

ZIP_DATE = (1980, 1, 1, 0, 0, 0)
BLOB_MODE = 0o100644
Side = Literal["ours", "theirs"]


class PackDamaged(Exception):
    """A stored pack does not hold what its version says. `detail` tells which object is missing or wrong."""

    code = "version_damaged"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True, kw_only=True)
class PackedCommit:
    """A commit with the pack of the objects that its parent does not have yet."""

    sha: str
    tree_id: str
    pack: bytes
    objects: int


@dataclass(frozen=True, kw_only=True)
class ConflictHunk:
    """Lines that both sides changed: what stood there, what each side says. `number` counts per file."""

    number: int
    base: str
    ours: str
    theirs: str


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """A file that cannot be merged without a person. Whole-file conflicts have one hunk."""

    path: str
    hunks: list[ConflictHunk]


@dataclass(frozen=True, kw_only=True)
class Merge:
    """The merged tree (conflicting files absent) and what is still open."""

    tree: Tree
    conflicts: list[Conflict] = field(default_factory=list)


def archive(*, tree: Tree) -> bytes:
    """A ZIP of `tree`: sorted, stored, fixed dates and modes, so that equal trees give equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for path in sorted(tree):
            entry = zipfile.ZipInfo(path, ZIP_DATE)
            entry.create_system = 3
            entry.external_attr = BLOB_MODE << 16
            file.writestr(entry, tree[path])
    return buffer.getvalue()


def unarchive(*, data: bytes) -> Tree:
    """The tree of a ZIP that `archive` made. Not for uploads: those go through intake."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        tree = {entry.filename: file.read(entry) for entry in file.infolist()}
    for path in tree:
        check_path(path)
    return tree


def commit(
    *,
    tree: Tree,
    message: str,
    author: str,
    at: int,
    parent: str | None = None,
    parent_tree: Tree | None = None,
) -> PackedCommit:
    """A commit of `tree` and the pack of what `parent_tree` lacks.

    `author` is "Name <address>", `at` seconds since 1970, UTC. Raises UnsafePath.
    """
    store = MemoryObjectStore()
    root = _store_tree(store, tree)
    made = Commit()
    made.tree = root
    made.author = made.committer = _one_line(author).encode()
    made.author_time = made.commit_time = at
    made.author_timezone = made.commit_timezone = 0
    made.encoding = b"UTF-8"
    made.message = message.encode("utf-8", "replace")
    made.parents = [ObjectID(parent.encode())] if parent else []
    store.add_object(made)
    known = _object_ids(parent_tree) if parent_tree is not None else set()
    new = [store[sha] for sha in sorted(store) if sha not in known]
    return PackedCommit(
        sha=made.id.decode(), tree_id=root.decode(), pack=_pack(new), objects=len(new)
    )


def read(*, packs: Iterable[bytes], commit_sha: str) -> Tree:
    """The tree of a commit, from the packs of its history. Raises PackDamaged."""
    store = MemoryObjectStore()
    for number, pack in enumerate(packs):
        _add_pack(store, pack, number)
    try:
        found = store[ObjectID(commit_sha.encode())]
        entries = list(iter_tree_contents(store, found.tree))  # type: ignore[attr-defined]
        return {
            entry.path.decode("utf-8"): _content(store, entry.sha)
            for entry in entries
            if entry.path is not None and entry.sha is not None
        }
    except (KeyError, AttributeError) as error:
        raise PackDamaged(f"object {error} is missing") from error


def merge(
    *,
    base: Tree,
    ours: Tree,
    theirs: Tree,
    resolutions: Mapping[str, Sequence[Side]] | None = None,
) -> Merge:
    """Three-way merge file by file: `base` the last pure render, `ours` the head, `theirs` the new render.

    `resolutions` names a side per hunk of a conflicting file. No conflict marker is ever written.
    """
    settled = resolutions or {}
    tree: Tree = {}
    conflicts: list[Conflict] = []
    for path in sorted({*base, *ours, *theirs}):
        was, our, their = base.get(path), ours.get(path), theirs.get(path)
        if our == their or their == was:
            merged: bytes | Conflict | None = our
        elif our == was:
            merged = their
        else:
            merged = _merge_file(path, was, our, their, settled.get(path, ()))
        if isinstance(merged, Conflict):
            conflicts.append(merged)
        elif merged is not None:
            tree[path] = merged
    return Merge(tree=tree, conflicts=conflicts)


def _one_line(text: str) -> str:
    return "".join(character for character in text if character.isprintable())


def _store_tree(store: MemoryObjectStore, tree: Tree) -> bytes:
    blobs = []
    for path in sorted(tree):
        check_path(path)
        blob = Blob.from_string(tree[path])
        store.add_object(blob)
        blobs.append((path.encode("utf-8"), blob.id, BLOB_MODE))
    return commit_tree(store, blobs)


def _object_ids(tree: Tree) -> set[bytes]:
    store = MemoryObjectStore()
    _store_tree(store, tree)
    return set(store)


def _pack(objects: list[ShaFile]) -> bytes:
    buffer = io.BytesIO()
    write_pack_objects(buffer, objects, SHA1, deltify=False)
    return buffer.getvalue()


def _add_pack(store: MemoryObjectStore, pack: bytes, number: int) -> None:
    file, finish, abort = store.add_pack()
    try:
        file.write(pack)
        finish()
    except Exception as error:
        abort()
        raise PackDamaged(f"pack {number + 1} cannot be read") from error


def _content(store: MemoryObjectStore, sha: bytes) -> bytes:
    blob = store[ObjectID(sha)]
    content = blob.as_raw_string()
    if Blob.from_string(content).id != sha:
        raise PackDamaged(f"object {sha.decode()} holds something else")
    return content


def _merge_file(
    path: str, was: bytes | None, our: bytes | None, their: bytes | None, sides: Sequence[Side]
) -> bytes | Conflict | None:
    contents = [content for content in (was, our, their) if content is not None]
    if our is None or their is None or not all(_is_text(content) for content in contents):
        return _whole_file(path, was, our, their, sides)
    three = Merge3(_lines(was or b""), _lines(our), _lines(their))
    out: list[bytes] = []
    hunks: list[ConflictHunk] = []
    for region in three.merge_regions():
        kind, *places = region
        if region[0] == "conflict":
            hunk = _hunk(three, places, len(hunks))
            hunks.append(hunk)
            side = sides[hunk.number] if hunk.number < len(sides) else None
            out.append((hunk.ours if side == "ours" else hunk.theirs).encode())
        elif kind == "unchanged":
            out += three.base[region[1] : region[2]]
        else:
            out += (three.a if kind in ("a", "same") else three.b)[region[1] : region[2]]
    if len(hunks) > len(sides):
        return Conflict(path=path, hunks=hunks)
    return b"".join(out)


def _whole_file(
    path: str, was: bytes | None, our: bytes | None, their: bytes | None, sides: Sequence[Side]
) -> bytes | Conflict | None:
    if sides:
        return our if sides[0] == "ours" else their
    texts = [(content or b"").decode("utf-8", "replace") for content in (was, our, their)]
    return Conflict(
        path=path, hunks=[ConflictHunk(number=0, base=texts[0], ours=texts[1], theirs=texts[2])]
    )


def _hunk(three: Merge3, places: Sequence[Any], number: int) -> ConflictHunk:
    base_from, base_to, our_from, our_to, their_from, their_to = places
    return ConflictHunk(
        number=number,
        base=b"".join(three.base[base_from:base_to]).decode(),
        ours=b"".join(three.a[our_from:our_to]).decode(),
        theirs=b"".join(three.b[their_from:their_to]).decode(),
    )


def _lines(content: bytes) -> list[bytes]:
    return content.splitlines(keepends=True)


def _is_text(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in content
