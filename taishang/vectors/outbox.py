"""What an engine has not learnt yet: which collections are due, and which rows are searched exactly meanwhile.

Changes are numbered in the order of their commits. What an engine cannot take yet stays here, so a slow or dead engine
makes answers slower and never wrong. A row it will never take is parked: it stays here for good, with the reason, and
is found by the exact search. The task that sends them is in `publishing`.
"""

from __future__ import annotations

from typing import Any

from accounts import tenancy
from laojun import configs
from taishang.models import Task, VectorCollection
from taishang.vectors import following, staging
from taishang.vectors.backends import base, side
from taishang.vectors.backends.base import EngineError

PUBLISH = "vectors.publish"
REBUILD = "vectors.rebuild_engine"
RECONCILE = "vectors.reconcile"
PARKED_AFTER = 8
GROWTH = 0.05
MAX_SWEPT = 200
MAX_CHANGED = 20_000

DUE = """
    SELECT c.id, c.workspace_id, c.backend, s.rows, o.ids, o.waited_s
    FROM tai_vector_states s JOIN tai_vector_collections c ON c.id = s.collection_id
    CROSS JOIN LATERAL (
        SELECT COALESCE(sum(cardinality(h.ids)), 0) AS ids,
            COALESCE(extract(epoch FROM clock_timestamp() - min(h.created_at)), 1e9) AS waited_s,
            COALESCE(bool_or(h.next_try_at > clock_timestamp()), false) AS waits
        FROM tai_vector_changes h
        WHERE h.collection_id = c.id AND h.seq > s.published_seq
    ) o
    WHERE c.backend <> 'pgvector' AND c.status <> 'deleting' AND s.write_seq > s.published_seq
        AND NOT o.waits
    ORDER BY s.last_published_at NULLS FIRST LIMIT %s
"""
RANKED_BY_ENGINES = """
    SELECT c.id, c.workspace_id FROM tai_vector_collections c
    WHERE c.backend <> 'pgvector' AND c.deleted_at IS NULL ORDER BY c.id
"""
CHANGED = """
    SELECT DISTINCT unnest(h.ids) FROM tai_vector_changes h
    WHERE h.collection_id = %s AND (h.attempts >= %s OR h.seq > (
        SELECT s.published_seq FROM tai_vector_states s WHERE s.collection_id = %s))
    LIMIT %s
"""


def sweep() -> int:
    """Ask for a publication of every collection where one is due. Returns how many. One query when none is."""
    with tenancy.platform_scope(reason=PUBLISH):
        due = [row for row in staging.run((DUE, [MAX_SWEPT]))[0].rows if _is_due(row)]
    for collection_id, workspace_id, *_rest in due:
        ask(PUBLISH, collection_id=collection_id, workspace_id=workspace_id)
    if side.killed_file().exists():
        reconcile_all()
        side.killed_file().unlink(missing_ok=True)
    return len(due)


def ask(kind: str, *, collection_id: int, workspace_id: int) -> Task:
    """One live task of a kind for a collection, asked for by the platform; the one that lives is answered."""
    with tenancy.workspace(workspace_id):
        return following.ask(kind, VectorCollection(pk=collection_id, workspace_id=workspace_id))


def _is_due(row: tuple[Any, ...]) -> bool:
    """An engine that shows whole snapshots gets them when enough has changed, or waited long enough."""
    _id, _workspace, backend, rows, ids, waited_s = row
    if not snapshots_only(backend):
        return True
    enough = max(int(configs.value("vectors.publish_changes", None)), int(rows * GROWTH))
    return ids >= enough or waited_s >= int(configs.value("vectors.publish_seconds", None))


def snapshots_only(backend: str) -> bool:
    try:
        return base.engine(backend).in_snapshots
    except EngineError:
        return False


def reconcile_all() -> int:
    """Ask for a reconciliation of every collection that an engine ranks. Returns how many."""
    with tenancy.platform_scope(reason=RECONCILE):
        rows = staging.run((RANKED_BY_ENGINES, []))[0].rows
    for collection_id, workspace_id in rows:
        ask(RECONCILE, collection_id=collection_id, workspace_id=workspace_id)
    return len(rows)


def changed_ids(collection_id: int) -> list[int]:
    """Rows whose change the engine has not got, or will never take; at most 20,001."""
    params = [collection_id, PARKED_AFTER, collection_id, MAX_CHANGED + 1]
    return [row[0] for row in staging.run((CHANGED, params))[0].rows]
