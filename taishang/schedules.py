"""What runs by itself: declared in code, due in the database, fired by whichever ticker gets there first."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from cronsim import CronSim
from django.conf import settings
from django.db import connections, models
from django.utils import timezone

from accounts import registry, tenancy
from accounts.registry import Store
from taishang import kinds
from taishang.models import Schedule, Task

TICK_SECONDS = 60
LATE = timedelta(seconds=60)
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Declared:
    """A rhythm in code. Exactly one of `every_s` and `cron`; `run` is for ticks, others enqueue the kind `type`."""

    name: str
    type: str
    queue: str = "maintenance"
    every_s: int | None = None
    cron: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    catch_up: Literal["skip", "once"] = "once"
    run: Callable[[], Any] | None = None


own: Store[Declared] = Store("task_schedules")


def declared() -> list[Declared]:
    """Our own and those of the apps below."""
    below = [
        Declared(
            name=name,
            type=name,
            queue=entry.queue,
            every_s=entry.every_s,
            cron=entry.cron or "",
            run=entry.run,
        )
        for name, entry in registry.schedules.items()
    ]
    return [*own.values(), *below]


def synchronise(using: str = "default") -> None:
    """Let the table follow the code; what operators changed stays. The caller has entered a context."""
    now = timezone.now()
    rows = Schedule.objects.using(using)
    entries = declared()
    for entry in entries:
        rhythm = {
            "type": entry.type,
            "queue": entry.queue,
            "payload": entry.payload,
            "cron": entry.cron,
            "every_s": entry.every_s,
            "catch_up": entry.catch_up,
            "tz": settings.TIME_ZONE,
        }
        first = Schedule(name=entry.name, **rhythm)
        rows.bulk_create(
            [Schedule(name=entry.name, next_due_at=following(first, now), **rhythm)],
            ignore_conflicts=True,
        )
        same = models.Q(**rhythm) & models.Q(retired_at__isnull=True)
        rows.filter(name=entry.name).exclude(same).update(
            **rhythm, retired_at=None, next_due_at=following(first, now)
        )
    names = [entry.name for entry in entries]
    rows.filter(retired_at__isnull=True).exclude(name__in=names).update(retired_at=now)


def after_migrate(*, using: str, **_: Any) -> None:
    if using == "owner":
        with tenancy.migration_scope(using):
            synchronise(using)


def following(schedule: Schedule, after: datetime) -> datetime:
    """The next moment after the given one, on the wall clock of the schedule's zone.

    A local time that daylight saving skips runs at the next valid minute, a doubled one once.
    """
    cron = schedule.override_cron or schedule.cron
    if cron:
        local = after.astimezone(ZoneInfo(schedule.tz or settings.TIME_ZONE))
        return next(CronSim(cron, local)).astimezone(UTC)
    step = schedule.every_s or TICK_SECONDS
    elapsed = after.timestamp()
    return datetime.fromtimestamp((elapsed // step + 1) * step, UTC)


def take_due(now: datetime) -> list[Schedule]:
    """Win the schedules that are due and need a task; `next_due_at` is still the moment that was won.

    Of any number of tickers exactly one gets each moment. The caller enqueues in the same transaction.
    One query when nothing is due.
    """
    won = []
    with tenancy.dispatcher_scope():
        for schedule in _due(now):
            if schedule.is_tick or not _win(schedule, now):
                continue
            if schedule.catch_up == "skip" and now - schedule.next_due_at > LATE:
                continue
            if _still_lives(schedule.name):
                rows = Schedule.objects.filter(name=schedule.name)
                rows.update(skipped=models.F("skipped") + 1)
                continue
            won.append(schedule)
    return won


def remember(name: str, task_id: UUID) -> None:
    """Write down which task a schedule made last."""
    with tenancy.dispatcher_scope():
        Schedule.objects.filter(name=name).update(last_task_id=task_id)


def run_ticks(now: datetime) -> int:
    """Run the frequent functions that are due, in this process. Returns how many ran."""
    functions = {entry.name: entry.run for entry in declared() if entry.run is not None}
    with tenancy.dispatcher_scope():
        won = [
            schedule.name
            for schedule in _due(now)
            if schedule.is_tick and schedule.name in functions and _win(schedule, now)
        ]
    for name in won:
        _run_tick(name, functions[name])
    return len(won)


def _due(now: datetime) -> list[Schedule]:
    return list(
        Schedule.objects.filter(enabled=True, retired_at__isnull=True, next_due_at__lte=now)
    )


def _win(schedule: Schedule, now: datetime) -> bool:
    """A conditional update: the second of two tickers changes zero rows."""
    return bool(
        Schedule.objects.filter(name=schedule.name, next_due_at=schedule.next_due_at).update(
            next_due_at=following(schedule, now), last_due_at=schedule.next_due_at
        )
    )


def _still_lives(name: str) -> bool:
    return Task.objects.live().filter(workspace_id=None, schedule_name=name).exists()


def _run_tick(name: str, function: Callable[[], Any]) -> None:
    started = time.monotonic()
    error = ""
    try:
        function()
    except Exception as raised:
        logger.exception("tick failed name=%s", name)
        error = f"{type(raised).__name__}"
        if connections["default"].in_atomic_block:
            raise
    milliseconds = int((time.monotonic() - started) * 1000)
    with tenancy.dispatcher_scope():
        Schedule.objects.filter(name=name).update(
            last_ms=milliseconds,
            last_error=error,
            failures=models.F("failures") + 1 if error else 0,
        )


def kinds_without_handler() -> list[str]:
    """Schedules whose kind nobody handles: a mistake in code."""
    known = set(kinds.names())
    return [
        entry.name
        for entry in declared()
        if (entry.every_s or TICK_SECONDS + 1) > TICK_SECONDS and entry.type not in known
    ]
