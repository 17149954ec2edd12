"""What people do with batches: start, pause, go on, cancel, leave a chapter out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.authentication import Principal
from laojun import audit
from studio.models import Agent, Batch, BatchItem, Chapter, Work
from taishang import queue, transitions
from taishang.catalogue.refusals import constraint_of
from taishang.models import Task
from taishang.transitions import IllegalTransition

KIND = "studio.batch"
SUBJECT = "studio.batch"
LIVE_CONSTRAINT = "studio_batches_live_uniq"
MOST_CHAPTERS = 200
# How many chapters were done when the task at hand was asked for.
DONE_BEFORE = "done_before"
State = Batch.State


class BatchRefused(Exception):
    """The base of all of them. `code` is a registered problem."""

    code = ""

    def __init__(self, **members: Any) -> None:
        super().__init__(self.code)
        self.members = members


class WorkBusy(BatchRefused):
    """The work has a batch that is not over."""

    code = "batch_running"


class BatchMoved(BatchRefused):
    """The batch is in another state than this move starts from."""

    code = "batch_state"


class NoChapters(BatchRefused):
    """A chapter to be written has no synopsis to be written from."""

    code = "synopsis_required"


def start(
    *,
    principal: Principal,
    work: Work,
    chapters: Sequence[Chapter],
    agent: Agent,
    options: Mapping[str, Any],
    max_cost: Decimal | None,
) -> Batch:
    """Write these chapters in this order. Raises WorkBusy, NoChapters."""
    bare = [str(chapter.pk) for chapter in chapters if not chapter.synopsis.strip()]
    if bare or not chapters:
        raise NoChapters(chapters=bare)
    batch = Batch(
        workspace_id=work.workspace_id,
        work=work,
        user=principal.user,
        agent=agent,
        options=dict(options),
        state=State.RUNNING,
        max_cost=max_cost,
    )
    try:
        with transaction.atomic():
            batch.save(force_insert=True)
    except IntegrityError as error:
        if constraint_of(error) == LIVE_CONSTRAINT:
            raise WorkBusy from error
        raise
    BatchItem.objects.bulk_create(
        BatchItem(
            workspace_id=work.workspace_id,
            work=work,
            batch=batch,
            chapter=chapter,
            ordinal=ordinal,
        )
        for ordinal, chapter in enumerate(chapters, start=1)
    )
    _asked(principal, batch)
    _record(principal, batch, "batch.started", chapters=len(chapters))
    return batch


def pause(*, principal: Principal, batch: Batch) -> Batch:
    """Begin no further chapter; the one under way is finished. Raises BatchMoved."""
    _move(batch, [State.RUNNING], State.PAUSED, pause_reason="asked")
    _record(principal, batch, "batch.paused")
    return batch


def resume(*, principal: Principal, batch: Batch) -> Batch:
    """Go on with the first chapter that is not done; one that failed is tried anew. Raises BatchMoved."""
    _move(batch, [State.PAUSED, State.DRAFT], State.RUNNING, pause_reason="")
    BatchItem.objects.filter(batch=batch, state=BatchItem.State.FAILED).update(
        state=BatchItem.State.WAITING, attempts=0, error="", updated_at=timezone.now()
    )
    _asked(principal, batch)
    _record(principal, batch, "batch.resumed")
    return batch


def cancel(*, principal: Principal, batch: Batch) -> Batch:
    """End it at once; chapters that are done stay. Raises BatchMoved."""
    _move(batch, [State.RUNNING, State.PAUSED, State.DRAFT], State.CANCELLED)
    if batch.task_id is not None:
        with suppress(IllegalTransition):
            transitions.cancel(batch.task_id, by=principal.actor, reason="cancelled")
    _record(principal, batch, "batch.cancelled")
    return batch


def skip(*, principal: Principal, item: BatchItem) -> BatchItem:
    """Leave a chapter out of a batch that rests. Raises BatchMoved."""
    rows = BatchItem.objects.filter(
        pk=item.pk,
        batch__state=State.PAUSED,
        state__in=[BatchItem.State.FAILED, BatchItem.State.WAITING],
    )
    if not rows.update(state=BatchItem.State.SKIPPED, updated_at=timezone.now()):
        raise BatchMoved(state=item.state)
    _record(principal, item.batch, "batch.changed", skipped=item.ordinal)
    item.refresh_from_db()
    return item


def _move(batch: Batch, before: Sequence[str], after: str, **values: Any) -> None:
    rows = Batch.objects.filter(pk=batch.pk, state__in=before)
    if not rows.update(state=after, updated_at=timezone.now(), **values):
        batch.refresh_from_db()
        raise BatchMoved(state=batch.state)
    batch.refresh_from_db()


def _enqueue(batch: Batch, *, user_id: UUID | None, api_key_id: UUID | None, trace_id: str) -> Task:
    task = queue.enqueue(
        kind=KIND,
        payload={"batch_id": str(batch.pk)},
        workspace=batch.workspace_id,
        user=user_id,
        api_key_id=api_key_id,
        subject_type=SUBJECT,
        subject_id=str(batch.pk),
        trace_id=trace_id,
    )
    batch.task_id = task.pk
    batch.options = {**batch.options, DONE_BEFORE: _done(batch)}
    batch.save(update_fields=["task_id", "options", "updated_at"])
    return task


def _asked(principal: Principal, batch: Batch) -> Task:
    return _enqueue(
        batch,
        user_id=principal.user.pk if principal.user else None,
        api_key_id=principal.api_key_id,
        trace_id=audit.current_facts().trace_id,
    )


def _record(principal: Principal, batch: Batch, action: str, **details: Any) -> None:
    audit.record(actor=principal, action=action, target=("batch", batch.pk), details=details)


def task_ended(task: Task, *, state: str, code: str) -> None:
    """A task that was given up after its workers died goes on as another one, as long as chapters come of it.

    One that brings none rests, so that somebody can look.
    """
    if state == Task.State.SUCCEEDED:
        return
    batch = Batch.objects.filter(task_id=task.pk, state=State.RUNNING).first()
    if batch is None:
        return
    if code == "crashed" and _done(batch) > batch.options.get(DONE_BEFORE, 0):
        _enqueue(batch, user_id=task.user_id, api_key_id=task.api_key_id, trace_id=task.trace_id)
    else:
        _move(batch, [State.RUNNING], State.PAUSED, pause_reason="interrupted")


def _done(batch: Batch) -> int:
    return BatchItem.objects.filter(batch=batch, state=BatchItem.State.DONE).count()
