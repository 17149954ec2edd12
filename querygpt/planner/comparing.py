"""Patterns of conditions: comparisons, ranges, texts, periods, values, flags, negation, existence."""

from __future__ import annotations

from decimal import Decimal

from querygpt.planner.asking import Condition, Having, Unclear
from querygpt.planner.linking import Token
from querygpt.planner.normalising import is_mark
from querygpt.planner.phrases import AGGREGATES, COMPARISONS, Phrases, number_of

AFTER = {"ge_after": ">=", "le_after": "<="}

UNITS = frozenset(
    [
        "minute",
        "minutes",
        "hour",
        "hours",
        "day",
        "days",
        "second",
        "seconds",
        "kg",
        "km",
        "year",
        "years",
        "month",
        "months",
        "分钟",
        "小时",
        "公里",
        "千克",
        "天",
        "年",
        "unit",
        "units",
        "cm",
    ]
)
IMPLIED = {
    "cheaper than": "price", "more expensive than": "price", "贵于": "price", "longer than": "length",
    "shorter than": "length", "长于": "length", "短于": "length", "heavier than": "weight", "重于": "weight",
    "lighter than": "weight", "taller than": "height", "older than": "age", "younger than": "age", "未满": "age",
}  # fmt: skip
# A bare number from here on, beside a table with one column of money, is an amount of it.
SURELY_MONEY = 50
MONEY = ("$", "¥", "￥", "€", "元", "块钱", "人民币", "dollar", "usd", "yuan", "rmb", "cny", "euro")


