"""Example values for generated tests, factories and replayed calls."""

from __future__ import annotations

from typing import Any

from taishang.generation.render.naming import literal
from taishang.generation.render.plan import Column
from taishang.generation.render.writing_models import json_default

STORED: dict[str, Any] = {
    "integer": 1, "big_integer": 1, "decimal": 10, "float": 1.5, "boolean": False, "date": "2025-01-01",
    "time": "09:00:00", "datetime": "2025-01-01T09:00:00Z", "url": "https://example.com/one",
    "uuid": "00000000-0000-4000-8000-000000000001", "file": "uploads/sample.txt",
}  # fmt: skip
SENT: dict[str, Any] = {
    "integer": 2, "big_integer": 2, "decimal": 12.5, "float": 2.5, "boolean": True, "date": "2025-01-02",
    "time": "10:00:00", "datetime": "2025-01-02T10:00:00Z", "url": "https://example.com/two",
    "uuid": "00000000-0000-4000-8000-000000000002", "email": "sent@example.com", "slug": "sent",
}  # fmt: skip


def sent(column: Column) -> Any:
    """A valid value for a request; never equal to `stored`, so that unique columns stay unique."""
    if column.type == "choice":
        return column.choices[-1]
    if column.type == "json":
        return ["sent"] if json_default(column) == "list" else {"sent": True}
    if column.type in SENT:
        return SENT[column.type]
    return "sent"[: column.max_length or 4]


def stored(column: Column) -> str:
    """Source of a value for a row, numbered where it must be unique."""
    if column.type == "choice":
        return literal(column.choices[0])
    if column.type == "json":
        return "[]" if json_default(column) == "list" else "{}"
    if column.type == "email":
        return 'f"row{number}@example.com"'
    if column.unique:
        return _numbered(column)
    if column.type in STORED:
        return literal(STORED[column.type])
    return literal("row"[: column.max_length or 3])


def kept(column: Column) -> Any:
    """A value that a path can carry: never empty, and not what `sent` sends."""
    if column.type == "choice":
        return column.choices[0]
    return STORED.get(column.type, "kept"[: column.max_length or 4])


def _numbered(column: Column) -> str:
    if column.type in ("integer", "big_integer", "decimal", "float"):
        return "100 + number"
    if column.type == "uuid":
        return "uuid.UUID(int=number)"
    if column.type == "url":
        return 'f"https://example.com/row{number}"'
    if column.type in ("date", "datetime", "time"):
        return literal(STORED[column.type])
    if column.max_length and column.max_length < 8:
        return "str(number)"
    return 'f"row{number}"'
