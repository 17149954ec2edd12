"""Unified diffs between two trees that `git apply` takes."""

from __future__ import annotations

import difflib
import re

from taishang.generation.trees import FILE_MODE, Tree

PLAIN_PATH = re.compile(r"[A-Za-z0-9_./+@=,~^ -]+")
HEADER = "diff --git "


def patch(*, base: Tree, tree: Tree) -> bytes:
    """One patch from `base` to `tree`, files sorted. Text files only; all that is rendered is text."""
    parts = []
    for path in sorted({*base, *tree}):
        if base.get(path) != tree.get(path):
            parts.append(file_patch(path=path, before=base.get(path), after=tree.get(path)))
    return "".join(parts).encode("utf-8", "surrogateescape")


def file_patch(*, path: str, before: bytes | None, after: bytes | None) -> str:
    """Headers and hunks for one file; None = the file does not exist on that side."""
    left, right = _quoted(f"a/{path}"), _quoted(f"b/{path}")
    lines = [f"{HEADER}{left} {right}\n"]
    if before is None:
        lines.append(f"new file mode {FILE_MODE}\n")
    if after is None:
        lines.append(f"deleted file mode {FILE_MODE}\n")
    if before or after:
        lines.append(f"--- {left if before is not None else '/dev/null'}\n")
        lines.append(f"+++ {right if after is not None else '/dev/null'}\n")
        lines += hunks(before or b"", after or b"")
    return "".join(lines)


def hunks(before: bytes, after: bytes) -> list[str]:
    """`@@ … @@` blocks. A last line without newline is marked as git marks it."""
    old, new = _lines(before), _lines(after)
    out: list[str] = []
    for line in list(difflib.unified_diff(old, new, lineterm="\n"))[2:]:
        if line.endswith("\n"):
            out.append(line)
        else:
            out.append(f"{line}\n\\ No newline at end of file\n")
    return out


def by_path(whole: bytes) -> dict[str, str]:
    """The hunks of each file of a patch, by path, headers left out."""
    found: dict[str, list[str]] = {}
    path = ""
    inside = False
    for line in _lines(whole):
        if line.startswith(HEADER) and not _continues(line, inside):
            path, inside = _path_of(line), False
            found[path] = []
        elif line.startswith("@@ "):
            inside = True
            found[path].append(line)
        elif inside:
            found[path].append(line)
    return {name: "".join(lines) for name, lines in found.items()}


def _continues(line: str, inside: bool) -> bool:  # noqa: FBT001
    """Hunk lines start with a space, sign or backslash, so that a header never is one."""
    return inside and line[:1] in " +-\\"


def _path_of(line: str) -> str:
    body = line.removeprefix(HEADER).rstrip("\n")
    half = body[: len(body) // 2]
    text = _unquoted(half)
    return text.removeprefix("a/")


def _lines(content: bytes) -> list[str]:
    """Lines with their ends, split at line feeds alone."""
    *whole, last = content.decode("utf-8", "surrogateescape").split("\n")
    return [f"{line}\n" for line in whole] + ([last] if last else [])


def _quoted(path: str) -> str:
    if PLAIN_PATH.fullmatch(path):
        return path
    out = []
    for byte in path.encode("utf-8", "surrogateescape"):
        plain = 32 <= byte < 127 and byte not in b'"\\'
        out.append(chr(byte) if plain else f"\\{byte:03o}")
    return '"' + "".join(out) + '"'


def _unquoted(text: str) -> str:
    text = text.strip()
    if not text.startswith('"'):
        return text
    raw = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found.group(1), 8)), text.strip('"'))
    return raw.encode("latin-1").decode("utf-8", "surrogateescape")
