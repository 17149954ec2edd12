"""What changed between two texts: by paragraph (one per line), and inside a paragraph by character.

Paragraphs that stand once in both texts are the fixed points (the patience way), so repeated and empty lines cost
nothing; what lies between two of them is compared closely where it is small.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

# Above these a gap is shown as replaced as a whole: the cost grows with the product.
MAX_GAP_LINES = 400
MAX_FINE_CHARACTERS = 4_000
MAX_PAIRS = 1_000_000
MAX_PAIRS_IN_ALL = 4_000_000
# Shorter paragraphs ("Yes.") repeat by chance; nobody moved them.
MIN_MOVED_CHARACTERS = 8
_sentences = re.compile(r"[^。！？!?…\n]*[。！？!?…]+[”’」』\"]?|[^。！？!?…\n]+")


@dataclass(frozen=True, slots=True)
class Hunk:
    """Paragraphs `old_start:old_end` of the old text became `new_start:new_end` of the new one.

    Shapes: `old` and `new` are those paragraphs; `moved` holds those of them that stand elsewhere in the other text.
    """

    old_start: int
    old_end: int
    new_start: int
    new_end: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    moved: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a paragraph: `kind` is same, removed or added."""

    kind: str
    text: str


def compare(old: str, new: str) -> list[Hunk]:
    """The hunks in order; equal texts have none. Applying all of them to `old` gives `new`."""
    before, after = old.split("\n"), new.split("\n")
    spans = list(changes(before, after))
    moved = _moved(before, after, spans)
    return [
        Hunk(a, b, c, d, tuple(before[a:b]), tuple(after[c:d]), _of(moved, before[a:b], after[c:d]))
        for a, b, c, d in spans
    ]


def apply(old: str, hunks: Sequence[Hunk]) -> str:
    """`old` with some of the hunks of `compare(old, …)`."""
    lines = old.split("\n")
    for hunk in sorted(hunks, key=lambda one: one.old_start, reverse=True):
        lines[hunk.old_start : hunk.old_end] = hunk.new
    return "\n".join(lines)


def inside(old: str, new: str) -> list[Piece]:
    """What changed in a paragraph: by character up to 4,000 of them, by sentence beyond, or as a whole."""
    start, end = common(old, new)
    before, after = old[start : len(old) - end], new[start : len(new) - end]
    found = [
        Piece("same", old[:start]),
        *_middle(before, after),
        Piece("same", old[len(old) - end :]),
    ]
    return [piece for piece in found if piece.text]


def inside_each(pairs: Iterable[tuple[str, str]]) -> list[list[Piece]]:
    """`inside` for many paragraphs; when a page's worth of looking closely is spent, the rest is shown as a whole."""
    left, found = MAX_PAIRS_IN_ALL, list[list[Piece]]()
    for old, new in pairs:
        left -= _pairs(old, new)
        found.append(inside(old, new) if left >= 0 else _whole(old, new))
    return found


def changes(before: list[str], after: list[str]) -> Iterator[tuple[int, int, int, int]]:
    """Spans of paragraphs that differ, as (start, end) in both lists; neighbours are one span."""
    open_span: tuple[int, int, int, int] | None = None
    for a, b, c, d in _spans(before, after, 0, len(before), 0, len(after)):
        if open_span and open_span[1] == a and open_span[3] == c:
            open_span = open_span[0], b, open_span[2], d
            continue
        if open_span:
            yield open_span
        open_span = a, b, c, d
    if open_span:
        yield open_span


def _spans(
    before: list[str], after: list[str], a: int, b: int, c: int, d: int
) -> Iterator[tuple[int, int, int, int]]:
    while a < b and c < d and before[a] == after[c]:
        a, c = a + 1, c + 1
    while a < b and c < d and before[b - 1] == after[d - 1]:
        b, d = b - 1, d - 1
    if a == b and c == d:
        return
    if a == b or c == d:
        yield a, b, c, d
        return
    fixed = _fixed_points(before, after, a, b, c, d)
    if not fixed:
        yield from _close(before, after, a, b, c, d)
        return
    for i, j in [*fixed, (b, d)]:
        yield from _spans(before, after, a, i, c, j)
        a, c = i, j


