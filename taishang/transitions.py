"""Every change of a task's state, each one statement that also writes the history.

A change names the state it starts from; the run's own changes name its fence too, so a run that lost its task
changes nothing. The caller's context decides what is visible: the workspace, the operator or the dispatcher.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from django.core.cache import cache
from django.db import connection, transaction

from taishang import events
from taishang.models.task import MAX_CRASHES

BACKOFF_SECONDS = 2.0
MAX_BACKOFF_SECONDS = 600.0
CLEARED = "lease_owner = NULL, lease_until = NULL"
ENDED = f"{CLEARED}, finished_at = clock_timestamp()"


class LeaseLost(Exception):
    """This run no longer owns its task: another one does, or it has ended."""


class IllegalTransition(Exception):
    """The task's state does not allow this now."""


@dataclass(frozen=True)
class Holder:
    """The right to write a run's outcome: this task at this fence."""

    task_id: UUID
    fence: int

    @property
    def where(self) -> str:
        return "id = %s AND fence = %s AND state = 'running'"

    @property
    def values(self) -> list[Any]:
        return [self.task_id, self.fence]


@dataclass(frozen=True)
class Note:
    """A line of history."""

    event: str
    detail: dict[str, Any] | None = None
    actor: str = ""


def change(
    *, sets: str, set_values: list[Any], where: str, where_values: list[Any], note: Note
) -> list[UUID]:
    """Update the matching tasks and write one event for each, in one round trip. Returns their ids."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH changed AS (
                UPDATE tai_tasks SET {sets}{"," if sets else ""} event_seq = event_seq + 1
                WHERE {where}
                RETURNING id, workspace_id, event_seq, attempts, trace_id
            ), written AS (
                INSERT INTO tai_task_events
                    (workspace_id, task_id, seq, event, detail, actor, attempt, trace_id, created_at)
                SELECT workspace_id, id, event_seq, %s, %s::jsonb, %s, attempts, trace_id,
                    clock_timestamp()
                FROM changed
            )
            SELECT id FROM changed
            """,
            [
                *set_values,
                *where_values,
                note.event,
                orjson.dumps(note.detail or {}).decode(),
                note.actor,
            ],
        )
        ids = [row[0] for row in cursor.fetchall()]
    if note.event in events.TOLD:
        events.tell(ids, note.event)
    announce(ids)
    return ids


def announce(ids: list[UUID]) -> None:
    """Tell whoever watches these tasks that something changed, once it is committed. A hint: it may be lost."""
    if ids:
        transaction.on_commit(partial(_publish, ids))


def _publish(ids: list[UUID]) -> None:
    for task_id in ids:
        cache.publish(f"task:{task_id}", "")  # type: ignore[attr-defined]


def _own(holder: Holder, sets: str, values: list[Any], note: Note) -> None:
    if not change(
        sets=sets,
        set_values=values,
        where=holder.where,
        where_values=holder.values,
        note=note,
    ):
        raise LeaseLost


def write(holder: Holder, note: Note) -> None:
    """Add a line of history. Raises LeaseLost."""
    _own(holder, "", [], note)


def checkpoint(holder: Holder, data: dict[str, Any]) -> None:
    """Keep what a later attempt may start from. Raises LeaseLost."""
    _own(holder, "checkpoint = %s::jsonb", [orjson.dumps(data).decode()], Note("checkpoint"))


def progress(
    holder: Holder, *, percent: int, current: int | None, total: int | None, message: str
) -> None:
    """Show how far the run is; no line of history. Raises LeaseLost."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE tai_tasks SET progress = %s, progress_current = %s, progress_total = %s,
                progress_message = %s WHERE {holder.where}""",
            [percent, current, total, message[:300], *holder.values],
        )
        if not cursor.rowcount:
            raise LeaseLost
    announce([holder.task_id])


def succeed(holder: Holder, *, result: Any, wipe_payload: bool = False) -> None:
    """Raises LeaseLost. A wish to cancel that came too late is written down."""
    wiped = ", payload = '{}'" if wipe_payload else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT cancel_requested_at IS NOT NULL FROM tai_tasks WHERE {holder.where} FOR UPDATE",
            holder.values,
        )
        found = cursor.fetchone()
    if found is None:
        raise LeaseLost
    if found[0]:
        write(holder, Note("cancel_too_late"))
    _own(
        holder,
        "state = 'succeeded', result = %s::jsonb, progress = 100, error = '', error_code = '',"
        f" error_detail = '', {ENDED}{wiped}",
        [orjson.dumps(result).decode()],
        Note("succeeded"),
    )


