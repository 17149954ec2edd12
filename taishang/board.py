"""What the operator sees of all work at a glance: queues, workers, throughput, failures. Platform scope only."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, models
from django.utils import timezone

from taishang import kinds
from taishang.models import Lane, Schedule, Task, Worker

MINUTES = 30
FAILURE_HOURS = 24
MAX_ROWS = 20
PER_QUEUE = """
SELECT queue,
    count(*) FILTER (WHERE state = 'queued') AS queued,
    count(*) FILTER (WHERE state = 'queued' AND ready) AS ready,
    count(*) FILTER (WHERE state = 'running') AS running,
    extract(epoch FROM clock_timestamp() - min(due_at) FILTER (WHERE state = 'queued' AND ready))
FROM tai_tasks WHERE state IN ('queued', 'running') GROUP BY queue
"""
PER_MINUTE = """
SELECT date_trunc('minute', finished_at) AS minute,
    count(*) FILTER (WHERE state = 'succeeded'), count(*) FILTER (WHERE state = 'failed')
FROM tai_tasks WHERE finished_at > %s GROUP BY 1
"""
TIMES = """
SELECT count(*),
    percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
        ORDER BY extract(epoch FROM started_at - greatest(due_at, created_at))),
    percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
        ORDER BY extract(epoch FROM finished_at - started_at))
FROM tai_tasks WHERE finished_at > %s AND started_at IS NOT NULL
"""


def snapshot(now: datetime | None = None) -> dict[str, Any]:
    """Everything the board shows. Seven small queries, whatever the number of tasks in history."""
    moment = now or timezone.now()
    workers = list(Worker.objects.alive(moment).order_by("host", "pid"))
    return {
        "at": moment,
        "queues": _queues(workers),
        "workers": workers,
        "silent": Worker.objects.filter(stopped_at=None).count() - len(workers),
        "redis_away": any(worker.broker_away for worker in workers),
        "throughput": _throughput(moment),
        "times": _times(moment),
        "failures": dead_letters()[:MAX_ROWS],
        "unknown": Task.objects.without_worker(kinds.names(), moment).count(),
        "red": list(Schedule.objects.red()),
    }


def dead_letters() -> list[dict[str, Any]]:
    """Failures nobody has acknowledged, by kind and code, the most frequent first."""
    rows = (
        Task.objects.dead_letters()
        .values("type", "error_code")
        .annotate(
            count=models.Count("id"),
            first=models.Min("finished_at"),
            last=models.Max("finished_at"),
            sample=models.Max("error"),
        )
        .order_by("-count")
    )
    return [{**row, "label": kinds.label_of(row["type"])} for row in rows]


def who_waits(now: datetime) -> list[dict[str, Any]]:
    """Lanes that hold something back, and which rule holds it."""
    waiting = {
        (row["queue"], row["workspace_id"]): row["count"]
        for row in Task.objects.filter(state=Task.State.QUEUED, due_at__lte=now)
        .values("queue", "workspace_id")
        .annotate(count=models.Count("id"))
    }
    held = []
    for lane in Lane.objects.select_related("workspace"):
        count = sum(
            number
            for (queue, workspace_id), number in waiting.items()
            if lane.queue in (queue, "*") and lane.workspace_id in (None, workspace_id)
        )
        held.append({"lane": lane, "waiting": count})
    return held


def _queues(workers: list[Worker]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(PER_QUEUE)
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    paused = set(Lane.objects.paused().filter(workspace=None).values_list("queue", flat=True))
    names = [*settings.TASK_QUEUES, *sorted(set(found) - set(settings.TASK_QUEUES))]
    rows = []
    for name in names:
        queued, ready, running, oldest = found.get(name, (0, 0, 0, None))
        slots = sum(worker.slots for worker in workers if name in worker.queues)
        rows.append(
            {
                "name": name,
                "queued": queued,
                "ready": ready,
                "running": running,
                "slots": slots,
                "oldest_s": round(float(oldest)) if oldest is not None else None,
                "is_paused": bool(paused & {name, "*"}),
            }
        )
    return rows


def _throughput(now: datetime) -> dict[str, list[Any]]:
    """Finished tasks per minute. Shapes: three lists of equal length, oldest first."""
    start = now.replace(second=0, microsecond=0) - timedelta(minutes=MINUTES - 1)
    with connection.cursor() as cursor:
        cursor.execute(PER_MINUTE, [start])
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    minutes = [start + timedelta(minutes=number) for number in range(MINUTES)]
    return {
        "labels": [timezone.localtime(minute).strftime("%H:%M") for minute in minutes],
        "done": [found.get(minute, (0, 0))[0] for minute in minutes],
        "failed": [found.get(minute, (0, 0))[1] for minute in minutes],
    }


def _times(now: datetime) -> dict[str, Any]:
    """How long tasks of the last day waited and ran. Units: seconds."""
    with connection.cursor() as cursor:
        cursor.execute(TIMES, [now - timedelta(hours=FAILURE_HOURS)])
        count, waits, runs = cursor.fetchone() or (0, None, None)
    return {"count": count, "wait": waits, "run": runs}
