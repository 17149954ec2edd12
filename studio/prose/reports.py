"""What a model reports as JSON: remarks on chapters with their quotes, outlines; read strictly, believed only as far as proved."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

KINDS = ("consistency", "style", "pacing", "character")
MOST_FINDINGS = 100
MOST_QUOTES = 3
QUOTE_CHARACTERS = (8, 60)
MOST_MESSAGE = 1_000
MOST_SUGGESTION = 2_000
MOST_VOLUMES = 50
MOST_CHAPTERS = 300
MOST_TITLE = 255
MOST_SYNOPSIS = 4_000
# Places where a JSON value may begin that are tried before an answer is given up.
MOST_STARTS = 500
FINDINGS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["findings"],
    "properties": {
        "findings": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["kind", "severity", "message", "suggestion", "quotes"],
                "properties": {
                    "kind": {"enum": list(KINDS)},
                    "severity": {"enum": [1, 2, 3]},
                    "message": {"type": "string"},
                    "suggestion": {"type": "string"},
                    "quotes": {"type": "array", "items": {"type": "string"}},
                },
            },
        }
    },
}
_TITLED = {
    "type": "object",
    "additionalProperties": False,
    "required": ["title", "synopsis"],
    "properties": {"title": {"type": "string"}, "synopsis": {"type": "string"}},
}
OUTLINE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["volumes"],
    "properties": {
        "volumes": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["title", "synopsis", "chapters"],
                "properties": {
                    "title": {"type": "string"},
                    "synopsis": {"type": "string"},
                    "chapters": {"type": "array", "items": _TITLED},
                },
            },
        }
    },
}


class Unreadable(ValueError):
    """An answer holds no JSON of the shape that was asked for."""


@dataclass(frozen=True)
class Quote:
    """Words of a chapter, where they stand. Units: code points."""

    chapter: str
    text: str
    position: int


@dataclass(frozen=True)
class Finding:
    """One remark, with the quotes that were found in the chapters. `severity` 1 to 3."""

    kind: str
    severity: int
    message: str
    suggestion: str
    quotes: tuple[Quote, ...]

    @property
    def fingerprint(self) -> str:
        """Equal for the same remark on the same words, however it is worded."""
        places = sorted((quote.chapter, quote.text) for quote in self.quotes)
        return hashlib.sha256(json.dumps([self.kind, places]).encode()).hexdigest()


@dataclass(frozen=True)
class Report:
    """Remarks that hold, and how many were dropped since none of their quotes stands in a chapter."""

    findings: tuple[Finding, ...]
    dropped: int


def findings(answer: str, *, chapters: Mapping[str, str]) -> Report:
    """The remarks of an answer on chapters, given as `{key: text}`. Raises Unreadable."""
    value = _value(answer, "findings")
    kept: dict[str, Finding] = {}
    dropped = 0
    for entry in value[:MOST_FINDINGS]:
        found = _finding(entry, chapters)
        if found is None:
            dropped += 1
        else:
            kept.setdefault(found.fingerprint, found)
    return Report(tuple(kept.values()), dropped + max(0, len(value) - MOST_FINDINGS))


def outline(answer: str) -> list[dict[str, Any]]:
    """Shapes: `[{title, synopsis, chapters: [{title, synopsis}]}]`; chapters without a volume have one with title "".

    Raises Unreadable.
    """
    volumes: list[dict[str, Any]] = []
    room = MOST_CHAPTERS
    for entry in _value(answer, "volumes")[:MOST_VOLUMES]:
        if not isinstance(entry, dict):
            continue
        listed = entry.get("chapters")
        rows = listed if isinstance(listed, list) else []
        found = [_titled(one) for one in rows if isinstance(one, dict)]
        chapters = [one for one in found if one["title"]][:room]
        room -= len(chapters)
        if chapters or _word(entry.get("title"), MOST_TITLE):
            volumes.append({**_titled(entry), "chapters": chapters})
    if not volumes:
        raise Unreadable("an outline without chapters")
    return volumes


def first_json(answer: str) -> Iterator[Any]:
    """Every JSON object or list of the text in its order, those inside another left out."""
    decoder = json.JSONDecoder()
    position = tries = 0
    while tries < MOST_STARTS:
        starts = [at for at in (answer.find("{", position), answer.find("[", position)) if at >= 0]
        if not starts:
            return
        tries += 1
        position = min(starts)
        try:
            value, position = decoder.raw_decode(answer, position)
        except (ValueError, RecursionError):
            position += 1
            continue
        yield value


def _value(answer: str, name: str) -> list[Any]:
    """The list called `name` in the first JSON that has it; a bare list of objects counts as it."""
    for value in first_json(answer):
        if isinstance(value, dict) and isinstance(value.get(name), list):
            return list(value[name])
        if isinstance(value, list) and all(isinstance(one, dict) for one in value):
            return value
    raise Unreadable(f"no {name}")


def _finding(entry: Any, chapters: Mapping[str, str]) -> Finding | None:
    if not isinstance(entry, dict) or entry.get("kind") not in KINDS:
        return None
    message = _word(entry.get("message"), MOST_MESSAGE)
    quotes = tuple(_quotes(entry.get("quotes"), chapters))
    if not message or not quotes:
        return None
    severity = entry.get("severity")
    return Finding(
        entry["kind"],
        severity if severity in (1, 2, 3) and not isinstance(severity, bool) else 2,
        message,
        _word(entry.get("suggestion"), MOST_SUGGESTION),
        quotes,
    )


def _quotes(given: Any, chapters: Mapping[str, str]) -> Iterator[Quote]:
    least, most = QUOTE_CHARACTERS
    texts = given if isinstance(given, list) else []
    for text in dict.fromkeys(one for one in texts if isinstance(one, str)):
        quoted = text.strip()
        if not least <= len(quoted) <= most:
            continue
        for key, content in chapters.items():
            position = content.find(quoted)
            if position >= 0:
                yield Quote(key, quoted, position)
                break


def _titled(entry: Mapping[str, Any]) -> dict[str, str]:
    title = _word(entry.get("title"), MOST_TITLE)
    return {"title": title, "synopsis": _word(entry.get("synopsis"), MOST_SYNOPSIS)}


def _word(value: Any, most: int) -> str:
    """A text that may be stored: no NUL, no lone surrogate."""
    if not isinstance(value, str):
        return ""
    kept = value.replace("\x00", "").encode("utf-8", "ignore").decode()
    return kept.strip()[:most]
