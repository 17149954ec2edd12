"""Vectors made from texts: documents in a task, batch by batch; a query's text at once, before its transaction.

A document is stored as soon as it is written and waits as `pending`. Its vector is written only if the row is still
the one that was sent; a provider that is away leaves everything waiting, one that will never answer marks the rows.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils import timezone

from accounts.models import User
from taishang import gateway
from taishang.catalogue.refusals import ModelDisabled, ModelNotFound
from taishang.gateway.refusals import CallFailed, ContextTooLong, ModelNotInPlan
from taishang.models import Model, VectorCollection
from taishang.providers.base import EmbeddingPrompt
from taishang.quotas.reserving import QuotaExceeded
from taishang.runs import RetryLater, Run
from taishang.vectors import ceilings, ledger, rows, staging
from taishang.vectors.ledger import Moved

PURPOSE = "vector"
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0
MISMATCH = "model_mismatch"
# Somebody can bring these models back; until then the documents wait.
AWAY = (ModelDisabled, ModelNotFound, ModelNotInPlan)


class ModelMismatch(Exception):
    """The model answered with another count or dimension than it was asked for; nothing of it is stored."""

    code = "model_mismatch"


@dataclass(frozen=True)
class Waiting:
    """A row whose document waits for its vector."""

    id: int
    document: str
    row_hash: bytes


def model_of(collection: VectorCollection) -> Model:
    """The model that reads the collection's texts; the caller has checked that it names one.

    A collection names the row itself, which the gateway takes as it is, so that its state is judged here.
    Raises ModelDisabled, ModelNotFound.
    """
    model = Model.objects.live().filter(pk=collection.model_id).first()
    if model is None:
        raise ModelNotFound(str(collection.model_id))
    if model.status == Model.Status.DISABLED:
        raise ModelDisabled(model.name)
    return model


def of_text(
    *, collection: VectorCollection, model: Model, text: str, user: User | None
) -> np.ndarray:
    """The vector of a query's text. Never inside a transaction. Raises what the gateway refuses, ModelMismatch.

    Shapes: (dimension,) float32. Answers may come from the cache of this workspace, model and kind of input.
    """
    answer = gateway.embed(
        prompt=EmbeddingPrompt([text], input_type="query"),
        model=model,
        purpose=PURPOSE,
        user=user,
        workspace=collection.workspace_id,
        subject=("vector_collection", str(collection.pk)),
        cache=True,
    )
    return checked(answer.vectors, 1, collection)[0]


def checked(
    vectors: Sequence[Sequence[float]], count: int, collection: VectorCollection
) -> np.ndarray:
    """As many finite vectors of the collection's dimension as asked for. Raises ModelMismatch."""
    fits = len(vectors) == count and all(len(one) == collection.dimension for one in vectors)
    if not fits:
        raise ModelMismatch
    found = np.array(vectors, dtype=np.float32).reshape(count, collection.dimension)
    usable = rows.finite(found).all() and np.linalg.norm(found, axis=1).min() > rows.ZERO_NORM
    if not usable:
        raise ModelMismatch
    return found


def run_embedding(run: Run) -> None:
    """The task `vectors.embed`: until nothing waits. Raises RetryLater when the model cannot be had now."""
    with run.database():
        collection = (
            VectorCollection.objects.alive()
            .select_related("state")
            .filter(pk=run.payload["collection"])
            .first()
        )
    if collection is None or collection.model_id is None:
        return
    total, done, started = collection.state.pending_embeddings, 0, time.perf_counter()
    while True:
        run.check()
        with run.database():
            batch = waiting(collection, ceilings.value("embed_batch", None))
        if not batch:
            break
        done += _embedded(run, collection, batch)
        rate = done / max(0.001, time.perf_counter() - started)
        run.progress(min(done, total), max(1, total), f"{rate:.1f}/s")
    with run.finish({"embedded": done}):
        pass


def waiting(collection: VectorCollection, most: int) -> list[Waiting]:
    statement = (
        "SELECT v.id, v.document, v.row_hash FROM tai_vectors v"
        f" WHERE v.collection_id = {collection.pk:d} AND v.embed_state = 'pending'"
        f" ORDER BY v.id LIMIT {most:d}"
    )
    return [Waiting(row[0], row[1], bytes(row[2])) for row in staging.run((statement, []))[0].rows]


