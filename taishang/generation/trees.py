"""A tree is a project's files: path to content. Its hash names the project exactly."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

Tree = dict[str, bytes]
FILE_MODE = "100644"


class UnsafePath(Exception):
    """A path that would leave the tree."""

    code = "unsafe_path"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def tree_sha256(tree: Tree) -> str:
    """SHA-256 over sorted `path NUL mode NUL sha256(content) LF`, hexadecimal."""
    whole = hashlib.sha256()
    for path in sorted(tree):
        whole.update(f"{path}\0{FILE_MODE}\0{sha256(tree[path])}\n".encode())
    return whole.hexdigest()


def check_path(path: str) -> None:
    """Raises UnsafePath for what is absolute, climbs, or touches a repository's own folder."""
    parts = PurePosixPath(path).parts
    bad = not parts or path.startswith("/") or "\0" in path or "\\" in path
    if bad or any(part in ("..", ".", ".git") for part in path.split("/")) or "" in path.split("/"):
        raise UnsafePath(path)


def write(*, tree: Tree, directory: Path) -> None:
    """Put a tree on disk below `directory`. Raises UnsafePath."""
    for path, content in tree.items():
        check_path(path)
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
