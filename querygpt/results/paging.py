"""Pages of a stored result, in its own order or by one column. Results never change, so places are numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from querygpt.results.cells import Column, Row, is_number, number, text

MOST_ROWS = 500
USUAL_ROWS = 100


class UnknownColumn(LookupError):
    """The result has no column of this name."""


@dataclass(frozen=True)
class Page:
    """Rows from `start` on; `following` and `before` are where the neighbours start, None at the ends."""

    rows: list[Row]
    start: int
    total: int
    following: int | None
    before: int | None


def page(
    *, columns: Sequence[Column], rows: Sequence[Row], start: int, size: int, sort: str = ""
) -> Page:
    """`sort` is a column's name, with `-` before it for the greatest first. Raises UnknownColumn."""
    ordered = _ordered(columns, rows, sort)
    start = max(0, min(start, len(ordered)))
    end = start + size
    return Page(
        rows=list(ordered[start:end]),
        start=start,
        total=len(ordered),
        following=end if end < len(ordered) else None,
        before=max(0, start - size) if start else None,
    )


def _ordered(columns: Sequence[Column], rows: Sequence[Row], sort: str) -> Sequence[Row]:
    """NULL comes last in both directions; equal rows keep their order."""
    if not sort:
        return rows
    names = [str(column["name"]) for column in columns]
    is_descending = sort not in names and sort.startswith("-")
    name = sort[1:] if is_descending else sort
    if name not in names:
        raise UnknownColumn(name)
    place = names.index(name)
    numeric = is_number(columns[place])
    known = [row for row in rows if row[place] is not None]
    empty = [row for row in rows if row[place] is None]
    known.sort(key=lambda row: _key(row[place], numeric=numeric), reverse=is_descending)
    return [*known, *empty]


def _key(cell: object, *, numeric: bool) -> tuple[int, Decimal, str]:
    value = number(cell) if numeric else None
    return (0, value, "") if value is not None else (1, Decimal(0), text(cell))
