"""Which rows count: conditions, values, flags, rows that must or must not exist."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from querygpt.planner import joins
from querygpt.planner.asking import Condition, Unclear
from querygpt.planner.facts import concept
from querygpt.planner.grammar import NO, YES
from querygpt.planner.grouping import Grouped
from querygpt.planner.linking import Token
from querygpt.planner.normalising import key, name_words

MILLISECONDS = {
    "millisecond": 1, "ms": 1, "second": 1_000, "sec": 1_000, "s": 1_000, "minute": 60_000, "min": 60_000, "hour": 3_600_000,
    "h": 3_600_000, "毫秒": 1, "秒": 1_000, "分钟": 60_000, "小时": 3_600_000,
}  # fmt: skip
MONEY = ("price", "amount", "revenue", "total", "payment", "cost", "fee", "salary", "budget")


class Narrowed(Grouped):
    """Filters."""

    def _filters(self) -> None:
        for condition in self.asked.conditions:
            self._condition(condition)
        grouped: dict[tuple[str, str, bool], list[str]] = {}
        for token, negated, column in self.asked.values:
            place, value = self._value(token, column)
            grouped.setdefault((*place, negated), []).append(value)
        for (table, name, negated), values in grouped.items():
            op = ("ne" if negated else "eq") if len(values) == 1 else ("notin" if negated else "in")
            self._filter({"table": table, "column": name, "op": op, "values": values})
            if (
                len(values) > 1
                and not negated
                and "compare" in self.asked.marks
                and self.plan["measures"]
            ):
                self._reach(table)
                self._add_dimension({"table": table, "column": name})
        for token, negated in self.asked.flags:
            self._flag(token, negated=negated)
        for token in self.asked.filter_terms:
            self._term_filter(token)

    def _term_filter(self, token: Token) -> None:
        for ref in token.refs:
            if ref.term is not None and self.facts.catalogue.terms[ref.term].kind == "filter":
                self._filter(
                    {
                        "table": ref.table,
                        "column": None,
                        "op": "expression",
                        "values": [],
                        "expression": self.facts.catalogue.terms[ref.term].expression,
                    }
                )
                return

    def _value(self, token: Token, column: Token | None) -> tuple[tuple[str, str], str]:
        near = [self.plan["table"]] if self.plan["table"] else []
        if token.values:
            hit = self.chooser.value(token, column, near)
            return (hit.table, hit.column), hit.value
        if column is not None:
            ref = self.chooser.ref(column, self._column, near)
            place = (ref.table, ref.column or "")
            return place, self._as_held(place, token.literal or "")
        names = self.facts.names(self.plan["table"])
        if len(names) != 1 or self.facts.column(self.plan["table"], names[0]).family != "text":
            raise Unclear("unplaced", token.literal or token.text)
        return (self.plan["table"], names[0]), token.literal or ""

    def _as_held(self, place: tuple[str, str], literal: str) -> str:
        """The value as the column writes it, where it is known: "r" of the question is the R of the data."""
        held = self.facts.catalogue.values.get(place, ())
        folded = literal.casefold()
        return next((value for value in held if value.casefold() == folded), literal)

    def _condition(self, one: Condition) -> None:
        near = [self.plan["table"], *self.chooser.anchors]
        if one.target is None:
            table, column = self._money(one)
        else:
            want = (
                self._any
                if one.op in ("null", "notnull")
                else self._text
                if one.op in ("contains", "starts", "ends")
                else self._measured_or_year
            )
            ref = self.chooser.ref(one.target, want, near)
            if ref.term is not None or ref.column is None:
                raise Unclear("unplaced", one.target.text)
            table, column = ref.table, ref.column
            self._refuse_hidden_sum(one, table)
        self._filter(
            {
                "table": table,
                "column": column,
                "op": one.op,
                "values": [plain(value) for value in self._in_unit(one, table, column)],
            }
        )

    def _refuse_hidden_sum(self, one: Condition, table: str) -> None:
        """Customers who spent more than 100: in one of their rows, or in all? Only a named table says."""
        numeric = one.op in (">", ">=", "<", "<=", "between", "eq")
        if (
            numeric
            and one.target
            and table not in self.chooser.anchors
            and not joins.ways(self.facts, self.plan["table"], table)
        ):
            raise Unclear("which_aggregate", one.target.text, kind="clarify")

    def _in_unit(self, one: Condition, table: str, column: str) -> list[Any]:
        """5 minutes are 300,000 of a column of milliseconds."""
        known = self.facts.column(table, column)
        names = (known.unit.lower(), *key(name_words(column)))
        own = next((MILLISECONDS[name] for name in names if name in MILLISECONDS), None)
        if own is None or one.unit not in MILLISECONDS:
            return list(one.values)
        values = [Decimal(str(value)) * MILLISECONDS[one.unit] / own for value in one.values]
        return [int(value) if value == int(value) else value for value in values]

    def _money(self, one: Condition) -> tuple[str, str]:
        """100元以上的订单: the table's only column of money; a text match without a column: its name."""
        table = self.plan["table"]
        if one.op in ("contains", "starts", "ends"):
            names = self.facts.names(table)
            if len(names) == 1:
                return table, names[0]
        found = [
            column.name
            for column in self.facts.columns(table)
            if self.facts.is_number(table, column.name) and concept(column.name) in MONEY
        ]
        if one.concept:
            ref = self.chooser.by_concept(one.concept, table, self._measured)
            if ref is not None and ref.column:
                return table, ref.column
        if not one.is_money or len(found) != 1:
            raise Unclear("unplaced", ", ".join(str(value) for value in one.values))
        return table, found[0]

    def _flag(self, token: Token, *, negated: bool) -> None:
        ref = self.chooser.ref(
            token,
            lambda one: one.column is not None and self.facts.role(one.table, one.column) == "flag",
            [self.plan["table"]],
        )
        column = self.facts.column(ref.table, ref.column or "")
        values = self.facts.values_of(ref.table, column.name)
        wanted = NO if negated else YES
        value: Any = not negated if column.family == "bool" else int(not negated)
        if column.family == "text":
            value = next((one for one in values if one.lower() in wanted), None)
            if value is None:
                raise Unclear("unplaced", token.text)
        self._filter({"table": ref.table, "column": column.name, "op": "eq", "values": [value]})

    def _existence(self) -> None:
        base = self.plan["table"]
        items = [(self.chooser.table(token), negated) for token, negated in self.asked.exists]
        for table, negated in items:
            mine = next((one for one in self.exists if one[0] == table), None)
            if mine is not None:
                self.exists.remove(mine)
            self.exists.append((table, negated, mine[2] if mine else []))
        for table, negated, filters in self.exists:
            roots = self._roots(base, table)
            if len(roots) != 1 or roots[0] == base:
                if roots and roots[0] == base and not filters:
                    self._points_at(table, negated=negated)
                    continue
                raise Unclear("no_way", base, table)
            self.plan["exists"].append(
                {"root": roots[0], "table": table, "negated": negated, "filters": filters}
            )

    def _points_at(self, table: str, *, negated: bool) -> None:
        """Without a parent: the key that points at it is NULL."""
        way = joins.way(self.facts, self.plan["table"], table)
        if not way or len(way) != 1:
            raise Unclear("no_way", self.plan["table"], table)
        self.plan["filters"].append(
            {
                "table": way[0].source,
                "column": way[0].source_columns[0],
                "op": "null" if negated else "notnull",
                "values": [],
            }
        )

    def _not_null(self, table: str, column: str, *, is_descending: bool) -> None:
        """Engines differ in where NULL sorts; the smallest value is never a missing one."""
        if not is_descending and self.facts.column(table, column).is_nullable:
            self.plan["filters"].append(
                {"table": table, "column": column, "op": "notnull", "values": []}
            )


def plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value
