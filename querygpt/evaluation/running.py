"""Asking a suite: an engine answers, its rows are compared. Approved examples do not take part."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

from querygpt.evaluation.comparing import leniently_equal, strictly_equal
from querygpt.evaluation.engines import Engine, by_rules
from querygpt.evaluation.reporting import Report, Verdict
from querygpt.evaluation.sources import Rows, Source
from querygpt.evaluation.suites import Question

ENDINGS = {
    "clarify": "clarified", "abstain": "abstained", "refuse": "refused", "schema": "abstained",
    "timeout": "timed_out", "refused": "refused",
}  # fmt: skip


def evaluate(
    *,
    questions: Sequence[Question],
    source: Source,
    today: date,
    workers: int = 1,
    engine: Engine = by_rules,
) -> Report:
    """One verdict for each question, in their order. Outside any transaction."""
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        verdicts = list(pool.map(lambda one: _asked(one, source, today, engine), questions))
    return Report(verdicts=verdicts, catalogue_version=source.version)


def _asked(question: Question, source: Source, today: date, engine: Engine) -> Verdict:
    began = time.perf_counter()
    answered = engine(question, source, today)
    made: dict[str, Any] = {
        "sql": answered.sql,
        "attempts": answered.attempts,
        "tokens": answered.tokens,
        "cost": answered.cost,
        "planning_ms": answered.thinking_ms,
        "total_ms": (time.perf_counter() - began) * 1000,
    }
    found = answered.rows
    if answered.kind != "sql" or found is None:
        ending = ENDINGS.get(answered.kind, "failed")
        return Verdict(question, ending, reason=answered.reason, **made)
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
