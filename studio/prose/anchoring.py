"""Anchors: a place in a text, held by what stands there and around it, found again after the text changed.

A place that is not certain is lost (`orphaned`), never guessed. Offsets and lengths count code points.
Source: W3C Web Annotation, TextQuoteSelector and TextPositionSelector.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import islice
from typing import Literal

from studio.prose.folding import occurrences

MIN_QUOTE = 8
MAX_QUOTE = 200
CONTEXT = 32
LIKENESS = 0.6
# A second place this much alike makes the first one a guess.
DOUBT = 0.45
MAX_CANDIDATES = 50

State = Literal["anchored", "moved", "orphaned"]


class NothingToHold(ValueError):
    """The text is shorter than the shortest quote."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A range `start:end` with its words. Of more than 200 the quote holds the first and the last 100."""

    start: int
    end: int
    quote: str
    prefix: str
    suffix: str

    @property
    def is_long(self) -> bool:
        return self.end - self.start > MAX_QUOTE


@dataclass(frozen=True, slots=True)
class Place:
    """Where an anchor stands now. An orphaned one keeps its last offsets."""

    state: State
    start: int
    end: int


def take(text: str, start: int, end: int) -> Anchor:
    """An anchor for a range, widened to at least eight code points.

    Raises ValueError for a range outside the text, NothingToHold for a text that is too short.
    """
    if not 0 <= start <= end <= len(text):
        raise ValueError("range")
    if len(text) < MIN_QUOTE:
        raise NothingToHold
    if end - start < MIN_QUOTE:
        start = min(start, len(text) - MIN_QUOTE)
        end = start + MIN_QUOTE
    words = text[start:end]
    if len(words) > MAX_QUOTE:
        words = words[: MAX_QUOTE // 2] + words[-MAX_QUOTE // 2 :]
    before, after = text[max(0, start - CONTEXT) : start], text[end : end + CONTEXT]
    return Anchor(start, end, words, before, after)


def find(anchor: Anchor, text: str) -> Place:
    """Where the anchor stands in `text`: same offset, the one place with its context, or the one that is alike."""
    if anchor.is_long:
        return _find_long(anchor, text)
    start = _locate(anchor, text)
    if start is None:
        return Place("orphaned", anchor.start, anchor.end)
    return _placed(anchor, start, start + len(anchor.quote))


def renew(anchor: Anchor, text: str) -> tuple[Anchor, State]:
    """The anchor as it is kept after a change: with the words around its place; an orphan keeps the old ones."""
    place = find(anchor, text)
    if place.state == "orphaned":
        return anchor, place.state
    return take(text, place.start, place.end), place.state


def _find_long(anchor: Anchor, text: str) -> Place:
    """Both ends by themselves: whatever is written between them belongs to the range."""
    half = MAX_QUOTE // 2
    head = replace(anchor, quote=anchor.quote[:half], suffix="")
    tail = replace(anchor, quote=anchor.quote[half:], start=anchor.end - half, prefix="")
    start, last = _locate(head, text), _locate(tail, text)
    if start is None or last is None or last < start + half:
        return Place("orphaned", anchor.start, anchor.end)
    return _placed(anchor, start, last + half)


def _placed(anchor: Anchor, start: int, end: int) -> Place:
    same = (start, end) == (anchor.start, anchor.end)
    return Place("anchored" if same else "moved", start, end)


def _locate(anchor: Anchor, text: str) -> int | None:
    """Where the quote begins, or None where that is not certain."""
    lead = anchor.start - len(anchor.prefix)
    if text.startswith(anchor.prefix + anchor.quote + anchor.suffix, lead) and lead >= 0:
        return anchor.start
    return _nearest(anchor, text)


def _nearest(anchor: Anchor, text: str) -> int | None:
    """The one place of the quote whose surroundings are like the old ones while no other's are."""
    places = list(islice(occurrences(anchor.quote, text), MAX_CANDIDATES))
    if len(places) >= MAX_CANDIDATES:
        return None
    judged = [(place, *_judge(anchor, text, place)) for place in places]
    sure = [place for place, is_sure, _ in judged if is_sure]
    likely = [place for place, _, is_likely in judged if is_likely]
    return sure[0] if sure and likely == sure[:1] else None


def _judge(anchor: Anchor, text: str, place: int) -> tuple[bool, bool]:
    """Whether a place is surely the anchor's, and whether it may be taken for it.

    One side unchanged is enough, since people write on right behind a passage; otherwise both sides must be alike.
    """
    end = place + len(anchor.quote)
    before, after = text[max(0, place - CONTEXT) : place], text[end : end + CONTEXT]
    sides = [(old, new) for old, new in ((anchor.prefix, before), (anchor.suffix, after)) if old]
    if not sides:
        return False, False
    common = [_common(old, new) for old, new in sides]
    alike = sum(common) / sum(len(old) for old, _ in sides)
    both = all(n >= LIKENESS * len(old) for n, (old, _) in zip(common, sides, strict=True))
    intact = any(old == new and len(old) == CONTEXT for old, new in sides)
    is_sure = intact or both
    return is_sure, is_sure or alike >= DOUBT


def _common(old: str, new: str) -> int:
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks)
