"""Names in a text: who is meant where, the longer name before the shorter one inside it.

All names, aliases and exclusions are one automaton over folded text. Places are leftmost-longest and do not overlap;
an exclusion takes its place and credits nobody; a name that begins or ends with a letter of a spaced script or a digit needs a
neighbour that is neither. Offsets count code points.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick

from studio.prose.folding import DENSE, fold

_spaced = re.compile(rf"(?![{DENSE}])[^\W_]")


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody with every name; `exclusions` are words in which a name means nobody."""

    owner: str
    names: tuple[str, ...]
    exclusions: tuple[str, ...] = ()
    is_case_sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A place `start:end`; one owner is meant, several are an ambiguity that is credited to nobody."""

    start: int
    end: int
    surface: str
    owners: tuple[str, ...]


class Names:
    """The names of a work, ready to be found. `digest` changes whenever what they find may change."""

    def __init__(self, people: Iterable[Named]) -> None:
        known = sorted(people, key=lambda named: named.owner)
        self.digest = digest(known)
        # Folded surface → owner → the spellings that count; None where case says nothing.
        self._owners: defaultdict[str, dict[str, set[str] | None]] = defaultdict(dict)
        self._excluded: set[str] = set()
        for named in known:
            self._add(named)
        self._surfaces = [*{*self._owners, *self._excluded}]
        self._automaton = AhoCorasick(self._surfaces)

    def hits(self, text: str) -> Iterator[Hit]:
        """Every place where somebody is named, in order."""
        folded = fold(text)
        free = 0
        for start, end, surface in self._longest(folded):
            if start < free or not _stands_alone(folded, start, end):
                continue
            owners = self._meant(surface, text[start:end])
            if owners is None:
                continue
            free = end
            if owners:
                yield Hit(start, end, surface, owners)

    def ambiguous(self) -> dict[str, tuple[str, ...]]:
        """Surfaces that are the name of several, with whose."""
        return {
            surface: tuple(owners) for surface, owners in self._owners.items() if len(owners) > 1
        }

    def _add(self, named: Named) -> None:
        not_mine = {fold(words) for words in named.exclusions if words}
        self._excluded |= not_mine
        for name in named.names:
            surface = fold(name)
            if not surface or surface in not_mine:
                continue
            spellings = self._owners[surface].setdefault(named.owner, set())
            if not named.is_case_sensitive:
                self._owners[surface][named.owner] = None
            elif spellings is not None:
                spellings.add(name)

    def _longest(self, folded: str) -> Iterator[tuple[int, int, str]]:
        """The longest surface at each offset where one begins, in order."""
        ends: dict[int, tuple[int, int]] = {}
        for number, start, end in self._automaton.find_matches_as_indexes(folded, overlapping=True):
            if start not in ends or end > ends[start][0]:
                ends[start] = (end, number)
        for start in sorted(ends):
            end, number = ends[start]
            yield start, end, self._surfaces[number]

    def _meant(self, surface: str, written: str) -> tuple[str, ...] | None:
        """Whom a surface means as it is written; nobody for an exclusion; None for a spelling of nobody."""
        owners = self._owners.get(surface)
        if not owners:
            return ()
        meant = tuple(
            owner for owner, spellings in owners.items() if not spellings or written in spellings
        )
        return meant or None


def digest(people: Iterable[Named]) -> str:
    """A hash of all that says what is found."""
    plain = sorted(
        [one.owner, sorted(one.names), sorted(one.exclusions), one.is_case_sensitive]
        for one in people
    )
    return hashlib.sha256(json.dumps(plain, ensure_ascii=False).encode()).hexdigest()


def _stands_alone(folded: str, start: int, end: int) -> bool:
    """Whether a spaced script's word is not torn out of a longer one."""
    return not (
        (start and _spaced.match(folded[start]) and _spaced.match(folded[start - 1]))
        or (end < len(folded) and _spaced.match(folded[end - 1]) and _spaced.match(folded[end]))
    )
