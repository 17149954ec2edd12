"""What an export holds, and which module writes which format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.utils.module_loading import import_string

from querygpt.results.cells import Column, Row


@dataclass(frozen=True)
class Sheet:
    """A result with where it came from. `rows` may be read once."""

    question: str
    sql: str
    connection: str
    asked_at: datetime
    columns: Sequence[Column]
    rows: Iterable[Row]
    truncated: bool


class Format(NamedTuple):
    """`writer` names a function of a sheet that gives bytes in pieces; it is loaded on first use."""

    content_type: str
    writer: str


FORMATS: Mapping[str, Format] = {
    "csv": Format("text/csv; charset=utf-8", "querygpt.exporting.delimited.write"),
    "xlsx": Format(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "querygpt.exporting.workbook.write",
    ),
    "json": Format("application/json", "querygpt.exporting.structured.write"),
}


def written(sheet: Sheet, form: str) -> Iterator[bytes]:
    """The file in pieces. Raises KeyError for a format we do not write."""
    write: Callable[[Sheet], Iterator[bytes]] = import_string(FORMATS[form].writer)
    return write(sheet)