def fail(holder: Holder, *, code: str, message: str, detail: str = "") -> None:
    """End as a dead letter. Raises LeaseLost."""
    _own(
        holder,
        f"state = 'failed', error_code = %s, error = %s, error_detail = %s, {ENDED}",
        [code[:60], message[:2000], detail[:8000]],
        Note("failed", {"code": code[:60]}),
    )


def retry_later(holder: Holder, *, after: float, code: str, message: str, detail: str = "") -> None:
    """Wait and try again. Units: seconds. Raises LeaseLost."""
    _own(
        holder,
        "state = 'queued', due_at = clock_timestamp() + make_interval(secs => %s), error_code = %s,"
        f" error = %s, error_detail = %s, {CLEARED}",
        [after, code[:60], message[:2000], detail[:8000]],
        Note("retry_scheduled", {"code": code[:60], "after_s": round(after, 1)}),
    )


def give_back(holder: Holder) -> None:
    """A worker that stops returns its task untouched; the attempt does not count. Raises LeaseLost."""
    _own(
        holder,
        f"state = 'queued', attempts = attempts - 1, {CLEARED}",
        [],
        Note("given_back"),
    )


def cancelled(holder: Holder, *, killed: bool = False) -> None:
    """End a run that obeyed, or whose process is being killed. Raises LeaseLost."""
    if killed:
        write(holder, Note("killed"))
    _own(holder, f"state = 'cancelled', {ENDED}", [], Note("cancelled"))


def backoff(attempt: int) -> float:
    """Seconds to wait after the given attempt: 2 s doubled each time, at most 10 min, half of it at random."""
    full = min(MAX_BACKOFF_SECONDS, BACKOFF_SECONDS * 2 ** (attempt - 1))
    return full * random.uniform(0.5, 1.0)  # noqa: S311


def rescue(*, lease: timedelta, dead_owners: list[str]) -> list[UUID]:
    """Take tasks whose lease ran out, or whose process is known to be dead, back into the queue.

    A crash costs no attempt but the fifth one ends the task. For one lease length after a restart of the
    database nobody's lease counts as lost: every one looks so, though the workers live. Runs as the dispatcher.
    """
    lost = """state = 'running' AND (lease_owner = ANY(%s) OR (lease_until < clock_timestamp()
        AND pg_postmaster_start_time() < clock_timestamp() - %s::interval))"""
    values = [dead_owners, lease]
    wished = f"{lost} AND cancel_requested_at IS NOT NULL"
    rescued = change(
        sets=f"state = 'cancelled', {ENDED}",
        set_values=[],
        where=f"id IN (SELECT id FROM tai_tasks WHERE {wished} FOR UPDATE SKIP LOCKED)",
        where_values=values,
        note=Note("cancelled", {"reason": "lease_lost"}),
    )
    rescued += change(
        sets=f"state = 'failed', crashes = crashes + 1, error_code = 'crashed', {ENDED}",
        set_values=[],
        where=f"id IN (SELECT id FROM tai_tasks WHERE {lost} AND crashes >= %s FOR UPDATE SKIP LOCKED)",
        where_values=[*values, MAX_CRASHES - 1],
        note=Note("failed", {"code": "crashed"}),
    )
    rescued += change(
        sets=f"state = 'queued', crashes = crashes + 1, attempts = attempts - 1, {CLEARED}",
        set_values=[],
        where=f"id IN (SELECT id FROM tai_tasks WHERE {lost} FOR UPDATE SKIP LOCKED)",
        where_values=values,
        note=Note("rescued"),
    )
    return rescued


def expire() -> list[UUID]:
    """End what waited beyond its time before it ever started. Runs as the dispatcher."""
    return change(
        sets="state = 'failed', error_code = 'expired', finished_at = clock_timestamp()",
        set_values=[],
        where="""id IN (SELECT id FROM tai_tasks WHERE state = 'queued' AND started_at IS NULL
            AND expires_at <= clock_timestamp() LIMIT 1000 FOR UPDATE SKIP LOCKED)""",
        where_values=[],
        note=Note("expired", {"code": "expired"}),
    )


