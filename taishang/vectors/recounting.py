"""Counters compared with what they count, every night; a difference is repaired and recorded.

Rows and counters change in the same transactions, so one statement sees both at the same moment. A repair adds the
difference, so that writes between the look and the repair stay counted.
"""

from __future__ import annotations

from accounts import tenancy
from laojun import audit
from laojun.audit import Actor
from taishang.models import VectorCollection
from taishang.vectors import ledger, staging

REASON = "counters of vector collections"
COUNTED = f"""
SELECT count(v.id) - s.rows, COALESCE(sum({ledger.SIZE}), 0)::bigint - s.bytes,
    count(*) FILTER (WHERE v.embed_state = 'pending') - s.pending_embeddings
FROM tai_vector_states s LEFT JOIN tai_vectors v
    ON v.collection_id = %s AND v.workspace_id = s.workspace_id
WHERE s.collection_id = %s GROUP BY s.rows, s.bytes, s.pending_embeddings
"""
NAMED = """
SELECT COALESCE(n.name, r.namespace), COALESCE(r.found, 0) - COALESCE(n.rows, 0)
FROM (SELECT name, rows FROM tai_vector_namespaces WHERE collection_id = %s) n
FULL JOIN (
    SELECT namespace, count(*) AS found FROM tai_vectors WHERE collection_id = %s GROUP BY namespace
) r ON r.namespace = n.name
WHERE COALESCE(r.found, 0) <> COALESCE(n.rows, 0)
"""


def recount_all() -> int:
    """Every collection of every workspace; answers how many were wrong."""
    with tenancy.platform_scope(reason=REASON):
        found = list(VectorCollection.objects.only("pk", "workspace_id"))
    wrong = 0
    for collection in found:
        with tenancy.workspace(collection.workspace_id):
            wrong += recount(collection=collection)
    return wrong


def recount(*, collection: VectorCollection) -> bool:
    """Compare and repair; answers whether something was wrong. Reads all rows of the collection."""
    number = collection.pk
    counted, named = staging.run((COUNTED, [number, number]), (NAMED, [number, number]))
    if not counted.rows:
        return False
    rows, size, pending = counted.rows[0]
    names = dict(named.rows)
    if not (rows or size or pending or names):
        return False
    staging.run(
        (
            "UPDATE tai_vector_states SET rows = rows + %s, bytes = bytes + %s,"
            " pending_embeddings = pending_embeddings + %s WHERE collection_id = %s",
            [rows, size, pending, number],
        ),
        (
            "UPDATE tai_vector_usage SET rows = rows + %s, bytes = bytes + %s WHERE workspace_id = %s",
            [rows, size, collection.workspace_id],
        ),
        (
            "INSERT INTO tai_vector_namespaces AS n"
            " (workspace_id, collection_id, name, rows, created_at, updated_at)"
            " SELECT %s, %s, d.name, GREATEST(d.rows, 0), clock_timestamp(), clock_timestamp()"
            " FROM unnest(%s::text[], %s::bigint[]) d (name, rows)"
            " ON CONFLICT (collection_id, name) DO UPDATE SET rows = n.rows + ("
            "   SELECT d.rows FROM unnest(%s::text[], %s::bigint[]) d (name, rows)"
            "   WHERE d.name = n.name)",
            [
                collection.workspace_id,
                number,
                list(names),
                list(names.values()),
                list(names),
                list(names.values()),
            ],
        ),
    )
    audit.record(
        actor=Actor.system("vectors"),
        action="vector_collection.repair",
        target=("vector_collection", number),
        details={"rows": rows, "bytes": size, "pending": pending, "namespaces": len(names)},
    )
    return True
