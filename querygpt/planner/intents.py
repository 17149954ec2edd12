"""Slots → plan: what is measured, of which rows, by what, in which order."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from querygpt.planner import joins
from querygpt.planner.asking import Asked, Condition, Measure, Unclear
from querygpt.planner.choosing import Chooser
from querygpt.planner.facts import NUMBERS, Facts, concept
from querygpt.planner.grammar import NO, NOT_ADDITIVE, YES
from querygpt.planner.lexicon import lexicon
from querygpt.planner.linking import Ref, Token
from querygpt.planner.plans import empty_plan
from querygpt.planner.times import Period
from querygpt.planner.wording import say

Plan = dict[str, Any]
MONEY = ("price", "amount", "revenue", "total", "payment", "cost", "fee", "salary", "budget")
MAX_LISTED = 14


class Composer:
    """Makes one plan; `assumptions` are said in `language`."""

    def __init__(self, asked: Asked, facts: Facts, chooser: Chooser, language: str) -> None:
        self.asked = asked
        self.facts = facts
        self.chooser = chooser
        self.language = language
        self.plan = empty_plan()
        self.exists: list[tuple[str, bool, list[dict[str, Any]]]] = []
        self.hints: tuple[str, ...] = ()

    def compose(self) -> Plan:
        self._anchor()
        self._implied()
        if self.asked.having:
            self._owners()
        elif self.asked.superlative is not None:
            self._superlative()
        elif self.asked.measures:
            self._aggregate()
        else:
            self._listing()
        self._filters()
        self._periods()
        self._sorting()
        self._existence()
        return self.plan

    # what the words are

    def _anchor(self) -> None:
        asked = self.asked
        counted = [one.target for one in asked.measures if one.agg == "count"]
        named = [
            *asked.subjects,
            *counted,
            *asked.groups,
            *(one for one, _ in asked.exists),
            *(one.target for one in asked.having if one.agg == "count"),
        ]
        if asked.superlative is not None:
            named.append(asked.superlative.counted)
        for token in named:
            if token is not None and token.tables() and token.refs[0].column is None:
                self.chooser.anchors.append(self.chooser.table(token))
        self.chooser.scores.clear()

    def _implied(self) -> None:
        """Numbers that are named without a word of summing."""
        asked = self.asked
        if asked.having or (
            asked.marks & {"list"} and asked.subjects and not (asked.groups or asked.buckets)
        ):
            if asked.superlative is None:
                return
        numeric = [one for one in asked.mentions if self._is_numeric(one)]
        if (
            asked.superlative is not None
            and numeric
            and not asked.superlative.target
            and not asked.superlative.counted
            and not asked.measures
            and not asked.superlative.concept
        ):
            asked.superlative.target = numeric[0]
            asked.mentions.remove(numeric[0])
            return
        if not asked.measures and asked.superlative is None:
            for token in numeric[:2]:
                if self._sums(token):
                    asked.measures.append(Measure("sum", token))
                    asked.mentions.remove(token)

    def _sums(self, token: Token) -> bool:
        """A number that adds up is summed; of one that does not, only a list can be meant."""
        ref = self.chooser.ref(token, self._measured)
        self.chooser.scores.pop()
        if ref.term is not None:
            return True
        grouped = bool(
            self.asked.groups
            or self.asked.buckets
            or self.asked.marks & {"trend", "share", "compare"}
        )
        additive = self._is_additive(ref, token)
        if grouped and not additive:
            raise Unclear("which_aggregate", token.text, kind="clarify")
        own = any(ref.table == self.chooser.table(one) for one in self.asked.subjects)
        return grouped or (
            additive
            and not (own and self.asked.marks & {"which", "list"} and not self.asked.periods)
        )

    def _is_additive(self, ref: Ref, token: Token) -> bool:
        meant = {
            concept(ref.column or ""),
            *(one for place in [concept(token.text)] for one in [place]),
        }
        return not meant & NOT_ADDITIVE and bool(meant - {""})

    def _is_numeric(self, token: Token) -> bool:
        return any(self._measured(ref) for ref in token.refs[:6])

    def _measured(self, ref: Ref) -> bool:
        if ref.term is not None:
            return self.facts.catalogue.terms[ref.term].kind == "metric"
        return ref.column is not None and self.facts.is_number(ref.table, ref.column)

    def _column(self, ref: Ref) -> bool:
        return ref.column is not None

    # measures

    def _measure(self, measure: Measure) -> dict[str, Any]:
        token, agg = measure.target, measure.agg
        if token is None:
            raise Unclear("no_measure")
        if agg == "count":
            table = self.chooser.table(token)
            return {"agg": "count", "table": table, "column": "*", "label": token.text}
        if agg == "count_rows":
            ref = self.chooser.ref(token, self._column)
            return {
                "agg": "count",
                "table": ref.table,
                "column": "*",
                "label": "数量" if self.language == "zh" else "rows",
            }
        if agg == "count_distinct":
            ref = self.chooser.ref(token, self._column)
            return {
                "agg": "count_distinct",
                "table": ref.table,
                "column": ref.column,
                "label": token.text,
            }
        return self._number(agg, token)

    def _number(self, agg: str, token: Token) -> dict[str, Any]:
        if agg in ("min", "max") and not self._is_numeric(token):
            ref: Ref | None = self.chooser.ref(token, self._timed)
        else:
            ref = self._number_ref(token)
        if ref is None:
            return self._product(token)
        if ref.term is not None:
            term = self.facts.catalogue.terms[ref.term]
            self._assume("meaning", token.text, term.expression)
            return {
                "agg": "term",
                "table": ref.table,
                "column": None,
                "expression": term.expression,
                "label": token.text,
            }
        if ref.score < 0.95:
            self._assume("meaning", token.text, f"{ref.table}.{ref.column}")
        return {"agg": agg, "table": ref.table, "column": ref.column, "label": token.text}

    def _timed(self, ref: Ref) -> bool:
        return ref.column is not None and self.facts.role(ref.table, ref.column) == "time"

    def _number_ref(self, token: Token) -> Ref | None:
        """A column that every dimension can be reached from; None if price × quantity must stand in."""
        dimensions = [self._dimension_table(one) for one in self._owners_of_rows()]
        anchors = [one for one in dimensions if one]

        def fits(ref: Ref) -> bool:
            return self._measured(ref) and all(
                joins.ways(self.facts, ref.table, one) for one in anchors
            )

        if any(fits(ref) for ref in token.refs):
            return self.chooser.ref(token, fits)
        if self._product_columns(anchors) and "revenue" in lexicon_concepts(token):
            return None
        return self.chooser.ref(token, self._measured)

    def _owners_of_rows(self) -> list[Token]:
        found = list(self.asked.groups)
        if self.asked.superlative is not None or self.asked.having:
            found += self.asked.subjects[:1]
        return found

    def _dimension_table(self, token: Token) -> str | None:
        best = token.refs[0]
        return best.table if best.column is None and best.term is None else None

    def _product(self, token: Token) -> dict[str, Any]:
        dimensions = [self._dimension_table(one) for one in self._owners_of_rows()]
        found = self._product_columns([one for one in dimensions if one])
        if len(found) != 1:
            raise Unclear("unplaced", token.text)
        table, price, quantity, discount = found[0]
        shown = f"{price} × {quantity}" + (f" × (1 − {discount})" if discount else "")
        self._assume("meaning", token.text, shown)
        return {
            "agg": "sum",
            "table": table,
            "column": None,
            "product": [price, quantity, discount],
            "label": token.text,
        }

    def _product_columns(self, anchors: list[str]) -> list[tuple[str, str, str, str | None]]:
        found = []
        for table in self.facts.tables:
            numbers = {
                concept(one.name): one for one in self.facts.columns(table) if one.family in NUMBERS
            }
            if {"price", "quantity"} <= set(numbers) and all(
                joins.ways(self.facts, table, one) for one in anchors
            ):
                discount = numbers.get("discount")
                is_rate = discount is not None and discount.family != "int"
                found.append(
                    (
                        table,
                        numbers["price"].name,
                        numbers["quantity"].name,
                        discount.name if discount and is_rate else None,
                    )
                )
        return found

    def _set_measures(self, measures: list[dict[str, Any]]) -> None:
        tables = {one["table"] for one in measures}
        if len(tables) > 1:
            raise Unclear("two_tables", *sorted(tables))
        self.plan["measures"] = measures
        self.plan["table"] = tables.pop()

    def _counted(self) -> None:
        """Shares, trends, groups of nothing but a table count its rows."""
        asked = self.asked
        numeric = [one for one in asked.mentions if self._is_numeric(one)]
        if asked.measures or asked.superlative is not None or asked.having or numeric or asked.sort:
            return
        asks = bool(asked.buckets or asked.marks & {"share", "trend", "compare"}) or (
            bool(asked.groups)
            and (asked.subjects[:1] and asked.subjects[0].text.isascii())
            and "list" not in asked.marks
        )
        if asks and len(asked.subjects) == 1:
            asked.measures.append(Measure("count", asked.subjects.pop()))
        elif "count_rows" in asked.marks and len(asked.groups) == 1 and not asked.subjects:
            asked.measures.append(Measure("count_rows", asked.groups[0]))

    # kinds of plan

    def _aggregate(self) -> None:
        self._set_measures([self._measure(one) for one in self.asked.measures])
        self._dimensions(self.asked.groups)
        self._others([one for one in self.asked.subjects])
        for token in self.asked.mentions:
            if self._is_numeric(token) and not self._is_category(token):
                raise Unclear("unplaced", token.text)
            self._mentioned_dimension(token)
        self._compared_periods()
        if "share" in self.asked.marks:
            if not self.plan["dimensions"] or len(self.plan["measures"]) != 1:
                raise Unclear("share_of_what")
            self.plan["share"] = True
        if self.plan["dimensions"] and not self.plan["order"]:
            self._natural_order()

    def _is_category(self, token: Token) -> bool:
        best = token.refs[0]
        return best.column is not None and not self._measured(best)

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

    def _natural_order(self) -> None:
        buckets = [n for n, one in enumerate(self.plan["dimensions"]) if one.get("bucket")]
        if buckets:
            self.plan["order"] = [{"by": "dimension", "index": n, "desc": False} for n in buckets]
        else:
            self.plan["order"] = [{"by": "measure", "index": 0, "desc": True}]

    def _owners(self) -> None:
        """Each owner whose many rows fulfil a condition on their count or sum."""
        owners = [
            *self.asked.groups,
            *self.asked.subjects,
            *[one for one in self.asked.mentions if self._is_category(one)],
        ]
        if self.asked.measures and not (
            len(self.asked.measures) == 1 and self.asked.measures[0].agg == "count" and not owners
        ):
            raise Unclear("nested")
        if self.asked.measures or "count" in self.asked.marks:
            raise Unclear("nested")
        if not owners:
            raise Unclear("no_owner", self.asked.having[0].target.text)
        having = [(self._measure(Measure(one.agg, one.target)), one) for one in self.asked.having]
        self._set_measures([measure for measure, _ in having])
        self._dimensions(owners[:1])
        self._others(owners[1:])
        self.plan["having"] = [
            {"measure": n, "op": one.op, "value": _plain(one.number)}
            for n, (_, one) in enumerate(having)
        ]
        self._natural_order()

    def _superlative(self) -> None:
        best = self.asked.superlative
        if best is None:
            return
        if best.concept:
            self._by_adjective()
            return
        owners = [
            *self.asked.groups,
            *self.asked.subjects,
            *[one for one in self.asked.mentions if self._is_category(one)],
        ]
        if best.counted is not None:
            self.asked.measures.insert(0, Measure("count", best.counted))
        if best.counted is not None or self.asked.measures:
            self._ranked(owners)
        elif best.target is not None:
            self._by_number(owners, best.target)
        else:
            raise Unclear("no_measure")

    def _ranked(self, owners: list[Token]) -> None:
        """Owners in the order of an aggregate."""
        best = self.asked.superlative
        measures = [self._measure(one) for one in self.asked.measures]
        if not owners and self.asked.buckets:
            self._set_measures(measures)
            self._dimensions([])
            self._rank_order()
            return
        if not owners:
            raise Unclear(
                "no_owner",
                self.asked.measures[0].target.text if self.asked.measures[0].target else "",
            )
        if len(self.asked.groups) == 1 and self.asked.subjects and self._differs(owners):
            raise Unclear("nested")
        self._set_measures(measures)
        if (
            best is not None
            and self._is_own(owners[0], measures[0])
            and measures[0]["agg"] in ("sum", "max", "min", "avg")
        ):
            self._rows_by(measures[0]["table"], measures[0]["column"], owners)
            return
        self._dimensions(owners[:1])
        self._others(owners[1:])
        self._rank_order()

    def _differs(self, owners: list[Token]) -> bool:
        return self._dimension_table(owners[0]) != self._dimension_table(owners[1])

    def _rank_order(self) -> None:
        best = self.asked.superlative
        self.plan["order"] = [
            {"by": "measure", "index": 0, "desc": best is None or best.is_descending}
        ]
        self.plan["limit"] = self.asked.limit or self._default_limit()

    def _default_limit(self) -> int:
        """The most expensive is one; a mere "top" is ten."""
        best = self.asked.superlative
        if best is not None and best.start >= 0:
            return 1
        self._assume("top_ten")
        return 10

    def _is_own(self, token: Token, measure: dict[str, Any]) -> bool:
        return token.refs[0].column is None and token.tables()[0].table == measure["table"]

    def _by_number(self, owners: list[Token], target: Token) -> None:
        """价格最高的商品 (rows), 销售额最高的地区 (sums), the highest price (one number)."""
        best = self.asked.superlative
        if best is None:
            return
        after = bool(owners) and owners[0].start > best.start and target.text.isascii()
        if (
            not owners
            or best.is_value
            or (
                after
                and self.asked.limit is None
                and best.start >= 0
                and owners[0] in self.asked.subjects
            )
            or (
                self.asked.groups
                and not self.asked.subjects
                and self._non_additive(target)
                and best.start >= 0
            )
        ):
            self.asked.measures = [Measure("max" if best.is_descending else "min", target)]
            self.asked.superlative = None
            self._aggregate()
            return
        measure = self._number("sum", target)
        if self._is_own(owners[0], measure) and measure["agg"] == "sum" and measure["column"]:
            self._rows_by(measure["table"], measure["column"], owners)
            return
        owner = self._dimension_table(owners[0])
        if owner and measure["column"] and joins.ways(self.facts, owner, measure["table"]):
            self._rows_by(owner, measure["column"], owners, measure["table"])
            return
        if measure["agg"] == "sum" and self._non_additive(target):
            raise Unclear("which_aggregate", target.text, kind="clarify")
        if self.asked.groups and self.asked.subjects and self._differs(owners):
            raise Unclear("nested")
        self._set_measures([measure])
        self._dimensions(owners[:1])
        self._others(owners[1:])
        self._rank_order()

    def _non_additive(self, token: Token) -> bool:
        ref = self.chooser.ref(token, self._measured)
        return ref.term is None and not self._is_additive(ref, token)

    def _by_adjective(self) -> None:
        """Newest, cheapest, longest, best selling: the adjective implies the column."""
        best = self.asked.superlative
        if best is None:
            return
        if best.concept == "sales_quantity":
            self._best_selling()
            return
        subjects = [*self.asked.subjects, *self.asked.groups]
        if not subjects or self.asked.groups or len(self.asked.subjects) > 1:
            raise Unclear("no_owner", best.concept)
        table = self.chooser.table(subjects[0])
        if best.concept == "date":
            column: str | None = self._time_column(table)
        else:
            found = self._adjective_column(best.concept, table)
            column = found
        if column is None:
            raise Unclear("no_column", best.concept, table)
        if "when" in self.asked.marks or (best.concept == "date" and self.asked.measures):
            self._set_measures(
                [
                    {
                        "agg": "max" if best.is_descending else "min",
                        "table": table,
                        "column": column,
                        "label": column,
                    }
                ]
            )
            return
        if self.asked.measures:
            raise Unclear("nested")
        self._rows_by(table, column, subjects)

    def _adjective_column(self, meant: str, table: str) -> str | None:
        best = self.asked.superlative
        found = self.chooser.by_concept(
            meant,
            table,
            lambda ref: ref.column is not None and (meant == "birthdate" or self._measured(ref)),
        )
        if found is None and meant == "birthdate" and best is not None:
            found = self.chooser.by_concept("age", table, self._measured)
            best.is_descending = not best.is_descending
        return found.column if found else None

    def _best_selling(self) -> None:
        owners = [*self.asked.subjects, *self.asked.groups]
        if len(owners) != 1:
            raise Unclear("no_owner", "")
        owner = self.chooser.table(owners[0])
        found = []
        for table in self.facts.tables:
            ref = self.chooser.by_concept("sales_quantity", table, self._measured)
            if ref is not None and table != owner and joins.ways(self.facts, table, owner):
                found.append(ref)
        if len(found) != 1:
            raise Unclear("no_measure")
        self._assume(
            "meaning",
            "best selling" if self.language == "en" else "销量",
            f"{found[0].table}.{found[0].column}",
        )
        self._set_measures(
            [
                {
                    "agg": "sum",
                    "table": found[0].table,
                    "column": found[0].column,
                    "label": "quantity",
                }
            ]
        )
        self._dimensions(owners)
        self._rank_order()

    def _rows_by(
        self, table: str, column: str, owners: list[Token], owner_of_column: str | None = None
    ) -> None:
        """Rows of one table in the order of a column."""
        best = self.asked.superlative
        self.plan["measures"] = []
        self.plan["table"] = table
        self._others(owners[1:])
        extra = [
            self.chooser.ref(one, self._column) for one in self.asked.mentions if one not in owners
        ]
        shown = [(table, name) for name in self.facts.names(table)]
        shown += [(ref.table, ref.column) for ref in extra if ref.column]
        shown.append((owner_of_column or table, column))
        if not extra:
            shown += [(table, one.name) for one in self.facts.columns(table)][:MAX_LISTED]
        self.plan["columns"] = [
            {"table": place, "column": name} for place, name in dict.fromkeys(shown)
        ]
        is_descending = best is None or best.is_descending
        self.plan["order"] = [
            {
                "by": "column",
                "table": owner_of_column or table,
                "column": column,
                "desc": is_descending,
            }
        ]
        self.plan["limit"] = self.asked.limit or self._default_limit()
        self._not_null(owner_of_column or table, column, is_descending)

    def _not_null(self, table: str, column: str, is_descending: bool) -> None:
        """Engines differ in where NULL sorts; the smallest value is never a missing one."""
        if not is_descending and self.facts.column(table, column).is_nullable:
            self.plan["filters"].append(
                {"table": table, "column": column, "op": "notnull", "values": []}
            )

    def _listing(self) -> None:
        asked = self.asked
        if not asked.subjects and not asked.mentions and not asked.groups:
            self._from_values()
            return
        if asked.groups or asked.buckets:
            raise Unclear("no_measure")
        refs = [self.chooser.ref(one, self._any) for one in asked.mentions]
        columns = [(ref.table, ref.column) for ref in refs if ref.column]
        base = self._base(columns)
        self.plan["table"] = base
        self._others(asked.subjects)
        distinct = self._asks_distinct(columns)
        if not columns:
            columns = [(base, one) for one in self.facts.names(base)] + [
                (base, one.name) for one in self.facts.columns(base)
            ]
        elif asked.subjects and not distinct:
            columns = [(base, one) for one in self.facts.names(base)] + columns
        self.plan["distinct"] = distinct
        self.plan["columns"] = [
            {"table": place, "column": name} for place, name in dict.fromkeys(columns)
        ]
        self.plan["limit"] = asked.limit
        if distinct:
            self.plan["order"] = [
                {"by": "column", "table": columns[0][0], "column": columns[0][1], "desc": False}
            ]

    def _any(self, ref: Ref) -> bool:
        return ref.column is not None

    def _from_values(self) -> None:
        raise Unclear("nothing_asked")

    def _base(self, columns: list[tuple[str, str]]) -> str:
        """The table whose rows are listed: every named column belongs to it or to what it points at."""
        subjects = [self.chooser.table(one) for one in self.asked.subjects]
        for place in subjects or [table for table, _ in columns]:
            if all(joins.ways(self.facts, place, table) for table, _ in columns):
                return place
        raise Unclear("no_way", *sorted({*subjects, *(table for table, _ in columns)}))

    def _asks_distinct(self, columns: list[tuple[str, str]]) -> bool:
        if not columns:
            return False
        kinds = {self.facts.role(*one) for one in columns}
        named = any(
            one in self.facts.names(table) and len(self.facts.key_of(table))
            for table, one in columns
        )
        marked = "distinct" in self.asked.marks
        return marked or (
            bool(self.asked.marks & {"which_all", "which"})
            and kinds <= {"category", "other", "flag"}
            and not named
            and not self._is_about_one()
        )

    def _is_about_one(self) -> bool:
        return any(
            hit.column in self.facts.names(hit.table)
            for token, _, _ in self.asked.values
            for hit in token.values[:1]
        )

    # dimensions

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
        if ref.column is None:
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

    def _add_dimension(self, found: dict[str, Any]) -> None:
        found = {"bucket": None, **found}
        if found not in self.plan["dimensions"]:
            self.plan["dimensions"].append(found)

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

    def _roots(self, one: str, other: str) -> list[str]:
        """Tables from which both can be reached, the nearest ones."""
        found: list[tuple[int, str]] = []
        for table in self.facts.tables:
            lengths = [joins.hops(self.facts, table, end) for end in (one, other)]
            if None not in lengths:
                found.append((sum(length or 0 for length in lengths), table))
        least = min(found, default=(0, ""))[0]
        return [table for length, table in found if length == least]

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
        for token in tokens:
            table = self.chooser.table(token)
            if table == base or joins.ways(self.facts, base, table):
                continue
            if not self._roots(base, table):
                raise Unclear("no_way", base, table)
            self.exists.append((table, False, []))
            self._assume("with_rows", token.text)

    # conditions

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
            self._flag(token, negated)
        for token in [
            one for one in self.asked.mentions if any(ref.term is not None for ref in one.refs)
        ]:
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
            return (ref.table, ref.column or ""), token.literal or ""
        names = self.facts.names(self.plan["table"])
        if len(names) != 1 or self.facts.column(self.plan["table"], names[0]).family != "text":
            raise Unclear("unplaced", token.literal or token.text)
        return (self.plan["table"], names[0]), token.literal or ""

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
        self._filter(
            {
                "table": table,
                "column": column,
                "op": one.op,
                "values": [_plain(value) for value in one.values],
            }
        )

    def _measured_or_year(self, ref: Ref) -> bool:
        return ref.column is not None and self.facts.column(ref.table, ref.column).family in NUMBERS

    def _text(self, ref: Ref) -> bool:
        return ref.column is not None and self.facts.column(ref.table, ref.column).family in (
            "text",
            "other",
        )

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

    def _flag(self, token: Token, negated: bool) -> None:
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

    # time

    def _periods(self) -> None:
        periods = self.asked.periods
        if not periods:
            return
        hint = next((one for _, one in periods if one is not None), None)
        holder = self._period_holder()
        table, column = (
            self._hinted(hint, holder)
            if hint
            else self._time_place(
                holder, periods[0][0].period.grain if periods[0][0].period else ""
            )
        )
        ranges = [self._range(table, column, token.period) for token, _ in periods if token.period]
        if len(ranges) == 1:
            found = {"table": table, "column": column, "op": "during", "values": ranges[0]}
        else:
            found = {"table": table, "column": column, "op": "during_any", "values": ranges}
        if (
            not self.asked.exists
            and self.plan["table"]
            and joins.ways(self.facts, self.plan["table"], table)
        ):
            self.plan["filters"].append(found)
        else:
            self._filter(found)

    def _period_holder(self) -> str:
        for token, _ in self.asked.exists:
            table = self.chooser.table(token)
            if self.facts.times(table):
                return table
        base: str = self.plan["table"]
        if not self._dated(base):
            for table, _, _ in self.exists:
                if self._dated(table):
                    return table
        return base

    def _dated(self, table: str) -> list[str]:
        return self.facts.times(table) or self.facts.years(table)

    def _hinted(self, hint: Token, holder: str) -> tuple[str, str]:
        ref = self.chooser.ref(
            hint,
            lambda one: (
                one.column is not None
                and (
                    self.facts.role(one.table, one.column) == "time"
                    or one.column in self.facts.years(one.table)
                )
            ),
            [holder],
        )
        return ref.table, ref.column or ""

    def _range(self, table: str, column: str, period: Period) -> list[Any]:
        if column in self.facts.years(table):
            return [period.start.year if period.start else None, _last_year(period), "year"]
        return [
            period.start.isoformat() if period.start else None,
            period.end.isoformat() if period.end else None,
            "date",
        ]

    def _compared_periods(self) -> None:
        periods = [token.period for token, _ in self.asked.periods if token.period]
        if len(periods) < 2:
            return
        grain = periods[0].grain
        if any(one.grain != grain for one in periods) or grain == "half":
            raise Unclear("two_periods")
        if not any(one["bucket"] for one in self.plan["dimensions"]):
            table, column = self._time_place(self.plan["table"], grain)
            self._add_dimension(
                {
                    "table": table,
                    "column": column,
                    "bucket": grain if column not in self.facts.years(table) else None,
                }
            )

    def _time_place(self, table: str, grain: str) -> tuple[str, str]:
        """The time column of the rows, else of the nearest table they point at."""
        if self.facts.times(table):
            return table, self._time_column(table)
        if grain == "year" and len(self.facts.years(table)) == 1:
            return table, self.facts.years(table)[0]
        reachable = [
            (joins.hops(self.facts, table, one), one)
            for one in self.facts.tables
            if one != table and self.facts.times(one)
        ]
        near = sorted((length, one) for length, one in reachable if length)
        if not near or (len(near) > 1 and near[0][0] == near[1][0]):
            raise Unclear("no_time", table)
        return near[0][1], self._time_column(near[0][1])

    def _time_column(self, table: str) -> str:
        """The only one; the one named after the table; when the row was made. Else it is asked."""
        columns = self.facts.times(table)
        if not columns:
            raise Unclear("no_time", table)
        if len(columns) == 1:
            return columns[0]
        own = set(self.facts.tables[table].name.lower().replace("_", " ").split()) | _stems(
            self.facts.tables[table].name
        )
        named = [one for one in columns if _stems(one) & own]
        made = [
            one
            for one in columns
            if concept(one)
            in (
                "created_at",
                "order_date",
                "registered_at",
                "hire_date",
                "date",
                "time",
                "match_date",
            )
        ]
        chosen = named if len(named) == 1 else made if len(made) == 1 else []
        if not chosen:
            raise Unclear("which_time", table, *columns, kind="clarify")
        self._assume("time_column", f"{table}.{chosen[0]}")
        return chosen[0]

    # the end

    def _sorting(self) -> None:
        if self.asked.sort is None:
            if self.asked.marks & {"sort_desc", "sort_asc"} and self.plan["measures"]:
                self.plan["order"] = [
                    {"by": "measure", "index": 0, "desc": "sort_desc" in self.asked.marks}
                ]
            return
        token, is_descending = self.asked.sort
        if self.plan["measures"]:
            self.plan["order"] = [{"by": "measure", "index": 0, "desc": is_descending}]
            return
        ref = self.chooser.ref(token, self._column, [self.plan["table"]])
        self.plan["order"] = [
            {"by": "column", "table": ref.table, "column": ref.column, "desc": is_descending}
        ]

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
                    self._points_at(table, negated)
                    continue
                raise Unclear("no_way", base, table)
            self.plan["exists"].append(
                {"root": roots[0], "table": table, "negated": negated, "filters": filters}
            )

    def _points_at(self, table: str, negated: bool) -> None:
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

    def _assume(self, what: str, *words: str) -> None:
        said = say(what, self.language, *words)
        if said not in self.plan["assumptions"]:
            self.plan["assumptions"].append(said)


def lexicon_concepts(token: Token) -> set[str]:
    """What the words mean, whatever the schema calls it."""
    from querygpt.planner.normalising import key

    return set(lexicon().forms.get(key(token.text), ()))


def _stems(name: str) -> set[str]:
    from querygpt.planner.normalising import key, name_words

    words = key(name_words(name))
    return {
        word for word in words if word not in ("date", "time", "at", "on", "id") and len(word) > 1
    } | {one for one in [concept(name)] if one}


def _last_year(period: Period) -> int | None:
    if period.end is None:
        return None
    return period.end.year - (1 if (period.end.month, period.end.day) == (1, 1) else 0)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


__all__ = ["Composer", "date"]
