"""What people do to work that is under way: stop, repeat, re-order, pause. Each deed on another's task is audited."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from laojun import audit
from laojun.audit import Actor, Target
from taishang import kinds, queue, transitions
from taishang.models import Lane, Schedule, Task, Worker
from taishang.transitions import IllegalTransition

DEDUP_CONSTRAINT = "tai_tasks_one_live_dedup"
URGENT_ABOVE = 80
BULK_LIMIT = 10_000


class TaskNotCancellable(Exception):
    """The task has ended in another way."""

    code = "illegal_transition"


class TaskNotRetryable(Exception):
    """Only failed and cancelled tasks are repeated."""

    code = "illegal_transition"


class TaskNotWaiting(Exception):
    """Only a waiting task can be re-ordered."""

    code = "illegal_transition"


class LiveTwin(Exception):
    """A live task already does this work. `members` names it."""

    code = "task_duplicate"

    def __init__(self, twin: UUID) -> None:
        super().__init__(str(twin))
        self.members = {"task_id": str(twin)}


def cancel(*, task: Task, by: Actor, reason: str = "") -> bool:
    """Stop a task: at once while it waits, soon when it runs. False when that was asked before.

    Raises TaskNotCancellable.
    """
    try:
        changed = transitions.cancel(task.id, by=by.name, reason=reason)
    except IllegalTransition as error:
        raise TaskNotCancellable from error
    if changed:
        _record(by, "task.cancel", task, {"reason": reason})
    return changed


def retry(*, task: Task, by: Actor, attempts: int = 3) -> None:
    """Repeat a task that failed or was cancelled. Raises TaskNotRetryable and LiveTwin."""
    try:
        with transaction.atomic():
            transitions.retry(task.id, by=by.name, attempts=attempts)
    except IllegalTransition as error:
        raise TaskNotRetryable from error
    except IntegrityError as error:
        if DEDUP_CONSTRAINT not in str(error):
            raise
        twins = Task.objects.live().filter(workspace_id=task.workspace_id, dedup_key=task.dedup_key)
        raise LiveTwin(twins.values_list("id", flat=True)[0]) from error
    transaction.on_commit(lambda: queue.wake(task.queue))
    _record(by, "task.retry", task, {"attempts": attempts})


def reorder(
    *, task: Task, by: Actor, priority: int | None = None, due_at: datetime | None = None
) -> None:
    """Change urgency or time of a waiting task. Raises TaskNotWaiting."""
    try:
        transitions.reorder(task.id, by=by.name, priority=priority, due_at=due_at)
    except IllegalTransition as error:
        raise TaskNotWaiting from error
    transaction.on_commit(lambda: queue.wake(task.queue))
    details = {"priority": priority, "due_at": due_at and due_at.isoformat()}
    _record(by, "task.reorder", task, details)


def acknowledge(*, task: Task, by: Actor) -> bool:
    """Take a failure off the dead letters. False when it was not on them."""
    changed = transitions.acknowledge(task.id, by=by.name, user_id=by.id)
    if changed:
        _record(by, "task.acknowledge", task, {})
    return changed


def retry_all(*, type: str, code: str, by: Actor) -> int:
    """Repeat the dead letters of a kind and code, at most 10,000; those with a live twin stay. Returns the number."""
    rows = Task.objects.dead_letters().filter(type=type, error_code=code)
    done = 0
    for task in rows.only("id", "queue", "workspace", "user", "dedup_key")[:BULK_LIMIT]:
        try:
            with transaction.atomic():
                transitions.retry(task.id, by=by.name)
        except (IllegalTransition, IntegrityError):
            continue
        done += 1
    for name in {kind.queue for kind in kinds.known() if kind.name == type}:
        queue.wake(name)
    _record_bulk(by, "task.retry_all", {"kind": type, "code": code, "count": done})
    return done


def acknowledge_all(*, type: str, code: str, by: Actor) -> int:
    """Take the dead letters of a kind and code off the list. Returns the number."""
    ids = transitions.acknowledge_all(type, code, by=by.name, user_id=by.id)
    _record_bulk(by, "task.acknowledge_all", {"kind": type, "code": code, "count": len(ids)})
    return len(ids)


def pause(*, queue_name: str, by: Actor, reason: str = "", workspace_id: int | None = None) -> Lane:
    """Start nothing more in this lane until it is resumed; what runs goes on."""
    lane, _created = Lane.objects.update_or_create(
        queue=queue_name,
        workspace_id=workspace_id,
        defaults={"paused_at": timezone.now(), "paused_reason": reason[:300]},
    )
    _record_lane(by, "lane.pause", lane, {"reason": reason})
    return lane


def resume(*, queue_name: str, by: Actor, workspace_id: int | None = None) -> bool:
    """Let the lane go on. False when it was not paused."""
    lanes = Lane.objects.filter(queue=queue_name, workspace_id=workspace_id)
    lane = lanes.paused().first()
    if lane is None:
        return False
    lanes.update(paused_at=None, paused_reason="")
    transaction.on_commit(lambda: queue.wake(queue_name))
    _record_lane(by, "lane.resume", lane, {})
    return True


def drain(*, worker: Worker, by: Actor) -> None:
    """Ask a worker to finish or give back what it runs, and to end."""
    Worker.objects.filter(pk=worker.pk, stopped_at=None).update(drain_requested_at=timezone.now())
    target = Target("worker", str(worker.id), platform=True)
    audit.record(actor=by, action="worker.drain", target=target, details={"host": worker.host})


def switch_schedule(*, schedule: Schedule, enabled: bool, by: Actor) -> None:
    """Turn a schedule off or on. Turned on, it goes on from now and makes up for nothing."""
    Schedule.objects.filter(pk=schedule.pk).update(enabled=enabled)
    _record_schedule(by, "schedule.change", schedule, {"enabled": enabled})


def run_schedule_now(*, schedule: Schedule, by: Actor) -> Task:
    """Enqueue a schedule's task once, apart from its times."""
    task = queue.enqueue(kind=schedule.type, payload=schedule.payload, schedule_name=schedule.name)
    Schedule.objects.filter(pk=schedule.pk).update(last_task_id=task.id)
    _record_schedule(by, "schedule.run", schedule, {"task": str(task.id)})
    return task


def _record(by: Actor, action: str, task: Task, details: dict[str, Any]) -> None:
    """One's own tasks are one's own business; the history of the task says it anyway."""
    if by.id is not None and by.id == task.user_id:
        return
    target = Target("task", str(task.id), platform=task.workspace_id is None)
    audit.record(actor=by, action=action, target=target, details=details)


def _record_bulk(by: Actor, action: str, details: dict[str, Any]) -> None:
    audit.record(
        actor=by, action=action, target=Target("task", "*", platform=True), details=details
    )


def _record_lane(by: Actor, action: str, lane: Lane, details: dict[str, Any]) -> None:
    name = f"{lane.queue}:{lane.workspace_id or '*'}"
    target = Target("lane", name, platform=True)
    audit.record(actor=by, action=action, target=target, details=details)


def _record_schedule(by: Actor, action: str, schedule: Schedule, details: dict[str, Any]) -> None:
    target = Target("schedule", schedule.name, platform=True)
    audit.record(actor=by, action=action, target=target, details=details)
