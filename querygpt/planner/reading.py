"""Tokens → slots. Each pass knows one pattern of both languages and marks the tokens it explains."""

from __future__ import annotations

from collections.abc import Callable

from querygpt.planner.asking import Asked, Measure, Unclear
from querygpt.planner.linking import Token
from querygpt.planner.normalising import is_mark
from querygpt.planner.phrases import AGGREGATES, is_chinese
from querygpt.planner.ranking import Ranking


class Reader(Ranking):
    """Reads one list of tokens. Raises Unclear for what no pass explains."""

    def read(self) -> Asked:
        passes: list[Callable[[], None]] = [
            self._literals, self._periods, self._between, self._texts, self._comparisons,
            self._negated, self._existence, self._tops, self._superlatives, self._marks,
            self._buckets, self._sorts, self._groups, self._values, self._flags, self._counts,
            self._aggregates, self._rest,
        ]  # fmt: skip
        for one in passes:
            one()
        return self.asked

    def _marks(self) -> None:
        for token in list(self.tokens):
            for mark in (
                "share",
                "compare",
                "trend",
                "when",
                "distinct",
                "which_all",
                "which",
                "list",
                "howmuch",
            ):
                if not token.used and token.has(mark) and not (token.refs or token.values):
                    self.asked.marks.add(mark)
                    token.used = True
                    self.tokens.remove(token)

    def _buckets(self) -> None:
        for place, token in enumerate(self.tokens):
            bucket = next((tag[7:] for tag in token.tags if tag.startswith("bucket:")), "")
            if bucket and not token.used:
                self.asked.buckets.append(bucket)
                self.use(token)
                if self.is_time(self.at(place + 1)) and not self.is_table(self.at(place + 1)):
                    self.asked.periods += []

    def _groups(self) -> None:
        for place, token in enumerate(self.tokens):
            if token.used:
                continue
            if token.has("by", "each") and self._dimensions_after(place):
                self.use(token)
            elif token.has("grouped") or (
                token.has("each") and token.text in ("各", "each", "per")
            ):
                self._grouped_before(place)

    def _dimensions_after(self, place: int) -> int:
        """by A, by A and B: how many were taken, two at most."""
        taken, following = 0, place + 1
        while taken < 2 and self._is_dimension(self.at(following)):
            self._grouped(following)
            taken += 1
            link = self.at(following + 1)
            if (
                link is None
                or not link.has("and")
                or not self._is_dimension(self.at(following + 2))
            ):
                break
            self.use(link)
            following += 2
        return taken

    def _grouped_before(self, place: int) -> None:
        before = self.at(place - 1)
        if self._is_dimension(before):
            self._grouped(place - 1)
        self.use(self.tokens[place])

    def _is_dimension(self, token: Token | None) -> bool:
        if token is None or token.used or not token.refs:
            return False
        best = token.refs[0]
        is_year = best.column is not None and best.column in self.facts.years(best.table)
        return self.is_table(token) or is_year or not self._is_measure(best)

    def _grouped(self, place: int) -> None:
        """by country; by customer country means the column of that table."""
        token, after = self.tokens[place], self.at(place + 1)
        self.use(token)
        is_pair = (
            after is not None
            and token.tables()
            and self.is_column(after)
            and not self.is_numeric(after)
        )
        if is_pair and after is not None and self._names_same(token, after):
            self.use(after)
            token = after
        self.asked.groups.append(token)

    def _names_same(self, table: Token, column: Token) -> bool:
        """by customer country: the column belongs to that table."""
        tables = {ref.table for ref in table.tables()}
        return any(ref.table in tables and ref.score > 0.9 for ref in column.columns())

    def _counts(self) -> None:
        """how many orders, number of orders, 订单数, 有多少订单, 订单有多少."""
        for place, token in enumerate(self.tokens):
            if token.used or not token.has("count", "howmany"):
                continue
            before, after = self.at(place - 1), self.at(place + 1)
            if after is not None and after.has("distinct"):
                self.use(after)
                after = self.at(place + 2)
            if token.has("howmany") or not is_chinese(token):
                options = [after, before]
            else:
                options = [before, after]
            target = next((one for one in options if self.is_table(one)), None)
            if target is None and "distinct" in self.asked.marks:
                target = next((one for one in options if self.is_column(one)), None)
            if target is None:
                self._bare_count(token)
                continue
            agg = "count_distinct" if self.is_column(target) else "count"
            self.asked.measures.append(Measure(agg, target))
            self.use(token, target)
            if self.asked.limit is None:
                self.asked.marks.add("count")

    def _bare_count(self, token: Token) -> None:
        """「数量」 may be a column; 多少 may only ask for what is named; a filter may stand before the table."""
        if token.refs:
            return
        remaining = [one for one in self.tokens if not one.used and self.is_table(one)]
        numeric = [
            one
            for one in self.tokens
            if not one.used and self.is_numeric(one) and not self.is_table(one)
        ]
        if remaining and not (token.has("howmany") and numeric):
            target = remaining[-1] if is_chinese(token) else remaining[0]
            self.asked.measures.append(Measure("count", target))
            self.use(target)
            self.asked.marks.add("count")
        elif not numeric and not self.asked.measures:
            columns = [one for one in self.tokens if not one.used and self.is_column(one)]
            if len(columns) == 1 and not self.asked.groups:
                self.asked.measures.append(Measure("count_distinct", columns[0]))
                self.use(columns[0])
            elif not columns:
                self.asked.marks.add("count_rows")
        self.use(token)

    def _aggregates(self) -> None:
        for place, token in enumerate(self.tokens):
            agg = next((tag for tag in AGGREGATES if token.has(tag)), None)
            agg = "avg" if token.has("avg_each") else agg
            if token.used or agg is None or self._aggregated(place, agg, token):
                continue
            if token.has("avg_each"):
                raise Unclear("nested")
            if self.is_numeric(token):
                self.asked.measures.append(Measure(agg, token))
                self.use(token)
            elif agg == "sum" and self.asked.measures and not self.is_column(token):
                self.use(token)

    def _aggregated(self, place: int, agg: str, token: Token) -> bool:
        following = self.beside(place, 1, "and", "stop")
        options = [self.at(following), self.at(place - 1), self.at(following + 1)]
        for one in options:
            if (
                one is not None
                and self.is_numeric(one)
                and not (self.is_table(one) and one.tables()[0].score > one.columns()[0].score)
            ):
                self.asked.measures.append(Measure(agg, one))
                self.use(token, one)
                return True
        return False

    def _rest(self) -> None:
        """What is left are names; a word that is none of them ends the reading, an unknown one first."""
        left = [token for token in self.tokens if not token.used]
        for token in left:
            if not token.is_known and not is_mark(token.text):
                raise Unclear("unknown", self._word(token))
        for token in left:
            self._named(token)
        self._refuse_adjectives()
        subjects = self.asked.subjects
        if len(subjects) > 1 and self.follows_of(subjects[-1]):
            subjects.insert(0, subjects.pop())

    def _refuse_adjectives(self) -> None:
        """ "Discontinued products": a column right before its table tells which rows are meant, not what is shown."""
        for one in self.asked.mentions:
            index = self.all.index(one)
            after = self.all[index + 1] if index + 1 < len(self.all) else None
            if after is not None and after.text == "的" and index + 2 < len(self.all):
                after = self.all[index + 2]
            if after in self.asked.subjects and not self.is_numeric_ref(one):
                raise Unclear("unplaced", one.text)

    def is_numeric_ref(self, token: Token) -> bool:
        return any(self._is_measure(ref) for ref in token.columns()[:2])

    def _named(self, token: Token) -> None:
        if self.is_table(token):
            self.asked.subjects.append(token)
        elif self._is_filter_term(token):
            self.asked.filter_terms.append(token)
        elif self.is_column(token):
            self.asked.mentions.append(token)
        elif self._is_hard(token):
            raise Unclear("unplaced", self._word(token))

    def _is_filter_term(self, token: Token) -> bool:
        terms = self.facts.catalogue.terms
        return any(
            ref.term is not None and terms[ref.term].kind == "filter" for ref in token.refs[:1]
        )

    def _is_hard(self, token: Token) -> bool:
        if not token.is_known:
            return not is_mark(token.text)
        return token.is_content or not (
            token.is_soft
            or token.has(
                "by",
                "contains",
                "with",
                "eq",
                "stop",
                "or",
                "top",
                "howmany",
                "count",
                "sum",
                "each",
                "between",
                "ne_",
            )
        )
