"""A namespace replaced as a whole: filled under a hidden name, then renamed in one transaction.

Whoever searches sees the old rows until the commit and the new ones after it.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.utils import OperationalError

from taishang.models import VectorCollection
from taishang.vectors import deleting, hidden, ledger, staging
from taishang.vectors.filters.compiling import Condition
from taishang.vectors.ledger import CollectionMoving, Moved

BATCH = 5_000


def switch(*, collection: VectorCollection, task_id: UUID, namespace: str) -> None:
    """Put the hidden rows of an import in the place of a namespace's. Inside the transaction that ends the import.

    Writers of the collection wait until the commit. Raises CollectionMoving, CollectionReadonly, LimitReached.
    """
    with transaction.atomic():
        _alone(collection)
        ledger.enter(collection)
        old = Condition("v.namespace = %s", (namespace,))
        while deleting.delete_some(collection=collection, condition=old, most=BATCH):
            pass
        while _renamed(collection, hidden.name_for(task_id), namespace):
            pass


def _alone(collection: VectorCollection) -> None:
    """The collection's lock against every other writer."""
    try:
        staging.run(
            (
                "SELECT set_config('lock_timeout', %s, true), pg_advisory_xact_lock(%s),"
                " set_config('lock_timeout', '0', true)",
                [f"{ledger.WAIT_MS}ms", ledger.lock_key(collection.pk)],
            )
        )
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") == ledger.LOCK_NOT_AVAILABLE:
            raise CollectionMoving from error
        raise


def _renamed(collection: VectorCollection, source: str, target: str) -> int:
    """Move some rows from one namespace to another; the engine holds their vectors already."""
    statement = f"""
        UPDATE tai_vectors v SET namespace = %s, updated_at = clock_timestamp()
        FROM (
            SELECT id FROM tai_vectors
            WHERE collection_id = {collection.pk:d} AND namespace = %s ORDER BY id LIMIT {BATCH:d}
        ) chosen
        WHERE v.collection_id = {collection.pk:d} AND v.id = chosen.id
        RETURNING v.id
    """
    ids = [row[0] for row in staging.run((statement, [target, source]))[0].rows]
    if ids:
        count = len(ids)
        # Each entry only adds or only removes, as the order of locks asks for.
        ledger.close(collection, Moved("upsert", ids, namespaces={source: -count}, rows=-count))
        ledger.close(collection, Moved("upsert", [], namespaces={target: count}, rows=count))
    return len(ids)
