"""Operators look at what was refused: rightly, or wrongly, which becomes a line to check the guard with."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from laojun import audit
from laojun.audit import Actor, Target
from querygpt.models import Run
from querygpt.models.run import RunQuerySet

MOST_LINES = 1_000


def review(*, runs: RunQuerySet, verdict: str, by: Any, actor: Actor) -> int:
    """Mark refused runs as looked at; how many there were. In the platform's scope."""
    found = list(runs.refused())
    for run in found:
        Run.objects.filter(pk=run.pk).update(
            review=verdict, reviewed_by=by, reviewed_at=timezone.now(), updated_at=timezone.now()
        )
        audit.record(
            actor=actor,
            action="query.reviewed",
            target=Target("querygpt_run", str(run.pk), workspace_id=run.workspace_id),
            details={"review": verdict, "rule": run.rule},
        )
    return len(found)


def lines(runs: RunQuerySet) -> str:
    """`dialect<TAB>statement` for each run, as `check_sql` reads them; line breaks become spaces."""
    found = runs.select_related("connection")[:MOST_LINES]
    return "".join(
        f"{_dialect(run)}\t{' '.join(run.sql_submitted.split(chr(10)))}\n" for run in found
    )


def _dialect(run: Run) -> str:
    return run.connection.dialect if run.connection else "postgresql"
