"""How long what belongs to vector collections stays, and what a deleted workspace takes along."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.registry import RetentionPolicy
from taishang.models import VectorCollection, VectorRecallRun, VectorUsage
from taishang.vectors import collections, purging

BATCH = 20
RECALL_DAYS = 365
WITH_THEIR_COLLECTION = _("as long as their collection")


def purge_due(now: datetime) -> QuerySet[VectorCollection]:
    """Collections that were deleted seven days ago."""
    return VectorCollection.objects.filter(deleted_at__lt=now - collections.RESTORABLE)


def measured_long_ago(now: datetime) -> QuerySet[VectorRecallRun]:
    return VectorRecallRun.objects.filter(created_at__lt=now - timedelta(days=RECALL_DAYS))


def sweep(*, now: datetime) -> int:
    """Remove what is due. Called in the platform scope."""
    found = list(purge_due(now)[:BATCH])
    return sum(purging.purge(collection=collection) for collection in found)


def remove_vectors(*, workspace_id: int) -> int:
    """A batch of the workspace's rows, then its collections, then its counters."""
    collection = VectorCollection.objects.filter(workspace_id=workspace_id).first()
    if collection is None:
        return VectorUsage.objects.filter(workspace_id=workspace_id).delete()[0]
    return purging.purge_batch(collection=collection)


POLICIES = (
    RetentionPolicy(
        "tai_vector_collections",
        "expire",
        _("7 days after they were deleted"),
        due=purge_due,
        sweep=sweep,
    ),
    *(
        RetentionPolicy(table, "keep", WITH_THEIR_COLLECTION)
        for table in (
            "tai_vectors",
            "tai_vector_states",
            "tai_vector_namespaces",
            "tai_vector_indexes",
        )
    ),
    RetentionPolicy("tai_vector_usage", "keep", _("until the workspace is deleted")),
    RetentionPolicy("tai_vector_changes", "keep", _("until every engine and copy has them")),
    RetentionPolicy("tai_vector_recall_runs", "delete", _("1 year"), due=measured_long_ago),
)
