"""Asking a suite: plan, guard, run, compare. Approved examples do not take part."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

from querygpt import planner
from querygpt.evaluation.comparing import leniently_equal, strictly_equal
from querygpt.evaluation.reporting import Report, Verdict
from querygpt.evaluation.sources import Rows, Source
from querygpt.evaluation.suites import Question

ENDINGS = {
    "clarify": "clarified", "abstain": "abstained", "refuse": "refused", "schema": "abstained",
    "timeout": "timed_out",
}  # fmt: skip


def evaluate(
    *, questions: Sequence[Question], source: Source, today: date, workers: int = 1
) -> Report:
    """One verdict for each question, in their order. Outside any transaction."""
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        verdicts = list(pool.map(lambda one: _asked(one, source, today), questions))
    return Report(verdicts=verdicts, catalogue_version=source.version)


def _asked(question: Question, source: Source, today: date) -> Verdict:
    began = time.perf_counter()
    outcome = planner.plan(
        question=question.question,
        language=question.language,
        catalogue=source.catalogue,
        dialect=source.dialect,
        today=today,
    )
    planned = (time.perf_counter() - began) * 1000
    if outcome.kind != "sql":
        return Verdict(
            question, ENDINGS[outcome.kind], reason=outcome.question or outcome.reason,
            planning_ms=planned, total_ms=planned,
        )  # fmt: skip
    found = source.run(outcome.sql)
    total = (time.perf_counter() - began) * 1000
    made: dict[str, Any] = {"sql": outcome.sql, "planning_ms": planned, "total_ms": total}
    if found.state != "ok":
        return Verdict(question, ENDINGS.get(found.state, "failed"), reason=found.detail, **made)
    if not question.answerable:
        return Verdict(question, "wrong", **made)
    golds = list(_golds(question, source))
    failed = next((one for one in golds if one.state != "ok"), None)
    if failed is not None:
        return Verdict(question, "failed", reason=f"gold: {failed.detail}", **made)
    rows, ordered = [one.rows for one in golds], question.ordered
    is_right = any(leniently_equal(one, found.rows, ordered=ordered) for one in rows)
    is_strict = any(strictly_equal(one, found.rows, ordered=ordered) for one in rows)
    return Verdict(question, "correct" if is_right else "wrong", is_strict, **made)


def _golds(question: Question, source: Source) -> Iterable[Rows]:
    if question.expected is not None:
        yield Rows("ok", question.expected["rows"])
    for sql in question.gold:
        yield source.run(sql)
