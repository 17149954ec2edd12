"""Remove a collection for good: its rows in batches, then the collection, and with it all that belongs to it.

What stays behind of an own partition (an empty table) is dropped by the sweep for orphans, which works as the
owner of the tables.
"""

from __future__ import annotations

from django.db import transaction

from laojun import audit
from laojun.audit import Actor, Target
from taishang.models import VectorCollection
from taishang.vectors import ceilings, deleting

BATCH = 5_000


def purge(*, collection: VectorCollection) -> int:
    """Remove everything; answers how many rows went. May be called again after a crash."""
    gone = 0
    while count := purge_batch(collection=collection):
        gone += count
    return gone


def purge_batch(*, collection: VectorCollection) -> int:
    """A batch of rows, or at last the collection itself (1); 0 when nothing is left."""
    with transaction.atomic():
        if not VectorCollection.objects.filter(pk=collection.pk).exists():
            return 0
        collection.refresh_from_db()
        _hide(collection)
        count = deleting.delete_some(collection=collection, most=BATCH)
        if count:
            return count
        if collection.placement != VectorCollection.Placement.SHARED:
            ceilings.give_back(workspace_id=collection.workspace_id, what="own_partitions")
        VectorCollection.objects.filter(pk=collection.pk)._raw_delete("default")
        audit.record(
            actor=Actor.system("vectors"),
            action="vector_collection.purge",
            target=Target(
                "vector_collection", str(collection.pk), workspace_id=collection.workspace_id
            ),
            before={"name": collection.name},
        )
        return 1


def _hide(collection: VectorCollection) -> None:
    """From here on nobody can restore it; a live one (of a deleted workspace) is taken off the count."""
    found = VectorCollection.objects.filter(pk=collection.pk)
    found.exclude(status=VectorCollection.Status.DELETING).update(
        status=VectorCollection.Status.DELETING
    )
    if collection.deleted_at is None and found.alive().update(deleted_at=collection.updated_at):
        ceilings.give_back(workspace_id=collection.workspace_id, what="collections")
