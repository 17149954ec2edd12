"""The chart that the shape of a result asks for, and whether one that somebody proposes can be drawn."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import jsonschema_rs

from querygpt.charts.spec import (
    MOST_CATEGORIES,
    MOST_MEASURES,
    MOST_SERIES,
    SCHEMA,
    chart,
)
from querygpt.results.cells import Column, Row, is_number, is_time, number, text

FEW_CATEGORIES = 30
MOST_SLICES = 8
LEAST_POINTS = 10
SHARE = re.compile(
    r"占比|比例|份额|构成|分布|百分比|share|percent|proportion|breakdown|split|composition", re.I
)
TIMELIKE = re.compile(r"\d{4}(-(\d{2}|Q[1-4]|W\d{2}))?(-\d{2})?([T ][\d:.]+)?([Z+-].*)?")
IDENTIFIER = re.compile(r"(^|_)(id|no|code|key)$|编号$|编码$", re.I)


def choose(
    *,
    columns: Sequence[Column],
    rows: Sequence[Row],
    question: str = "",
    hint: Mapping[str, Any] | str | None = None,
) -> dict[str, Any] | None:
    """The specification for these rows; None for no rows. A `hint` is taken where it can be drawn.

    `hint` is a whole specification or the name of a type.
    """
    if not rows or not columns:
        return None
    found = _by_shape(columns, rows, question)
    if isinstance(hint, str):
        hint = {**found, "type": hint}
    if hint is not None and (taken := accepted(hint, columns=columns, rows=rows)):
        return taken
    return found


def accepted(
    proposal: Mapping[str, Any], *, columns: Sequence[Column], rows: Sequence[Row]
) -> dict[str, Any] | None:
    """The proposal when it is of the closed form and names columns of fitting families, else None."""
    if not _validator().is_valid(dict(proposal)):
        return None
    known = {column["name"]: column for column in columns}
    data = proposal["data"]
    named = [data["x"], data["series"], *data["y"]]
    if any(name is not None and name not in known for name in named):
        return None
    if proposal["type"] == "table":
        return dict(proposal)
    measures = [known[name] for name in data["y"]]
    if not measures or not all(_measures(column, columns, rows) for column in measures):
        return None
    return dict(proposal) if _fits(proposal, known, columns, rows) else None


def _fits(
    proposal: Mapping[str, Any],
    known: Mapping[str, Column],
    columns: Sequence[Column],
    rows: Sequence[Row],
) -> bool:
    kind, data = proposal["type"], proposal["data"]
    if kind == "number":
        return len(rows) == 1
    if data["x"] is None:
        return False
    if kind == "scatter":
        return _measures(known[data["x"]], columns, rows)
    if kind == "pie":
        return len(data["y"]) == 1 and _slices(columns, rows, data["y"][0])
    return True


def _by_shape(columns: Sequence[Column], rows: Sequence[Row], question: str) -> dict[str, Any]:
    title = question.strip() or str(columns[-1]["name"])
    if len(rows) == 1:
        return _single(columns, rows, title)
    times = [c["name"] for c in columns if _is_time(c, columns, rows)]
    measures = [
        c["name"] for c in columns if c["name"] not in times and _measures(c, columns, rows)
    ]
    groups = [c["name"] for c in columns if c["name"] not in {*times, *measures}]
    if not measures or len(measures) > MOST_MEASURES:
        return chart("table", title=title)
    if len(times) == 1:
        return _over_time(columns, rows, title, times[0], measures, groups, question)
    if len(groups) == 1 and not times:
        return _by_group(columns, rows, title, groups[0], measures, question)
    if len(measures) == 2 and not groups and not times and len(rows) >= LEAST_POINTS:
        return chart("scatter", title=title, x=measures[0], y=[measures[1]])
    return chart("table", title=title)


def _single(columns: Sequence[Column], rows: Sequence[Row], title: str) -> dict[str, Any]:
    if len(columns) == 1 and is_number(columns[0]) and number(rows[0][0]) is not None:
        return chart("number", title=title, y=[columns[0]["name"]], unit=_unit(columns[0]))
    return chart("table", title=title)


def _over_time(
    columns: Sequence[Column],
    rows: Sequence[Row],
    title: str,
    when: str,
    measures: list[str],
    groups: list[str],
    question: str,
) -> dict[str, Any]:
    stacked = "area" if SHARE.search(question) else "line"
    unit = _unit(_column(columns, measures[0]))
    if not groups:
        kind = stacked if len(measures) > 1 else "line"
        return chart(kind, title=title, x=when, y=measures, unit=unit)
    lines = _distinct(columns, rows, groups[0])
    if len(groups) == 1 and len(measures) == 1 and len(lines) <= MOST_SERIES:
        return chart(stacked, title=title, x=when, y=measures, series=groups[0], unit=unit)
    return chart("table", title=title)


def _by_group(
    columns: Sequence[Column],
    rows: Sequence[Row],
    title: str,
    group: str,
    measures: list[str],
    question: str,
) -> dict[str, Any]:
    unit = _unit(_column(columns, measures[0]))
    if SHARE.search(question) and _slices(columns, rows, measures[0]):
        return chart("pie", title=title, x=group, y=measures[:1], unit=unit)
    if len(_distinct(columns, rows, group)) < len(rows):
        return chart("table", title=title)
    if len(rows) <= FEW_CATEGORIES:
        return chart("bar", title=title, x=group, y=measures, unit=unit)
    if len(rows) > MOST_CATEGORIES:
        return chart("bar", title=title, x=group, y=measures, top=MOST_CATEGORIES, unit=unit)
    return chart("bar", title=title, x=group, y=measures, unit=unit)


def _slices(columns: Sequence[Column], rows: Sequence[Row], measure: str) -> bool:
    place = _place(columns, measure)
    values = [number(row[place]) for row in rows]
    return len(rows) <= MOST_SLICES and all(value is not None and value >= 0 for value in values)


def _measures(column: Column, columns: Sequence[Column], rows: Sequence[Row]) -> bool:
    """Whether a column holds amounts: numbers that are neither keys nor years."""
    if not is_number(column) or IDENTIFIER.search(str(column["name"])):
        return False
    return not _is_time(column, columns, rows)


def _is_time(column: Column, columns: Sequence[Column], rows: Sequence[Row]) -> bool:
    """Dates, and text or whole numbers that read as days, months, quarters or years by the column's name."""
    if is_time(column):
        return True
    place = _place(columns, str(column["name"]))
    found = [text(row[place]) for row in rows if row[place] is not None]
    if not found or column.get("family") not in {"text", "int"}:
        return False
    if column["family"] == "int":
        return _names_a_year(str(column["name"])) and all(len(one) == 4 for one in found)
    return all(TIMELIKE.fullmatch(one) for one in found)


def _names_a_year(name: str) -> bool:
    return bool(re.search(r"year|年", name, re.I))


def _distinct(columns: Sequence[Column], rows: Sequence[Row], name: str) -> set[str]:
    place = _place(columns, name)
    return {text(row[place]) for row in rows}


def _unit(column: Column) -> str | None:
    return str(column["unit"])[:40] if column.get("unit") else None


def _column(columns: Sequence[Column], name: str) -> Column:
    return columns[_place(columns, name)]


def _place(columns: Sequence[Column], name: str) -> int:
    return next(place for place, column in enumerate(columns) if column["name"] == name)


@cache
def _validator() -> Any:
    return jsonschema_rs.Draft202012Validator(SCHEMA)
