"""Pieces of a text by their length in 字: its end, its beginning, at most so much of it up to the end of a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator

from studio.prose.counting import count

_sentence = re.compile(r".*?(?:[。！？!?…]+[”’」』）)\"']*|[.;](?=\s)|\n|\Z)", re.DOTALL)
# A word of an alphabet takes about so many characters.
WIDEST = 16


def clipped(text: str, words: int) -> str:
    """At most `words` 字 from the beginning, whole sentences; a first sentence that is longer is cut within."""
    window = text[: words * WIDEST]
    if window == text and count(text).words <= words:
        return text.strip()
    kept = ""
    for sentence in _sentences(window):
        if count(kept + sentence).words > words:
            break
        kept += sentence
    return (kept.strip() or _cut(window, words)).strip()


def tail(text: str, words: int) -> str:
    """The end of a text with at least `words` 字, or all of it."""
    size = words
    while size < len(text) and count(text[-size:]).words < words:
        size *= 2
    return text[-size:] if size < len(text) else text


def head(text: str, words: int) -> str:
    """The beginning of a text with at least `words` 字, or all of it."""
    size = words
    while size < len(text) and count(text[:size]).words < words:
        size *= 2
    return text[:size]


def slices(text: str, most: int) -> list[str]:
    """The text in pieces of at most `most` characters, parted at ends of lines where there are some."""
    pieces: list[str] = []
    rest = text
    while len(rest) > most:
        at = rest.rfind("\n", most // 2, most) + 1 or most
        pieces.append(rest[:at])
        rest = rest[at:]
    return [piece for piece in [*pieces, rest] if piece.strip()]


def _sentences(text: str) -> Iterator[str]:
    return (found[0] for found in _sentence.finditer(text) if found[0])


def _cut(text: str, words: int) -> str:
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if count(text[:middle]).words <= words:
            low = middle
        else:
            high = middle - 1
    return text[:low]
