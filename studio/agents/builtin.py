"""The agents that come with the platform, in both languages, and the fixed words of every prompt.

A file `texts/<key>.<language>.txt` holds an agent's name, what it is for, an empty line and its prompt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "texts"
LANGUAGES = ("zh", "en")
STORY = ("work_card", "entries", "synopses", "tail", "text")
EVERYTHING = (*STORY, "chat")


@dataclass(frozen=True)
class Recipe:
    """An agent before it is a row. `parts` names what of a work it may be sent."""

    key: str
    category: str
    behavior: Mapping[str, Any] = field(default_factory=dict)
    output_mode: str = "prose"
    parts: tuple[str, ...] = STORY


@dataclass(frozen=True)
class Wording:
    """An agent's words in one language."""

    name: str
    description: str
    prompt: str


RECIPES = (
    Recipe("continue", "task", {"creativity": 0.7, "detailLevel": 0.8}),
    Recipe("rewrite", "task", {"creativity": 0.5, "detailLevel": 0.8}),
    Recipe("polish", "task", {"creativity": 0.2, "detailLevel": 0.8}),
    Recipe("expand", "task", {"creativity": 0.6, "detailLevel": 1.0}),
    Recipe("condense", "task", {"creativity": 0.2, "detailLevel": 0.4}),
    Recipe("dialogue", "task", {"creativity": 0.7, "emotionLevel": 0.6}),
    Recipe("description", "task", {"creativity": 0.7, "detailLevel": 0.9}),
    Recipe("outline", "task", {"creativity": 0.6, "detailLevel": 1.0}, "outline"),
    Recipe("consistency", "task", {"creativity": 0.0, "detailLevel": 1.0}, "findings"),
    Recipe("companion", "task", {"creativity": 0.6}, "chat", EVERYTHING),
    Recipe("summary", "task", {"creativity": 0.0, "detailLevel": 0.2}),
    Recipe("science_fiction", "genre", {"creativity": 0.7, "detailLevel": 0.8}),
    Recipe("historical", "genre", {"creativity": 0.5, "formality": 0.7, "detailLevel": 0.8}),
    Recipe("suspense", "genre", {"creativity": 0.6, "pacing": "fast", "detailLevel": 0.8}),
    Recipe("fantasy", "genre", {"creativity": 0.8, "detailLevel": 0.8}),
)
# Which agent is meant when a request of a type names none.
BY_TYPE = {
    "continue": "continue",
    "generate": "continue",
    "rewrite": "rewrite",
    "polish": "polish",
    "expand": "expand",
    "condense": "condense",
    "outline": "outline",
    "chat": "companion",
    "analyze": "consistency",
    "summarize": "summary",
}


def language_of(code: str) -> str:
    """The language a prompt is written in for a work or a reader: `zh` or `en`."""
    return "zh" if code.lower().startswith("zh") else "en"


@cache
def wording(key: str, language: str) -> Wording:
    name, description, _, prompt = _read(key, language).split("\n", 3)
    return Wording(name, description, prompt.strip())


@cache
def fixed(key: str, language: str) -> str:
    """A fixed text: `rules`, `contract.prose` and its like."""
    return _read(key, language).strip()


@cache
def lines(key: str, language: str) -> Mapping[str, str]:
    """A fixed text of lines `name=words`."""
    pairs = (line.partition("=") for line in fixed(key, language).splitlines())
    return {name: words for name, _, words in pairs}


def _read(key: str, language: str) -> str:
    return (FOLDER / f"{key}.{language}.txt").read_text(encoding="utf-8")
