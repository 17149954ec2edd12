"""One cell of a result: its number, its text. Values are JSON as the child process sends them.

Shapes: None, bool, int, float, str; decimals and integers beyond 2^53 are strings whose column says the family; a
dict stands for what JSON cannot hold (`{"float": "NaN"}`, `{"bytes": n, "hex": "…"}`, `{"text": "…", "cut": n}`).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

NUMBERS = frozenset({"int", "decimal", "float"})
TIMES = frozenset({"date", "datetime"})
SAFE_INTEGER = 2**53
Column = Mapping[str, Any]
Row = list[Any]


def number(cell: Any) -> Decimal | None:
    """The exact finite number in a cell, or None."""
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        return None
    try:
        found = Decimal(str(cell))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def text(cell: Any) -> str:
    """What a person reads in a cell; NULL is the caller's to show."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, Mapping):
        return _tagged(cell)
    if isinstance(cell, list):
        return orjson.dumps(cell).decode()
    return str(cell)


def is_number(column: Column) -> bool:
    return column.get("family") in NUMBERS


def is_time(column: Column) -> bool:
    return column.get("family") in TIMES


def _tagged(cell: Mapping[str, Any]) -> str:
    if "float" in cell:
        return str(cell["float"])
    if "hex" in cell:
        more = "…" if cell.get("bytes", 0) > len(cell["hex"]) // 2 else ""
        return f"0x{cell['hex']}{more}"
    if "text" in cell:
        return f"{cell['text']}…" if cell.get("cut") else str(cell["text"])
    return orjson.dumps(dict(cell)).decode()
