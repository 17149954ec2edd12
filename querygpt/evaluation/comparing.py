"""Whether two results are the same: rows as multisets or lists, columns in any order, numbers nearly."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

TOLERANCE = 1e-6
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-]00:?00)?")
Row = Sequence[Any]
Column = tuple[Any, ...]


def strictly_equal(expected: Sequence[Row], found: Sequence[Row], *, ordered: bool) -> bool:
    """As many columns, each with the same values in the same rows."""
    if expected and found and len(expected[0]) != len(found[0]):
        return False
    return leniently_equal(expected, found, ordered=ordered)


def leniently_equal(expected: Sequence[Row], found: Sequence[Row], *, ordered: bool) -> bool:
    """The expected columns are among those found; what else was selected does not matter."""
    if len(expected) != len(found):
        return False
    if not expected:
        return True
    wanted, given = _columns(expected), _columns(found)
    return any(
        _same_rows(wanted, [given[place] for place in places], ordered=ordered)
        for places in _assignments(wanted, given, ordered=ordered)
    )


def _columns(rows: Sequence[Row]) -> list[Column]:
    return [tuple(_plain(value) for value in column) for column in zip(*rows, strict=True)]


def _assignments(
    wanted: list[Column], given: list[Column], *, ordered: bool, taken: tuple[int, ...] = ()
) -> Iterator[tuple[int, ...]]:
    """Every way to find each wanted column among the given ones, by its values alone."""
    if len(taken) == len(wanted):
        yield taken
        return
    column = wanted[len(taken)]
    for place, other in enumerate(given):
        if place not in taken and _same_values(column, other, ordered=ordered):
            yield from _assignments(wanted, given, ordered=ordered, taken=(*taken, place))


def _same_values(one: Column, other: Column, *, ordered: bool) -> bool:
    pairs = (
        zip(one, other, strict=True) if ordered else zip(_sorted(one), _sorted(other), strict=True)
    )
    return all(_equal(*pair) for pair in pairs)


def _same_rows(wanted: list[Column], found: list[Column], *, ordered: bool) -> bool:
    rows, others = list(zip(*wanted, strict=True)), list(zip(*found, strict=True))
    if not ordered:
        rows, others = _sorted(rows), _sorted(others)
        if Counter(map(_rounded, rows)) == Counter(map(_rounded, others)):
            return True
    return all(
        _equal(*pair)
        for row, other in zip(rows, others, strict=True)
        for pair in zip(row, other, strict=True)
    )


def _rounded(row: Row) -> tuple[Any, ...]:
    return tuple(float(f"{value:.6g}") if isinstance(value, float) else value for value in row)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= TOLERANCE * max(abs(one), abs(other))
    return bool(one == other)


def _sorted(values: Sequence[Any]) -> list[Any]:
    return sorted(values, key=_order)


def _order(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_order(one) for one in value)
    return (value is None, isinstance(value, str), value if value is not None else 0)


def _plain(value: Any) -> Any:
    """Numbers and their texts as float, booleans as numbers, midnight as its day."""
    if value is None:
        return None
    if isinstance(value, bool | int | float):
        return float(value)
    text = str(value)
    try:
        return float(text)
    except ValueError:
        found = _MOMENT.fullmatch(text)
        return found[1] if found else text
