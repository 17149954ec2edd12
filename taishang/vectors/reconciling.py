"""Compare the rows of an engine with those of PostgreSQL, and mend the engine.

Both sides are walked by id in buckets of 10,000: a bucket with equal count and hash is equal, others are compared id
by id. What is missing goes into the outbox like any change; what is too much is deleted from the engine through it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from laojun import audit
from laojun.audit import Actor, Target
from taishang.models import VectorCollection
from taishang.runs import RetryLater, Run
from taishang.vectors import batches, generations, ledger, outbox, publishing
from taishang.vectors.backends import base
from taishang.vectors.backends.base import Damaged, EngineError
from taishang.vectors.ledger import Moved

BUCKET = 10_000
RETRY_SECONDS = 60
NOTHING = np.empty(0, "i8")


@dataclass
class Difference:
    """Ids that one side has and the other has not. `buckets` counts those compared."""

    missing: list[int]
    extra: list[int]
    buckets: int = 0

    @property
    def is_none(self) -> bool:
        return not self.missing and not self.extra


def reconcile(run: Run) -> dict[str, Any]:
    """The task: compare, and put what differs into the outbox. A lost index is rebuilt instead.

    Raises RetryLater while the engine does not answer.
    """
    collection = publishing.load(run)
    try:
        found = compare(run, collection)
    except Damaged as error:
        publishing.note_failure(run, collection, error.reason)
        outbox.ask(
            outbox.REBUILD, collection_id=collection.pk, workspace_id=collection.workspace_id
        )
        return {"rebuild": error.reason}
    except EngineError as error:
        raise RetryLater(RETRY_SECONDS, error.reason) from error
    run.event("compared", missing=len(found.missing), extra=len(found.extra), buckets=found.buckets)
    if not found.is_none:
        with run.database():
            _mend(collection, found)
        outbox.ask(
            outbox.PUBLISH, collection_id=collection.pk, workspace_id=collection.workspace_id
        )
    return {"missing": len(found.missing), "extra": len(found.extra)}


def compare(run: Run, collection: VectorCollection) -> Difference:
    """Rows that wait in the outbox are left out on both sides. Raises EngineError."""
    engine = base.engine(collection.backend)
    with run.database():
        index = generations.first(collection)
        waiting = np.array(_waiting(collection), "i8")
        is_lost = generations.is_lost(index, collection.state.published_seq)
    if is_lost:
        raise Damaged("What the engine holds is of another time.")
    theirs = _Buckets(engine.ids(generations.target(collection, index)), waiting)
    found = Difference([], [])
    low = 0
    while True:
        run.check()
        with run.database():
            ids = batches.page(collection, after=low, most=BUCKET)
        mine = np.setdiff1d(np.array(ids, "i8"), waiting)
        high = ids[-1] if len(ids) == BUCKET else None
        held = theirs.up_to(high)
        found.buckets += 1
        if _digest(mine) != _digest(held):
            found.missing += np.setdiff1d(mine, held).tolist()
            found.extra += np.setdiff1d(held, mine).tolist()
        if high is None:
            return found
        low = high
        run.progress(found.buckets, found.buckets + 1, _("Comparing the rows"))


class _Buckets:
    """The engine's ascending ids, cut where the other side's buckets end."""

    def __init__(self, pages: Iterator[np.ndarray], without: np.ndarray) -> None:
        self._pages = pages
        self._without = without
        self._rest = NOTHING

    def up_to(self, high: int | None) -> np.ndarray:
        """Ids not given yet that are at most `high`; all of them for None."""
        parts = [self._rest]
        while high is None or not len(parts[-1]) or parts[-1][-1] <= high:
            page = next(self._pages, None)
            if page is None:
                break
            parts.append(page)
        found = np.concatenate(parts)
        cut = len(found) if high is None else int(np.searchsorted(found, high, side="right"))
        self._rest = found[cut:]
        return np.setdiff1d(found[:cut], self._without)


def _digest(ids: np.ndarray) -> tuple[int, bytes]:
    return len(ids), hashlib.sha256(ids.tobytes()).digest()


def _waiting(collection: VectorCollection) -> list[int]:
    return sorted(
        {number for ids in collection.changes.values_list("ids", flat=True) for number in ids}
    )


def _mend(collection: VectorCollection, found: Difference) -> None:
    """Number the differences as a write, so that searches and the applier treat them like any other change."""
    ledger.close(collection, Moved("upsert", [*found.missing, *found.extra]))
    audit.record(
        actor=Actor.system("vectors"),
        action="vector_collection.reconcile",
        target=Target(
            "vector_collection", str(collection.pk), workspace_id=collection.workspace_id
        ),
        after={"missing": len(found.missing), "extra": len(found.extra)},
    )
