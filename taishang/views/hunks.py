"""A unified diff as rows for the diff part: numbers of both sides, kind, and the line as coloured HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from taishang.views import highlighting

HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@ ?(.*)")
MAX_LINES = 3_000


@dataclass
class DiffFile:
    """One file for `_partials/diff_file.html`. `cut` tells how many lines are left out."""

    path: str
    added: int = 0
    removed: int = 0
    lines: list[dict[str, Any]] = field(default_factory=list)
    cut: int = 0


def read(path: str, hunks: str) -> DiffFile:
    """Parse the hunks of one file; headers before the first `@@` are skipped."""
    file = DiffFile(path)
    old = new = 0
    rows = hunks.split("\n")
    for number, row in enumerate(rows):
        found = HUNK.match(row)
        if found:
            old, new = int(found[1]), int(found[2])
            if file.lines:
                file.lines.append({"kind": "gap", "text": row})
        elif (old or new) and row[:1] in {"+", "-", " "}:
            old, new = _add(file, row, old, new)
        if len(file.lines) > MAX_LINES:
            file.cut = len(rows) - number - 1
            break
    _colour(file)
    return file


def count(hunks: str) -> tuple[int, int]:
    """Lines added and removed."""
    rows = hunks.split("\n")
    added = sum(row.startswith("+") and not row.startswith("+++ ") for row in rows)
    removed = sum(row.startswith("-") and not row.startswith("--- ") for row in rows)
    return added, removed


def _add(file: DiffFile, row: str, old: int, new: int) -> tuple[int, int]:
    sign, text = row[0], row[1:]
    if sign == "+":
        file.added += 1
        file.lines.append({"kind": "added", "old": None, "new": new, "text": text})
        return old, new + 1
    if sign == "-":
        file.removed += 1
        file.lines.append({"kind": "removed", "old": old, "new": None, "text": text})
        return old + 1, new
    file.lines.append({"kind": "context", "old": old, "new": new, "text": text})
    return old + 1, new + 1


def _colour(file: DiffFile) -> None:
    """Both sides are coloured by themselves, so that a string that spans lines keeps its colour."""
    for kinds in ({"added", "context"}, {"removed"}):
        chosen = [line for line in file.lines if line["kind"] in kinds]
        if not chosen:
            continue
        html = highlighting.lines("\n".join(line["text"] for line in chosen), file.path)
        for line, coloured in zip(chosen, html, strict=True):
            line["html"] = coloured
