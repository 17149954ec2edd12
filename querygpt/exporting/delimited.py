"""CSV for spreadsheets: RFC 4180 with a byte order mark; text that would start a formula is quoted by an apostrophe."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Any

from querygpt.exporting.sheets import Sheet
from querygpt.results.cells import NUMBERS, Column, number, text

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
PIECE_CHARACTERS = 64 * 1024


def write(sheet: Sheet) -> Iterator[bytes]:
    """UTF-8 in pieces of about 64 KB."""
    buffer = StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(_inert(str(column["name"])) for column in sheet.columns)
    for row in sheet.rows:
        writer.writerow(
            _cell(cell, column) for cell, column in zip(row, sheet.columns, strict=True)
        )
        if buffer.tell() >= PIECE_CHARACTERS:
            yield _taken(buffer)
    yield _taken(buffer)


def _cell(cell: Any, column: Column) -> str:
    shown = text(cell)
    if column.get("family") in NUMBERS and number(cell) is not None:
        return shown
    return _inert(shown)


def _inert(shown: str) -> str:
    return f"'{shown}" if shown.startswith(FORMULA_STARTS) else shown


def _taken(buffer: StringIO) -> bytes:
    content = buffer.getvalue().encode("utf-8", "replace")
    buffer.seek(0)
    buffer.truncate()
    return content
