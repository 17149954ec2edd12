"""Index generations of an own partition: built beside the one that serves, probed, then put in its place.

CREATE INDEX CONCURRENTLY runs in a thread of the task; the task watches its progress, hears the wish to stop, and
leaves no invalid index behind. A worker that dies leaves the server building: the next attempt finds that process by
the task's name and waits for it instead of starting again.
"""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db.models import Max
from django.utils import timezone
from psycopg import errors, sql

from laojun import audit
from laojun.audit import Actor
from taishang.models import VectorCollection, VectorIndex, VectorState
from taishang.runs import Cancelled, Permanent, Run
from taishang.vectors import ceilings, ddl, indexed_fields, placement, staging
from taishang.vectors.backends import pgvector
from taishang.vectors.backends.pgvector import Effort, Space
from taishang.vectors.progress import Watched
from taishang.vectors.staging import Vector

IVFFLAT_ROWS = 10_000
DISK_MARGIN = 1.5
PROBES = 10
# A graph finds the row itself nearly always; three misses in ten mean that it is broken.
PROBES_FOUND = 7
SAME = 1e-6
PROBE_EF = 200
PROBE_MS = 10_000
QUEUE_SECONDS = 1.0


@dataclass
class Build:
    """One generation on its way, over the owner's connection."""

    run: Run
    collection: VectorCollection
    index: VectorIndex
    opened: psycopg.Connection[Any]
    notices: list[str] = field(default_factory=list)

    @property
    def table(self) -> str:
        return ddl.partition(self.collection.pk)

    @property
    def name(self) -> str:
        return name_of(self.collection.pk, self.index.generation)

    @property
    def space(self) -> Space:
        return replace(Space.of(self.collection), precision=self.index.precision)

    def prepare(self) -> None:
        """What the build may use of the machine; the server's notices are kept."""
        megabytes = ceilings.value("build_memory_mb", None)
        workers = ceilings.value("build_workers", None)
        for name, value in (
            ("maintenance_work_mem", f"{megabytes}MB"),
            ("max_parallel_maintenance_workers", str(workers)),
            ("lock_timeout", "0"),
        ):
            self.opened.execute("SELECT set_config(%s, %s, false)", [name, value])
        self.opened.add_notice_handler(
            lambda notice: self.notices.append(str(notice.message_primary)[:200])
        )

    def wait_for_turn(self) -> None:
        """One heavy build per database at a time."""
        while True:
            row = self.opened.execute("SELECT pg_try_advisory_lock(%s)", [ddl.BUILDING]).fetchone()
            if row and row[0]:
                return
            self.run.progress(0, 100, "waiting for another build")
            self.run.sleep(QUEUE_SECONDS)

    def make(self) -> None:
        """The indexes that serve words and filters, then the vector index."""
        for name, statement in indexed_fields.statements(self.collection):
            self.concurrently(name, statement)
        self.concurrently(self.name, self.vector_statement())

    def vector_statement(self) -> sql.Composed:
        return sql.SQL("CREATE INDEX CONCURRENTLY {} ON {} USING {} {} WITH ({})").format(
            sql.Identifier(self.name),
            sql.Identifier(self.table),
            sql.SQL(self.index.kind),
            sql.SQL(pgvector.index_sql(self.space)),
            sql.SQL(", ").join(
                sql.SQL("{} = {}").format(sql.SQL(key), sql.Literal(value))
                for key, value in self.storage().items()
            ),
        )

    def storage(self) -> dict[str, int]:
        params = self.index.params
        if self.index.kind == "ivfflat":
            return {"lists": params["lists"]}
        return {"m": params["m"], "ef_construction": params["ef_construction"]}

    def concurrently(self, name: str, statement: sql.Composed) -> None:
        """Build one index, or find it built. Raises Cancelled and what the server says."""
        if is_valid(self.opened, name):
            return
        drop_index(self.opened, name)
        try:
            self.watched(statement)
        except errors.DiskFull:
            # A small /dev/shm holds no parallel build's memory; one attempt without.
            drop_index(self.opened, name)
            self.opened.execute("SET max_parallel_maintenance_workers = 0")
            self.run.note("built without parallel workers: shared memory is small")
            self.watched(statement)
        if not is_valid(self.opened, name):
            drop_index(self.opened, name)
            raise Permanent("index_invalid", "The index could not be built.")

    def watched(self, statement: sql.Composed) -> None:
        failures: list[BaseException] = []

        def build() -> None:
            try:
                self.opened.execute(statement)
            except psycopg.Error as error:
                failures.append(error)

        pid = self.opened.info.backend_pid
        thread = threading.Thread(target=build, name="vector-index", daemon=True)
        thread.start()
        with ddl.connection(f"{self.run.id}:watch") as eye:
            Watched(self.run, eye, pid, self.told).until(lambda: not thread.is_alive())
        thread.join()
        if failures:
            raise failures[0]

    def told(self, percent: int, phase: str) -> None:
        self.run.progress(percent, 100, phase)

    def probe(self) -> None:
        """Stored rows must find themselves, asked as a search asks. Raises Permanent."""
        statement = (
            "SELECT v.id, vector_send(v.embedding) FROM tai_vectors v"
            f" WHERE v.collection_id = {self.collection.pk:d} AND v.embedding IS NOT NULL"
            f" ORDER BY v.row_hash LIMIT {PROBES}"
        )
        with self.run.database():
            rows = staging.run((statement, []))[0].rows
            found = sum(self.finds(row_id, Vector(bytes(raw))) for row_id, raw in rows)
        if rows and found < PROBES_FOUND * len(rows) / PROBES:
            raise Permanent("index_broken", f"{found} of {len(rows)} rows found themselves.")

    def finds(self, row_id: int, vector: Vector) -> bool:
        asked = pgvector.indexed(self.space, vector, k=1)
        effort = pgvector.effort(Effort(PROBE_EF), timeout_ms=PROBE_MS)
        nearest = staging.run(effort, asked)[1].rows
        if self.collection.metric == "ip":
            return bool(nearest)
        return bool(nearest) and (nearest[0][0] == row_id or nearest[0][1] <= SAME)

    def activate(self) -> VectorIndex | None:
        """Put the new generation in the old one's place; answers the old one. Inside `run.finish`."""
        mine = VectorIndex.objects.filter(collection=self.collection)
        old = mine.filter(is_active=True).first()
        mine.filter(is_active=True).update(is_active=False, state=VectorIndex.State.RETIRING)
        rows = VectorState.objects.values_list("rows", flat=True).get(collection=self.collection)
        mine.filter(pk=self.index.pk).update(
            is_active=True,
            state=VectorIndex.State.READY,
            locator=self.name,
            rows=rows,
            bytes=size_of(self.name),
            progress=100,
            phase="",
            built_at=timezone.now(),
            updated_at=timezone.now(),
        )
        VectorState.objects.filter(collection=self.collection).update(
            rows_at_build=rows, deleted_since_build=0
        )
        return old


