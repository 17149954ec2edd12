"""What a write asks for in the background: vectors for its documents, a partition for many rows.

Each collection has at most one live task of a kind. A task that ends just as a row comes in may miss it; the sweep
finds what still waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet

from accounts import tenancy
from taishang import queue
from taishang.models import Task, VectorCollection
from taishang.vectors import ceilings
from taishang.vectors.ledger import Entry

EMBED, PROMOTE, INDEX = "vectors.embed", "vectors.promote", "vectors.index"
DELETE = "vectors.delete"
REASON = "work that vector collections wait for"
BATCH = 100
# An index with this share of deleted rows finds less and less.
WORN_SHARE = 0.3


def after_write(*, collection: VectorCollection, entry: Entry | None) -> None:
    """Ask for what the collection needs now. No query unless it needs something."""
    if entry is None:
        return
    if entry.pending and collection.model_id is not None:
        ask(EMBED, collection)
    if wants_own(collection, entry.rows):
        ask(INDEX if collection.backend == "pgvector" else PROMOTE, collection)


def wants_own(collection: VectorCollection, rows: int) -> bool:
    """Whether so many rows deserve a partition of their own, and with pgvector an index."""
    shared = collection.placement == VectorCollection.Placement.SHARED
    flat = collection.backend == "pgvector" and collection.index_type == "flat"
    return shared and not flat and rows >= ceilings.value("promote_rows", collection.workspace_id)


def ask(
    kind: str,
    collection: VectorCollection,
    *,
    user: UUID | None = None,
    payload: Mapping[str, Any] | None = None,
) -> Task:
    """One live task of a kind for each collection. Raises DuplicateTask for one with other wishes."""
    return queue.enqueue(
        kind=kind,
        payload={**(payload or {}), "collection": collection.pk},
        workspace=collection.workspace_id,
        user=user,
        dedup_key=f"{kind}:{collection.pk}",
        subject_type="vector_collection",
        subject_id=str(collection.pk),
    )


def sweep() -> int:
    """Ask again for what waits without a task. Called by a schedule, outside any workspace."""
    with tenancy.platform_scope(reason=REASON):
        waiting = list(
            VectorCollection.objects.alive().filter(
                model__isnull=False, state__pending_embeddings__gt=0
            )[:BATCH]
        )
        worn = list(worn_out()[:BATCH])
    for kind, collections in ((EMBED, waiting), (INDEX, worn)):
        for collection in collections:
            with tenancy.workspace(collection.workspace_id):
                ask(kind, collection)
    return len(waiting) + len(worn)


def worn_out() -> QuerySet[VectorCollection]:
    """Collections whose index holds many rows that were deleted since it was built."""
    return VectorCollection.objects.alive().filter(
        backend="pgvector",
        placement=VectorCollection.Placement.OWN,
        indexes__is_active=True,
        state__rows_at_build__gt=0,
        state__deleted_since_build__gte=F("state__rows_at_build") * WORN_SHARE,
    )