def _fixed_points(
    before: list[str], after: list[str], a: int, b: int, c: int, d: int
) -> list[tuple[int, int]]:
    """Pairs of places of paragraphs that stand once in both ranges, in the same order in both."""
    once_before, once_after = _once(before, a, b), _once(after, c, d)
    pairs = [(place, once_after[text]) for text, place in once_before.items() if text in once_after]
    return _rising(sorted(pairs))


def _once(lines: list[str], start: int, end: int) -> dict[str, int]:
    counts = Counter(lines[start:end])
    return {lines[at]: at for at in range(start, end) if counts[lines[at]] == 1}


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest subsequence whose second numbers rise too."""
    tails, last, back = list[int](), list[int](), list[int]()
    for index, (_first, second) in enumerate(pairs):
        at = bisect_left(tails, second)
        back.append(last[at - 1] if at else -1)
        tails[at : at + 1] = [second]
        last[at : at + 1] = [index]
    found, index = list[tuple[int, int]](), last[-1] if last else -1
    while index >= 0:
        found.append(pairs[index])
        index = back[index]
    return found[::-1]


def _close(
    before: list[str], after: list[str], a: int, b: int, c: int, d: int
) -> Iterator[tuple[int, int, int, int]]:
    if b - a > MAX_GAP_LINES or d - c > MAX_GAP_LINES:
        yield a, b, c, d
        return
    matcher = SequenceMatcher(None, before[a:b], after[c:d], autojunk=False)
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag != "equal":
            yield a + i, a + j, c + k, c + m


def common(old: str, new: str) -> tuple[int, int]:
    """How many characters both begin with, and how many of the rest both end with."""
    start = _alike(old, new)
    return start, _alike(old[start:][::-1], new[start:][::-1])


def _alike(old: str, new: str) -> int:
    """By halves, since comparing slices is a hundred times as fast as comparing characters."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _middle(old: str, new: str) -> list[Piece]:
    if not old or not new:
        return [Piece("removed", old), Piece("added", new)]
    if max(len(old), len(new)) <= MAX_FINE_CHARACTERS and _pairs(old, new) <= MAX_PAIRS:
        return _pieces(old, new)
    before, after = _sentences.findall(old), _sentences.findall(new)
    if _pairs(before, after) <= MAX_PAIRS:
        return _pieces(before, after)
    return _whole(old, new)


def _whole(old: str, new: str) -> list[Piece]:
    return [Piece("removed", old), Piece("added", new)]


def _pairs(old: Sequence[str], new: Sequence[str]) -> int:
    """How many places of equal parts there are: what a close look costs."""
    counts = Counter(new)
    return sum(times * counts[part] for part, times in Counter(old).items())


def _pieces(old: Sequence[str], new: Sequence[str]) -> list[Piece]:
    found = list[Piece]()
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append(Piece("same", "".join(old[i:j])))
            continue
        found.append(Piece("removed", "".join(old[i:j])))
        found.append(Piece("added", "".join(new[k:m])))
    return found


def _moved(
    before: list[str], after: list[str], spans: list[tuple[int, int, int, int]]
) -> frozenset[str]:
    """Paragraphs that one span lost and another one gained."""
    lost = {line for a, b, _c, _d in spans for line in before[a:b]}
    gained = {line for _a, _b, c, d in spans for line in after[c:d]}
    return frozenset(line for line in lost & gained if len(line.strip()) >= MIN_MOVED_CHARACTERS)


def _of(moved: frozenset[str], *parts: list[str]) -> frozenset[str]:
    return moved and frozenset(line for part in parts for line in part if line in moved)
