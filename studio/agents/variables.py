"""Variables of an agent's prompt: a closed list and what the agent declares itself, replaced once and plainly."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

FIXED = (
    "work.title",
    "work.genre",
    "work.description",
    "chapter.title",
    "language",
    "length",
)
MOST_OWN = 20
OWN_NAME = re.compile(r"[a-z][a-zA-Z0-9_]{0,39}")
_placeholder = re.compile(r"\{\{\s*([^{}\n]{1,80}?)\s*\}\}")


def unknown(prompt: str, own: Iterable[str]) -> list[str]:
    """Names between braces that stand for nothing, in the order of their first use."""
    known = {*FIXED, *own}
    return [name for name in dict.fromkeys(_placeholder.findall(prompt)) if name not in known]


def filled(prompt: str, values: Mapping[str, str]) -> str:
    """`prompt` with its variables replaced; what comes in is not looked through again."""
    return _placeholder.sub(lambda found: values.get(found[1], found[0]), prompt)
