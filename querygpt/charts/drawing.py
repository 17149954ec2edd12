"""The values of a chart, worked out from a specification and the stored rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from querygpt.charts.spec import MOST_CATEGORIES
from querygpt.results.cells import Column, Row, number, text

LONG_LABEL = 6
MOST_POINTS = 2_000


def drawn(
    spec: Mapping[str, Any], *, columns: Sequence[Column], rows: Sequence[Row]
) -> dict[str, Any] | None:
    """What the page draws; None where the table says it all.

    Shapes: `{kind, labels: [str], series: [{name, values: [float|null] | [[x, y]]}], horizontal, unit, left_out}`.
    """
    names = [column["name"] for column in columns]
    data = spec["data"]
    if spec["type"] in {"table", "number"} or data["x"] not in names or not data["y"]:
        return None
    places = {name: names.index(name) for name in (data["x"], *data["y"])}
    if spec["type"] == "scatter":
        return _points(spec, places, rows)
    if data["series"] in names:
        return _split(spec, places, names.index(data["series"]), rows)
    return _plain(spec, places, rows)


def _plain(
    spec: Mapping[str, Any], places: Mapping[str, int], rows: Sequence[Row]
) -> dict[str, Any]:
    data = spec["data"]
    ordered = _sorted(rows, places[data["y"][0]], data["sort"])
    most = min(data["top"] or MOST_POINTS, _most(spec))
    kept = ordered[:most]
    labels = [text(row[places[data["x"]]]) or "–" for row in kept]
    series = [
        {"name": name, "values": [_value(row[places[name]]) for row in kept]} for name in data["y"]
    ]
    return _picture(spec, labels, series, left_out=len(ordered) - len(kept))


def _split(
    spec: Mapping[str, Any], places: Mapping[str, int], group: int, rows: Sequence[Row]
) -> dict[str, Any]:
    """One line for each value of the column `series`; a point nobody has is a gap."""
    data = spec["data"]
    x, y = places[data["x"]], places[data["y"][0]]
    labels = sorted({text(row[x]) for row in rows})[:MOST_POINTS]
    found: dict[str, dict[str, float | None]] = {}
    for row in rows:
        found.setdefault(text(row[group]) or "–", {})[text(row[x])] = _value(row[y])
    series = [
        {"name": name, "values": [values.get(label) for label in labels]}
        for name, values in found.items()
    ]
    return _picture(spec, labels, series)


def _points(
    spec: Mapping[str, Any], places: Mapping[str, int], rows: Sequence[Row]
) -> dict[str, Any]:
    x, y = places[spec["data"]["x"]], places[spec["data"]["y"][0]]
    pairs = [[_value(row[x]), _value(row[y])] for row in rows[:MOST_POINTS]]
    known = [pair for pair in pairs if None not in pair]
    return _picture(spec, [], [{"name": spec["data"]["y"][0], "values": known}])


def _picture(
    spec: Mapping[str, Any], labels: list[str], series: list[dict[str, Any]], left_out: int = 0
) -> dict[str, Any]:
    return {
        "kind": spec["type"],
        "labels": labels,
        "series": series,
        "horizontal": spec["type"] == "bar" and any(len(one) > LONG_LABEL for one in labels),
        "x": spec["data"]["x"],
        "unit": spec["data"]["unit"] or "",
        "left_out": left_out,
    }


def _sorted(rows: Sequence[Row], place: int, order: str | None) -> list[Row]:
    if order is None:
        return list(rows)
    least = Decimal("-Infinity")

    def key(row: Row) -> Decimal:
        value = number(row[place])
        return least if value is None else value

    return sorted(rows, key=key, reverse=order == "desc")


def _most(spec: Mapping[str, Any]) -> int:
    return MOST_CATEGORIES if spec["type"] in {"bar", "pie"} else MOST_POINTS


def _value(cell: Any) -> float | None:
    found = number(cell)
    return None if found is None else float(found)
