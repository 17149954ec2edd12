"""Tokens → slots. Each pass knows one pattern of both languages and marks the tokens it explains."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from querygpt.planner.asking import Asked, Condition, Having, Measure, Superlative, Unclear
from querygpt.planner.facts import Facts
from querygpt.planner.linking import Ref, Token
from querygpt.planner.normalising import is_mark

COMPARISONS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
AFTER = {"ge_after": ">=", "le_after": "<="}
AGGREGATES = ("sum", "avg", "min", "max", "median")
CLASSIFIERS = frozenset("个位名家条笔件张份只支本部首场台辆款种门套间座所次回人岁天元") | {
    "times",
    "time",
    "块",
}
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


class Reader:
    """Reads one list of tokens. `asked` is the result; raises Unclear for what no pass explains."""

    def __init__(self, tokens: list[Token], facts: Facts) -> None:
        self.facts = facts
        self.all = tokens
        self.tokens = [
            one
            for place, one in enumerate(tokens)
            if not _is_filler(one) and not _is_classifier(tokens, place)
        ]
        self.asked = Asked()

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

    # what stands beside what

    def at(self, place: int) -> Token | None:
        """The token there, if no pass has explained it."""
        if 0 <= place < len(self.tokens) and not self.tokens[place].used:
            return self.tokens[place]
        return None

    def beside(self, place: int, step: int, *skipped: str) -> int:
        """The next place in a direction that is not a used-up or skippable token."""
        place += step
        while (
            0 <= place < len(self.tokens)
            and not self.is_column(self.tokens[place])
            and self.tokens[place].has(*skipped)
            and not self.is_table(self.tokens[place])
        ):
            place += step
        return place

    def follows_of(self, token: Token) -> bool:
        """「…的订单」: 的 before a word makes it the head of the phrase."""
        index = self.all.index(token)
        return index > 0 and self.all[index - 1].text.endswith("的")

    def is_column(self, token: Token | None) -> bool:
        if token is None or token.used or not token.columns():
            return False
        tables = token.tables()
        return not tables or token.columns()[0].score > tables[0].score

    def is_table(self, token: Token | None) -> bool:
        if token is None or token.used or not token.tables():
            return False
        columns = token.columns()
        return not columns or token.tables()[0].score >= columns[0].score

    def is_name(self, token: Token | None) -> bool:
        return token is not None and not token.used and bool(token.refs)

    def is_numeric(self, token: Token | None) -> bool:
        return (
            token is not None
            and not token.used
            and any(self._is_measure(ref) for ref in token.columns() if ref.score >= 0.55)
        )

    def _is_measure(self, ref: Ref) -> bool:
        if ref.term is not None:
            return self.facts.catalogue.terms[ref.term].kind == "metric"
        return ref.column is not None and self.facts.is_number(ref.table, ref.column)

    def is_time(self, token: Token | None) -> bool:
        return (
            token is not None
            and not token.used
            and any(
                ref.column is not None
                and (
                    self.facts.role(ref.table, ref.column) == "time"
                    or ref.column in self.facts.years(ref.table)
                )
                for ref in token.columns()
                if ref.score >= 0.7
            )
        )

    def use(self, *tokens: Token | None) -> None:
        for token in tokens:
            if token is not None:
                token.used = True

    # passes

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
            values = [_number(first), _number(last)]
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
            if token.has("contains", "starts", "ends"):
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
        number = _number(holder)
        self.use(self.tokens[first], self.tokens[last])
        if self._count_compared(first, last, op, number):
            return
        before, after = self.at(first - 1), self.at(last + 1)
        is_money = self._is_money(first if is_suffix else last)
        if before is not None and self.is_numeric(before) and not self.is_table(before):
            self._column_compared(first - 1, op, number, is_money=is_money)
            self._unit(after)
        elif after is not None and self.is_numeric(after) and not self.is_table(after):
            self.use(after)
            self.asked.conditions.append(Condition(op, [number], after))
        elif is_apart:
            raise Unclear("unplaced", holder.text)
        else:
            implied = IMPLIED.get(mark.text, "")
            owns = before is not None and self.is_table(before) and number >= SURELY_MONEY
            self.asked.conditions.append(Condition(op, [number], None, is_money or owns, implied))

    def _unit(self, token: Token | None) -> None:
        """100 minutes: the unit of a number says nothing more."""
        if token is not None and token.text in UNITS:
            self.use(token)

    def _column_compared(
        self, place: int, op: str, number: int | Decimal, *, is_money: bool
    ) -> None:
        """avg(C) op N belongs to each owner, C op N to each row."""
        target, before = self.tokens[place], self.at(place - 1)
        agg = next((tag for tag in AGGREGATES if before is not None and before.has(tag)), None)
        self.use(target)
        if agg:
            self.use(before)
            self.asked.having.append(Having(agg, target, op, number))
        else:
            self.asked.conditions.append(Condition(op, [number], target, is_money))

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

    def _tops(self) -> None:
        """top 5, 前五名, first 10, the 5 most expensive."""
        for place, token in enumerate(self.tokens):
            if token.number is None or token.used:
                continue
            before, after = self.at(place - 1), self.at(place + 1)
            mark = next(
                (
                    one
                    for one in (before, after)
                    if one is not None and one.has("top", "bottom", "most", "least")
                ),
                None,
            )
            sup = next(
                (one for one in (before, after) if one is not None and _superlative(one)), None
            )
            nearby = sup or mark
            if nearby is None and before is not None and before.has("most", "least"):
                nearby = before
            if nearby is None:
                nearby = self._said_before(place)
            if (
                nearby is None
                and after is not None
                and self.is_table(after)
                and self._is_listing(place)
            ):
                self.asked.limit = int(_number(token))
                self.use(token)
                continue
            if nearby is None:
                continue
            self.asked.limit = int(_number(token))
            self.use(token)
            if nearby.has("top", "bottom"):
                self.asked.superlative = Superlative(nearby.has("top"))
                self.use(nearby)

    def _said_before(self, place: int) -> Token | None:
        """价格最高的5个商品; the 5 products with the highest price."""
        found = [
            one
            for one in self.tokens
            if not one.used and (one.has("most", "least") or _superlative(one))
        ]
        following = self.at(place + 1)
        return (
            found[0]
            if len(found) == 1 and (self.is_table(following) or self.is_column(following))
            else None
        )

    def _is_listing(self, place: int) -> bool:
        return place == 0 or all(one.has("list") or one.used for one in self.tokens[:place])

    def _superlatives(self) -> None:
        for place, token in enumerate(self.tokens):
            if token.used:
                continue
            if token.has("most", "least") and not self._is_quantity_word(place):
                self._most(place, token)
            elif (found := _superlative(token)) and not (self.is_time(token) and not token.tags):
                self._adjective(place, token, *found)

    def _adjective(self, place: int, token: Token, concept: str, is_descending: bool) -> None:  # noqa: FBT001
        best = self.asked.superlative = Superlative(
            is_descending, concept=concept, start=token.start
        )
        self.use(token)
        if concept != "date":
            return
        for one in (self.at(place + 1), self.at(place - 1)):
            if one is not None and self.is_time(one) and not self.is_table(one):
                best.target, best.concept = one, ""
                best.is_value = one is self.at(place + 1) and not self._heads_follow(place + 1)
                self.use(one)
                return

    def _heads_follow(self, place: int) -> bool:
        """最早开业的门店 lists stores; the earliest opening date is one value."""
        after = self.at(place + 1)
        before = [one for one in self.tokens[:place] if not one.used and self.is_table(one)]
        return (bool(before) and self.tokens[place].text.isascii()) or (
            after is not None and self.is_table(after) and self.follows_of(after)
        )

    def _is_quantity_word(self, place: int) -> bool:
        """最多 and most before a number are comparisons in disguise."""
        after = self.at(place + 1)
        return after is not None and after.number is not None and self.tokens[place].has("le")

    def _most(self, place: int, token: Token) -> None:
        found = self.asked.superlative = Superlative(token.has("most"), start=token.start)
        self.use(token)
        before, after = self.at(place - 1), self.at(place + 1)
        if after is not None and after.has(*AGGREGATES, "count"):
            self._most_of_aggregate(place + 1, found)
        elif (
            self.is_numeric(after)
            and after
            and not self.is_table(after)
            and not (self.is_numeric(before) and _is_chinese(token))
        ):
            found.target = after
            found.is_value = _is_chinese(token)
            self.use(after)
        elif (
            self.is_table(after)
            and self.is_numeric(self.at(place + 2))
            and not self.is_table(self.at(place + 2))
        ):
            found.target = self.at(place + 2)
            found.is_value = True
            self.use(found.target)
        elif before is not None and self.is_numeric(before) and not self.is_table(before):
            found.target = before
            self.use(before)
            self._aggregate_before(place - 1, found)
        elif before is not None and before.has("count") and self.is_table(self.at(place - 2)):
            found.counted = self.at(place - 2)
            self.use(before, found.counted)
        elif self.is_table(after) and after and not self.follows_of(after):
            found.counted = after
            self.use(after)
        elif self.is_table(before) and before and _is_chinese(token):
            found.counted = before
            self.use(before)

    def _most_of_aggregate(self, place: int, found: Superlative) -> None:
        mark, target = self.tokens[place], self.at(place + 1)
        if mark.has("count") and self.is_table(target):
            found.counted = target
            self.use(mark, target)
        elif target is not None and self.is_numeric(target):
            self.asked.measures.append(
                Measure(
                    next(tag for tag in AGGREGATES if mark.has(tag))
                    if mark.has(*AGGREGATES)
                    else "sum",
                    target,
                )
            )
            self.use(mark, target)

    def _aggregate_before(self, place: int, found: Superlative) -> None:
        before = self.at(place - 1)
        if before is not None and before.has(*AGGREGATES) and found.target is not None:
            agg = next(tag for tag in AGGREGATES if before.has(tag))
            self.asked.measures.append(Measure(agg, found.target))
            found.target = None
            self.use(before)

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

    def _sorts(self) -> None:
        for place, token in enumerate(self.tokens):
            if token.used or not token.has("sort", "asc", "desc"):
                continue
            direction = next(
                (one for one in self.tokens if not one.used and one.has("asc", "desc")), None
            )
            near = [self.at(place + 1), self.at(place - 1)]
            target = next((one for one in near if one is not None and self.is_column(one)), None)
            if target is None and not token.has("sort"):
                target = next(
                    (one for one in self.tokens[:place] if not one.used and self.is_column(one)),
                    None,
                )
            is_descending = direction is not None and direction.has("desc")
            mark = self.at(self.tokens.index(target) - 1) if target else None
            if mark is not None and mark.has("by"):
                self.use(mark)
            self.use(token, direction)
            if target is None:
                self.asked.marks.add(
                    "sort_desc" if is_descending or direction is None else "sort_asc"
                )
                continue
            self.asked.sort = (target, is_descending)
            if not self.is_numeric(target):
                self.use(target)

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
        token, after = self.tokens[place], self.at(place + 1)
        self.asked.groups.append(token)
        self.use(token)
        if self.is_table(token) or token.tables():
            if (
                after is not None
                and self.is_column(after)
                and not self.is_numeric(after)
                and self._names_same(token, after)
            ):
                self.asked.groups[-1] = after
                self.use(after)

    def _names_same(self, table: Token, column: Token) -> bool:
        """by customer country: the column belongs to that table."""
        tables = {ref.table for ref in table.tables()}
        return any(ref.table in tables and ref.score > 0.9 for ref in column.columns())

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

    def _is_flag(self, token: Token | None) -> bool:
        if token is None or token.used or self.is_table(token):
            return False
        return any(
            ref.column is not None
            and ref.score >= 0.8
            and self.facts.role(ref.table, ref.column) == "flag"
            for ref in token.columns()[:3]
        )

    def _flags(self) -> None:
        for place, token in enumerate(self.tokens):
            if self._is_flag(token):
                before = self.at(place - 1)
                negated = before is not None and before.has("ne", "without")
                self.asked.flags.append((token, negated != token.has("negative")))
                self.use(token, before if negated else None)

    def _counts(self) -> None:
        """how many orders, number of orders, 订单数, 有多少订单, 订单有多少."""
        for place, token in enumerate(self.tokens):
            if token.used or not token.has("count", "howmany"):
                continue
            before, after = self.at(place - 1), self.at(place + 1)
            if after is not None and after.has("distinct"):
                self.use(after)
                after = self.at(place + 2)
            if token.has("howmany") or not _is_chinese(token):
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
            target = remaining[-1] if _is_chinese(token) else remaining[0]
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
            if token.used or agg is None:
                continue
            if self._aggregated(place, agg, token):
                continue
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
        for token in self.tokens:
            if token.used:
                continue
            if self.is_table(token):
                self.asked.subjects.append(token)
            elif self._is_filter_term(token):
                self.asked.filter_terms.append(token)
            elif self.is_column(token):
                self.asked.mentions.append(token)
            elif self._is_hard(token):
                raise Unclear("unknown" if not token.is_known else "unplaced", self._word(token))
        subjects = self.asked.subjects
        if len(subjects) > 1 and self.follows_of(subjects[-1]):
            subjects.insert(0, subjects.pop())

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

    def _word(self, token: Token) -> str:
        """The whole run of unknown characters."""
        place = self.all.index(token)
        text = token.text
        while (
            place + 1 < len(self.all)
            and not self.all[place + 1].is_known
            and not is_mark(self.all[place + 1].text)
            and self.all[place + 1].start == self.all[place].end
        ):
            place += 1
            text += self.all[place].text
        return text


def _is_filler(token: Token) -> bool:
    if is_mark(token.text) and not token.tags:
        return True
    return token.tags == ("stop",) and not token.is_content


def _is_classifier(tokens: list[Token], place: int) -> bool:
    """The measure word after a number: 5名, 10次."""
    before = tokens[place - 1] if place else None
    return before is not None and before.number is not None and tokens[place].text in CLASSIFIERS


def _superlative(token: Token) -> tuple[str, bool] | None:
    for tag in token.tags:
        if tag.startswith("sup:"):
            _, concept, direction = tag.split(":")
            return concept, direction == "desc"
    return None


def _is_chinese(token: Token) -> bool:
    return not token.text.isascii()


def _number(token: Token) -> int | Decimal:
    if token.number is None:
        raise ValueError(token.text)
    return token.number
