"""The ways a search goes, from the cheapest that may suffice to the one that always does.

It stops where the wanted rows are found or fewer are proven to match. Each step runs under a savepoint that takes
its settings back, and under what is left of the time; when that is used up, what was found is the answer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.utils import OperationalError

from taishang.vectors import ceilings, engines, estimates, staging
from taishang.vectors.backends import pgvector
from taishang.vectors.backends.pgvector import RELAXED, STRICT, Effort, Hit, Space
from taishang.vectors.filters.compiling import Condition, compiled
from taishang.vectors.queries import Query
from taishang.vectors.staging import Vector
from taishang.vectors.standing import Standing, effort_of

SAVEPOINT = "tai_search"
QUERY_CANCELED = "57014"
STRICT_TUPLES, RELAXED_TUPLES = 20_000, 200_000
LARGE = 200_000
UNINDEXED_WARNING = 100_000
SHORTEST_MS = 5
# Under a filter the index is asked for more than is wanted: what it passes over costs it recall.
SPARE = 4
# A row that the index leads to takes as long as so many that are read in order.
ROWS_IN_ORDER = 40
# Exact searches over large collections, at once in this process; others wait for their turn.
_large = threading.BoundedSemaphore(2)


class TimeUp(Exception):
    """The time of the search is used up. `reason` is timeout or busy."""

    def __init__(self, reason: str = "timeout") -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class Found:
    """The nearest rows so far, the way that found them, and whether they are all there is to find."""

    hits: list[Hit] = field(default_factory=list)
    plan: str = "exact"
    scanned: int = 0
    complete: bool = False
    reason: str = ""


@dataclass
class Clock:
    """What is left of a search's time. Units: milliseconds."""

    timeout_ms: int
    started: float = field(default_factory=time.perf_counter)

    @property
    def spent_ms(self) -> float:
        return (time.perf_counter() - self.started) * 1000

    @property
    def left_ms(self) -> int:
        return int(self.timeout_ms - self.spent_ms)


