"""What a model said, as text of a novel: without what it thought aloud and without a fence around the whole."""

from __future__ import annotations

import re

OPENING = "<think>"
CLOSING = "</think>"
FENCE = "```"
_thought = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL | re.IGNORECASE)
_opened = re.compile(r"\A```[^\n`]*\n")
_closed = re.compile(r"\n?```\s*\Z")


def clean(raw: str, *, has_ended: bool = True) -> str:
    """The text of an answer, or as much of it as is certain while it is still arriving.

    Of growing `raw` the results grow too: what was shown is never taken back, whatever the borders of the pieces.
    Only a closing mark of a thought that was never opened, known at the end, drops what stood before it.
    """
    text = _thought.sub("", raw if has_ended else _certain(raw)).lstrip()
    if not has_ended:
        return _arriving(text)
    stray = text.lower().rfind(CLOSING)
    if stray >= 0:
        text = text[stray + len(CLOSING) :].lstrip()
    opening = _opened.match(text)
    if opening:
        text = _closed.sub("", text[opening.end() :])
    return text.strip("\n").rstrip()


def _certain(raw: str) -> str:
    """Without an end that may become a mark."""
    lowered = raw.lower()
    for size in range(len(OPENING) - 1, 0, -1):
        if lowered.endswith(OPENING[:size]):
            return raw[:-size]
    return raw


def _arriving(text: str) -> str:
    """Without what may turn out to be a fence, and without blank space that may turn out to be the end."""
    if FENCE.startswith(text[: len(FENCE)]):
        opening = _opened.match(text)
        if opening is None:
            return ""
        text = text[opening.end() :]
    return text.rstrip().rstrip("`").strip("\n").rstrip()
