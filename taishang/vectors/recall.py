"""Recall measured: what share of the exact nearest rows the index finds, for each search effort.

Stored rows are the queries; the row itself is left out on both sides, because finding it is no feat. A row counts as
found when its distance is at most that of the exact k-th, so that ties are no misses.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from taishang.models import VectorCollection, VectorRecallRun
from taishang.runs import Run
from taishang.vectors import engines, ladder, queries, staging, standing
from taishang.vectors.backends import pgvector
from taishang.vectors.backends.pgvector import STRICT, Effort, Space
from taishang.vectors.ladder import Clock
from taishang.vectors.staging import Vector
from taishang.vectors.standing import Standing

EFFORTS = (20, 40, 80, 120, 200, 400)
SAMPLE, K = 100, 10
FEWEST_ROWS = 50
SLACK = 1e-6
BUDGET_SECONDS = 60
QUERY_MS = 20_000


@dataclass
class Point:
    """One search effort. Units: shares from 0 to 1, milliseconds."""

    ef: int
    shares: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        return {
            "ef": self.ef,
            "mean": round(statistics.fmean(self.shares), 4),
            "p5": round(_quantile(self.shares, 0.05), 4),
            "min": round(min(self.shares), 4),
            "p50_ms": round(_quantile(self.times, 0.5), 2),
            "p95_ms": round(_quantile(self.times, 0.95), 2),
        }


def run_measurement(run: Run) -> None:
    """The task `vectors.recall`."""
    with run.database():
        rows = standing.with_standing(VectorCollection.objects.alive())
        collection = rows.filter(pk=run.payload["collection"]).first()
    if collection is None:
        return
    found = standing.of(collection)
    points, asked, partial = _measured(run, found)
    verdict, reason = _verdict(found, points)
    with run.finish({"verdict": verdict, "points": [point.shown() for point in points]}):
        VectorRecallRun.objects.create(
            workspace_id=collection.workspace_id,
            collection=collection,
            index_id=found.index["id"] if found.index else None,
            sample=asked,
            k=run.payload.get("k", K),
            filter=run.payload.get("filter"),
            points=[point.shown() for point in points],
            recommended_ef=recommended(points, float(collection.recall_target)),
            target=collection.recall_target,
            verdict=verdict,
            reason=reason,
            partial=partial,
            rows=found.rows,
            write_seq=collection.state.write_seq,
            task_id=run.id,
        )


def recommended(points: Sequence[Point], target: float) -> int | None:
    """The smallest effort that met the target, if any did."""
    met = [point.ef for point in points if statistics.fmean(point.shares) >= target]
    return min(met, default=None)


def _measured(run: Run, found: Standing) -> tuple[list[Point], int, bool]:
    """Points, how many rows were asked, and whether the time ran out before the last."""
    if found.index is None or found.embedded < FEWEST_ROWS:
        return [], 0, False
    k = run.payload.get("k", K)
    query = queries.read(
        {"id": "-", "namespace": "*", "filter": run.payload.get("filter"), "top_k": k},
        found.collection,
    )
    space = Space.of(
        found.collection,
        condition=ladder.condition_of(query),
    )
    space = replace(space, precision=found.index["precision"])
    points = [Point(ef) for ef in EFFORTS]
    sampled = _sampled(run, found, run.payload.get("sample", SAMPLE))
    until = time.monotonic() + BUDGET_SECONDS
    for place, (row_id, raw) in enumerate(sampled):
        if time.monotonic() > until:
            return [point for point in points if point.shares], place, True
        run.check()
        with run.database():
            here = replace(space, without=row_id)
            _ask(found.collection, here, Vector(bytes(raw)), k, points)
        run.progress(place + 1, len(sampled))
    return [point for point in points if point.shares], len(sampled), False


def _sampled(run: Run, found: Standing, count: int) -> list[tuple[int, bytes]]:
    """Rows spread over the collection by chance."""
    with run.database():
        ids = [
            row[0]
            for row in staging.run(
                (
                    "SELECT v.id FROM tai_vectors v TABLESAMPLE SYSTEM (%s)"
                    f" WHERE v.collection_id = {found.collection.pk:d} AND v.embedding IS NOT NULL",
                    [min(100.0, 100.0 * 10 * count / max(1, found.rows))],
                )
            )[0].rows
        ]
        chosen = random.sample(ids, min(count, len(ids)))
        statement = (
            "SELECT v.id, vector_send(v.embedding) FROM tai_vectors v"
            f" WHERE v.collection_id = {found.collection.pk:d} AND v.id = ANY (%s::bigint[])"
        )
        return staging.run((statement, [chosen]))[0].rows


def _ask(
    collection: VectorCollection, space: Space, vector: Vector, k: int, points: Sequence[Point]
) -> None:
    truth = ladder.ask(Clock(QUERY_MS), pgvector.exact(space, vector, k=k))
    if not truth:
        return
    border = truth[-1][1] + SLACK
    search = _by_pgvector if collection.backend == "pgvector" else _by_engine
    for point in points:
        started = time.perf_counter()
        found = search(collection, space, vector, k, point.ef)
        point.times.append((time.perf_counter() - started) * 1000)
        point.shares.append(sum(row[1] <= border for row in found) / len(truth))


def _by_pgvector(
    _collection: VectorCollection, space: Space, vector: Vector, k: int, ef: int
) -> list[tuple[Any, ...]]:
    effort = Effort(ef, STRICT) if space.condition.sql != "TRUE" else Effort(ef)
    return ladder.ask(Clock(QUERY_MS), pgvector.indexed(space, vector, k=k), effort)


def _by_engine(
    collection: VectorCollection, space: Space, vector: Vector, k: int, ef: int
) -> list[tuple[Any, ...]]:
    def rank(ids: Sequence[int]) -> list[tuple[Any, ...]]:
        return ladder.ask(Clock(QUERY_MS), pgvector.fetched(space, vector, ids, k=k))

    return engines.nearest(
        collection=collection,
        vector=vector,
        top_k=k,
        rank=rank,
        ef_search=ef,
        seconds=QUERY_MS / 1000,
    ).rows


def _verdict(found: Standing, points: Sequence[Point]) -> tuple[str, str]:
    """Judged at the effort that searches use now, or the next one above that was measured."""
    if found.index is None:
        return "unknown", "no index: every search is exact"
    if not points:
        return "unknown", f"fewer than {FEWEST_ROWS} rows"
    now = standing.effort_of(found, wanted=None, k=K)
    used = next((point for point in points if point.ef >= now), points[-1])
    mean = statistics.fmean(used.shares)
    good = mean >= float(found.collection.recall_target)
    return ("ok" if good else "low"), f"{mean:.3f} at ef {used.ef}"


def _quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
