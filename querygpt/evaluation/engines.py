"""Who answers the questions of a suite: the rules, a model with its repairs, or a model with the rules behind it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from accounts import tenancy
from accounts.ids import uuid7
from querygpt import drafting, planner, prompts, repairing, schema
from querygpt.drafting import Draft, DraftFailed, Material
from querygpt.drafting.asking import Asker
from querygpt.drafting.prompting import MOST_TABLES, Repair
from querygpt.evaluation.sources import Rows, Source
from querygpt.evaluation.suites import Question
from taishang.models import Model


@dataclass(frozen=True)
class Answered:
    """What an engine made of a question: `kind` sql with its rows, or clarify, abstain, refuse, schema, failed.

    Units: milliseconds until the last statement was written, tokens; `cost` None is unknown.
    """

    kind: str
    sql: str = ""
    rows: Rows | None = None
    reason: str = ""
    attempts: int = 1
    thinking_ms: float = 0.0
    tokens: int = 0
    cost: Decimal | None = Decimal(0)


Engine = Callable[[Question, Source, date], Answered]


def by_rules(question: Question, source: Source, today: date) -> Answered:
    began = time.perf_counter()
    outcome = planner.plan(
        question=question.question,
        language=question.language,
        catalogue=source.catalogue,
        dialect=source.dialect,
        today=today,
    )
    spent = (time.perf_counter() - began) * 1000
    if outcome.kind != "sql":
        reason = outcome.question or outcome.reason
        return Answered(outcome.kind, reason=reason, thinking_ms=spent)
    return Answered("sql", outcome.sql, source.run(outcome.sql), thinking_ms=spent)


@dataclass(frozen=True)
class ByModel:
    """A model that drafts, sees what went wrong, and drafts again; with `falls_back` the rules follow it."""

    model: Model
    asker: Asker
    attempts: int = 3
    falls_back: bool = False

    def __call__(self, question: Question, source: Source, today: date) -> Answered:
        began = time.perf_counter()
        found = replace(
            self._tried(question, source, today),
            thinking_ms=(time.perf_counter() - began) * 1000,
        )
        if self.falls_back and found.kind == "failed":
            ruled = by_rules(question, source, today)
            if ruled.kind == "sql":
                return replace(
                    ruled, tokens=found.tokens, cost=found.cost, attempts=found.attempts + 1
                )
        return found

    def _tried(self, question: Question, source: Source, today: date) -> Answered:
        repair: Repair | None = None
        found = Answered("failed", attempts=0)
        for attempt in range(1, self.attempts + 1):
            try:
                draft = self._drafted(question, source, today, repair)
            except DraftFailed as error:
                found = replace(found, reason=error.code, attempts=attempt)
                if not repairing.may_repair(error.code):
                    return found
                repair = Repair(
                    "", "Your reply held no statement. Reply with the JSON object alone."
                )
                continue
            found = _with(found, draft, attempt)
            if draft.reply.kind != "sql":
                return replace(found, kind=draft.reply.kind, reason=draft.reply.question or "")
            ran = source.run(draft.reply.sql)
            found = replace(found, sql=draft.reply.sql, rows=ran, reason=ran.detail)
            if ran.state == "ok":
                return replace(found, kind="sql", reason="")
            if not repairing.may_repair(ran.detail):
                return found
            repair = Repair(draft.reply.sql, ran.detail)
        return found

    def _drafted(
        self, question: Question, source: Source, today: date, repair: Repair | None
    ) -> Draft:
        tables = schema.rank(question=question.question, catalogue=source.catalogue, k=MOST_TABLES)
        names = {table.name for table in tables}
        with tenancy.workspace(self.asker.workspace_id):
            texts = prompts.texts(
                workspace_id=self.asker.workspace_id, user_id=None, language=question.language
            )
        material = Material(
            question=question.question,
            language=question.language,  # type: ignore[arg-type]
            dialect=source.dialect,
            today=today.isoformat(),
            texts=texts,
            tables=tables,
            relationships=[
                one
                for one in source.catalogue.relationships
                if one.from_table in names and one.to_table in names
            ],
            terms=[term for term in source.catalogue.terms if term.table in names],
            repair=repair,
        )
        asker = replace(self.asker, message_id=uuid7())
        return drafting.draft(material=material, model=self.model, asker=asker)


def _with(found: Answered, draft: Draft, attempt: int) -> Answered:
    cost = None if draft.cost is None or found.cost is None else found.cost + draft.cost
    spent = draft.input_tokens + draft.output_tokens
    return replace(found, attempts=attempt, tokens=found.tokens + spent, cost=cost)