def run_build(run: Run) -> None:
    """The task `vectors.index`: an own partition if there is none yet, then a new generation in the old one's place."""
    with run.database():
        collection = VectorCollection.objects.alive().filter(pk=run.payload["collection"]).first()
    if collection is None or collection.backend != "pgvector":
        return
    if collection.placement != placement.Placement.OWN:
        placement.promote(run=run, collection=collection)
    with run.database():
        index = _generation(run, collection)
    with ddl.connection(run.id) as opened:
        build = Build(run, collection, index, opened)
        try:
            old = _built(build)
        except BaseException as error:
            _give_up(build, error)
            raise
        if old is not None and old.locator:
            drop_index(opened, old.locator)


def drop(*, run: Run, collection: VectorCollection) -> None:
    """Remove the active vector index; exact search serves."""
    with run.database():
        found = VectorIndex.objects.filter(collection=collection, is_active=True).first()
        if found is not None:
            VectorIndex.objects.filter(pk=found.pk).update(
                is_active=False, state=VectorIndex.State.RETIRING
            )
    if found is not None:
        with ddl.connection(run.id) as opened:
            drop_index(opened, found.locator)


def run_drop(run: Run) -> None:
    """The task `vectors.drop_index`."""
    with run.database():
        collection = VectorCollection.objects.alive().filter(pk=run.payload["collection"]).first()
    if collection is not None:
        drop(run=run, collection=collection)
        with run.finish({}):
            _record(collection, "index_drop", {})


def name_of(collection_id: int, generation: int) -> str:
    return f"tai_vi_{collection_id:d}_g{generation:d}"


def is_valid(opened: psycopg.Connection[Any], name: str) -> bool:
    row = opened.execute(
        "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [f"public.{name}"]
    ).fetchone()
    return bool(row and row[0])


def drop_index(opened: psycopg.Connection[Any], name: str) -> None:
    """Without a lock that stops readers or writers; one that is gone already is fine."""
    opened.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier(name)))


