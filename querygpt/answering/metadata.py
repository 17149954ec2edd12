"""What `metadata` of an assistant's message holds, exactly: a closed form without a single value of a row."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema_rs

from querygpt.charts.spec import SCHEMA as VISUALIZATION

STAGES = ("analyzing", "generating_sql", "executing")
MOST_BYTES = 60_000
MOST_STEPS = 40
MOST_KEPT_SQL = 8_192

_TEXT_OR_NULL = {"type": ["string", "null"]}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "sql": _TEXT_OR_NULL,
        "execution_time": {"type": ["number", "null"]},
        "rows_count": {"type": ["integer", "null"]},
        "steps": {
            "type": "array",
            "maxItems": MOST_STEPS,
            "items": {
                "type": "object",
                "properties": {
                    "stage": {"enum": list(STAGES)},
                    "message": {"type": "string"},
                    "attempt": {"type": "integer"},
                    "status": {"enum": ["running", "done", "error"]},
                    "started_at": {"type": "string"},
                    "finished_at": _TEXT_OR_NULL,
                },
                "required": [
                    "stage",
                    "message",
                    "attempt",
                    "status",
                    "started_at",
                    "finished_at",
                ],
                "additionalProperties": False,
            },
        },
        "visualization": {"anyOf": [VISUALIZATION, {"type": "null"}]},
        "error": {
            "anyOf": [
                {
                    "type": "object",
                    "properties": {
                        "code": {"type": "string"},
                        "message": {"type": "string"},
                        "hint": _TEXT_OR_NULL,
                    },
                    "required": ["code", "message", "hint"],
                    "additionalProperties": False,
                },
                {"type": "null"},
            ]
        },
        "attempts": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "attempt": {"type": "integer"},
                    "engine": {"type": "string"},
                    "sql": _TEXT_OR_NULL,
                    "error_code": _TEXT_OR_NULL,
                    "error": _TEXT_OR_NULL,
                    "run_id": _TEXT_OR_NULL,
                },
                "required": ["attempt", "engine", "sql", "error_code", "error", "run_id"],
                "additionalProperties": False,
            },
        },
    },
    "required": [
        "sql",
        "execution_time",
        "rows_count",
        "steps",
        "visualization",
        "error",
        "attempts",
    ],
    "additionalProperties": False,
}


def empty() -> dict[str, Any]:
    return {
        "sql": None,
        "execution_time": None,
        "rows_count": None,
        "steps": [],
        "visualization": None,
        "error": None,
        "attempts": [],
    }


def faults(metadata: Any) -> list[str]:
    """What is against the closed form; nothing when all is well."""
    return [error.message for error in _validator().iter_errors(metadata)]


@cache
def _validator() -> Any:
    return jsonschema_rs.Draft202012Validator(SCHEMA)


def fitted(metadata: dict[str, Any]) -> dict[str, Any]:
    """The same within the column's size: the SQL of old attempts is cut first, then the statement itself."""
    if _size(metadata) <= MOST_BYTES:
        return metadata
    attempts = [{**one, "sql": _cut(one["sql"], MOST_KEPT_SQL)} for one in metadata["attempts"]]
    smaller = {**metadata, "attempts": attempts}
    if _size(smaller) <= MOST_BYTES:
        return smaller
    bare = [{**one, "sql": _cut(one["sql"], 200)} for one in attempts]
    return {**smaller, "attempts": bare, "sql": _cut(metadata["sql"], MOST_BYTES // 4)}


def _size(metadata: dict[str, Any]) -> int:
    # The database writes a space after every colon and comma.
    return len(json.dumps(metadata, ensure_ascii=False).encode())


def _cut(text: str | None, most: int) -> str | None:
    return text if text is None or len(text) <= most else text[:most] + "…"
