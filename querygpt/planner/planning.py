"""The whole way: tokens, slots, plan, SQL; and what to answer where it ends early."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from querygpt.catalogue import Catalogue, Dialect
from querygpt.planner import following
from querygpt.planner.asking import SeveralTimes, Unclear
from querygpt.planner.choosing import Ambiguous, Chooser, Place
from querygpt.planner.facts import Facts, facts_of
from querygpt.planner.intents import Composer
from querygpt.planner.joins import SeveralWays
from querygpt.planner.linking import Token, tokens
from querygpt.planner.normalising import fold
from querygpt.planner.outcome import Outcome
from querygpt.planner.reading import Reader
from querygpt.planner.rendering import render
from querygpt.planner.wording import say

Plan = dict[str, Any]
MIN_CONFIDENCE = 0.75
MAX_OPTIONS = 4
Trial = tuple[str, Mapping[int, Place], Mapping[str, str]]
_SENTENCE_END = re.compile(r"[?？。！!;；\n]+")


def plan(
    *,
    question: str,
    language: str,
    catalogue: Catalogue,
    dialect: Dialect,
    today: date,
    previous: Plan | None = None,
) -> Outcome:
    """One question → SQL, a question back, or the reason for giving up. Never raises for what was asked."""
    facts = facts_of(catalogue)
    today = catalogue.reference_date or today
    asking = _Asking(question, language, facts, dialect, today)
    if previous:
        patched = following.patch(
            question=question, plan=previous, facts=facts, today=today, language=language
        )
        if patched is not None:
            return asking.rendered(patched, 0.9)
    return asking.outcome()


class _Asking:
    def __init__(
        self, question: str, language: str, facts: Facts, dialect: Dialect, today: date
    ) -> None:
        self.question = question
        self.language = language
        self.facts = facts
        self.dialect = dialect
        self.today = today

    def outcome(self) -> Outcome:
        try:
            found = self._tokens()
            early = self._early(found)
            return early or self._planned({})
        except Ambiguous as unclear:
            return self._choice(unclear)
        except SeveralTimes as unclear:
            return self._choice_of_time(unclear)
        except Unclear as unclear:
            return self.ended(unclear)

    def _tokens(self) -> list[Token]:
        return tokens(self.question, self.facts, self.today)

    def _planned(
        self, forced: Mapping[int, Place], times: Mapping[str, str] | None = None
    ) -> Outcome:
        found = self._tokens()
        chooser = Chooser(self.facts, found, forced)
        chooser.forced_times.update(times or {})
        asked = Reader(found, self.facts).read()
        made = Composer(asked, self.facts, chooser, self.language).compose()
        if any(token.period for token in found):
            made["assumptions"].append(say("today", self.language, self.today.isoformat()))
        scores = chooser.scores or [1.0]
        return self.rendered(made, sum(scores) / len(scores))

    def rendered(self, made: Plan, confidence: float) -> Outcome:
        try:
            sql, made["joins"] = render(made, dialect=self.dialect, catalogue=self.facts.catalogue)
        except SeveralWays as several:
            return self.ended(Unclear("which_way", several.source, several.target, kind="clarify"))
        except Unclear as unclear:
            return self.ended(unclear)
        if confidence < MIN_CONFIDENCE:
            return self.ended(Unclear("nothing_asked"))
        return Outcome(
            kind="sql",
            sql=sql,
            plan=made,
            assumptions=list(made["assumptions"]),
            chart_hint=_chart(made),
            confidence=round(confidence, 3),
        )

    def _early(self, found: list[Token]) -> Outcome | None:
        """What is decided before any planning."""
        if not any(token.is_known for token in found):
            return self.ended(Unclear("empty", kind="clarify"))
        if len([one for one in _SENTENCE_END.split(self.question.strip()) if one.strip()]) > 1:
            return self.ended(Unclear("several"))
        bare = [
            one for one in found if not one.is_content or (one.refs and one.refs[0].score < 0.9)
        ]
        for token in bare:
            if token.has("write") and self._commands(found, token):
                return self.ended(Unclear("write", kind="refuse"))
            if token.has("schema"):
                return self.ended(Unclear("schema", kind="schema"))
            if token.has("columns") and not any(one.number is not None for one in found):
                return self.ended(Unclear("schema", kind="schema"))
            reason = next((tag[8:] for tag in token.tags if tag.startswith("abstain:")), "")
            if reason:
                return self.ended(Unclear(reason))
        return None

    def _commands(self, found: list[Token], token: Token) -> bool:
        """At the head of the sentence, or anywhere in Chinese, where it needs no head."""
        before = [one for one in found if one.start < token.start and one.is_content]
        return not before or not token.text.isascii()

    def _choice(self, unclear: Ambiguous) -> Outcome:
        """Each reading planned to its end; the only one that works is the answer."""
        trials: list[Trial] = [
            (self._label(place), {unclear.token.start: place}, {}) for place in unclear.places
        ]
        return self._offered(unclear, trials)

    def _choice_of_time(self, unclear: SeveralTimes) -> Outcome:
        trials: list[Trial] = [
            (f"{unclear.table}.{column}", {}, {unclear.table: column}) for column in unclear.columns
        ]
        return self._offered(unclear, trials)

    def _offered(self, unclear: Unclear, trials: list[Trial]) -> Outcome:
        options = []
        for label, forced, times in trials:
            try:
                one = self._planned(forced, times)
            except Unclear:
                continue
            if one.kind == "sql":
                options.append((label, one))
        if len({one.sql for _, one in options}) == 1:
            return options[0][1]
        made = self.ended(unclear)
        made.options = [{"label": label, "plan": one.plan} for label, one in options[:MAX_OPTIONS]]
        return made

    def _label(self, place: Place) -> str:
        table, column, term = place
        if term is not None:
            return self.facts.catalogue.terms[term].expression
        return f"{table}.{column}" if column else table

    def ended(self, unclear: Unclear) -> Outcome:
        """`reason` for abstaining and refusing, `question` for clarifying."""
        text = say(unclear.reason, self.language, *unclear.words)
        if unclear.kind == "clarify":
            return Outcome(kind="clarify", question=text, reason=text)
        if unclear.kind == "abstain":
            text = (
                f"{text} {self._near()}" if unclear.reason in ("unknown", "nothing_asked") else text
            )
        return Outcome(kind=unclear.kind, reason=text)  # type: ignore[arg-type]

    def _near(self) -> str:
        """Up to five tables that could be asked about, those that share most with the question first."""
        asked = set(fold(self.question))
        tables = sorted(
            self.facts.tables.values(),
            key=lambda one: -len(asked & set(fold(one.name + one.description_zh))),
        )
        shown = [
            (one.description_zh if self.language == "zh" else one.description_en) or one.name
            for one in tables[:5]
        ]
        return say("near", self.language, ("、" if self.language == "zh" else ", ").join(shown))


def _chart(made: Plan) -> str | None:
    if made["share"]:
        return "pie"
    if not made["measures"]:
        return "table"
    if not made["dimensions"]:
        return "number"
    return "line" if any(one.get("bucket") for one in made["dimensions"]) else "bar"
