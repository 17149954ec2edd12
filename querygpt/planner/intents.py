"""Slots → plan: lists, figures, rankings, conditions on groups."""

from __future__ import annotations

from typing import Any

from querygpt.planner import joins
from querygpt.planner.asking import Measure, Unclear
from querygpt.planner.linking import Token
from querygpt.planner.narrowing import Narrowed, plain

Plan = dict[str, Any]
MAX_LISTED = 14


class Composer(Narrowed):
    """Makes one plan."""

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

    def _aggregate(self) -> None:
        self._set_measures([self._measure(one) for one in self.asked.measures])
        self._dimensions(self.asked.groups)
        self._others(list(self.asked.subjects))
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
            {"measure": n, "op": one.op, "value": plain(one.number)}
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

    def _by_number(self, owners: list[Token], target: Token) -> None:
        """价格最高的商品 (rows), 销售额最高的地区 (sums), the highest price (one number)."""
        best = self.asked.superlative
        if best is None:
            return
        owners = self._behind(owners, target)
        if not owners or best.is_value or self._is_extreme(owners, target):
            self.asked.measures = [Measure("max" if best.is_descending else "min", target)]
            self.asked.superlative = None
            self._aggregate()
        elif any(self._timed(ref) for ref in target.refs[:2]):
            self._rows_by_time(owners, target)
        else:
            self._rows_or_sums(owners, target)

    def _behind(self, owners: list[Token], target: Token) -> list[Token]:
        """付款总金额最高的客户: the customers are ranked; the word before the number only says whose number it is."""
        best = self.asked.superlative
        behind = [one for one in owners if best is not None and one.start > best.start >= 0]
        before = [one for one in owners if one not in behind]
        own = all(
            one.start < target.start and self._dimension_table(one) == target.refs[0].table
            for one in before
        )
        return behind if behind and before and own else owners

    def _is_extreme(self, owners: list[Token], target: Token) -> bool:
        """The highest price of products, the highest price per category: a value, not the row that has it."""
        asked, best = self.asked, self.asked.superlative
        if best is None or best.start < 0:
            return False
        follows = (
            owners[0].start > target.start > best.start
            and target.text.isascii()
            and owners[0] in asked.subjects
        )
        grouped = bool(asked.groups) and not asked.subjects and self._non_additive(target)
        return (follows and asked.limit is None) or grouped

    def _rows_by_time(self, owners: list[Token], target: Token) -> None:
        ref = self.chooser.ref(target, self._timed)
        if not self._is_own(owners[0], {"table": ref.table}):
            raise Unclear("unplaced", target.text)
        self._rows_by(ref.table, ref.column or "", owners)

    def _rows_or_sums(self, owners: list[Token], target: Token) -> None:
        """A number of each owner orders the owners; one of their many rows is summed first."""
        measure = self._number("sum", target)
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
        self._not_null(owner_of_column or table, column, is_descending=is_descending)

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
