"""Plan → SQL of one dialect, from expression objects; names are quoted where they must be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlglot import exp, parse_one
from sqlglot.dialects.dialect import Dialect as Grammar
from sqlglot.tokens import Tokenizer

from querygpt.catalogue import Catalogue, Dialect
from querygpt.planner import joins
from querygpt.planner.asking import Unclear
from querygpt.planner.buckets import bucketed
from querygpt.planner.facts import Edge, Facts, facts_of

Plan = Mapping[str, Any]
_COMPARISONS = {
    "eq": exp.EQ, "ne": exp.NEQ, ">": exp.GT, ">=": exp.GTE, "<": exp.LT, "<=": exp.LTE,
}  # fmt: skip
_AGGREGATES = {"sum": exp.Sum, "avg": exp.Avg, "min": exp.Min, "max": exp.Max}
_LABELS = {"avg": "average", "min": "lowest", "max": "highest", "median": "median"}
_SIMPLE = {"postgresql": r"[a-z_][a-z0-9_]*"}
_RESERVED = {
    "order",
    "group",
    "user",
    "table",
    "index",
    "key",
    "rank",
    "rows",
    "range",
    "condition",
    "left",
    "right",
    "match",
    "check",
    "default",
    "to",
    "from",
    "limit",
    "values",
    "grouping",
    "groups",
    "system",
    "lead",
    "lag",
    "of",
    "read",
    "usage",
    "explain",
    "describe",
    "option",
    "references",
    "window",
    "function",
    "interval",
    "lateral",
    "end",
    "when",
    "then",
    "case",
    "desc",
    "asc",
    "all",
    "any",
    "both",
    "position",
    "year_month",
    "signal",
    "release",
    "schema",
    "column",
    "constraint",
    "analyze",
    "offset",
    "only",
    "primary",
    "transaction",
    "commit",
}


def render(plan: Plan, *, dialect: Dialect, catalogue: Catalogue) -> tuple[str, list[str]]:
    """SQL and the relationships it joins along. Raises Unclear where the dialect or a way is missing."""
    writer = Writer(plan, dialect, facts_of(catalogue))
    return writer.sql(), writer.joined


class Writer:
    def __init__(self, plan: Plan, dialect: Dialect, facts: Facts) -> None:
        self.plan = plan
        self.facts = facts
        self.dialect = dialect
        self.grammar = {"postgresql": "postgres", "mariadb": "mysql"}.get(dialect, dialect)
        self.joined: list[str] = []
        self._keywords = {word.lower() for word in Tokenizer.KEYWORDS if word.isalpha()} | _RESERVED

    def sql(self) -> str:
        query = exp.Select(distinct=exp.Distinct() if self.plan["distinct"] else None)
        query = query.from_(self._table(self.plan["table"]))
        for edge in self._edges(self.plan["table"], self._places()):
            self.joined.append(edge.id)
            query = query.join(self._table(edge.target), on=self._on(edge), join_type="inner")
        query = query.select(*self._selected())
        for condition in [*self.plan["filters"], *self.plan["exists"]]:
            query = query.where(
                self._exists(condition) if "root" in condition else self._condition(condition)
            )
        query = self._grouped(query)
        query = self._ordered(query)
        if self.plan["limit"]:
            query = query.limit(int(self.plan["limit"]))
        return query.sql(dialect=Grammar.get_or_raise(self.grammar), pretty=True)

    # names

    def _name(self, name: str) -> exp.Identifier:
        pattern = _SIMPLE.get(self.dialect, r"[A-Za-z_][A-Za-z0-9_]*")
        quoted = not re.fullmatch(pattern, name) or name.lower() in self._keywords
        return exp.to_identifier(name, quoted=quoted)

    def _table(self, place: str) -> exp.Table:
        table = self.facts.tables[place]
        return exp.Table(
            this=self._name(table.name), db=self._name(table.schema) if table.schema else None
        )

    def _column(self, place: str, column: str) -> exp.Column:
        return exp.Column(this=self._name(column), table=self._name(self.facts.tables[place].name))

    # joins

    def _places(self) -> list[str]:
        found = [
            one["table"]
            for kind in ("measures", "dimensions", "filters", "columns")
            for one in self.plan[kind]
        ]
        found += [one["table"] for one in self.plan["order"] if "table" in one]
        return list(dict.fromkeys(found))

    def _edges(self, base: str, places: list[str]) -> list[Edge]:
        hints = tuple(one["column"] for one in self.plan.get("hints", ()))
        edges: dict[str, Edge] = {}
        for place in places:
            way = joins.way(self.facts, base, place, hints)
            if way is None:
                raise Unclear("no_way", base, place)
            for edge in way:
                if edges.setdefault(edge.target, edge) != edge:
                    raise joins.SeveralWays(base, edge.target, [[edges[edge.target]], [edge]])
        return list(edges.values())

    def _on(self, edge: Edge) -> exp.Expr:
        pairs = zip(edge.source_columns, edge.target_columns, strict=True)
        return exp.and_(
            *(
                self._column(edge.source, one).eq(self._column(edge.target, other))
                for one, other in pairs
            )
        )

    def _exists(self, item: Mapping[str, Any]) -> exp.Expr:
        """Some row of `root` leads to this row and fulfils the filters."""
        base, root = self.plan["table"], item["root"]
        way = joins.way(self.facts, root, base)
        if not way:
            raise Unclear("no_way", base, root)
        inner = {edge.target: edge for edge in way[:-1]}
        for place in [item["table"], *(one["table"] for one in item["filters"])]:
            for edge in joins.way(self.facts, root, place) or ():
                if edge.target == base or inner.setdefault(edge.target, edge) != edge:
                    raise Unclear("no_way", base, place)
        query = exp.select("1").from_(self._table(root))
        for edge in inner.values():
            query = query.join(self._table(edge.target), on=self._on(edge), join_type="inner")
        query = query.where(self._on(way[-1]), *(self._condition(one) for one in item["filters"]))
        found = exp.Exists(this=query)
        return exp.Not(this=found) if item["negated"] else found

    # what is selected

    def _selected(self) -> list[exp.Expr]:
        found = [self._dimension(one, is_named=True) for one in self.plan["dimensions"]]
        measures = [self._measure(one) for one in self.plan["measures"]]
        found += [
            exp.alias_(measure, self._label(one), quoted=True)
            for measure, one in zip(measures, self.plan["measures"], strict=True)
        ]
        if self.plan["share"]:
            found.append(exp.alias_(self._share(measures[0]), "share_percent"))
        found += [self._column(one["table"], one["column"]) for one in self.plan["columns"]]
        return self._apart(found)

    def _apart(self, found: list[exp.Expr]) -> list[exp.Expr]:
        """Columns of one name from two tables carry the table's name too."""
        names = [one.alias_or_name for one in found]
        return [
            exp.alias_(one, f"{one.table}_{one.name}", quoted=True)
            if isinstance(one, exp.Column) and names.count(one.name) > 1
            else one
            for one in found
        ]

    def _label(self, one: Mapping[str, Any]) -> str:
        text = re.sub(r"\s+", "_", str(one.get("label") or one.get("column") or one["agg"]))
        if not text.isascii():
            prefix = {
                "avg": "平均",
                "min": "最低",
                "max": "最高",
                "median": "中位",
                "count": "",
                "count_distinct": "",
            }.get(one["agg"], "")
            suffix = "数" if one["agg"] in ("count", "count_distinct") else ""
            return f"{prefix}{text}{suffix}"
        if one["agg"] in ("count", "count_distinct"):
            return f"{text}_count"
        return f"{_LABELS[one['agg']]}_{text}" if one["agg"] in _LABELS else text

    def _measure(self, one: Mapping[str, Any]) -> exp.Expr:
        agg = one["agg"]
        if agg == "term":
            return self._fragment(one["table"], one["expression"])
        if agg == "count" and one["column"] == "*":
            return exp.Count(this=exp.Star())
        if one.get("product"):
            return exp.Sum(this=self._product(one))
        column = self._column(one["table"], one["column"])
        if agg == "count_distinct":
            return exp.Count(this=exp.Distinct(expressions=[column]))
        if agg == "median":
            return self._median(column)
        return _AGGREGATES[agg](this=column)

    def _product(self, one: Mapping[str, Any]) -> exp.Expr:
        price, quantity, discount = one["product"]
        found: exp.Expr = exp.Mul(
            this=self._column(one["table"], price), expression=self._column(one["table"], quantity)
        )
        if discount:
            rest = exp.Sub(
                this=exp.Literal.number(1), expression=self._column(one["table"], discount)
            )
            found = exp.Mul(this=found, expression=exp.Paren(this=rest))
        return found

    def _median(self, column: exp.Column) -> exp.Expr:
        if self.dialect == "duckdb":
            return exp.Anonymous(this="MEDIAN", expressions=[column])
        if self.dialect == "postgresql":
            order = exp.Order(expressions=[exp.Ordered(this=column)])
            return exp.WithinGroup(
                this=exp.PercentileCont(this=exp.Literal.number("0.5")), expression=order
            )
        raise Unclear("no_median")

    def _share(self, measure: exp.Expr) -> exp.Expr:
        whole = exp.Window(this=exp.Sum(this=measure.copy()))
        hundred = exp.Mul(this=measure.copy(), expression=exp.Literal.number("100.0"))
        return exp.Div(this=hundred, expression=whole, typed=True)

    def _fragment(self, place: str, text: str) -> exp.Expr:
        """A term's expression, its columns said to be of their table."""
        tree = parse_one(text, dialect=self.grammar)
        for column in tree.find_all(exp.Column):
            if not column.table:
                column.replace(self._column(place, column.name)) if column is not tree else None
        return (
            self._column(place, tree.name)
            if isinstance(tree, exp.Column) and not tree.table
            else tree
        )

    # groups and buckets

    def _dimension(self, one: Mapping[str, Any], *, is_named: bool = False) -> exp.Expr:
        if one.get("expression"):
            found = self._fragment(one["table"], one["expression"])
            return exp.alias_(found, one["label"], quoted=True) if is_named else found
        column = self._column(one["table"], one["column"])
        if not one.get("bucket"):
            return column
        found = bucketed(
            column,
            one["bucket"],
            self.facts.column(one["table"], one["column"]).family,
            self.dialect,
        )
        return exp.alias_(found, one["bucket"], quoted=True) if is_named else found

    def _grouped(self, query: exp.Select) -> exp.Select:
        if not self.plan["measures"]:
            return query
        groups = [self._dimension(one) for one in self.plan["dimensions"]]
        for one in self.plan["dimensions"]:
            groups += [
                self._column(one["table"], name)
                for name in one.get("key", ())
                if name != one["column"]
            ]
        query = query.group_by(*dict.fromkeys(groups)) if groups else query
        for one in self.plan["having"]:
            measure = self._measure(self.plan["measures"][one["measure"]])
            query = query.having(
                _COMPARISONS[one["op"]](this=measure, expression=_number(one["value"]))
            )
        return query

    def _ordered(self, query: exp.Select) -> exp.Select:
        found = [self._order(one) for one in self.plan["order"]]
        if (
            self.plan["limit"]
            and self.plan["dimensions"]
            and self.plan["order"]
            and self.plan["order"][0]["by"] == "measure"
        ):
            found += [
                exp.Ordered(
                    this=self._dimension(self.plan["dimensions"][0]),
                    nulls_first=self.dialect == "sqlite",
                )
            ]
        return query.order_by(*found) if found else query

    def _order(self, one: Mapping[str, Any]) -> exp.Expr:
        if one["by"] == "measure":
            target = self._measure(self.plan["measures"][one["index"]])
        elif one["by"] == "dimension":
            target = self._dimension(self.plan["dimensions"][one["index"]])
        else:
            target = self._column(one["table"], one["column"])
        is_plain = self.dialect not in ("postgresql", "duckdb")
        return exp.Ordered(this=target, desc=one["desc"], nulls_first=is_plain and not one["desc"])

    # conditions

    def _condition(self, one: Mapping[str, Any]) -> exp.Expr:
        if one["op"] == "expression":
            return exp.Paren(this=self._fragment(one["table"], one["expression"]))
        column = self._column(one["table"], one["column"])
        family = self.facts.column(one["table"], one["column"]).family
        op, values = one["op"], one["values"]
        if op in ("null", "notnull"):
            return self._missing(column, family, is_present=op == "notnull")
        if op == "during":
            return self._during(column, family, values)
        if op == "during_any":
            return exp.Paren(
                this=exp.or_(*(self._during(column.copy(), family, one) for one in values))
            )
        literals = [_literal(value, family) for value in values]
        if op in ("in", "notin"):
            found = exp.In(this=column, expressions=literals)
            return exp.Not(this=found) if op == "notin" else found
        if op == "between":
            return exp.Between(this=column, low=literals[0], high=literals[1])
        if op in ("contains", "starts", "ends"):
            return self._like(column, op, str(values[0]))
        return _COMPARISONS[op](this=column, expression=literals[0])

    def _missing(self, column: exp.Column, family: str, *, is_present: bool) -> exp.Expr:
        """Empty text counts as missing."""
        missing: exp.Expr = exp.Is(this=column, expression=exp.Null())
        if family == "text":
            missing = exp.Paren(this=exp.or_(missing, column.copy().eq(exp.Literal.string(""))))
        return exp.Not(this=missing) if is_present else missing

    def _like(self, column: exp.Column, op: str, text: str) -> exp.Expr:
        escaped = re.sub(r"([!%_])", r"!\1", text)
        pattern = exp.Literal.string(
            ("" if op == "starts" else "%") + escaped + ("" if op == "ends" else "%")
        )
        kind = exp.ILike if self.dialect in ("postgresql", "duckdb") else exp.Like
        found = kind(this=column, expression=pattern)
        return (
            exp.Escape(this=found, expression=exp.Literal.string("!")) if escaped != text else found
        )

    def _during(self, column: exp.Column, family: str, values: list[Any]) -> exp.Expr:
        start, end, kind = values
        if kind == "year":
            parts: list[exp.Expr | None] = [
                exp.GTE(this=column, expression=_number(start)) if start else None,
                exp.LTE(this=column.copy(), expression=_number(end)) if end else None,
            ]
            if start == end:
                return column.eq(_number(start))
        else:
            parts = [
                exp.GTE(this=column, expression=self._day(start, family)) if start else None,
                exp.LT(this=column.copy(), expression=self._day(end, family)) if end else None,
            ]
        return exp.and_(*(one for one in parts if one is not None))

    def _day(self, text: str, family: str) -> exp.Expr:
        literal = exp.Literal.string(text)
        return (
            literal
            if self.dialect == "sqlite" or family not in ("date", "datetime")
            else exp.cast(literal, "date")
        )


def _literal(value: Any, family: str) -> exp.Expr:
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, int | Decimal) or (
        family in ("int", "decimal", "float") and re.fullmatch(r"-?\d+(\.\d+)?", str(value))
    ):
        return _number(value)
    return exp.Literal.string(str(value))


def _number(value: Any) -> exp.Expr:
    return exp.Literal.number(str(value))