def retry(*, collection: VectorCollection) -> int:
    """Let the rows that could not be embedded wait once more; answers how many."""
    ledger.enter(collection)
    statement = (
        "UPDATE tai_vectors v SET embed_state = 'pending', embed_error = ''"
        f" WHERE v.collection_id = {collection.pk:d} AND v.embed_state = 'failed' RETURNING v.id"
    )
    ids = [row[0] for row in staging.run((statement, []))[0].rows]
    if ids:
        ledger.close(collection, Moved("upsert", ids, pending=len(ids)))
    return len(ids)


def _embedded(run: Run, collection: VectorCollection, batch: list[Waiting]) -> int:
    """Ask for the vectors of a batch and write them; answers how many rows no longer wait."""
    try:
        with run.database():
            model = model_of(collection)
        answer = gateway.embed(
            prompt=EmbeddingPrompt([one.document for one in batch], input_type="passage"),
            model=model,
            purpose=PURPOSE,
            user=None,
            workspace=collection.workspace_id,
            subject=("vector_collection", str(collection.pk)),
            watch=run.check,
        )
        found = checked(answer.vectors, len(batch), collection)
    except QuotaExceeded as full:
        _note(run, collection, str(full))
        raise RetryLater(full.retry_after(timezone.now()), "quota") from full
    except AWAY as away:
        _note(run, collection, str(away))
        raise RetryLater(LONGEST_PAUSE, away.code) from away
    except ContextTooLong as long:
        return _failed(run, collection, batch, long.code)
    except ModelMismatch:
        return _failed(run, collection, batch, MISMATCH)
    except CallFailed as failure:
        if failure.is_retryable:
            pause = failure.retry_after or min(LONGEST_PAUSE, FIRST_PAUSE * 2**run.attempt)
            raise RetryLater(pause, failure.error_class) from failure
        return _failed(run, collection, batch, failure.error_class)
    with run.database():
        return write(collection, batch, found)


def write(collection: VectorCollection, batch: list[Waiting], vectors: np.ndarray) -> int:
    """Store the vectors of the rows that are still what was sent; answers how many that were."""
    ledger.enter(collection, system=True)
    lines = staging.vectors(vectors)
    staging.fill(
        (staging.integer(place), None, str(one.id).encode(), line, None, None, None, one.row_hash)
        for place, (one, line) in enumerate(zip(batch, lines, strict=True))
    )
    statement = f"""
        UPDATE tai_vectors v SET embedding = s.embedding, embed_state = 'ready', embed_error = '',
            updated_at = clock_timestamp()
        FROM {staging.TABLE} s
        WHERE v.collection_id = {collection.pk:d} AND v.id = s.external_id::bigint
            AND v.row_hash = s.row_hash AND v.embed_state = 'pending'
        RETURNING v.id
    """
    ids = [row[0] for row in staging.run((statement, []))[0].rows]
    if ids:
        size = 4 * collection.dimension * len(ids)
        ledger.close(collection, Moved("upsert", ids, bytes=size, pending=-len(ids)))
    return len(ids)


def _failed(run: Run, collection: VectorCollection, batch: list[Waiting], reason: str) -> int:
    with run.database():
        ledger.enter(collection, system=True)
        statement = f"""
            UPDATE tai_vectors v SET embed_state = 'failed', embed_error = %s
            FROM unnest(%s::bigint[], %s::bytea[]) AS sent (id, row_hash)
            WHERE v.collection_id = {collection.pk:d} AND v.id = sent.id
                AND v.row_hash = sent.row_hash AND v.embed_state = 'pending'
            RETURNING v.id
        """
        params: list[Any] = [reason, [one.id for one in batch], [one.row_hash for one in batch]]
        ids = [row[0] for row in staging.run((statement, params))[0].rows]
        if ids:
            ledger.close(collection, Moved("upsert", ids, pending=-len(ids)))
        _note(run, collection, reason)
    return len(ids)


def _note(run: Run, collection: VectorCollection, reason: str) -> None:
    """The collection's page says why embedding stands still."""
    with run.database():
        collection.state.last_error = reason[:300]
        collection.state.save(update_fields=["last_error"])
