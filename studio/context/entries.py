"""Which people and places of a work belong beside a passage: those that must, those it names, those related to them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from laojun.textindex import fold
from studio.context.parts import Piece

DEPTH = 2
# Stands where a longer name was found, so that no shorter one is found inside it.
TAKEN = "\x00"
_edge = re.compile(r"[0-9a-z]", re.IGNORECASE)


@dataclass(frozen=True)
class Entry:
    """A character or an article of the world, as far as prompts know it. `related` holds keys of others."""

    key: str
    title: str
    text: str
    names: tuple[str, ...]
    inclusion: str = "detected"
    exclusions: tuple[str, ...] = ()
    is_case_sensitive: bool = False
    related: frozenset[str] = field(default_factory=frozenset)


def pieces(
    entries: Sequence[Entry], *, passages: Iterable[str], pins: Collection[str] = ()
) -> list[Piece]:
    """The pieces of `always` and `entries`. Those marked `never` are in none, `manual` ones only where pinned."""
    usable = {one.key: one for one in entries if one.inclusion != "never"}
    first = sorted(
        (one for one in usable.values() if one.inclusion == "always" or one.key in pins),
        key=lambda one: (one.title, one.key),
    )
    found = [
        Piece(
            one.key,
            "always",
            one.title,
            one.text,
            reason="pinned" if one.key in pins else "always",
            rank=at,
            place=at,
        )
        for at, one in enumerate(first)
    ]
    offered = {key: one for key, one in usable.items() if one.inclusion != "manual"}
    here = {one.key for one in first}
    counts = hits(offered.values(), "\n".join(passages))
    direct = sorted(
        (key for key in counts if key not in here),
        key=lambda key: (-counts[key], offered[key].title, key),
    )
    near = _related([*(one.key for one in first), *direct], usable, offered)
    listed = [(key, f"named:{counts[key]}") for key in direct]
    listed += [(key, f"related:{depth}") for key, depth in near]
    found += [
        Piece(key, "entries", offered[key].title, offered[key].text, reason, rank=at, place=at)
        for at, (key, reason) in enumerate(listed)
    ]
    return found


def hits(entries: Iterable[Entry], text: str) -> dict[str, int]:
    """How often each entry is named, the longest name first; a name inside a longer one or an exclusion is none."""
    folded = fold(text)
    counts: dict[str, int] = {}
    for surface, owners in sorted(
        _surfaces(entries).items(), key=lambda one: (-len(one[0]), one[0])
    ):
        pattern = _pattern(surface)
        places = [match.start() for match in pattern.finditer(folded)]
        if not places:
            continue
        for entry in owners:
            number = _number(entry, surface, text, places)
            if number:
                counts[entry.key] = counts.get(entry.key, 0) + number
        folded = pattern.sub(TAKEN * len(surface), folded)
    return counts


def _surfaces(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """What is looked for, folded; a phrase that excludes has no owner."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        for name in (*entry.names, entry.title):
            if name.strip() and entry not in found.setdefault(fold(name.strip()), []):
                found[fold(name.strip())].append(entry)
        for phrase in entry.exclusions:
            if phrase.strip():
                found.setdefault(fold(phrase.strip()), [])
    return found


def _number(entry: Entry, surface: str, text: str, places: Sequence[int]) -> int:
    if not entry.is_case_sensitive:
        return len(places)
    spelled = {name.strip() for name in (*entry.names, entry.title)}
    return sum(text[at : at + len(surface)] in spelled for at in places)


def _pattern(surface: str) -> re.Pattern[str]:
    """Latin edges need a neighbour that is no letter or digit."""
    before = r"(?<![0-9a-z])" if _edge.match(surface[0]) else ""
    after = r"(?![0-9a-z])" if _edge.match(surface[-1]) else ""
    return re.compile(before + re.escape(surface) + after)


def _related(
    starts: Sequence[str], usable: Mapping[str, Entry], offered: Mapping[str, Entry]
) -> list[tuple[str, int]]:
    """Entries within two steps, the nearer first, each once; the way does not lead through those that are hidden."""
    seen = set(starts)
    found: list[tuple[str, int]] = []
    level = list(starts)
    for depth in range(1, DEPTH + 1):
        reached = {key for one in level for key in usable[one].related if key in offered} - seen
        level = sorted(reached, key=lambda key: (offered[key].title, key))
        seen |= reached
        found += [(key, depth) for key in level]
    return found
