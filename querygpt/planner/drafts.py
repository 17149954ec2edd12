"""A plan in the making, and what every step asks of its words."""

from __future__ import annotations

from typing import Any

from querygpt.planner import joins
from querygpt.planner.asking import Asked, Unclear
from querygpt.planner.choosing import Chooser
from querygpt.planner.facts import NUMBERS, Facts
from querygpt.planner.linking import Token
from querygpt.planner.plans import empty_plan
from querygpt.planner.vocabulary import Ref
from querygpt.planner.wording import say

Plan = dict[str, Any]


class Draft:
    """The state that all steps share; `assumptions` are said in `language`."""

    def __init__(self, asked: Asked, facts: Facts, chooser: Chooser, language: str) -> None:
        self.asked = asked
        self.facts = facts
        self.chooser = chooser
        self.language = language
        self.plan = empty_plan()
        self.exists: list[tuple[str, bool, list[dict[str, Any]]]] = []
        self.hints: tuple[str, ...] = ()

    def _any(self, ref: Ref) -> bool:
        return ref.column is not None

    def _column(self, ref: Ref) -> bool:
        return ref.column is not None

    def _measured(self, ref: Ref) -> bool:
        if ref.term is not None:
            return self.facts.catalogue.terms[ref.term].kind == "metric"
        return ref.column is not None and self.facts.is_number(ref.table, ref.column)

    def _timed(self, ref: Ref) -> bool:
        return ref.column is not None and self.facts.role(ref.table, ref.column) == "time"

    def _text(self, ref: Ref) -> bool:
        return ref.column is not None and self.facts.column(ref.table, ref.column).family in (
            "text",
            "other",
        )

    def _measured_or_year(self, ref: Ref) -> bool:
        return ref.column is not None and self.facts.column(ref.table, ref.column).family in NUMBERS

    def _is_numeric(self, token: Token) -> bool:
        return token.has("derived") or any(self._measured(ref) for ref in token.refs[:6])

    def _is_category(self, token: Token) -> bool:
        best = token.refs[0] if token.refs else None
        return best is not None and best.column is not None and not self._measured(best)

    def _dimension_table(self, token: Token) -> str | None:
        best = token.refs[0]
        return best.table if best.column is None and best.term is None else None

    def _is_own(self, token: Token, measure: dict[str, Any]) -> bool:
        return token.refs[0].column is None and token.tables()[0].table == measure["table"]

    def _roots(self, one: str, other: str) -> list[str]:
        """Tables from which both can be reached, the nearest ones."""
        found: list[tuple[int, str]] = []
        for table in self.facts.tables:
            lengths = [joins.hops(self.facts, table, end) for end in (one, other)]
            if None not in lengths:
                found.append((sum(length or 0 for length in lengths), table))
        least = min(found, default=(0, ""))[0]
        return [table for length, table in found if length == least]

    def _assume(self, what: str, *words: str) -> None:
        said = say(what, self.language, *words)
        if said not in self.plan["assumptions"]:
            self.plan["assumptions"].append(said)

    def _filter(self, found: dict[str, Any]) -> None:
        """On the rows themselves where they lead to one row; else some row must exist."""
        base = self.plan["table"]
        for item in self.exists:
            if found["table"] == item[0] or (
                not joins.ways(self.facts, base, found["table"])
                and joins.ways(self.facts, item[0], found["table"])
            ):
                item[2].append(found)
                return
        if joins.ways(self.facts, base, found["table"]):
            self.plan["filters"].append(found)
            return
        if found["op"] in ("ne", "notin"):
            raise Unclear("fan_out", base, found["table"])
        self.exists.append((found["table"], False, [found]))

    def _add_dimension(self, found: dict[str, Any]) -> None:
        found = {"bucket": None, **found}
        if found not in self.plan["dimensions"]:
            self.plan["dimensions"].append(found)
