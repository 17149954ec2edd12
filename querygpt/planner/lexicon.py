"""Words of business in Chinese and English that mean the same, from `lexicon.tsv`.

A line: concept, Chinese words, English words (both parted by "|"), concepts that may stand in for it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from querygpt.planner.normalising import key

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """`forms`: units of a word → its concepts. `near`: a concept → weaker ones. `words`: how many forms."""

    forms: dict[Key, tuple[str, ...]]
    near: dict[str, tuple[str, ...]]
    words: int
    longest: int

    def readings(self, units: Key) -> list[Key]:
        """The phrase as sequences of concepts, longest forms first; an unknown unit stands for itself."""
        found = _segmented(self, units)
        readings: list[Key] = [()]
        for choices in found:
            readings = [(*one, choice) for one in readings for choice in choices][:8]
        return readings


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    forms: dict[Key, list[str]] = defaultdict(list)
    near: dict[str, tuple[str, ...]] = {}
    words = 0
    text = Path(__file__).with_name("lexicon.tsv").read_text(encoding="utf-8")
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        concept, chinese, english, *weaker = [*line.split("\t"), ""][:4]
        near[concept] = tuple(weaker[0].split("|")) if weaker and weaker[0] else ()
        for word in filter(None, [*chinese.split("|"), *english.split("|")]):
            if concept not in forms[key(word)]:
                forms[key(word)].append(concept)
            words += 1
    longest = max(map(len, forms))
    return Lexicon({one: tuple(found) for one, found in forms.items()}, near, words, longest)


def _segmented(lexicon: Lexicon, units: Key) -> list[tuple[str, ...]]:
    """Fewest pieces win; among equals the longer first piece."""
    best: list[tuple[int, list[tuple[str, ...]]]] = [(0, [])]
    for end in range(1, len(units) + 1):
        options = []
        for start in range(max(0, end - lexicon.longest), end):
            concepts = lexicon.forms.get(units[start:end])
            if concepts:
                options.append((best[start][0] + 1, [*best[start][1], concepts]))
        cost, pieces = best[end - 1]
        options.append((cost + 3, [*pieces, (units[end - 1],)]))
        best.append(min(options, key=lambda one: one[0]))
    return best[-1][1]
