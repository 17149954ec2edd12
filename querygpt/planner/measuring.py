"""What is counted or summed: columns, terms, price × quantity."""

from __future__ import annotations

import re
from typing import Any

from querygpt.planner import joins
from querygpt.planner.asking import Measure, Unclear
from querygpt.planner.facts import concept
from querygpt.planner.grammar import NOT_ADDITIVE
from querygpt.planner.lexicon import lexicon
from querygpt.planner.linking import Token
from querygpt.planner.normalising import key
from querygpt.planner.timing import Timed
from querygpt.planner.vocabulary import Ref

# A column so called is summed even where rows could be listed.
TOTAL = re.compile(r"(total|overall)\b|总|合计|累计", re.I)
# Words of a sum; a table that they happen to lead to is not what is counted.
AMOUNT = re.compile(
    r"\w\W+(amount|price|cost|fee|revenue|salary|budget)s?$|\w(金额|价格|费用|总额)$", re.I
)


class Measured(Timed):
    """Measures."""

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
            if agg != "sum":
                raise Unclear("unplaced", token.text)
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

    def _number_ref(self, token: Token) -> Ref | None:
        """A column that every dimension can be reached from; None if price × quantity must stand in."""
        dimensions = [self._dimension_table(one) for one in self._owners_of_rows()]
        anchors = [one for one in dimensions if one]

        def fits(ref: Ref) -> bool:
            return self._measured(ref) and all(
                joins.ways(self.facts, ref.table, one) for one in anchors
            )

        if token.has("derived"):
            return None
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
        """Those tables of prices and quantities from which all the given ones are reached."""
        reached = [
            one
            for one in self.facts.products
            if all(joins.ways(self.facts, one[0], end) for end in anchors)
        ]
        return [
            one
            for one in reached
            if any(joins.ways(self.facts, one[0], end) for end in self._parents(one[0]))
        ]

    def _parents(self, table: str) -> list[str]:
        return [edge.target for edge in self.facts.edges if edge.source == table]

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
            if AMOUNT.search(asked.subjects[0].text):
                raise Unclear("no_measure")
            asked.measures.append(Measure("count", asked.subjects.pop()))
        elif "count_rows" in asked.marks and not (asked.groups or asked.subjects or asked.mentions):
            self._count_holders()
        elif "count_rows" in asked.marks and len(asked.groups) == 1 and not asked.subjects:
            asked.measures.append(Measure("count_rows", asked.groups[0]))

    def _count_holders(self) -> None:
        """How many defenders: rows of the table where the word is a value, unless it is the row's own name."""
        hits = [hit for token, _, _ in self.asked.values for hit in token.values]
        tables = {hit.table for hit in hits}
        if len(tables) == 1 and not any(hit.column in self.facts.names(hit.table) for hit in hits):
            table = tables.pop()
            token = self.asked.values[0][0]
            named = Token(table, token.start, token.end, refs=(Ref(table, None, 0.9),))
            self._assume("meaning", token.text, f"{table} ({hits[0].column})")
            self.asked.measures.append(Measure("count", named))

    def _sums(self, token: Token) -> bool:
        """A number that adds up is summed; of one that does not, only a list can be meant."""
        if token.has("derived"):
            return True
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
        if additive and TOTAL.match(token.text):
            return True
        own = any(ref.table == self.chooser.table(one) for one in self.asked.subjects)
        return grouped or (
            additive
            and not (own and self.asked.marks & {"which", "list"} and not self.asked.periods)
        )

    def _is_additive(self, ref: Ref, token: Token) -> bool:
        """Amounts and quantities; neither prices nor scores, nor what nobody knows to be one or the other."""
        if ref.column is None or ref.column in self.facts.years(ref.table):
            return False
        meant = {concept(ref.column), concept(token.text)} - {""}
        return bool(meant) and not meant & NOT_ADDITIVE

    def _non_additive(self, token: Token) -> bool:
        if token.has("derived"):
            return False
        ref = self.chooser.ref(token, self._measured)
        return ref.term is None and not self._is_additive(ref, token)

    def _implied(self) -> None:
        """Numbers that are named without a word of summing."""
        asked, best = self.asked, self.asked.superlative
        self._counted()
        numeric = [one for one in asked.mentions if self._is_numeric(one)]
        if best is not None:
            if numeric and not (best.target or best.counted or best.concept or asked.measures):
                best.target = numeric[0]
                asked.mentions.remove(numeric[0])
            return
        is_list = "list" in asked.marks and asked.subjects and not (asked.groups or asked.buckets)
        if asked.measures or asked.having or is_list:
            return
        for token in numeric[:2]:
            if self._sums(token):
                asked.measures.append(Measure("sum", token))
                asked.mentions.remove(token)


def lexicon_concepts(token: Token) -> set[str]:
    """What the words mean, whatever the schema calls it."""
    return set(lexicon().forms.get(key(token.text), ()))
