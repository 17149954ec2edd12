"""Rows of CSV, TSV and Excel files as text, whatever encoding and delimiter they came with."""

from __future__ import annotations

import codecs
import csv
import datetime
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

csv.field_size_limit(1024 * 1024)
CHUNK_BYTES = 1024 * 1024
SAMPLE_BYTES = 256 * 1024
SAMPLE_ROWS = 200
DELIMITERS = (",", "\t", ";", "|")
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Lead bytes of the characters that ordinary Chinese texts are made of.
COMMON = {"gb18030": (0xB0, 0xD7), "big5": (0xA4, 0xC6)}


class Unreadable(Exception):
    """A file that is no table. `code` is the class."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Sheet:
    """A table as it came: its name and its rows, each a list of texts."""

    name: str
    rows: Iterator[list[str]]


def sheets_of(path: Path, *, kind: str, name: str, told: dict[str, Any]) -> Iterator[Sheet]:
    """The sheets of a file, one after the other. `kind` is csv or xlsx; `told` learns how it was read.

    Raises Unreadable `encoding_unknown`, `file_damaged`.
    """
    if kind == "xlsx":
        yield from _of_workbook(path)
        return
    encoding = encoding_of(path)
    with path.open(encoding=encoding, newline="") as text:
        delimiter = delimiter_of(text.read(SAMPLE_BYTES))
        told |= {"encoding": encoding.removesuffix("-sig"), "delimiter": delimiter}
        text.seek(0)
        yield Sheet(name, _of_text(text, delimiter))


def encoding_of(path: Path) -> str:
    """By its mark, else the first that reads all of it. Two Chinese ones read each other's bytes: the likelier wins."""
    with path.open("rb") as content:
        head = content.read(SAMPLE_BYTES)
    marked = [name for mark, name in MARKS if head.startswith(mark)]
    likely = sorted(COMMON, key=lambda one: -_likeness(head, one))
    for name in marked or ["utf-8", *likely]:
        if _reads(path, name):
            return name
    raise Unreadable("encoding_unknown")


def delimiter_of(sample: str) -> str:
    """The one that cuts most lines into the same number of pieces, and more than one."""
    lines = sample.splitlines()[:SAMPLE_ROWS]

    def score(delimiter: str) -> tuple[float, int]:
        counts = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
        if not counts:
            return 0.0, 0
        width, times = counts.most_common(1)[0]
        return (times / counts.total() if width > 1 else 0.0), width

    return max(DELIMITERS, key=score)


def _reads(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as content:
            while part := content.read(CHUNK_BYTES):
                if "\x00" in decoder.decode(part):
                    return False
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _likeness(head: bytes, encoding: str) -> float:
    """The share of its double bytes that are common characters."""
    first, last = COMMON[encoding]
    found = common = place = 0
    while place < len(head) - 1:
        if head[place] < 0x81:
            place += 1
            continue
        found += 1
        common += first <= head[place] <= last
        place += 2
    return common / found if found else 0.0


def _of_text(text: TextIO, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(text, delimiter=delimiter)
    except (csv.Error, UnicodeError) as error:
        raise Unreadable("file_damaged") from error


def _of_workbook(path: Path) -> Iterator[Sheet]:
    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415

    try:
        book = CalamineWorkbook.from_path(str(path))
        for name in book.sheet_names:
            rows = book.get_sheet_by_name(name).iter_rows()
            yield Sheet(name, ([cell_text(cell) for cell in row] for row in rows))
    except (CalamineError, OSError, ValueError) as error:
        raise Unreadable("file_damaged") from error


def cell_text(cell: Any) -> str:
    """What a cell of a workbook holds, as a CSV file would have it."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, datetime.datetime):
        whole = cell.time() == datetime.time()
        return cell.date().isoformat() if whole else cell.isoformat(sep=" ", timespec="seconds")
    return str(cell)
