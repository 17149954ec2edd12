"""What the AI used for writing: by day, model, kind of help, work and agent, from the calls themselves."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

# Requests lie in months and calls in others; the id is the only thing that joins them.
STATEMENT = """
SELECT c.stat_date, m.name || '@' || m.version, c.purpose, r.work_id, w.title, r.agent_id, a.name,
       COUNT(*), SUM(c.input_tokens), SUM(c.output_tokens), SUM(c.cost), COUNT(*) - COUNT(c.cost)
  FROM tai_model_calls c
  LEFT JOIN tai_models m ON m.id = c.model_id
  LEFT JOIN studio_ai_requests r ON r.id::text = c.subject_id
  LEFT JOIN studio_works w ON w.id = r.work_id
  LEFT JOIN studio_agents a ON a.id = r.agent_id
 WHERE c.subject_type = 'studio.ai_request' AND c.user_id = %s AND c.workspace_id = %s
   AND c.created_at >= %s AND c.stat_date >= %s
 GROUP BY 1, 2, 3, 4, 5, 6, 7
 ORDER BY 1 DESC, 2, 3
"""
COLUMNS = (
    "day",
    "model",
    "purpose",
    "work_id",
    "work",
    "agent_id",
    "agent",
    "calls",
    "input_tokens",
    "output_tokens",
    "cost",
    "unpriced",
)
AXES = ("day", "model", "purpose", "work", "agent")


def rows(*, user_id: UUID, workspace_id: int, since: date) -> list[dict[str, Any]]:
    """Units: tokens; costs in the platform's currency. One query."""
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, [user_id, workspace_id, since, since])
        return [dict(zip(COLUMNS, row, strict=True)) for row in cursor.fetchall()]


def summed(found: list[dict[str, Any]], axis: str) -> list[dict[str, Any]]:
    """The same use along one axis, the most first (days: the newest)."""
    sums: dict[Any, dict[str, Any]] = {}
    for row in found:
        name = row[axis]
        one = sums.setdefault(name, {"name": name, "calls": 0, "tokens": 0, "cost": Decimal(0)})
        one["calls"] += row["calls"]
        one["tokens"] += row["input_tokens"] + row["output_tokens"]
        one["cost"] += row["cost"] or 0
    if axis == "day":
        return sorted(sums.values(), key=lambda one: one["name"], reverse=True)
    return sorted(sums.values(), key=lambda one: (-one["tokens"], str(one["name"])))
