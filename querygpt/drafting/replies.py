"""What a model said: a JSON object, else the first fenced block of SQL, else nothing usable."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

import orjson

MOST_CHARACTERS = 200_000
MOST_TEXT = 1_000
MOST_ITEMS = 8
MOST_OPTIONS = 4
FENCED = re.compile(r"```[ \t]*(\w*)[^\n]*\n(.*?)(?:```|\Z)", re.S)
UNFINISHED = re.compile(r'"sql"\s*:\s*"((?:[^"\\]|\\.)*)')
SQL_NAMES = frozenset({"", "sql", "postgresql", "postgres", "mysql", "sqlite", "duckdb"})
Kind = Literal["sql", "clarify", "abstain"]

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["sql", "clarify", "abstain"]},
        "sql": {"type": ["string", "null"]},
        "assumptions": {"type": "array", "items": {"type": "string"}},
        "chart": {"type": ["string", "null"]},
        "question": {"type": ["string", "null"]},
        "options": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["kind", "sql", "assumptions", "chart", "question", "options"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Reply:
    """A reply in order. `question` asks back, or says why not; `chart` is a type's name."""

    kind: Kind
    sql: str = ""
    assumptions: tuple[str, ...] = ()
    chart: str | None = None
    question: str = ""
    options: tuple[str, ...] = ()


def read(text: str) -> Reply | None:
    """The reply; None when it holds neither an answer in JSON nor a block of SQL."""
    text = text[:MOST_CHARACTERS]
    return _from_json(text) or _from_fence(text)


def _from_json(text: str) -> Reply | None:
    for found in _objects(text):
        reply = _of_object(found)
        if reply is not None:
            return reply
    return None


def _objects(text: str) -> list[dict[str, Any]]:
    """The whole text, each fenced block, and what stands between the outermost braces, where they are objects."""
    first, last = text.find("{"), text.rfind("}")
    candidates = [text, *(body for _name, body in FENCED.findall(text)), text[first : last + 1]]
    found = []
    for one in candidates:
        try:
            value = orjson.loads(one)
        except orjson.JSONDecodeError:
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def _of_object(given: dict[str, Any]) -> Reply | None:
    kind, sql = given.get("kind"), _text(given.get("sql"), MOST_CHARACTERS)
    question = _text(given.get("question"))
    if kind == "sql" or (kind is None and sql):
        assumptions = _texts(given.get("assumptions"), MOST_ITEMS)
        chart = _text(given.get("chart"), 20) or None
        return Reply("sql", sql, assumptions, chart) if sql else None
    if kind == "clarify" and question:
        return Reply(
            "clarify", question=question, options=_texts(given.get("options"), MOST_OPTIONS)
        )
    return Reply("abstain", question=question) if kind == "abstain" else None


def _from_fence(text: str) -> Reply | None:
    for name, body in FENCED.findall(text):
        if name.lower() in SQL_NAMES and body.strip() and not body.lstrip().startswith("{"):
            return Reply("sql", body.strip())
    return None


def _text(value: Any, most: int = MOST_TEXT) -> str:
    if not isinstance(value, str):
        return ""
    return value.replace("\x00", "").strip()[:most]


def _texts(value: Any, most: int) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(text for one in value if (text := _text(one, 300)))[:most]


def so_far(text: str) -> str:
    """The statement in a reply that is still arriving; empty while there is none to show."""
    found = UNFINISHED.search(text)
    if found:
        try:
            return str(orjson.loads(f'"{found[1]}"'))
        except orjson.JSONDecodeError:
            # An escape is cut in the middle; the next piece completes it.
            return ""
    fenced = FENCED.search(text)
    return fenced[2].strip() if fenced and fenced[1].lower() in SQL_NAMES else ""
