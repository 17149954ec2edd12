"""A suite's file: one JSON object a line, a question with the SQL or the rows that answer it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MAX_LINES = 20_000
LANGUAGES = ("zh", "en")


class SuiteInvalid(ValueError):
    """A line is not a question of a suite; the message names the line."""


@dataclass(frozen=True)
class Question:
    """`gold`: statements, any of which suffices. `expected`: {columns, rows} in their place."""

    id: str
    question: str
    language: str
    dialect: str = "sqlite"
    database: str = ""
    gold: tuple[str, ...] = ()
    expected: Mapping[str, Any] | None = None
    ordered: bool = False
    answerable: bool = True
    tags: tuple[str, ...] = field(default_factory=tuple)


def read(path: Path) -> tuple[list[Question], str]:
    """The questions and the file's sha256. Raises SuiteInvalid, OSError."""
    content = path.read_bytes()
    lines = [line for line in content.decode("utf-8", "strict").split("\n") if line.strip()]
    if len(lines) > MAX_LINES:
        raise SuiteInvalid(f"more than {MAX_LINES} lines")
    found = [_question(number, line) for number, line in enumerate(lines, 1)]
    if len({one.id for one in found}) != len(found):
        raise SuiteInvalid("two lines have one id")
    return found, hashlib.sha256(content).hexdigest()


def _question(number: int, line: str) -> Question:
    try:
        given = json.loads(line)
        made = Question(
            id=str(given["id"]),
            question=str(given["question"]),
            language=given.get("language", "en"),
            dialect=given.get("dialect", "sqlite"),
            database=given.get("database", ""),
            gold=tuple(given.get("gold", ())),
            expected=given.get("expected"),
            ordered=bool(given.get("ordered", False)),
            answerable=bool(given.get("answerable", True)),
            tags=tuple(given.get("tags", ())),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise SuiteInvalid(f"line {number}: {error!r}") from error
    if made.language not in LANGUAGES:
        raise SuiteInvalid(f"line {number}: language {made.language!r}")
    if made.answerable and not made.gold and made.expected is None:
        raise SuiteInvalid(f"line {number}: answerable, but neither gold nor expected")
    return made
