"""What the operator sees of vector engines at a glance. Platform scope only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, models
from django.utils import timezone

from laojun import configs
from taishang.models import Task, VectorCollection, VectorIndex
from taishang.vectors import ceilings, probing

MAX_ROWS = 20
PER_BACKEND = """
SELECT c.backend, count(*) AS collections, COALESCE(sum(s.rows), 0) AS rows,
    COALESCE(sum(s.bytes), 0) AS bytes,
    COALESCE(sum(s.write_seq - s.published_seq) FILTER (WHERE c.backend <> 'pgvector'), 0) AS lag_seq
FROM tai_vector_collections c JOIN tai_vector_states s ON s.collection_id = c.id
WHERE c.deleted_at IS NULL GROUP BY c.backend
"""
ON_DISK = "SELECT backend, sum(bytes) FROM tai_vector_indexes GROUP BY backend"
WAITING = """
SELECT c.id, c.name, c.workspace_id, c.backend, o.changes, o.waited_s, o.parked, s.last_error,
    s.write_seq - s.published_seq AS lag_seq
FROM tai_vector_states s JOIN tai_vector_collections c ON c.id = s.collection_id
CROSS JOIN LATERAL (
    SELECT COALESCE(sum(cardinality(h.ids)) FILTER (WHERE h.seq > s.published_seq), 0) AS changes,
        COALESCE(sum(cardinality(h.ids)) FILTER (WHERE h.seq <= s.published_seq AND h.attempts >= 8), 0)
            AS parked,
        extract(epoch FROM clock_timestamp() - min(h.created_at)
            FILTER (WHERE h.seq > s.published_seq)) AS waited_s
    FROM tai_vector_changes h WHERE h.collection_id = c.id
) o
WHERE c.backend <> 'pgvector' AND c.deleted_at IS NULL
    AND (s.write_seq > s.published_seq OR o.parked > 0 OR s.last_error <> '')
ORDER BY o.waited_s DESC NULLS LAST LIMIT %s
"""


def snapshot(now: datetime | None = None) -> dict[str, Any]:
    """Everything the page shows. Eight small queries and one look at each engine."""
    figures = _by_backend(PER_BACKEND)
    disk = {row["backend"]: row["sum"] for row in _rows(ON_DISK, [])}
    known = probing.look()
    waiting = _rows(WAITING, [MAX_ROWS])
    worth = configs.value("vectors.lag_warn_seconds", None)
    return {
        "at": now or timezone.now(),
        "engines": [
            {
                "known": one,
                "disk": disk.get(one.name, 0),
                **figures.get(one.name, {"collections": 0, "rows": 0, "bytes": 0, "lag_seq": 0}),
            }
            for one in known
        ],
        "waiting": waiting,
        "late": [row for row in waiting if (row["waited_s"] or 0) > max(worth, _patience(row))],
        "largest": list(_largest()),
        "builds": list(_builds()),
        "tasks": list(
            Task.objects.live().filter(queue="vectors").order_by("created_at")[:MAX_ROWS]
        ),
        "partitions": (ceilings.own_partitions_in_all(), ceilings.value("max_partitions", None)),
        "shared_rows": _shared_rows(),
        "is_empty": not VectorCollection.objects.alive().exists(),
    }


def _patience(row: dict[str, Any]) -> int:
    """An engine of snapshots is late only after its own pause."""
    return configs.value("vectors.publish_seconds", None) if row["backend"] == "faiss" else 0


def _largest() -> models.QuerySet[VectorCollection]:
    rows = VectorCollection.objects.alive().select_related("state", "workspace")
    return rows.order_by("-state__bytes")[:MAX_ROWS]


def _builds() -> models.QuerySet[VectorIndex]:
    rows = VectorIndex.objects.filter(state__in=("queued", "building", "failed"))
    return rows.select_related("collection").order_by("-created_at")[:MAX_ROWS]


def _shared_rows() -> int:
    shared = VectorCollection.objects.exclude(placement=VectorCollection.Placement.OWN)
    return shared.aggregate(rows=models.Sum("state__rows"))["rows"] or 0


def _by_backend(sql: str) -> dict[str, dict[str, Any]]:
    return {row["backend"]: row for row in _rows(sql, [])}


def _rows(sql: str, params: list[Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
