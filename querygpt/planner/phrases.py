"""Tokens in their order, and what stands beside what."""

from __future__ import annotations

from decimal import Decimal

from querygpt.planner.asking import Asked
from querygpt.planner.facts import Facts
from querygpt.planner.linking import Token
from querygpt.planner.normalising import is_mark
from querygpt.planner.vocabulary import Ref

COMPARISONS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
AGGREGATES = ("sum", "avg", "min", "max", "median")
CLASSIFIERS = frozenset("个位名家条笔件张份只支本部首场台辆款种门套间座所次回人岁天元") | {
    "times",
    "time",
    "块",
}


class Phrases:
    """What all patterns ask of tokens; raises Unclear for a word that nothing explains."""

    def __init__(self, tokens: list[Token], facts: Facts) -> None:
        self.facts = facts
        self.all = tokens
        self.tokens = [
            one
            for place, one in enumerate(tokens)
            if not _is_filler(one) and not _is_classifier(tokens, place)
        ]
        self.asked = Asked()

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
        if token is None or token.used:
            return False
        if token.has("derived") or not token.columns():
            return token.has("derived")
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
        if token is None or token.used:
            return False
        columns = [ref for ref in token.columns() if ref.score >= 0.55]
        return token.has("derived") or any(self._is_measure(ref) for ref in columns)

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

    def _is_flag(self, token: Token | None) -> bool:
        if token is None or token.used or self.is_table(token):
            return False
        return any(
            ref.column is not None
            and ref.score >= 0.8
            and self.facts.role(ref.table, ref.column) == "flag"
            for ref in token.columns()[:3]
        )

    def use(self, *tokens: Token | None) -> None:
        for token in tokens:
            if token is not None:
                token.used = True

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


def is_chinese(token: Token) -> bool:
    return not token.text.isascii()


def number_of(token: Token) -> int | Decimal:
    if token.number is None:
        raise ValueError(token.text)
    return token.number
