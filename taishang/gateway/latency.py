"""How long models take to their first word and to their last, and what their calls fail with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

# Of settled calls that reached the provider.
STATEMENT = """
    SELECT m.name || '@' || m.version, count(*), count(*) FILTER (WHERE c.status = 'failed'),
        percentile_disc(0.5) WITHIN GROUP (ORDER BY c.first_ms),
        percentile_disc(0.95) WITHIN GROUP (ORDER BY c.first_ms),
        percentile_disc(0.95) WITHIN GROUP (ORDER BY c.duration_ms),
        (array_agg(c.error_class ORDER BY c.created_at DESC) FILTER (WHERE c.error_class <> ''))[1]
    FROM (SELECT *, (extract(epoch FROM first_token_at - started_at) * 1000)::integer AS first_ms
          FROM tai_model_calls
          WHERE created_at >= %s AND status <> 'running' AND NOT is_cached) c
    JOIN tai_models m ON m.id = c.model_id
    GROUP BY m.id ORDER BY count(*) DESC LIMIT %s
"""
MOST_MODELS = 20


@dataclass(frozen=True)
class Latency:
    """One model. Units: milliseconds; None where nothing was ever said."""

    model: str
    calls: int
    failed: int
    first_half: int | None
    first_most: int | None
    whole_most: int | None
    last_error: str | None


def latencies(since: datetime) -> list[Latency]:
    """The busiest models of a time, in what the context can see. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, [since, MOST_MODELS])
        return [Latency(*row) for row in cursor.fetchall()]
