"""Three texts into one: what both people did since the text that both began with.

A paragraph that one side changed is taken from that side; one that both changed alike is taken once; one that both
changed differently is a clash, and a person decides. Paragraphs are the unit: changes of neighbours do not clash.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from studio.prose import differences

Span = tuple[int, int, int, int]
SAME, MINE, THEIRS, BOTH, CLASH = "same", "mine", "theirs", "both", "clash"


@dataclass(frozen=True, slots=True)
class Hunk:
    """A run of paragraphs: `kind` says who changed it (same, mine, theirs, both alike, clash)."""

    kind: str
    base: tuple[str, ...]
    mine: tuple[str, ...]
    theirs: tuple[str, ...]

    @property
    def chosen(self) -> tuple[str, ...]:
        """What the merged text takes; of a clash, mine."""
        return self.theirs if self.kind == THEIRS else self.mine


@dataclass(frozen=True, slots=True)
class Merged:
    """`clean` when nobody has to decide; otherwise `text` holds my side of each clash."""

    text: str
    clean: bool
    hunks: tuple[Hunk, ...]


def merge(base: str, mine: str, theirs: str) -> Merged:
    """Both sides' changes of `base`.

    merge(b, b, x) and merge(b, x, b) are x, and merge(b, x, x) is x.
    """
    hunks = tuple(_joined(_hunks(base.split("\n"), mine.split("\n"), theirs.split("\n"))))
    text = "\n".join(line for hunk in hunks for line in hunk.chosen)
    return Merged(text, all(hunk.kind != CLASH for hunk in hunks), hunks)


def resolve(merged: Merged, choices: Iterable[tuple[str, ...]]) -> str:
    """The text with the paragraphs that a person chose for each hunk that is not the same on all sides, in order."""
    chosen = iter(choices)
    lines = [
        line for hunk in merged.hunks for line in (hunk.base if hunk.kind == SAME else next(chosen))
    ]
    return "\n".join(lines)


def _hunks(base: list[str], mine: list[str], theirs: list[str]) -> Iterator[Hunk]:
    at = 0
    for start, end, ours, others in _groups(_finely(base, mine), _finely(base, theirs)):
        if at < start:
            same = tuple(base[at:start])
            yield Hunk(SAME, same, same, same)
        left, right = _side(base, mine, ours, start, end), _side(base, theirs, others, start, end)
        yield Hunk(_kind(ours, others, left, right), tuple(base[start:end]), left, right)
        at = end
    if at < len(base):
        same = tuple(base[at:])
        yield Hunk(SAME, same, same, same)


def _kind(
    ours: list[Span], others: list[Span], left: tuple[str, ...], right: tuple[str, ...]
) -> str:
    if not others:
        return MINE
    if not ours:
        return THEIRS
    return BOTH if left == right else CLASH


def _finely(base: list[str], other: list[str]) -> list[Span]:
    """The changes; as many paragraphs for as many are changes of one paragraph each."""
    found = list[Span]()
    for a, b, c, d in differences.changes(base, other):
        if b - a != d - c:
            found.append((a, b, c, d))
            continue
        found += [(a + n, a + n + 1, c + n, c + n + 1) for n in range(b - a)]
    return found


def _groups(
    mine: list[Span], theirs: list[Span]
) -> Iterator[tuple[int, int, list[Span], list[Span]]]:
    """Ranges of the base that somebody changed, with the changes of each side; ranges that overlap are one."""
    left, right = mine[::-1], theirs[::-1]
    while left or right:
        start, end = min(side[-1][:2] for side in (left, right) if side)
        ours, others = list[Span](), list[Span]()
        grown = True
        while grown:
            grown = False
            for side, taken in ((left, ours), (right, others)):
                while side and _touches(side[-1], start, end):
                    span = side.pop()
                    taken.append(span)
                    start, end, grown = min(start, span[0]), max(end, span[1]), True
        yield start, end, ours, others


def _touches(span: Span, start: int, end: int) -> bool:
    """Whether a change overlaps the range. Two insertions at one place do; one beside a changed range does not."""
    first, last = span[:2]
    return (first, last) == (start, end) or (first < end and start < last)


def _side(
    base: list[str], other: list[str], spans: list[Span], start: int, end: int
) -> tuple[str, ...]:
    """One side's paragraphs for a range of the base."""
    lines, at = list[str](), start
    for a, b, c, d in spans:
        lines += base[at:a] + other[c:d]
        at = b
    return tuple(lines + base[at:end])


def _joined(hunks: Iterable[Hunk]) -> Iterator[Hunk]:
    """Neighbours of one kind as one, so that a person sees a passage and not its lines. Clashes stay apart."""
    last: Hunk | None = None
    for hunk in hunks:
        if last and last.kind == hunk.kind != CLASH:
            last = Hunk(
                last.kind,
                last.base + hunk.base,
                last.mine + hunk.mine,
                last.theirs + hunk.theirs,
            )
            continue
        if last:
            yield last
        last = hunk
    if last:
        yield last
