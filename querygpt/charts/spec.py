"""The closed form of a chart: a type, a title, and which column stands on which axis."""

from __future__ import annotations

from typing import Any

TYPES = ("number", "line", "area", "bar", "pie", "scatter", "table")
MOST_SERIES = 8
MOST_MEASURES = 5
MOST_CATEGORIES = 50

_COLUMN_OR_NULL = {"type": ["string", "null"], "maxLength": 255}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "type": {"enum": list(TYPES)},
        "title": {"type": "string", "maxLength": 200},
        "data": {
            "type": "object",
            "properties": {
                "x": _COLUMN_OR_NULL,
                "y": {
                    "type": "array",
                    "items": {"type": "string", "maxLength": 255},
                    "maxItems": MOST_MEASURES,
                },
                "series": _COLUMN_OR_NULL,
                "sort": {"enum": ["asc", "desc", None]},
                "top": {"type": ["integer", "null"], "minimum": 1, "maximum": MOST_CATEGORIES},
                "unit": {"type": ["string", "null"], "maxLength": 40},
            },
            "required": ["x", "y", "series", "sort", "top", "unit"],
            "additionalProperties": False,
        },
    },
    "required": ["type", "title", "data"],
    "additionalProperties": False,
}


def chart(
    kind: str, *, title: str, x: str | None = None, y: list[str] | None = None, **rest: Any
) -> dict[str, Any]:
    """A specification with every key of the closed form."""
    data = {"x": x, "y": y or [], "series": None, "sort": None, "top": None, "unit": None, **rest}
    return {"type": kind, "title": title[:200], "data": data}