class Comparing(Phrases):
    """Conditions."""

    def _literals(self) -> None:
        """After a word of equality, words of no meaning are a value: named Foo Bar."""
        for place, token in enumerate(self.tokens):
            if not token.has("eq", "contains", "starts", "ends"):
                continue
            unknown = []
            for after in self.tokens[place + 1 :]:
                if after.is_known or is_mark(after.text):
                    break
                unknown.append(after)
            if unknown:
                unknown[0].literal = " ".join(one.text for one in unknown)
                for one in unknown[1:]:
                    one.tags = ("stop",)
                    one.used = True

    def _periods(self) -> None:
        for place, token in enumerate(self.tokens):
            if token.period is None or token.used or (token.refs and token.period.is_bare):
                continue
            before = self.at(place - 1)
            if token.period.is_bare and before is not None and before.has(*COMPARISONS):
                continue
            if before is not None and before.has("eq") and not before.is_content:
                self.use(before)
            hint = self._time_hint(place)
            self.asked.periods.append((token, hint))
            self.use(token, hint)

    def _time_hint(self, place: int) -> Token | None:
        """hired in 2020, 下单时间为2024年: the word beside a period that names its column."""
        near = [self.at(place - 1), self.at(place + 1)]
        if near[0] is None and place and self.tokens[place - 1].has("eq"):
            near[0] = self.at(place - 2)
        for one in near:
            if (
                one is not None
                and self.is_time(one)
                and (not self.is_table(one) or self._is_named_elsewhere(one))
            ):
                return one
        return None

    def _is_named_elsewhere(self, token: Token) -> bool:
        own = token.tables()[0].table
        return any(
            one is not token and one.tables() and one.tables()[0].table == own
            for one in self.tokens
        )

    def _between(self) -> None:
        """C between 1 and 2; 价格在1到2之间."""
        for place, token in enumerate(self.tokens):
            first, link, last = token, self.at(place + 1), self.at(place + 2)
            if (
                first.used
                or first.number is None
                or link is None
                or last is None
                or last.number is None
            ):
                continue
            marked = [
                one
                for one in (self.at(place - 1), self.at(place + 3))
                if one is not None and one.has("between")
            ]
            if not (link.has("to") or (link.has("and") and marked)):
                continue
            self.use(first, link, last, *marked)
            target = self._numeric_near(
                place - (1 if self.at(place - 1) is None and place else 0), place + 3
            )
            values = [number_of(first), number_of(last)]
            self.asked.conditions.append(
                Condition("between", [*values], target, self._is_money(place))
            )

    def _numeric_near(self, place: int, after: int) -> Token | None:
        while place > 0 and self.tokens[place - 1].used:
            place -= 1
        for one in (self.at(place - 1), self.at(after)):
            if one is not None and self.is_numeric(one) and not self.is_table(one):
                self.use(one)
                return one
        return None

    def _texts(self) -> None:
        """contains, starts, ends with a literal; null and not null with a column."""
        for place, token in enumerate(self.tokens):
            if token.used:
                continue
            if token.has("zero:stock"):
                self.asked.conditions.append(Condition("<=", [0], None, concept="stock"))
                self.use(token)
            elif token.has("contains", "starts", "ends"):
                self._text_match(place, token)
            elif token.has("null", "notnull"):
                target = next(
                    (
                        one
                        for one in (self.at(place - 1), self.at(place + 1))
                        if self.is_column(one)
                    ),
                    None,
                )
                if target is not None:
                    op = "null" if token.has("null") else "notnull"
                    self.asked.conditions.append(Condition(op, [], target))
                    self.use(token, target)

    def _text_match(self, place: int, token: Token) -> None:
        near = [self.at(place + 1), self.at(place - 1), self.at(place + 2)]
        literal = next((one for one in near if one is not None and one.literal is not None), None)
        if literal is None:
            return
        op = next(tag for tag in ("contains", "starts", "ends") if token.has(tag))
        before = self.tokens.index(literal) if self.tokens.index(literal) < place else place
        self.use(token, literal)
        if (mark := self.at(before - 1)) is not None and mark.has("by"):
            self.use(mark)
            before -= 1
        target = self.at(before - 1)
        target = target if self.is_column(target) else None
        self.use(target)
        self.asked.conditions.append(Condition(op, [literal.literal or ""], target))

    def _comparisons(self) -> None:
        for place, token in enumerate(self.tokens):
            if token.used:
                continue
            after = self.at(place + 1)
            if token.has(*COMPARISONS) and after is not None and after.number is not None:
                op = next(COMPARISONS[tag] for tag in token.tags if tag in COMPARISONS)
                self._compared(place, place + 1, op)
            elif token.has("eq") and after is not None and after.number is not None:
                if self.is_numeric(self.at(place - 1)):
                    self._compared(place, place + 1, "eq")
            elif token.number is not None and after is not None and after.has(*AFTER):
                op = next(AFTER[tag] for tag in after.tags if tag in AFTER)
                self._compared(place, place + 1, op, is_suffix=True)
            elif token.number is not None and self._unit_then(place, *AFTER):
                tags = self.tokens[place + 2].tags
                self.use(self.tokens[place + 2])
                self._compared(
                    place,
                    place,
                    next(AFTER[tag] for tag in tags if tag in AFTER),
                    is_suffix=True,
                    is_apart=True,
                )

    def _unit_then(self, place: int, *tags: str) -> bool:
        after = self.at(place + 2)
        return after is not None and after.has(*tags) and self.is_table(self.at(place + 1))

    def _compared(
        self, first: int, last: int, op: str, *, is_suffix: bool = False, is_apart: bool = False
    ) -> None:
        holder = self.tokens[first if is_suffix else last]
        mark = self.tokens[last if is_suffix else first]
        number = number_of(holder)
        self.use(self.tokens[first], self.tokens[last])
        unit, said = self.at(last + 1), ""
        if unit is not None and unit.text in UNITS and not self.is_numeric(unit):
            self.use(unit)
            self.tokens.remove(unit)
            said = unit.text
        if self._count_compared(first, last, op, number):
            return
        before, after = self.at(first - 1), self.at(last + 1)
        is_money = self._is_money(first if is_suffix else last)
        if before is not None and self.is_numeric(before) and not self.is_table(before):
            self._column_compared(first - 1, Condition(op, [number], before, is_money, unit=said))
            self._unit(after)
        elif after is not None and self.is_numeric(after) and not self.is_table(after):
            self.use(after)
            self.asked.conditions.append(Condition(op, [number], after, unit=said))
        elif is_apart:
            raise Unclear("unplaced", holder.text)
        else:
            implied = IMPLIED.get(mark.text, "")
            owns = before is not None and self.is_table(before) and number >= SURELY_MONEY
            self.asked.conditions.append(
                Condition(op, [number], None, is_money or owns, implied, said)
            )

    def _unit(self, token: Token | None) -> None:
        """100 minutes: the unit of a number says nothing more."""
        if token is not None and token.text in UNITS:
            self.use(token)

    def _column_compared(self, place: int, condition: Condition) -> None:
        """avg(C) op N belongs to each owner, C op N to each row."""
        target, before = self.tokens[place], self.at(place - 1)
        agg = next((tag for tag in AGGREGATES if before is not None and before.has(tag)), None)
        number = condition.values[0]
        self.use(target)
        if agg and not isinstance(number, str):
            self.use(before)
            self.asked.having.append(Having(agg, target, condition.op, number))
        else:
            self.asked.conditions.append(condition)

    def _count_compared(self, first: int, last: int, op: str, number: int | Decimal) -> bool:
        """more than 10 orders; 超过10单; 订单数超过10; the number of orders exceeds 10; 下单超过10次."""
        after, before, second = self.at(last + 1), self.at(first - 1), self.at(first - 2)
        if after is not None and self.is_table(after) and not self.follows_of(after):
            marks, target = ([before] if before is not None and before.has("with") else []), after
        elif (
            before is not None
            and before.has("count")
            and second is not None
            and self.is_table(second)
        ):
            marks, target = [before], second
        elif (
            before is not None
            and self.is_table(before)
            and second is not None
            and second.has("count")
        ):
            marks, target = [second], before
        elif before is not None and self.is_table(before) and self._counts_times(last):
            marks, target = [], before
        else:
            return False
        self.use(target, *marks)
        self.asked.having.append(Having("count", target, op, number))
        return True

    def _counts_times(self, place: int) -> bool:
        """次 after the number: how often."""
        index = self.all.index(self.tokens[place])
        near = {one.text for one in self.all[index - 1 : index + 3]}
        return bool(near & {"次", "回", "times"})

    def _is_money(self, place: int) -> bool:
        """A sign or name of a currency beside the number."""
        index = self.all.index(self.tokens[place])
        near = self.all[max(0, index - 1) : index + 2]
        return any(one.text in MONEY for one in near)

    def _negated(self) -> None:
        """not, except, 非 before a value or a flag."""
        for place, token in enumerate(self.tokens):
            if token.used or not token.has("ne"):
                continue
            if self._is_unset(place):
                continue
            following = place + 1
            while (one := self.at(following)) is not None and (
                one.values
                or self._is_flag(one)
                or one.literal is not None
                or (one.has("and", "or") and following > place + 1)
            ):
                if one.values or one.literal is not None:
                    before = self.at(place - 1)
                    column = before if self.is_column(before) and following == place + 1 else None
                    self.asked.values.append((one, True, column))
                    self.use(column)
                elif self._is_flag(one):
                    self.asked.flags.append((one, True))
                self.use(one)
                following += 1
            if following > place + 1:
                self.use(token)

    def _is_unset(self, place: int) -> bool:
        """Not shipped, 未归还: the time when it would have happened is missing."""
        after = self.at(place + 1)
        if after is None or not self.is_time(after) or self.is_table(after) or after.values:
            return False
        if after.refs[0].score < 0.75 or any(self._is_flag(one) for one in (after,)):
            return False
        self.asked.conditions.append(Condition("null", [], after))
        self.use(self.tokens[place], after)
        return True

    def _existence(self) -> None:
        """without orders, 没有订单的客户, with an email."""
        for place, token in enumerate(self.tokens):
            if token.used or not token.has("without", "with"):
                continue
            negated = token.has("without")
            after = self.at(self._past_soft(place + 1))
            if after is not None and negated and self._is_flag(after):
                self.asked.flags.append((after, True))
            elif self.is_table(after) and after:
                if not negated and not self._ends_clause(after):
                    continue
                self.asked.exists.append((after, negated))
            elif self.is_column(after) and after and negated:
                self.asked.conditions.append(Condition("null", [], after))
            else:
                continue
            self.use(token, after)

    def _past_soft(self, place: int) -> int:
        while (
            (one := self.at(place)) is not None
            and not one.is_content
            and one.has("distinct", "eq", "stop")
        ):
            place += 1
        return place

    def _ends_clause(self, token: Token) -> bool:
        """「有订单的客户」, "customers with orders": the table is all that "with" says."""
        place = self.tokens.index(token)
        after = self.at(place + 1)
        return not (
            after is not None
            and (
                after.has("most", "least", *COMPARISONS)
                or (self.is_numeric(after) and not self.is_table(after))
            )
        )

    def _values(self) -> None:
        for place, token in enumerate(self.tokens):
            if token.used or not (token.values or token.literal is not None):
                continue
            if token.refs and token.refs[0].score > 0.9 and not self._is_compared(place):
                continue
            before = self.at(place - 1)
            if before is not None and before.has("eq"):
                self.use(before)
                before = self.at(place - 2)
            column = (
                before
                if before is not None and self.is_column(before) and self._holds(before, token)
                else None
            )
            if (
                column is None
                and self.at(place + 1) is not None
                and self.is_column(self.at(place + 1))
                and self._holds(self.tokens[place + 1], token)
            ):
                column = self.tokens[place + 1]
            self.asked.values.append((token, False, column))
            self.use(token, column)

    def _is_compared(self, place: int) -> bool:
        before = self.at(place - 1)
        return before is not None and before.has("eq")

    def _holds(self, column: Token, value: Token) -> bool:
        if value.literal is not None and not value.values:
            return True
        places = {(hit.table, hit.column) for hit in value.values}
        return any((ref.table, ref.column) in places for ref in column.columns())

    def _flags(self) -> None:
        for place, token in enumerate(self.tokens):
            if self._is_flag(token):
                before = self.at(place - 1)
                negated = before is not None and before.has("ne", "without")
                self.asked.flags.append((token, negated != token.has("negative")))
                self.use(token, before if negated else None)
