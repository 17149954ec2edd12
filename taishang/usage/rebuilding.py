"""Days of use made again from their calls: to compare them, to mend them, and after costs have changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

# One row for each workspace and day on which calls and days of use disagree, whoever made the calls: people who
# left are forgotten by their calls and not by their days.
DIFFERENCES = """
    WITH called AS (
        SELECT workspace_id, stat_date, count(*) AS requests, sum(input_tokens) AS input,
            sum(output_tokens) AS output, COALESCE(sum(cost), 0) AS cost,
            count(*) FILTER (WHERE cost IS NULL) AS unknown
        FROM tai_model_calls
        WHERE status <> 'running' AND stat_date >= %(since)s
          AND created_at >= %(since)s::timestamptz - interval '2 days'
        GROUP BY 1, 2
    ), told AS (
        SELECT workspace_id, stat_date, sum(total_requests) AS requests,
            sum(total_input_tokens) AS input, sum(total_output_tokens) AS output,
            sum(total_cost) AS cost, sum(unknown_cost_calls) AS unknown
        FROM tai_usage_daily WHERE stat_date >= %(since)s GROUP BY 1, 2
    )
    SELECT COALESCE(c.workspace_id, t.workspace_id), COALESCE(c.stat_date, t.stat_date),
        COALESCE(t.requests, 0), COALESCE(c.requests, 0), COALESCE(t.cost, 0), COALESCE(c.cost, 0)
    FROM called c FULL JOIN told t
      ON COALESCE(c.workspace_id, 0) = COALESCE(t.workspace_id, 0) AND c.stat_date = t.stat_date
    WHERE (COALESCE(c.requests, 0), COALESCE(c.input, 0), COALESCE(c.output, 0),
           COALESCE(c.cost, 0), COALESCE(c.unknown, 0))
       <> (COALESCE(t.requests, 0), COALESCE(t.input, 0), COALESCE(t.output, 0),
           COALESCE(t.cost, 0), COALESCE(t.unknown, 0))
    ORDER BY 2, 1
"""
EMPTIED = """
    UPDATE tai_usage_daily SET total_requests = 0, failed_requests = 0, cached_requests = 0,
        total_input_tokens = 0, total_output_tokens = 0, total_cost = 0, unknown_cost_calls = 0,
        by_model = '{}', by_type = '{}', updated_at = clock_timestamp()
    WHERE workspace_id IS NOT DISTINCT FROM %(workspace)s AND stat_date = ANY (%(days)s)
"""
GROUPED = """
    SELECT workspace_id, user_id, stat_date, jsonb_object_agg(key, jsonb_build_object(
        'requests', n, 'input_tokens', input, 'output_tokens', output,
        'cost', cost::numeric(18, 10)::text, 'unknown_cost_calls', unknown)) AS groups
    FROM (SELECT workspace_id, user_id, stat_date, {key} AS key, count(*) AS n,
            sum(input_tokens) AS input, sum(output_tokens) AS output,
            COALESCE(sum(cost), 0) AS cost, count(*) FILTER (WHERE cost IS NULL) AS unknown
          FROM called GROUP BY 1, 2, 3, 4) grouped
    GROUP BY 1, 2, 3
"""
REBUILT = f"""
    WITH called AS (
        SELECT * FROM tai_model_calls
        WHERE workspace_id IS NOT DISTINCT FROM %(workspace)s AND stat_date = ANY (%(days)s)
          AND status <> 'running'
          AND created_at >= %(since)s::timestamptz - interval '2 days'
          AND created_at < %(until)s::timestamptz + interval '2 days'
    ), models AS ({GROUPED.format(key="COALESCE(model_id, 0)::text")}),
    types AS ({GROUPED.format(key="purpose")})
    INSERT INTO tai_usage_daily AS d (workspace_id, user_id, stat_date, total_requests,
        failed_requests, cached_requests, refused_requests, total_input_tokens,
        total_output_tokens, total_cost, unknown_cost_calls, by_model, by_type, created_at, updated_at)
    SELECT c.workspace_id, c.user_id, c.stat_date, count(*),
        count(*) FILTER (WHERE c.status = 'failed'), count(*) FILTER (WHERE c.is_cached), 0,
        sum(c.input_tokens), sum(c.output_tokens), COALESCE(sum(c.cost), 0),
        count(*) FILTER (WHERE c.cost IS NULL), m.groups, t.groups,
        clock_timestamp(), clock_timestamp()
    FROM called c
    JOIN models m ON m.stat_date = c.stat_date AND m.user_id IS NOT DISTINCT FROM c.user_id
    JOIN types t ON t.stat_date = c.stat_date AND t.user_id IS NOT DISTINCT FROM c.user_id
    GROUP BY c.workspace_id, c.user_id, c.stat_date, m.groups, t.groups
    ON CONFLICT (workspace_id, user_id, stat_date) DO UPDATE SET
        total_requests = EXCLUDED.total_requests, failed_requests = EXCLUDED.failed_requests,
        cached_requests = EXCLUDED.cached_requests,
        total_input_tokens = EXCLUDED.total_input_tokens,
        total_output_tokens = EXCLUDED.total_output_tokens, total_cost = EXCLUDED.total_cost,
        unknown_cost_calls = EXCLUDED.unknown_cost_calls, by_model = EXCLUDED.by_model,
        by_type = EXCLUDED.by_type, updated_at = clock_timestamp()
"""
# Calls settle into these rows: nobody may, while they are made anew.
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('usage:' || %s, 0))"
ROWS = "LOCK TABLE tai_usage_daily IN SHARE ROW EXCLUSIVE MODE"


@dataclass(frozen=True)
class Difference:
    """A workspace's day on which the ledger and the calls disagree."""

    workspace_id: int | None
    day: date
    told_requests: int
    called_requests: int
    told_cost: Decimal
    called_cost: Decimal

    def as_json(self) -> dict[str, Any]:
        return {
            "workspace": self.workspace_id,
            "day": self.day.isoformat(),
            "requests": [self.told_requests, self.called_requests],
            "cost": [str(self.told_cost), str(self.called_cost)],
        }


def differences(since: date) -> list[Difference]:
    """Every disagreement from a day on, in what the context can see. One statement, hence one moment."""
    with connection.cursor() as cursor:
        cursor.execute(DIFFERENCES, {"since": since})
        return [
            Difference(workspace, day, int(told), int(called), told_cost, called_cost)
            for workspace, day, told, called, told_cost, called_cost in cursor.fetchall()
        ]


def rebuild(*, workspace_id: int | None, days: Sequence[date]) -> None:
    """Make a workspace's days anew from its calls, in the caller's transaction; refusals stay as they were counted.

    Cost: settling waits while this runs.
    """
    if not days:
        return
    values = {
        "workspace": workspace_id,
        "days": list(days),
        "since": min(days),
        "until": max(days),
    }
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [str(workspace_id)])
        cursor.execute(ROWS)
        cursor.execute(EMPTIED, values)
        cursor.execute(REBUILT, values)