@dataclass
class Ladder:
    """One vector search. `steps` and `warnings` fill while it runs."""

    standing: Standing
    query: Query
    clock: Clock
    without: int | None = None
    steps: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    estimate: int | None = None
    engine_failed: bool = False

    def __post_init__(self) -> None:
        collection = self.standing.collection
        self.space = Space.of(collection, condition=condition_of(self.query), without=self.without)
        index = self.standing.index
        if index:
            self.space = replace(self.space, precision=index["precision"])
        self.exact_max = ceilings.value("exact_max", collection.workspace_id)

    def climb(self, vector: Vector, *, k: int, columns: Sequence[str] = ()) -> Found:
        """The k nearest rows, as far as the time goes."""
        best = Found()
        try:
            for plan, scanned, proves, ask in self.rungs(vector, k, columns):
                hits = self.timed(plan, ask)
                if len(hits) >= len(best.hits) or proves:
                    best = Found(hits, plan, scanned, complete=proves or len(hits) >= k)
                if best.complete or self.holds_all(hits):
                    best.complete = True
                    return best
        except TimeUp as over:
            best.reason = "engine_down" if self.engine_failed else over.reason
        return best

    def rungs(
        self, vector: Vector, k: int, columns: Sequence[str]
    ) -> Iterator[tuple[str, int, bool, Callable[[], list[Hit]]]]:
        """Steps as (plan, rows looked at, whether a short answer is proven, what to do)."""
        if self.exact_from_the_start():
            yield "exact", self.rows_in_reach(), True, lambda: self.exactly(vector, k, columns)
            return
        if self.is_ranked_by_engine():
            yield from self.rungs_of_engine(vector, k, columns)
            return
        kind = self.standing.index["kind"] if self.standing.index else "hnsw"
        ef = effort_of(self.standing, wanted=self.query.ef_search, k=k)
        if self.query.filter is None and self.covers():
            yield kind, ef, False, lambda: self.by_index(vector, k, columns, self.effort(ef))
        elif self.is_narrow() or self.is_faster_in_order(k):
            estimate = self.estimate or 0
            yield "exact", estimate, True, lambda: self.exactly_filtered(vector, k, columns)
            return
        else:
            strict = self.effort(ef, STRICT, STRICT_TUPLES)
            yield kind, STRICT_TUPLES, False, lambda: self.by_index(vector, k, columns, strict)
            relaxed = self.effort(ef, RELAXED, RELAXED_TUPLES)
            yield kind, RELAXED_TUPLES, False, lambda: self.by_index(vector, k, columns, relaxed)
        yield "exact", self.standing.rows, True, lambda: self.exactly_large(vector, k, columns)

    def rungs_of_engine(
        self, vector: Vector, k: int, columns: Sequence[str]
    ) -> Iterator[tuple[str, int, bool, Callable[[], list[Hit]]]]:
        if self.is_narrow():
            reach = self.estimate or 0
            yield "exact", reach, True, lambda: self.exactly_filtered(vector, k, columns)
            return
        backend = self.standing.collection.backend
        yield backend, k, False, lambda: self.by_engine(vector, k, columns)
        yield "exact", self.standing.rows, True, lambda: self.exactly_large(vector, k, columns)

    # --- which way ---

    def is_ranked_by_engine(self) -> bool:
        return self.standing.collection.backend != "pgvector"

    def exact_from_the_start(self) -> bool:
        standing, workspace = self.standing, self.standing.collection.workspace_id
        return (
            self.query.exact
            or standing.index is None
            or not (standing.is_own or self.is_ranked_by_engine())
            or standing.rows <= ceilings.value("promote_rows", workspace)
        )

    def covers(self) -> bool:
        """Whether the namespaces asked for hold every row of the collection."""
        return self.query.namespaces is None or self.rows_in_reach() >= self.standing.rows

    def rows_in_reach(self) -> int:
        """Rows of the namespaces asked for."""
        names = self.query.namespaces
        if names is None:
            return self.standing.rows
        if names == ("",):
            return self.standing.unnamed
        found = self.standing.collection.namespaces.filter(name__in=names)
        return sum(found.values_list("rows", flat=True))

    def is_narrow(self) -> bool:
        """Whether so few rows are left, and an index leads to them, that reading them all is cheapest."""
        reach = self.rows_in_reach()
        if self.query.namespaces is not None and reach <= self.exact_max:
            self.estimate = reach
            return True
        if self.query.filter is None:
            return False
        self.estimate = min(reach, estimates.rows_left(self.standing, self.space.condition))
        if estimates.containments(self.query.filter):
            return self.estimate <= self.exact_max
        if self.standing.rows > UNINDEXED_WARNING:
            self.warnings.append(f"unindexed_filter:{','.join(self.query.filter_fields)}")
        return False

    def is_faster_in_order(self, k: int) -> bool:
        """Whether the index would pass over so much that reading every row takes less."""
        return self.estimate is not None and self.estimate <= SPARE * ROWS_IN_ORDER * k

    def holds_all(self, hits: Sequence[Hit]) -> bool:
        """Whether these are all rows there are; only the counters can say so."""
        everything = self.query.filter is None and self.covers()
        return everything and len(hits) >= self.standing.embedded - (self.without is not None)

    def effort(self, ef: int, iterative: str = pgvector.OFF, tuples: int = STRICT_TUPLES) -> Effort:
        index = self.standing.index or {}
        lists = (index.get("params") or {}).get("lists") or 0
        return Effort(ef, iterative, tuples, probes=max(1, round(lists**0.5)))

    # --- the steps ---

    def exactly(self, vector: Vector, k: int, columns: Sequence[str]) -> list[Hit]:
        return self.ask(pgvector.exact(self.space, vector, k=k, columns=columns))

    def exactly_filtered(self, vector: Vector, k: int, columns: Sequence[str]) -> list[Hit]:
        held = estimates.containments(self.query.filter)
        if not held:
            return self.exactly_large(vector, k, columns)
        names = None if self.query.namespaces is None else list(self.query.namespaces)
        return self.ask(
            pgvector.exact_containing(self.space, vector, held, names, k=k, columns=columns)
        )

    def exactly_large(self, vector: Vector, k: int, columns: Sequence[str]) -> list[Hit]:
        if self.standing.rows <= LARGE:
            return self.exactly(vector, k, columns)
        if not _large.acquire(timeout=max(0, self.clock.left_ms) / 1000):
            raise TimeUp("busy")
        try:
            return self.exactly(vector, k, columns)
        finally:
            _large.release()

    def by_index(self, vector: Vector, k: int, columns: Sequence[str], effort: Effort) -> list[Hit]:
        spare = 1 if self.query.filter is None else SPARE
        statement = pgvector.indexed(self.space, vector, k=k, columns=columns, spare=spare)
        return self.ask(statement, effort)

    def by_engine(self, vector: Vector, k: int, columns: Sequence[str]) -> list[Hit]:
        embedded = replace(
            self.space, condition=Condition("v.embedding IS NOT NULL") & self.space.condition
        )
        found = engines.nearest(
            collection=self.standing.collection,
            vector=vector,
            top_k=k,
            rank=lambda ids: self.ask(
                pgvector.fetched(embedded, vector, ids, k=k, columns=columns)
            ),
            share=self.share_left(),
            ef_search=self.query.ef_search or self.standing.collection.ef_search,
            seconds=self.clock.left_ms / 1000,
        )
        self.warnings += found.warnings
        self.engine_failed = found.failure is not None
        return found.rows

    def share_left(self) -> float:
        """The estimated share of the rows that count."""
        reach = self.rows_in_reach() if self.estimate is None else self.estimate
        return min(1.0, max(reach, 1) / max(1, self.standing.rows))

    def ask(self, statement: tuple[str, list[Any]], effort: Effort | None = None) -> list[Hit]:
        return pgvector.hits(ask(self.clock, statement, effort))

    def timed(self, plan: str, step: Callable[[], list[Hit]]) -> list[Hit]:
        started = time.perf_counter()
        try:
            found = step()
        except TimeUp as over:
            self.note(plan, started, over.reason)
            raise
        self.note(plan, started, len(found))
        return found

    def note(self, plan: str, started: float, outcome: int | str) -> None:
        took = round((time.perf_counter() - started) * 1000, 2)
        self.steps.append({"step": plan, "outcome": outcome, "ms": took})


def condition_of(query: Query) -> Condition:
    """Namespaces and filter of a query over the rows `v`."""
    condition = compiled(query.filter, alias="v")
    if query.namespaces is None:
        return condition
    return Condition("v.namespace = ANY (%s::text[])", (list(query.namespaces),)) & condition


def ask(
    clock: Clock, statement: tuple[str, list[Any]], effort: Effort | None = None
) -> list[tuple[Any, ...]]:
    """Run one statement of a search within its time, in one round trip. Raises TimeUp."""
    left = clock.left_ms
    if left < SHORTEST_MS:
        raise TimeUp
    settings = pgvector.effort(effort or Effort(40), timeout_ms=left)
    try:
        answers = staging.run(
            (f"SAVEPOINT {SAVEPOINT}", []),
            settings,
            statement,
            (f"ROLLBACK TO SAVEPOINT {SAVEPOINT}", []),
        )
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != QUERY_CANCELED:
            raise
        staging.run((f"ROLLBACK TO SAVEPOINT {SAVEPOINT}", []))
        raise TimeUp from error
    return answers[2].rows
