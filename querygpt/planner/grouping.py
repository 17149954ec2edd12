"""What rows are told apart by, and that no way to it multiplies them."""

from __future__ import annotations

from querygpt.planner import joins
from querygpt.planner.asking import Unclear
from querygpt.planner.linking import Token
from querygpt.planner.measuring import Measured
from querygpt.planner.vocabulary import Ref


class Grouped(Measured):
    """Dimensions."""

    def _dimensions(self, groups: list[Token]) -> None:
        for token in groups:
            self._dimension(token)
        self._bucketed()
        if len(self.plan["dimensions"]) > 3:
            raise Unclear("too_many_groups")

    def _dimension(self, token: Token) -> None:
        base = self.plan["table"]
        ref = self.chooser.ref(
            token,
            lambda one: (
                one.term is None or self.facts.catalogue.terms[one.term].kind == "dimension"
            ),
            near=[base],
        )
        if ref.term is not None:
            self._add_dimension(
                {
                    "table": ref.table,
                    "column": None,
                    "expression": self.facts.catalogue.terms[ref.term].expression,
                    "label": token.text,
                }
            )
            return
        self._reach(ref.table)
        base = self.plan["table"]
        pointed = self._pointed_at(ref)
        if pointed is not None:
            self.plan.setdefault("hints", []).append({"table": ref.table, "column": ref.column})
            ref = Ref(pointed, None, ref.score)
        if ref.column is None:
            if self._counts_itself(ref.table):
                raise Unclear("nested")
            names = self.facts.names(ref.table)
            for name in names:
                self._add_dimension(
                    {"table": ref.table, "column": name, "key": self.facts.key_of(ref.table)}
                )
            return
        is_time = self.facts.role(ref.table, ref.column) == "time"
        bucket = (
            "day" if is_time and self.facts.column(ref.table, ref.column).family != "date" else None
        )
        if is_time and self.asked.buckets:
            bucket = self.asked.buckets.pop(0)
        self._add_dimension({"table": ref.table, "column": ref.column, "bucket": bucket})

    def _pointed_at(self, ref: Ref) -> str | None:
        """A key of another table stands for that table's rows."""
        ends = [
            edge.target
            for edge in self.facts.edges
            if edge.source == ref.table and edge.source_columns == (ref.column,)
        ]
        return ends[0] if len(ends) == 1 and self.facts.names(ends[0]) else None

    def _counts_itself(self, table: str) -> bool:
        """Rows of a table counted by its own key are always one."""
        return self.plan["table"] == table and any(
            one["agg"] == "count" for one in self.plan["measures"]
        )

    def _reach(self, table: str) -> None:
        """A dimension must be reached without multiplying; a count may go over the bridge instead."""
        base = self.plan["table"]
        if joins.ways(self.facts, base, table):
            return
        measures = self.plan["measures"]
        keys = self.facts.key_of(base)
        bridges = self._roots(base, table)
        if (
            len(measures) == 1
            and measures[0]["agg"] == "count"
            and len(keys) == 1
            and len(bridges) == 1
        ):
            self.plan["table"] = bridges[0]
            measures[0].update(agg="count_distinct", column=keys[0])
            return
        raise Unclear("fan_out", base, table)

    def _bucketed(self) -> None:
        wanted = list(dict.fromkeys(self.asked.buckets))
        self.asked.buckets = []
        if (
            "trend" in self.asked.marks
            and not wanted
            and not any(one["bucket"] for one in self.plan["dimensions"])
        ):
            wanted = ["month"]
            self._assume("by_month")
        for bucket in wanted:
            table, column = self._time_place(self.plan["table"], bucket)
            self._add_dimension(
                {
                    "table": table,
                    "column": column,
                    "bucket": bucket if column not in self.facts.years(table) else None,
                }
            )

    def _others(self, tokens: list[Token]) -> None:
        """Tables named beside the main one: on the way to it, or rows that must exist."""
        base = self.plan["table"]
        missing = [self.chooser.table(one) for one, _ in self.asked.exists]
        for token in tokens:
            table = self.chooser.table(token)
            if any(joins.ways(self.facts, one, table) for one in (base, *missing)):
                continue
            if not self._roots(base, table):
                raise Unclear("no_way", base, table)
            self.exists.append((table, False, []))
            self._assume("with_rows", token.text)

    def _natural_order(self) -> None:
        buckets = [n for n, one in enumerate(self.plan["dimensions"]) if one.get("bucket")]
        if buckets:
            self.plan["order"] = [{"by": "dimension", "index": n, "desc": False} for n in buckets]
        else:
            self.plan["order"] = [{"by": "measure", "index": 0, "desc": True}]

    def _mentioned_dimension(self, token: Token) -> None:
        """A column named beside a measure: what the rows are told apart by, if the question asks which."""
        if (
            self.asked.marks & {"share", "compare", "trend", "which", "which_all"}
            or self.asked.superlative is not None
            or (len(self.asked.mentions) == 1 and not token.text.isascii())
        ):
            self._dimensions([token])
            return
        raise Unclear("unplaced", token.text)
