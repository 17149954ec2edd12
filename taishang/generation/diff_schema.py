"""The JSON Schema of `gen.diff/1`. Additions keep the name; removing anything makes `/2`."""

from __future__ import annotations

from typing import Any

TEXT: dict[str, Any] = {"type": "string"}
MAYBE_TEXT: dict[str, Any] = {"type": ["string", "null"]}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
HASH: dict[str, Any] = {"type": ["string", "null"], "pattern": "^[0-9a-f]{64}$"}
FLAG: dict[str, Any] = {"type": "boolean"}
TEXTS: dict[str, Any] = {"type": "array", "items": TEXT}


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": required | optional,
        "required": sorted(required),
    }


def _list(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


EVIDENCE = _list(_object({"file": TEXT, "line": COUNT, "kind": TEXT, "excerpt": TEXT}))
ENDPOINT = _object(
    {
        "key": TEXT, "method": TEXT, "path": TEXT, "view": MAYBE_TEXT, "auth": TEXT,
        "confidence": {"type": "number"}, "behaviour": TEXT, "called": FLAG, "evidence": EVIDENCE,
    },
    rule=MAYBE_TEXT,
)  # fmt: skip
FIELD = _object(
    {"name": TEXT, "type": TEXT, "null": FLAG, "default": {}, "evidence": EVIDENCE}, rule=MAYBE_TEXT
)
RELATION = _object(
    {"name": TEXT, "kind": TEXT, "target": TEXT, "evidence": EVIDENCE}, rule=MAYBE_TEXT
)
FILE = _object(
    {
        "path": TEXT, "op": {"enum": ["add", "modify", "delete"]}, "before_sha256": HASH,
        "after_sha256": HASH, "hunks": MAYBE_TEXT,
        "risk": {"enum": ["none", "review", "logic-missing", "security"]}, "generator_rule": TEXT,
        "items": TEXTS, "requires": TEXTS,
    }
)  # fmt: skip
SCHEMA_DOCUMENT: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "gen.diff/1",
    **_object(
        {
            "schema": {"const": "gen.diff/1"},
            "job": {"type": "object"},
            "input": _object(
                {"zip_sha256": HASH, "chat_sha256": HASH, "source": MAYBE_TEXT, "framework": MAYBE_TEXT}
            ),
            "base": _object({"target": TEXT, "tree_sha256": HASH}),
            "summary": _object(
                dict.fromkeys(
                    ("files", "insertions", "deletions", "endpoints", "models", "migrations", "warnings"),
                    COUNT,
                )
            ),
            "endpoints": _list(ENDPOINT),
            "models": _list(
                _object(
                    {"key": TEXT, "name": TEXT, "fields": _list(FIELD), "relations": _list(RELATION)},
                    evidence=EVIDENCE,
                    rule=MAYBE_TEXT,
                )
            ),
            "files": _list(FILE),
            "migrations": _list(
                _object({"path": TEXT, "app": TEXT, "operations": TEXTS, "reversible": FLAG})
            ),
            "decisions": _list(
                _object(
                    {"key": TEXT, "question": TEXT, "chosen": TEXT, "alternatives": TEXTS,
                     "evidence": EVIDENCE}
                )
            ),
            "unresolved": _list(_object({"key": TEXT, "what": TEXT, "why": TEXT, "evidence": EVIDENCE})),
            "externals": _list(_object({"key": TEXT, "method": TEXT, "host": TEXT, "path": TEXT})),
            "tests": _list(_object({"name": TEXT, "covers": TEXTS, "result": TEXT})),
        },
        tree_sha256=HASH,
    ),
}  # fmt: skip
