"""Where a passage stands in a text that has changed since: found unchanged and only once, or not at all. Never guessed."""

from __future__ import annotations

MARGIN = 32


def margins(text: str, start: int, end: int) -> tuple[str, str]:
    """What stands around a passage, to know it by. Units: code points."""
    return text[max(0, start - MARGIN) : start], text[end : end + MARGIN]


def place(text: str, passage: str, *, start: int, around: tuple[str, str]) -> int | None:
    """The offset of `passage` in `text`, None where it is gone, changed or ambiguous.

    An empty passage is a caret: both its neighbours must stand unchanged beside each other. Units: code points.
    """
    before, after = around
    framed = f"{before}{passage}{after}"
    if not framed:
        return 0 if not text else None
    found = _only(text, framed)
    if found is not None:
        return found + len(before)
    if framed in text:
        # More than once: the one at its old place, if that still stands.
        here = start - len(before)
        return start if here >= 0 and text.startswith(framed, here) else None
    return _only(text, passage) if passage.strip() else None


def _only(text: str, wanted: str) -> int | None:
    at = text.find(wanted)
    return at if at >= 0 and text.find(wanted, at + 1) < 0 else None