def size_of(name: str) -> int:
    statement = "SELECT COALESCE(pg_relation_size(to_regclass(%s)), 0)"
    return int(staging.run((statement, [f"public.{name}"]))[0].rows[0][0])


def estimated_bytes(collection: VectorCollection, rows: int, precision: str) -> int:
    """What an HNSW index of so many rows takes: the vectors, and their links on all levels."""
    size = {"float32": 4, "halfvec": 2, "binary": 1 / 8}[precision]
    links = 6 * 2 * int(collection.index_params.get("m") or 16)
    return int(rows * (size * collection.dimension + links + 100))


def _built(build: Build) -> VectorIndex | None:
    _check_disk(build)
    adopt(build)
    build.prepare()
    build.wait_for_turn()
    build.make()
    build.probe()
    with build.run.finish({"generation": build.index.generation, "notices": build.notices[:5]}):
        old = build.activate()
        _record(build.collection, "index_build", {"generation": build.index.generation})
    return old


def adopt(build: Build) -> None:
    """Wait for a build that the server goes on with although its worker is gone."""
    pid = ddl.working_for(build.opened, build.run.id)
    if pid is None:
        return
    build.run.note("found the build of an earlier attempt still running", pid=pid)
    Watched(build.run, build.opened, pid, build.told).until(
        lambda: ddl.working_for(build.opened, build.run.id) is None
    )


def _generation(run: Run, collection: VectorCollection) -> VectorIndex:
    """This task's generation: the one an earlier attempt began, or the next."""
    mine = VectorIndex.objects.filter(collection=collection)
    begun = mine.filter(task_id=run.id, is_active=False).first()
    if begun is not None:
        mine.filter(pk=begun.pk).update(state=VectorIndex.State.BUILDING, error="")
        return begun
    rows = VectorState.objects.values_list("rows", flat=True).get(collection=collection)
    wanted = run.payload
    kind = wanted.get("kind") or collection.index_type
    if kind not in ("hnsw", "ivfflat"):
        raise Permanent("no_index_wanted", "The collection is searched exactly; it has no index.")
    if kind == "ivfflat" and rows < IVFFLAT_ROWS:
        raise Permanent(
            "too_few_rows", "An IVFFlat index needs 10,000 rows to learn its lists from."
        )
    params = {**collection.index_params, **(wanted.get("params") or {})}
    if kind == "ivfflat":
        params["lists"] = params.get("lists") or _lists(rows)
    newest = mine.aggregate(newest=Max("generation"))["newest"] or 0
    return VectorIndex.objects.create(
        workspace_id=collection.workspace_id,
        collection=collection,
        generation=newest + 1,
        backend=collection.backend,
        kind=kind,
        precision=wanted.get("precision") or collection.precision,
        params=params,
        state=VectorIndex.State.BUILDING,
        task_id=run.id,
        started_at=timezone.now(),
    )


def _lists(rows: int) -> int:
    return max(1, round(rows / 1000 if rows <= 1_000_000 else rows**0.5))


def _check_disk(build: Build) -> None:
    """Only the embedded server's disk is ours to see. Raises Permanent."""
    if not settings.DATABASE_EMBEDDED:
        return
    with build.run.database():
        rows = VectorState.objects.values_list("rows", flat=True).get(collection=build.collection)
    needed = DISK_MARGIN * estimated_bytes(build.collection, rows, build.index.precision)
    free = shutil.disk_usage(Path(settings.DATA_DIR)).free
    if free < needed:
        text = f"The build needs about {needed / 2**20:.0f} MB; {free / 2**20:.0f} MB are free."
        raise Permanent("not_enough_disk", text)


def _give_up(build: Build, error: BaseException) -> None:
    """Leave nothing half built. What a worker that is told to stop gives back is built again from the start."""
    with ddl.connection(f"{build.run.id}:tidy") as opened:
        drop_index(opened, build.name)
    cancelled = isinstance(error, Cancelled)
    state = VectorIndex.State.CANCELLED if cancelled else VectorIndex.State.FAILED
    with build.run.database():
        VectorIndex.objects.filter(pk=build.index.pk, is_active=False).update(
            state=state, error="" if cancelled else str(error)[:300], updated_at=timezone.now()
        )


def _record(collection: VectorCollection, verb: str, details: dict[str, Any]) -> None:
    audit.record(
        actor=Actor.system("vectors"),
        action=f"vector_collection.{verb}",
        target=("vector_collection", collection.pk),
        details=details,
    )
