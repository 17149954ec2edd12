"""How generation does across the platform: outcomes, checks, times and memory, reasons of failure, room taken."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from laojun.models import File
from taishang.models import GenerationJob, Task

DAYS = 7
SAMPLE = 500
PERCENT = 100
MOST_WORKSPACES = 5
MEBIBYTE = 1024 * 1024
KEPT = Q(purpose__startswith="generation.") | Q(purpose="project.pack")
STAGES = [stage for stage in GenerationJob.Stage if stage != GenerationJob.Stage.DONE]


def week() -> dict[str, Any]:
    """The figures of the last seven days, for the operator's board. Times and checks from 500 jobs at most."""
    jobs = GenerationJob.objects.filter(created_at__gte=timezone.now() - timedelta(days=DAYS))
    states = _counted(jobs, "task__state")
    ended = states.get("succeeded", 0) + states.get("failed", 0)
    times = stage_times(jobs)
    return {
        "days": DAYS,
        "total": sum(states.values()),
        "states": [(value, states[value]) for value in Task.State.values if value in states],
        "sources": [
            (label, count)
            for value, label in GenerationJob.Source.choices
            if (count := _counted(jobs, "source").get(value))
        ],
        "success_rate": round(states.get("succeeded", 0) * PERCENT / ended) if ended else None,
        "failures": _failures(jobs),
        "running": list(jobs.with_task().filter(task__state=Task.State.RUNNING)[:MOST_WORKSPACES]),
        "disk": disk(),
        **proofs(jobs),
        "times": times,
        "times_json": json.dumps(_chart(times), ensure_ascii=False),
    }


def _chart(times: list[tuple[str, int, int]]) -> dict[str, Any]:
    return {
        "kind": "bar",
        "labels": [row[0] for row in times],
        "series": [
            {"name": _("half of them, ms"), "values": [row[1] for row in times]},
            {"name": _("95 of 100, ms"), "values": [row[2] for row in times]},
        ],
    }


def stage_times(jobs: Any) -> list[tuple[str, int, int]]:
    """Stage, median and 95th percentile. Units: ms."""
    found: dict[str, list[int]] = defaultdict(list)
    rows = jobs.order_by("-created_at").values_list("stage_timings", flat=True)[:SAMPLE]
    for timings in rows:
        for stage, told in timings.items():
            found[stage].append(int(told.get("ms", 0)))
    return [
        (str(stage.label), percentile(found[stage], 50), percentile(found[stage], 95))
        for stage in STAGES
        if found[stage]
    ]


def proofs(jobs: Any) -> dict[str, Any]:
    """How the results stood their checks, and what the children took. Units: percent, MiB."""
    rows = list(
        jobs.filter(task__state=Task.State.SUCCEEDED)
        .order_by("-created_at")
        .values_list("verification", "summary", "usage")[:SAMPLE]
    )
    red = sum(any(check["state"] == "fail" for check in checks) for checks, _sum, _use in rows)
    replayed = sum(summary.get("replayed", 0) for _checks, summary, _use in rows)
    green = sum(summary.get("replayed_green", 0) for _checks, summary, _use in rows)
    peaks = [usage["peak_bytes"] // MEBIBYTE for _checks, _sum, usage in rows if usage]
    return {
        "red": red,
        "replay_rate": round(green * PERCENT / replayed) if replayed else None,
        "peak_mib": percentile(peaks, 95) if peaks else None,
        "weak_sandbox": sum(usage.get("sandbox") == "partial" for _checks, _sum, usage in rows),
    }


def disk() -> list[Any]:
    """Bytes that sources, artifacts and project versions take, the largest workspaces first."""
    return list(
        File.objects.filter(KEPT, state=File.State.STORED)
        .values("workspace__name")
        .annotate(bytes=Sum("file_size"), files=Count("pk"))
        .order_by("-bytes")[:MOST_WORKSPACES]
    )


def percentile(values: list[int], percent: int) -> int:
    """The smallest value that `percent` of 100 values do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // PERCENT)
    return ordered[max(0, rank - 1)]


def _counted(jobs: Any, field: str) -> dict[str, int]:
    return dict(jobs.values_list(field).annotate(count=Count("pk")).order_by())


def _failures(jobs: Any) -> list[tuple[str, int]]:
    failed = jobs.filter(task__state=Task.State.FAILED)
    rows = failed.values_list("task__error_code").annotate(count=Count("pk")).order_by("-count")
    return list(rows[:10])
