"""Text in the form that is compared and found: folded, cut into segments, searched exactly.

Folding never changes the length, so an offset in folded text is the offset in what was written. Offsets count code
points.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from laojun.textindex import DENSE, MAX_CHARACTERS, fold

__all__ = ["DENSE", "MAX_QUERY", "OVERLAP", "SEGMENT", "Segment", "fold", "occurrences", "segments"]

MAX_QUERY = 50
SEGMENT = MAX_CHARACTERS
OVERLAP = MAX_QUERY


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of folded text that begins at offset `start`; its end repeats the beginning of the next one."""

    number: int
    start: int
    folded: str

    def finds(self, needle: str) -> Iterator[int]:
        """Offsets in the whole text of the places that begin here, not in the repeated end."""
        for place in occurrences(needle, self.folded):
            if place >= SEGMENT:
                return
            yield self.start + place


def segments(text: str) -> list[Segment]:
    """The folded text in pieces of 20,000, each with the first 50 code points of the next; nothing for no text."""
    folded = fold(text)
    return [
        Segment(number, start, folded[start : start + SEGMENT + OVERLAP])
        for number, start in enumerate(range(0, len(folded), SEGMENT))
    ]


def occurrences(needle: str, text: str) -> Iterator[int]:
    """Where `needle` begins in `text`, overlapping places too; both are folded by the caller."""
    place = text.find(needle) if needle else -1
    while place >= 0:
        yield place
        place = text.find(needle, place + 1)
