"""A new generation of an engine's index from what PostgreSQL holds, beside the one that serves."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from taishang.models import VectorCollection, VectorIndex, VectorState
from taishang.runs import Run
from taishang.vectors import batches, generations, publishing
from taishang.vectors.backends import base
from taishang.vectors.backends.base import Engine, EngineError, Published

PAGE_ROWS = 5_000


def rebuild(run: Run) -> dict[str, Any]:
    """The task: fill the next generation, let it take over, remove the former one.

    Changes that are committed meanwhile stay in the outbox and follow it. Raises EngineError into a retry.
    """
    collection = publishing.load(run)
    engine = base.engine(collection.backend)
    with run.database():
        index = _begin(run, collection)
    try:
        done = _fill(run, engine, collection, index)
        retired = _take_over(run, index, done)
    except EngineError as error:
        _abandon(run, engine, collection, index, error.reason)
        publishing.note_failure(run, collection, error.reason)
        raise
    for old in retired:
        engine.drop(generations.target(collection, old))
        with run.database():
            VectorIndex.objects.filter(pk=old.pk).delete()
        run.event("cleaned", generation=old.generation)
    return {"generation": index.generation, "rows": done.rows, "seq": done.seq}


def _begin(run: Run, collection: VectorCollection) -> VectorIndex:
    """The generation to fill. From its number on the outbox keeps every change until it took over."""
    state = VectorState.objects.select_for_update().get(pk=collection.pk)
    building = VectorIndex.objects.filter(
        collection=collection, state=VectorIndex.State.BUILDING
    ).first()
    if building is not None and building.task_id == run.id:
        return building
    now = timezone.now()
    return generations.make(
        collection,
        state=VectorIndex.State.BUILDING,
        seq=state.published_seq,
        task_id=run.id,
        started_at=now,
    )


def _fill(run: Run, engine: Engine, collection: VectorCollection, index: VectorIndex) -> Published:
    with run.database():
        total = VectorState.objects.values_list("rows", flat=True).get(pk=collection.pk)
    target = generations.target(collection, index)
    engine.drop(target)
    run.event("phase", step="filling", rows=total)
    sent, last = 0, 0
    with engine.writer(target) as writer:
        while True:
            run.check()
            with run.database():
                ids = batches.page(collection, after=last, most=PAGE_ROWS)
                batch = batches.current(collection, ids) if ids else None
            if batch is None:
                return writer.publish(seq=index.seq)
            writer.apply(batch)
            sent, last = sent + len(ids), ids[-1]
            run.progress(sent, max(total, sent), _("Filling the engine's index"))


def _take_over(run: Run, index: VectorIndex, done: Published) -> list[VectorIndex]:
    """One transaction: the former generation steps back, this one serves from its own number on."""
    now = timezone.now()
    with run.database(), transaction.atomic():
        state = VectorState.objects.select_for_update().get(pk=index.collection_id)
        others = VectorIndex.objects.filter(collection_id=index.collection_id).exclude(pk=index.pk)
        others.update(is_active=False, state=VectorIndex.State.RETIRING, updated_at=now)
        VectorIndex.objects.filter(pk=index.pk).update(
            is_active=True,
            state=VectorIndex.State.READY,
            locator=done.locator,
            sha256=done.sha256,
            bytes=max(0, done.bytes),
            rows=done.rows,
            progress=100,
            built_at=now,
            updated_at=now,
        )
        VectorState.objects.filter(pk=state.pk).update(
            published_seq=index.seq,
            last_published_at=now,
            last_error="",
            deleted_since_build=0,
            rows_at_build=done.rows,
            updated_at=now,
        )
        run.event("swapped", generation=index.generation, rows=done.rows)
        return list(others)


def _abandon(
    run: Run, engine: Engine, collection: VectorCollection, index: VectorIndex, reason: str
) -> None:
    with run.database():
        VectorIndex.objects.filter(pk=index.pk).update(
            state=VectorIndex.State.FAILED, error=reason[:300], updated_at=timezone.now()
        )
    try:
        engine.drop(generations.target(collection, index))
    except EngineError:
        # It is gone or away; the next reconciliation removes what is left.
        return
