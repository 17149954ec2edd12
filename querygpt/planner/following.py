"""A question that continues the one before: it patches the stored plan, or it is a new question."""

from __future__ import annotations

import copy
import re
from datetime import date
from typing import Any

from querygpt.planner.asking import Asked, Unclear
from querygpt.planner.choosing import Chooser
from querygpt.planner.facts import Facts
from querygpt.planner.intents import Composer
from querygpt.planner.linking import Token, tokens
from querygpt.planner.phrases import AGGREGATES
from querygpt.planner.reading import Reader

Plan = dict[str, Any]
_OPENING = re.compile(
    r"^\s*(?:只看|只要|只显示|仅看|只统计|只|仅|那么|那|换成|改成|改为|换为|换|再|然后|还有|如果是|再看|看看|"
    r"(?:and|what about|how about|only|just|now|instead|make it|make that|show|but|then|change to|switch to)\b)+\s*",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:\s*(?:的呢|呢|怎么样|的话|only|instead|too|as well|please))+\s*[?？。.]*\s*$|[?？。.]+\s*$",
    re.IGNORECASE,
)
_AGAIN = re.compile(r"^(?:(?:in|for|during|of)\s+)", re.IGNORECASE)


def patch(*, question: str, plan: Plan, facts: Facts, today: date, language: str) -> Plan | None:
    """The changed plan; None if the question stands alone or does not fit."""
    if not plan.get("table") or plan["table"] not in facts.tables:
        return None
    text = _AGAIN.sub("", _CLOSING.sub("", _OPENING.sub("", question)).strip())
    if not text:
        return None
    try:
        found = tokens(text, facts, today)
        asked = Reader(found, facts).read()
        if not _continues(asked, found, is_opened=_OPENING.match(question) is not None):
            return None
        return _Patching(asked, facts, found, language, plan).patched()
    except Unclear:
        return None


def _continues(asked: Asked, found: list[Token], *, is_opened: bool) -> bool:
    """Nothing of its own is measured or listed: only conditions, groups, order, another aggregate."""
    if is_opened and (asked.values or asked.flags):
        # 只看金卡客户: the table says whose value it is.
        asked.subjects.clear()
    stands_alone = bool(
        asked.subjects or asked.having or asked.exists or any(one.target for one in asked.measures)
    )
    if asked.marks & {"list", "which", "which_all", "howmuch", "when", "share"} and not is_opened:
        return False
    if stands_alone or asked.sort or len(asked.mentions) > 1:
        return False
    return bool(
        asked.values or asked.flags or asked.periods or asked.groups or asked.buckets or asked.conditions
        or asked.limit or asked.superlative or asked.mentions or _aggregate(found)
    )  # fmt: skip


def _aggregate(found: list[Token]) -> str:
    """An aggregate that stands alone: average, 总和, 最高."""
    if any(token.refs for token in found):
        return ""
    tags = [tag for token in found for tag in token.tags]
    named = next((tag for tag in tags if tag in AGGREGATES), "")
    return named or ("max" if "most" in tags else "min" if "least" in tags else "")


class _Patching(Composer):
    def __init__(
        self, asked: Asked, facts: Facts, found: list[Token], language: str, plan: Plan
    ) -> None:
        super().__init__(asked, facts, Chooser(facts, found, {}), language)
        self.found = found
        self.plan = copy.deepcopy(plan)
        self.chooser.anchors = [plan["table"]]

    def patched(self) -> Plan:
        before = copy.deepcopy(self.plan)
        self._measure_again()
        self._group_again()
        self._narrow_again(before)
        self._order_again()
        if self.plan == before:
            raise Unclear("nothing_asked")
        return self.plan

    def _measure_again(self) -> None:
        """换成平均; average instead; 换成订单数 is a new question."""
        agg = _aggregate(self.found)
        if not agg or self.asked.limit:
            return
        measures = self.plan["measures"]
        if len(measures) != 1 or measures[0]["agg"] not in AGGREGATES or measures[0].get("product"):
            raise Unclear("nothing_asked")
        measures[0]["agg"] = agg

    def _group_again(self) -> None:
        if not (self.asked.groups or self.asked.buckets):
            return
        if not self.plan["measures"]:
            raise Unclear("no_measure")
        kept = (
            []
            if self.asked.groups
            else [one for one in self.plan["dimensions"] if not one.get("bucket")]
        )
        if self.asked.buckets:
            kept = [one for one in kept if not one.get("bucket")]
        self.plan["dimensions"] = kept
        self.plan["limit"] = None
        self._dimensions(self.asked.groups)
        self._natural_order()

    def _narrow_again(self, before: Plan) -> None:
        """A condition replaces the one on the same column; another period replaces the period."""
        self.plan["filters"] = []
        self.plan["exists"] = []
        self._filters()
        for token in self.asked.mentions:
            raise Unclear("unplaced", token.text)
        self._periods()
        self._existence()
        fresh = self.plan["filters"]
        said = {(one["table"], one["column"]) for one in fresh}
        has_period = any(one["op"].startswith("during") for one in fresh)
        kept = [
            one
            for one in before["filters"]
            if (one["table"], one["column"]) not in said
            and not (has_period and one["op"].startswith("during"))
        ]
        self.plan["filters"] = kept + fresh
        self.plan["exists"] = before["exists"] + self.plan["exists"]

    def _order_again(self) -> None:
        """前20; top 20; 只要最少的 turns the order."""
        most = self.asked.superlative
        if self.asked.limit:
            self.plan["limit"] = self.asked.limit
        if self.asked.limit and self.plan["measures"]:
            self.plan["order"] = [
                {"by": "measure", "index": 0, "desc": most is None or most.is_descending}
            ]
        if (
            not self.asked.limit
            and most is not None
            and (most.target or most.counted or most.concept)
        ):
            raise Unclear("nothing_asked")

    def _period_holder(self) -> str:
        """The column that the former period was about, else as usual."""
        table: str = self.plan["table"]
        return table