def promote() -> list[str]:
    """Make ready what has fallen due; returns the queues concerned. Runs as the dispatcher."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE tai_tasks SET ready = true WHERE id IN (
                SELECT id FROM tai_tasks WHERE state = 'queued' AND NOT ready
                AND due_at <= clock_timestamp() ORDER BY due_at LIMIT 1000 FOR UPDATE SKIP LOCKED)
            RETURNING queue"""
        )
        return sorted({row[0] for row in cursor.fetchall()})


def cancel(task_id: UUID, *, by: str, reason: str = "") -> bool:
    """Cancel what waits at once; ask what runs to stop. False when it had been asked already.

    Raises IllegalTransition when the task ended in another way.
    """
    values = [by[:80], reason[:300]]
    asked = "cancel_requested_at = clock_timestamp(), cancel_by = %s, cancel_reason = %s"
    note = Note("cancelled", {"reason": reason[:300]}, by)
    ended = change(
        sets=f"state = 'cancelled', {asked}, finished_at = clock_timestamp()",
        set_values=values,
        where="id = %s AND state = 'queued'",
        where_values=[task_id],
        note=note,
    )
    if ended:
        return True
    wished = change(
        sets=asked,
        set_values=values,
        where="id = %s AND state = 'running' AND cancel_requested_at IS NULL",
        where_values=[task_id],
        note=Note("cancel_requested", note.detail, by),
    )
    if wished:
        return True
    if _state(
        task_id, "state = 'cancelled' OR (state = 'running' AND cancel_requested_at IS NOT NULL)"
    ):
        return False
    raise IllegalTransition


def retry(task_id: UUID, *, by: str, attempts: int = 3) -> None:
    """Put what failed or was cancelled into the queue once more, with fresh attempts.

    Raises IllegalTransition; a live task with the same dedup key raises IntegrityError (`tai_tasks_one_live_dedup`).
    """
    changed = change(
        sets="""state = 'queued', attempts = 0, crashes = 0, max_attempts = %s,
            due_at = clock_timestamp(), started_at = NULL, finished_at = NULL, expires_at = NULL,
            error = '', error_code = '', error_detail = '', result = NULL,
            progress = CASE WHEN checkpoint IS NULL THEN 0 ELSE progress END, progress_message = '',
            cancel_requested_at = NULL, cancel_by = '', cancel_reason = '',
            acknowledged_at = NULL, acknowledged_by_id = NULL""",
        set_values=[attempts],
        where="id = %s AND state IN ('failed', 'cancelled')",
        where_values=[task_id],
        note=Note("retried", {"attempts": attempts}, by),
    )
    if not changed:
        raise IllegalTransition


def reorder(
    task_id: UUID, *, by: str, priority: int | None = None, due_at: datetime | None = None
) -> None:
    """Change urgency or time of what still waits. Raises IllegalTransition."""
    changes: list[tuple[str, list[Any], str]] = []
    if priority is not None:
        changes.append(("priority = %s", [priority], "reprioritised"))
    if due_at is not None:
        changes.append(("due_at = %s, scheduled_at = %s", [due_at, due_at], "rescheduled"))
    for sets, values, event in changes:
        if not change(
            sets=sets,
            set_values=values,
            where="id = %s AND state = 'queued'",
            where_values=[task_id],
            note=Note(event, {"to": str(values[0])}, by),
        ):
            raise IllegalTransition


def acknowledge(task_id: UUID, *, by: str, user_id: UUID | None) -> bool:
    """Take a failure off the list of dead letters. False when somebody already did."""
    return bool(
        change(
            sets="acknowledged_at = clock_timestamp(), acknowledged_by_id = %s",
            set_values=[user_id],
            where="id = %s AND state = 'failed' AND acknowledged_at IS NULL",
            where_values=[task_id],
            note=Note("acknowledged", {}, by),
        )
    )


def acknowledge_all(type: str, code: str, *, by: str, user_id: UUID | None) -> list[UUID]:
    """Take every failure of this kind and code off the list of dead letters."""
    return change(
        sets="acknowledged_at = clock_timestamp(), acknowledged_by_id = %s",
        set_values=[user_id],
        where="state = 'failed' AND acknowledged_at IS NULL AND type = %s AND error_code = %s",
        where_values=[type, code],
        note=Note("acknowledged", {}, by),
    )


def _state(task_id: UUID, condition: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM tai_tasks WHERE id = %s AND ({condition})", [task_id])
        return cursor.fetchone() is not None
