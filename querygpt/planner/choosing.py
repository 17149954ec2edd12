"""Which column or table a word means, given what else the question names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from querygpt.planner import joins
from querygpt.planner.asking import Unclear
from querygpt.planner.facts import Facts
from querygpt.planner.lexicon import lexicon
from querygpt.planner.linking import Token
from querygpt.planner.normalising import key, name_words
from querygpt.planner.vocabulary import Ref, ValueHit, vocabulary

STEP = 0.06
MARGIN = 0.05
Place = tuple[str, str | None, int | None]
Want = Callable[[Ref], bool]


class Ambiguous(Unclear):
    """Several readings of one token are equally close."""

    def __init__(self, token: Token, places: list[Place]) -> None:
        super().__init__("ambiguous", token.text, kind="clarify")
        self.token = token
        self.places = places


class Chooser:
    """Remembers the scores of what was chosen. `anchors`: tables that the question names outright."""

    def __init__(self, facts: Facts, tokens: list[Token], forced: Mapping[int, Place]) -> None:
        self.facts = facts
        self.forced = forced
        self.forced_times: dict[str, str] = {}
        self.anchors: list[str] = []
        self.scores: list[float] = []
        self._tokens = [one for one in tokens if one.is_content]

    def table(self, token: Token) -> str:
        return self.ref(token, lambda ref: ref.column is None and ref.term is None).table

    def ref(self, token: Token, want: Want, near: Iterable[str] = ()) -> Ref:
        """The best reading that is wanted. Raises Ambiguous, Unclear."""
        wanted = [ref for ref in token.refs if want(ref)]
        if token.start in self.forced:
            place = self.forced[token.start]
            wanted = [ref for ref in wanted if ref.place == place] or wanted
        anchors = [*near] or self.anchors
        scored = [(self._score(ref, token, anchors), ref) for ref in wanted]
        scored = sorted([one for one in scored if one[0] > 0.3], key=lambda one: -one[0])
        if not scored:
            raise Unclear("unplaced", token.text)
        scored = self._by_own_name(scored, token)
        best = scored[0][1]
        rivals = [
            ref
            for score, ref in scored[1:]
            if scored[0][0] - score < MARGIN and not self._same(best, ref)
        ]
        if best.column is None and best.term is None:
            rivals = [ref for ref in rivals if ref.table != best.table]
        if rivals and token.start not in self.forced:
            raise Ambiguous(token, [best.place, *(ref.place for ref in rivals)][:4])
        self.scores.append(min(1.0, best.score))
        return best

    def _by_own_name(
        self, scored: list[tuple[float, Ref]], token: Token
    ) -> list[tuple[float, Ref]]:
        """A table that is called just so is meant before those whose names only mean the same."""
        words = key(token.text)
        own = [
            one
            for one in scored
            if one[1].column is None
            and one[1].term is None
            and key(name_words(one[1].table)) == words
        ]
        if not own or scored[0][0] - own[0][0] >= MARGIN:
            return scored
        return [
            *own,
            *(one for one in scored if one[1].column is not None or one[1].term is not None),
        ]

    def value(self, token: Token, column: Token | None, near: Iterable[str]) -> ValueHit:
        """The column that holds a value. Raises Ambiguous."""
        hits = list(token.values)
        if column is not None:
            places = {(ref.table, ref.column): ref.score for ref in column.columns()}
            named = [hit for hit in hits if (hit.table, hit.column) in places]
            best = max((places[hit.table, hit.column] for hit in named), default=0)
            hits = [hit for hit in named if places[hit.table, hit.column] > best - MARGIN] or hits
        if token.start in self.forced:
            table, name, _ = self.forced[token.start]
            hits = [hit for hit in hits if (hit.table, hit.column) == (table, name)] or hits
        anchors = [*near] or self.anchors
        scored = sorted(
            (
                (self._far(hit.table, anchors) - self._adjacent(hit.table, token), n)
                for n, hit in enumerate(hits)
            )
        )
        if not scored or scored[0][0] >= 8:
            raise Unclear("unplaced", token.text)
        best_hit = hits[scored[0][1]]
        rivals = [
            hits[n]
            for far, n in scored[1:]
            if far - scored[0][0] < 0.5
            and (hits[n].table, hits[n].column) != (best_hit.table, best_hit.column)
        ]
        own = {
            (one.table, one.column)
            for one in [best_hit, *rivals]
            if one.column in self.facts.names(one.table)
        }
        if {one.table for one in rivals} == {best_hit.table} and len(own) == 1:
            return next(one for one in [best_hit, *rivals] if (one.table, one.column) in own)
        if rivals and token.start not in self.forced:
            places_found: list[Place] = [
                (one.table, one.column, None) for one in [best_hit, *rivals]
            ]
            raise Ambiguous(token, list(dict.fromkeys(places_found))[:4])
        self.scores.append(1.0)
        return best_hit

    def by_concept(self, concept: str, table: str, want: Want) -> Ref | None:
        """The column of one table that stands for a concept or what may stand in for it."""
        names = vocabulary(self.facts).names
        for meant in (concept, *lexicon().near.get(concept, ())):
            found = {
                ref.place: ref
                for ref in names.get((meant,), ())
                if ref.table == table and want(ref) and ref.score > 0.7
            }
            if len(found) == 1:
                return next(iter(found.values()))
            if found:
                best = sorted(found.values(), key=lambda ref: -ref.score)
                return best[0] if best[0].score - best[1].score > MARGIN else None
        return None

    def _score(self, ref: Ref, token: Token, anchors: list[str]) -> float:
        far = self._far(ref.table, anchors)
        if far >= 9:
            return 0.0
        return ref.score - STEP * far + 0.12 * self._adjacent(ref.table, token)

    def _far(self, table: str, anchors: list[str]) -> int:
        return min((joins.distance(self.facts, anchor, table) for anchor in anchors), default=0)

    def _adjacent(self, table: str, token: Token) -> bool:
        """The word before or after names that table."""
        if token not in self._tokens:
            return False
        place = next(n for n, one in enumerate(self._tokens) if one is token)
        near = self._tokens[max(0, place - 1) : place] + self._tokens[place + 1 : place + 2]
        return any(
            one.tables() and one.tables()[0].table == table and one.tables()[0].score > 0.9
            for one in near
        )

    def _same(self, one: Ref, other: Ref) -> bool:
        """Both ends of a relationship hold the same, and so do columns of several tables that point at one."""
        if one.table == other.table or one.term is not None or other.term is not None:
            return False
        return bool(self._meant(one) & self._meant(other))

    def _meant(self, ref: Ref) -> set[tuple[str, str]]:
        """What a reading leads to: itself, and the key that it alone of its table points at."""
        if ref.column is None:
            keys = self.facts.key_of(ref.table)
            return {(ref.table, keys[0])} if len(keys) == 1 else set()
        found = {(ref.table, ref.column)}
        for edge in self.facts.edges:
            if (edge.source, *edge.source_columns) == (ref.table, ref.column):
                others = [
                    one
                    for one in self.facts.edges
                    if (one.source, one.target) == (edge.source, edge.target)
                ]
                if len(others) == 1:
                    found.add((edge.target, edge.target_columns[0]))
        return found
