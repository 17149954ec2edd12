"""Patterns of order: top, most, newest, cheapest, sorted by."""

from __future__ import annotations

from querygpt.planner.asking import Measure, Superlative
from querygpt.planner.comparing import Comparing
from querygpt.planner.linking import Token
from querygpt.planner.phrases import AGGREGATES, is_chinese, number_of


class Ranking(Comparing):
    """Order and limits."""

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
                (one for one in (before, after) if one is not None and superlative(one)), None
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
                self.asked.limit = int(number_of(token))
                self.use(token)
                continue
            if nearby is None:
                continue
            self.asked.limit = int(number_of(token))
            self.use(token)
            if nearby.has("top", "bottom"):
                self.asked.superlative = Superlative(nearby.has("top"))
                self.use(nearby)

    def _said_before(self, place: int) -> Token | None:
        """价格最高的5个商品; the 5 products with the highest price."""
        found = [
            one
            for one in self.tokens
            if not one.used and (one.has("most", "least") or superlative(one))
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
            elif (found := superlative(token)) and not (self.is_time(token) and not token.tags):
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
            and not (self.is_numeric(before) and is_chinese(token))
        ):
            found.target = after
            found.is_value = is_chinese(token)
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
        elif self.is_table(after) and after and _counts(token) and not self.follows_of(after):
            found.counted = after
            self.use(after)
        elif self.is_table(before) and before and is_chinese(token) and _counts(token):
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


def superlative(token: Token) -> tuple[str, bool] | None:
    for tag in token.tags:
        if tag.startswith("sup:"):
            _, concept, direction = tag.split(":")
            return concept, direction == "desc"
    return None


def _counts(token: Token) -> bool:
    """ "Most orders" counts them; "largest stadium" needs a number to be large by."""
    return token.text.removeprefix("the ") in ("most", "least", "fewest", "最多", "最少")
