"""The JSON Schema of `gen.diff/1`. Additions keep the name; whatever is removed or renamed makes `/2`."""

from __future__ import annotations

from typing import Any

TEXT: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "integer", "minimum": 0}
FLAG: dict[str, Any] = {"type": "boolean"}
HASH: dict[str, Any] = {"type": ["string", "null"], "pattern": "^([0-9a-f]{64})?$"}
TEXTS: dict[str, Any] = {"type": "array", "items": TEXT}
CONFIDENCE: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 1}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    properties = {**required, **(optional or {})}
    return {"type": "object", "required": list(required), "properties": properties}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


PLACE = _object({"file": TEXT, "line": NUMBER, "kind": TEXT}, {"excerpt": TEXT})
EVIDENCE = _list(PLACE)
RULE: dict[str, Any] = {"rule": {"type": ["string", "null"]}}
FIELD = _object({"name": TEXT, "type": TEXT, "null": FLAG, "evidence": EVIDENCE}, RULE)
RELATION = _object({"name": TEXT, "kind": TEXT, "target": TEXT, "evidence": EVIDENCE}, RULE)
ENDPOINT = _object(
    {
        "key": TEXT,
        "method": TEXT,
        "path": TEXT,
        "view": {"type": ["string", "null"]},
        "auth": {"enum": ["public", "user", "staff"]},
        "confidence": CONFIDENCE,
        "behaviour": {"enum": ["crud", "auth", "toggle", "recorded"]},
        "called": FLAG,
        "evidence": EVIDENCE,
    },
    RULE,
)
MODEL = _object(
    {
        "key": TEXT,
        "name": TEXT,
        "fields": _list(FIELD),
        "relations": _list(RELATION),
        "evidence": EVIDENCE,
    },
    RULE,
)
FILE = _object(
    {
        "path": TEXT,
        "op": {"enum": ["add", "modify", "delete"]},
        "before_sha256": HASH,
        "after_sha256": HASH,
        "risk": {"enum": ["none", "review", "logic-missing", "security"]},
        "generator_rule": {"type": ["string", "null"]},
        "items": TEXTS,
        "requires": TEXTS,
    },
    {"hunks": {"type": ["string", "null"]}},
)
MIGRATION = _object({"path": TEXT, "app": TEXT, "operations": TEXTS, "reversible": FLAG})
DECISION = _object(
    {"key": TEXT, "question": TEXT, "chosen": TEXT, "alternatives": TEXTS, "evidence": EVIDENCE}
)
UNRESOLVED = _object({"key": TEXT, "what": TEXT, "why": TEXT, "evidence": EVIDENCE})
EXTERNAL = _object({"key": TEXT, "method": TEXT, "host": TEXT, "path": TEXT, "evidence": EVIDENCE})
TEST = _object({"name": TEXT, "covers": TEXTS, "result": {"enum": ["pass", "fail", "skipped"]}})
COUNTS = ("files", "insertions", "deletions", "endpoints", "models", "migrations", "warnings")

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "gen.diff/1",
    **_object(
        {
            "schema": {"const": "gen.diff/1"},
            "job": {"type": ["string", "object"]},
            "input": _object(
                {"zip_sha256": HASH, "chat_sha256": HASH},
                {"source": {"type": ["string", "null"]}, "framework": {"type": ["string", "null"]}},
            ),
            "base": _object({"target": TEXT, "tree_sha256": HASH}),
            "summary": _object(dict.fromkeys(COUNTS, NUMBER)),
            "endpoints": _list(ENDPOINT),
            "models": _list(MODEL),
            "files": _list(FILE),
            "migrations": _list(MIGRATION),
            "decisions": _list(DECISION),
            "unresolved": _list(UNRESOLVED),
            "externals": _list(EXTERNAL),
            "tests": _list(TEST),
        },
        {"tree_sha256": HASH},
    ),
}
