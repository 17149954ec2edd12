"""Everything one request left behind, from every table that names requests, in the order it happened."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

from accounts.registry import Store
from laojun import audit
from laojun.models import AuditLog, SystemLog

MAX_ROWS = 500


@dataclass(frozen=True)
class Step:
    """One thing that happened in a request: `source` is the name of its table, `level` good, warn, bad or info."""

    at: datetime
    source: Any
    title: str
    level: str = "info"
    text: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


# Name → function of a trace id that gives the steps of one table; what an app above keeps, it adds.
sources: Store[Callable[[str], Iterable[Step]]] = Store("trace_sources")
LEVELS = {"DEBUG": "info", "INFO": "info", "WARN": "warn", "ERROR": "bad"}
RESULTS = {"ok": "good", "denied": "warn", "failed": "bad"}


def steps(trace_id: str) -> list[Step]:
    """The steps of one request, oldest first. Inside the platform scope; one query for each table."""
    found = chain.from_iterable(source(trace_id) for source in sources.values())
    return sorted(found, key=lambda step: step.at)


def logs(trace_id: str) -> list[Step]:
    rows = SystemLog.objects.filter(trace_id=trace_id).order_by("created_at", "id")[:MAX_ROWS]
    return [
        Step(
            row.created_at,
            SystemLog._meta.verbose_name,
            row.message,
            LEVELS[row.level],
            row.traceback,
            {"logger": row.logger, "service": row.service, "at": row.context.get("at", "")},
        )
        for row in rows
    ]


def deeds(trace_id: str) -> list[Step]:
    rows = list(AuditLog.objects.filter(trace_id=trace_id).order_by("created_at", "id")[:MAX_ROWS])
    known = audit.names(rows)
    return [
        Step(
            row.created_at,
            AuditLog._meta.verbose_name,
            f"{known.get(row.actor) or row.actor} {audit.actions.get(row.action) or row.action}",
            RESULTS[row.result],
            "",
            {row.resource_type: row.resource_id, "action": row.action},
        )
        for row in rows
    ]
