"""The index rows of collections whose rows an engine ranks: which generation serves, and what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from taishang.models import VectorCollection, VectorIndex
from taishang.vectors.backends.base import Published, Target

if TYPE_CHECKING:
    from django.db.models import QuerySet


def active(collection_id: int) -> VectorIndex | None:
    return VectorIndex.objects.filter(collection_id=collection_id, is_active=True).first()


def of_engines() -> QuerySet[VectorIndex]:
    return VectorIndex.objects.exclude(backend="pgvector")


def first(collection: VectorCollection) -> VectorIndex:
    """The generation that serves; an empty one is made for a collection that has none."""
    found = active(collection.pk)
    return found or make(collection, state=VectorIndex.State.READY, is_active=True)


def make(collection: VectorCollection, **values: object) -> VectorIndex:
    """The next generation, with the collection's settings of today."""
    numbers = VectorIndex.objects.filter(collection_id=collection.pk).order_by("-generation")
    last = numbers.values_list("generation", flat=True).first() or 0
    return VectorIndex.objects.create(
        workspace_id=collection.workspace_id,
        collection=collection,
        generation=last + 1,
        backend=collection.backend,
        kind=collection.index_type,
        precision=collection.precision,
        params=collection.index_params,
        **values,
    )


def target(collection: VectorCollection, index: VectorIndex) -> Target:
    return Target(
        collection_id=collection.pk,
        generation=index.generation,
        dimension=collection.dimension,
        metric=collection.metric,
        kind=index.kind,
        params=index.params,
        shard_count=collection.shard_count,
        replication=collection.replication,
        locator=index.locator,
        sha256=index.sha256,
        bytes=max(0, index.bytes),
        seq=index.seq,
    )


def is_lost(index: VectorIndex, published_seq: int) -> bool:
    """Whether the engine was told of writes that no index of it holds: a restored database says so."""
    return published_seq > 0 and not index.locator


def forget_all() -> int:
    """After a restore: what engines hold is of another time, so nothing of it is used again. Returns how many."""
    return of_engines().update(locator="", sha256="", updated_at=timezone.now())


def record(index: VectorIndex, done: Published) -> bool:
    """Let searches see what was published; False when another generation took over meanwhile."""
    now = timezone.now()
    changed = VectorIndex.objects.filter(pk=index.pk, seq__lte=done.seq, is_active=True).update(
        locator=done.locator,
        sha256=done.sha256,
        bytes=max(0, done.bytes),
        rows=done.rows,
        seq=done.seq,
        built_at=now,
        updated_at=now,
        error="",
    )
    return bool(changed)
