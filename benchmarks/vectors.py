"""Vector search measured against the bare statements of psycopg, side by side.

    python -m benchmarks.vectors --rows 100000 --dimension 384

Prints recall at 100, 50, 10, 1 and 0.1 % selectivity, how long a search takes beside the bare SELECT, and how fast rows
are written beside COPY into a twin table. The collection is made, filled, indexed and removed again.
"""

from __future__ import annotations

import argparse
import base64
import statistics
import time
from collections.abc import Callable

import django
import numpy as np

django.setup()

from accounts import tenancy  # noqa: E402
from accounts.models import Workspace  # noqa: E402
from laojun.audit import Actor  # noqa: E402
from taishang import runner  # noqa: E402
from taishang.claiming import Claimant  # noqa: E402
from taishang.models import VectorCollection  # noqa: E402
from taishang.vectors import (  # noqa: E402
    collections,
    following,
    orphans,
    purging,
    queries,
    querying,
    staging,
    standing,
    writing,
)
from taishang.vectors.backends import pgvector  # noqa: E402
from taishang.vectors.collections import By  # noqa: E402
from taishang.vectors.staging import Vector  # noqa: E402

BATCH = 1_000
LIVE = ("queued", "running")
CLUSTERS = 200
QUERIES = 50
SELECTIVITIES = {"100 %": 1000, "50 %": 500, "10 %": 100, "1 %": 10, "0.1 %": 1}


def clustered(rows: int, dimension: int) -> np.ndarray:
    """Points around centres, as embeddings are: uniform noise has no neighbours worth finding."""
    chance = np.random.default_rng(7)
    centres = chance.standard_normal((CLUSTERS, dimension))
    found = centres[chance.integers(0, CLUSTERS, rows)] + 0.5 * chance.standard_normal(
        (rows, dimension)
    )
    return found.astype(np.float32)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rows", type=int, default=100_000)
    arguments.add_argument("--dimension", type=int, default=384)
    chosen = arguments.parse_args()
    with tenancy.platform_scope(reason="benchmark"):
        workspace = Workspace.objects.order_by("pk").first()
    if workspace is None:
        raise SystemExit("make run first: a workspace is needed")
    stored = clustered(chosen.rows, chosen.dimension)
    with tenancy.workspace(workspace.pk):
        collection = collections.create(
            workspace_id=workspace.pk,
            by=By(Actor.system("benchmark")),
            values={"name": f"benchmark-{time.time_ns()}", "dimension": chosen.dimension},
        )
    try:
        write(collection, stored)
        index(collection)
        search(collection, stored)
    finally:
        with tenancy.workspace(workspace.pk):
            purging.purge(collection=collection)
        orphans.sweep()


def write(collection: VectorCollection, stored: np.ndarray) -> None:
    started = time.perf_counter()
    for start in range(0, len(stored), BATCH):
        sent = [
            {
                "id": f"r{place}",
                "vector_b64": _packed(stored[place]),
                "payload": {"n": place % 1000},
            }
            for place in range(start, min(start + BATCH, len(stored)))
        ]
        with tenancy.workspace(collection.workspace_id):
            writing.upsert(collection=collection, sent=sent)
    took = time.perf_counter() - started
    print(f"written: {len(stored)} rows in {took:.1f} s, {len(stored) / took:.0f} rows/s")


def index(collection: VectorCollection) -> None:
    started = time.perf_counter()
    with tenancy.workspace(collection.workspace_id):
        task = following.ask(following.INDEX, collection)
    while task.state in LIVE:
        runner.drain(Claimant("benchmark:1", ["vectors"]), limit=1)
        with tenancy.workspace(collection.workspace_id):
            task.refresh_from_db()
        time.sleep(0.2)
    print(f"moved and indexed: {task.state} in {time.perf_counter() - started:.1f} s {task.error}")


def search(collection: VectorCollection, stored: np.ndarray) -> None:
    chance = np.random.default_rng(11)
    chosen = chance.choice(len(stored), QUERIES, replace=False)
    asked = stored[chosen] + 0.1 * chance.standard_normal((QUERIES, stored.shape[1])).astype(
        np.float32
    )
    with tenancy.workspace(collection.workspace_id):
        found = standing.with_standing(VectorCollection.objects.filter(pk=collection.pk)).get()
        for name, below in SELECTIVITIES.items():
            condition = None if below == 1000 else {"field": "n", "op": "lt", "value": below}
            if below == 1:
                condition = {"field": "n", "op": "eq", "value": 0}
            _recall(found, name, asked, condition)
        _beside_bare(found, asked)


def _recall(found: VectorCollection, name: str, asked: np.ndarray, condition: object) -> None:
    shares, short, times, plans = [], 0, [], set()
    for line in asked:
        sent = {"vector": line.tolist(), "top_k": 10, "filter": condition, "timeout_ms": 10_000}
        truth = querying.search(
            collection=found, query=queries.read({**sent, "exact": True}, found)
        )
        started = time.perf_counter()
        reply = querying.search(collection=found, query=queries.read(sent, found))
        times.append((time.perf_counter() - started) * 1000)
        wanted = {match.id for match in truth.matches}
        shares.append(len(wanted & {match.id for match in reply.matches}) / max(1, len(wanted)))
        short += len(reply.matches) < len(truth.matches)
        plans.add(reply.plan)
    print(
        f"{name:>6}: recall@10 {statistics.fmean(shares):.3f}, short answers {short},"
        f" p50 {statistics.median(times):.2f} ms, plans {sorted(plans)}"
    )


def _beside_bare(found: VectorCollection, asked: np.ndarray) -> None:
    bare = (
        f"SELECT id FROM tai_vectors WHERE collection_id = {found.pk}"
        f" ORDER BY embedding::vector({found.dimension}) <=> %s LIMIT 10"
    )
    effort = pgvector.effort(pgvector.Effort(40), timeout_ms=10_000)
    staging.run(effort)

    def plain(line: np.ndarray) -> None:
        staging.run((bare, [Vector.of(line)]))

    def whole(line: np.ndarray) -> None:
        query = queries.read({"vector": line.tolist(), "top_k": 10}, found)
        querying.search(collection=found, query=query)

    rounds = [(_median(plain, asked), _median(whole, asked)) for _round in range(5)]
    first, second = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(f"bare SELECT {first:.2f} ms, search {second:.2f} ms, added {second - first:.2f} ms")


def _median(function: Callable[[np.ndarray], None], asked: np.ndarray) -> float:
    times = []
    for line in asked:
        started = time.perf_counter()
        function(line)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def _packed(line: np.ndarray) -> str:
    return base64.b64encode(line.astype("<f4").tobytes()).decode()


if __name__ == "__main__":
    main()
