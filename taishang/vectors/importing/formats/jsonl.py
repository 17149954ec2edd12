"""JSON lines: an object on each line. A line that cannot be read is a fault of its own; the others go on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import IO, Any

import orjson

from taishang.vectors.importing.formats.base import (
    NUMBER,
    NUMBERS,
    OBJECT,
    OTHER,
    TEXT,
    Fault,
    Field,
    FileRefused,
    Record,
)

MAX_LINE_BYTES = 1024 * 1024
SAMPLED = 20
BOM = b"\xef\xbb\xbf"


class Jsonl:
    """Shapes: each line `{column: value}`; blank lines count as lines and are no records."""

    def __init__(self, content: IO[bytes]) -> None:
        self.content = content
        content.seek(0)
        if b"\x00" in content.read(64):
            raise FileRefused("wrong_header", "This is not a text file.")

    def fields(self) -> list[Field]:
        found: dict[str, Field] = {}
        for record in islice(self.records(), SAMPLED):
            for name, value in record.values.items():
                found.setdefault(name, _field(name, value))
        return list(found.values())

    def count(self) -> int:
        return sum(1 for _line in self._lines())

    def records(self, wanted: frozenset[str] | None = None) -> Iterator[Record]:
        for number, line in self._lines():
            yield _record(number, line, wanted)

    def _lines(self) -> Iterator[tuple[int, bytes | None]]:
        """Numbers from 1 and lines without their ends; None for one that is too long."""
        self.content.seek(0)
        number = 0
        while line := self.content.readline(MAX_LINE_BYTES + len(BOM) + 2):
            number += 1
            text = (line.removeprefix(BOM) if number == 1 else line).strip()
            self._skip(line)
            if len(text) > MAX_LINE_BYTES:
                yield number, None
            elif text:
                yield number, text

    def _skip(self, line: bytes) -> None:
        """Go to the end of a line of which only the beginning was read."""
        while line and not line.endswith(b"\n"):
            line = self.content.readline(MAX_LINE_BYTES)


def _record(number: int, line: bytes | None, wanted: frozenset[str] | None) -> Record:
    if line is None:
        return Record(number, fault=Fault("line_too_long", "A line has at most 1 MB."))
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return Record(number, fault=_unreadable(line, error))
    if not isinstance(value, dict):
        return Record(number, fault=Fault("bad_row", "A line is an object."))
    if wanted is not None:
        value = {name: value[name] for name in wanted if name in value}
    return Record(number, value)


def _unreadable(line: bytes, error: orjson.JSONDecodeError) -> Fault:
    try:
        line.decode()
    except UnicodeDecodeError as bad:
        return Fault("bad_utf8", f"Byte {bad.start + 1} of the line is not UTF-8.")
    return Fault("bad_json", f"{error.msg} at character {error.pos + 1}.")


def _field(name: str, value: Any) -> Field:
    if isinstance(value, list) and value and all(type(item) in (int, float) for item in value):
        return Field(name, NUMBERS, len(value))
    if isinstance(value, str):
        return Field(name, TEXT)
    if isinstance(value, dict):
        return Field(name, OBJECT)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return Field(name, NUMBER if is_number else OTHER)
