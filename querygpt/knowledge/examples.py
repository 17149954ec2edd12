"""Examples: drafted, tried and approved, withdrawn, put away. Nothing becomes one by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from laojun import audit
from laojun.audit import Actor
from querygpt import execution
from querygpt.knowledge.matching import fold
from querygpt.knowledge.refusals import (
    ExampleMoved,
    ExampleRefused,
    LimitReached,
    QuestionTaken,
    TrialFailed,
)
from querygpt.models import Connection, Example
from querygpt.models.run import Run
from taishang.catalogue.refusals import constraint_of

MOST_EXAMPLES = 5_000
TRIAL_ROWS = 20
FACTS = ("connection_id", "question", "language", "sql", "state", "approved_by_name")
APPROVED_ONCE = "querygpt_examples_question_uniq"
NOT_APPROVED: dict[str, Any] = {"approved_by": None, "approved_by_name": "", "approved_at": None}


def draft(*, connection: Connection, given: Mapping[str, Any], actor: Actor) -> Example:
    """A question with its SQL, for somebody to approve. Raises LimitReached."""
    rows = Example.objects.filter(workspace_id=connection.workspace_id)
    if rows.count() >= MOST_EXAMPLES:
        raise LimitReached(MOST_EXAMPLES)
    example = Example.objects.create(
        workspace_id=connection.workspace_id,
        connection=connection,
        question_key=key_of(given["question"]),
        **given,
    )
    _record("example.created", example, actor, before=None)
    return example


def change(*, example: Example, given: Mapping[str, Any], actor: Actor) -> Example:
    """`example` is locked by the caller. Another question or statement waits for approval again."""
    before = facts(example)
    values = dict(given)
    if "question" in values:
        values["question_key"] = key_of(values["question"])
    if {"question", "sql"} & values.keys():
        values = {"state": Example.State.DRAFT, "reason": "", **NOT_APPROVED, **values}
    _update(example, values)
    _record("example.updated", example, actor, before=before)
    return example


def try_out(*, example: Example, by: User, trace_id: str = "") -> execution.Ran:
    """Run the statement once, outside any transaction. Raises ExampleRefused, TrialFailed."""
    ran = execution.run(
        connection=example.connection,
        sql=example.sql,
        origin=Run.Origin.EXAMPLE,
        actor=by,
        max_rows=TRIAL_ROWS,
        trace_id=trace_id or None,
    )
    if ran.state == Run.State.REFUSED:
        raise ExampleRefused(ran.rule, ran.detail)
    if ran.state != Run.State.OK:
        raise TrialFailed(ran.error_code or str(ran.state), ran.detail)
    return ran


def approve(*, example: Example, seen: int, by: User, actor: Actor) -> Example:
    """Let it answer from now on. It was tried before, at the version `seen`.

    Raises QuestionTaken, and ExampleMoved where it changed during the trial.
    """
    locked = Example.objects.select_for_update().filter(pk=example.pk, version=seen).first()
    if locked is None:
        raise ExampleMoved
    before = facts(locked)
    values = {
        "state": Example.State.APPROVED,
        "reason": "",
        "approved_by": by,
        "approved_by_name": by.get_username()[:100],
        "approved_at": timezone.now(),
    }
    try:
        with transaction.atomic():
            _update(locked, values)
    except IntegrityError as error:
        if constraint_of(error) == APPROVED_ONCE:
            raise QuestionTaken from error
        raise
    _record("example.approved", locked, actor, before=before)
    return locked


def withdraw(*, example: Example, actor: Actor) -> Example:
    """Take the approval back: it is a draft again. Does nothing to what is none."""
    if example.state == Example.State.APPROVED:
        before = facts(example)
        _update(example, {"state": Example.State.DRAFT, **NOT_APPROVED})
        _record("example.withdrawn", example, actor, before=before)
    return example


def remove(*, example: Example, actor: Actor) -> None:
    audit.record(
        actor=actor,
        action="example.deleted",
        target=("example", example.pk),
        before=facts(example),
    )
    example.delete()


def facts(example: Example) -> dict[str, Any]:
    return {name: getattr(example, name) for name in FACTS}


def key_of(question: str) -> str:
    """The folded question; one of signs alone is compared as it is."""
    return fold(question) or question.strip()


def _update(example: Example, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(example, name, value)
    example.save(update_fields=[*values, "updated_at"])
    example.refresh_from_db(fields=["version"])


def _record(
    action: str, example: Example, actor: Actor, *, before: Mapping[str, Any] | None
) -> None:
    audit.record(
        actor=actor,
        action=action,
        target=("example", example.pk),
        before=before,
        after=facts(example),
    )
