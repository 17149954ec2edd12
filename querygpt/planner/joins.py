"""Ways between tables that never multiply rows, and the bridges that do."""

from __future__ import annotations

from querygpt.planner.facts import Edge, Facts

MAX_HOPS = 4


class SeveralWays(Exception):
    """Two equally short ways lead from one table to the other."""

    def __init__(self, source: str, target: str, ways: list[list[Edge]]) -> None:
        super().__init__(source, target)
        self.source = source
        self.target = target
        self.ways = ways


def ways(facts: Facts, source: str, target: str) -> list[list[Edge]]:
    """All shortest chains of many-to-one steps; [[]] for the table itself, [] if there is none."""
    if source == target:
        return [[]]
    fringe: list[tuple[str, list[Edge]]] = [(source, [])]
    for _ in range(MAX_HOPS):
        steps = [
            (edge.target, [*way, edge])
            for place, way in fringe
            for edge in facts.edges
            if edge.source == place and edge.target not in (source, *(one.target for one in way))
        ]
        found = [way for place, way in steps if place == target]
        if found:
            return found
        fringe = steps
    return []


def hops(facts: Facts, source: str, target: str) -> int | None:
    """How many many-to-one steps; None if there is no way."""
    found = ways(facts, source, target)
    return len(found[0]) if found else None


def way(facts: Facts, source: str, target: str, hints: tuple[str, ...] = ()) -> list[Edge] | None:
    """The one way, or the one whose first column is hinted at. Raises SeveralWays."""
    found = ways(facts, source, target)
    if len(found) <= 1:
        return found[0] if found else None
    hinted = [one for one in found if any(hint in one[0].source_columns for hint in hints)]
    if len(hinted) == 1:
        return hinted[0]
    raise SeveralWays(source, target, found)


def distance(facts: Facts, one: str, other: str) -> int:
    """The shorter of both directions, a bridge counts 2; 9 if they have nothing to do with each other."""
    lengths = [hops(facts, one, other), hops(facts, other, one)]
    known = [length for length in lengths if length is not None]
    if known:
        return min(known)
    return 2 if bridges(facts, one, other) else 9


def bridges(facts: Facts, one: str, other: str) -> list[str]:
    """Tables that point at both, each by one direct step."""
    sources = [{edge.source for edge in facts.edges if edge.target == end} for end in (one, other)]
    return sorted((sources[0] & sources[1]) - {one, other})
