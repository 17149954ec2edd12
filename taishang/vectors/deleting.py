"""Rows go: by their ids at once, or by a condition in batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from taishang.models import VectorCollection
from taishang.vectors import collections, ledger, staging
from taishang.vectors.filters.compiling import TRUE, Condition
from taishang.vectors.ledger import Entry, Moved

BATCH = 5_000


def by_ids(
    *,
    collection: VectorCollection,
    external_ids: Sequence[str],
    namespace: str = "",
    by_app: str = "",
) -> tuple[set[str], Entry | None]:
    """Delete the named rows of one namespace; answers which were there, and the write's number.

    Raises ManagedCollection, CollectionReadonly, CollectionMoving.
    """
    if collection.managed_by != by_app:
        collections.require_unmanaged(collection)
    named = Condition(
        "v.namespace = %s AND v.external_id = ANY (%s::text[])", (namespace, list(external_ids))
    )

    def delete() -> tuple[set[Any], Entry | None]:
        ledger.enter(collection)
        return _delete(collection, named, limit=None)

    gone, entry = ledger.attempt(delete)
    return {external_id for _namespace, external_id in gone}, entry


def delete_some(
    *, collection: VectorCollection, condition: Condition = TRUE, most: int = BATCH
) -> int:
    """Delete up to `most` rows that meet a condition over `v`; 0 when none is left. Never refused as read-only."""

    def delete() -> tuple[set[Any], Entry | None]:
        ledger.enter(collection, system=True)
        return _delete(collection, condition, limit=most)

    return len(ledger.attempt(delete)[0])


def count(*, collection: VectorCollection, condition: Condition) -> int:
    """How many rows meet a condition over `v`. Reads them all."""
    statement = (
        f"SELECT count(*) FROM tai_vectors v WHERE v.collection_id = {collection.pk:d}"
        f" AND {condition.sql}"
    )
    return int(staging.run((statement, condition.params))[0].rows[0][0])


def _delete(
    collection: VectorCollection, condition: Condition, *, limit: int | None
) -> tuple[set[Any], Entry | None]:
    some = "" if limit is None else f"LIMIT {limit:d}"
    statement = f"""
        WITH chosen AS MATERIALIZED (
            SELECT v.id FROM tai_vectors v
            WHERE v.collection_id = {collection.pk:d} AND {condition.sql}
            ORDER BY v.namespace, v.external_id {some} FOR UPDATE
        )
        DELETE FROM tai_vectors v USING chosen c
        WHERE v.collection_id = {collection.pk:d} AND v.id = c.id
        RETURNING v.id, v.namespace, v.external_id, {ledger.SIZE}, v.embed_state
    """
    gone = staging.run((statement, condition.params))[0].rows
    if not gone:
        return set(), None
    moved = Moved("delete", sorted(row[0] for row in gone), deleted=len(gone), rows=-len(gone))
    for _id, namespace, _external_id, size, state in gone:
        moved.namespaces[namespace] = moved.namespaces.get(namespace, 0) - 1
        moved.bytes -= size
        moved.pending -= state == "pending"
    return {(row[1], row[2]) for row in gone}, ledger.close(collection, moved)
