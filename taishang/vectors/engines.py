"""Search by an engine: its hits and everything it has not learnt yet, ranked by PostgreSQL.

The engine names rows; whether they are visible, match the filter and how far away they are is decided by the caller's
`rank`, one exact statement over the ids it is given. Rows that changed since the engine's last publication are always
among those ids, and the engine's own opinion of them is dropped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

import numpy as np

from taishang.models import VectorCollection, VectorState
from taishang.vectors import generations, outbox
from taishang.vectors.backends import base
from taishang.vectors.backends.base import MAX_FETCH, EngineError, Hits
from taishang.vectors.staging import Vector

GROWTH = 4
HEAD_BYTES = 4
# The share of the time left that an engine may use, so that an exact search still fits when it hangs.
SHARE_OF_TIME = 0.4
Row = TypeVar("Row")
Rank = Callable[[Sequence[int]], list[Row]]


@dataclass(frozen=True)
class Found(Generic[Row]):
    """What an engine contributed.

    `is_filled` = as many rows as were asked for. If not, an exact search has to prove that there are no more.
    `failure` is the code and the sentence of an engine that could not be asked.
    """

    rows: list[Row] = field(default_factory=list)
    is_filled: bool = False
    scanned: int = 0
    changed: int = 0
    warnings: tuple[str, ...] = ()
    failure: tuple[str, str] | None = None


def nearest(
    *,
    collection: VectorCollection,
    vector: Vector,
    top_k: int,
    rank: Rank[Row],
    share: float = 1.0,
    ef_search: int | None = None,
    seconds: float,
) -> Found[Row]:
    """The `top_k` nearest rows by way of the collection's engine.

    `rank(ids)` answers at most `top_k` of these rows that are visible and match, by exact distance; `share` is the
    estimated share of rows that match. The engine gets less than half of `seconds`. Never raises EngineError.
    Cost: three statements, then one search of the engine and one `rank` per round.
    """
    index = generations.active(collection.pk)
    published_seq = VectorState.objects.values_list("published_seq", flat=True).get(
        pk=collection.pk
    )
    changed = outbox.changed_ids(collection.pk)
    if len(changed) > outbox.MAX_CHANGED:
        return Found(changed=len(changed), warnings=("many_changes",))
    if index is None:
        rows = rank(changed)
        return Found(rows, len(rows) >= top_k, len(changed), len(changed))
    fetch = _first_fetch(top_k, share, len(changed))
    try:
        if generations.is_lost(index, published_seq):
            raise base.Damaged("What the engine holds is of another time.")
        search = partial(
            base.engine(collection.backend).search,
            generations.target(collection, index),
            as_numbers(vector),
            ef_search=ef_search,
        )
        return _rounds(search, rank, changed, top_k, fetch, time.monotonic() + seconds)
    except EngineError as error:
        if isinstance(error, base.Damaged):
            outbox.ask(
                outbox.REBUILD, collection_id=collection.pk, workspace_id=collection.workspace_id
            )
        return Found(
            changed=len(changed), failure=(error.code, error.reason), warnings=(error.code,)
        )


def as_numbers(vector: Vector) -> np.ndarray:
    """(dimension,) float32."""
    return np.frombuffer(vector.raw[HEAD_BYTES:], ">f4").astype("f4")


def _rounds(
    search: Callable[..., Hits],
    rank: Rank[Row],
    changed: list[int],
    top_k: int,
    fetch: int,
    deadline: float,
) -> Found[Row]:
    """Fetch more until enough of it matches, or the engine has no more to give."""
    while True:
        left = (deadline - time.monotonic()) * SHARE_OF_TIME
        if left <= 0:
            raise base.Unavailable("No time was left to ask it.")
        hits = search(k=fetch, timeout_s=left)
        rows = rank(_candidates(hits, changed))
        enough = len(rows) >= top_k
        if enough or hits.exhausted or fetch >= MAX_FETCH:
            return Found(rows, enough, hits.scanned + len(changed), len(changed))
        fetch = min(MAX_FETCH, fetch * GROWTH)


def _first_fetch(top_k: int, share: float, changed: int) -> int:
    """Twice what should do: the engine may also name rows that changed or went since."""
    expected = 2 * top_k / max(share, top_k / MAX_FETCH)
    return int(min(MAX_FETCH, max(expected, top_k + min(changed, MAX_FETCH))))


def _candidates(hits: Hits, changed: list[int]) -> list[int]:
    return list(dict.fromkeys([*changed, *hits.ids.tolist()]))
