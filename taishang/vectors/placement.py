"""A collection gets a partition of its own: copied while it is read and written, then swapped in one transaction.

shared → copying → swapping → own. The rows are copied into a detached table; what is written meanwhile enters
`tai_vector_changes` and is replayed; when little is left, the writers of this collection wait while the last changes
are applied, both sides are compared, the rows leave the shared partition and the table is attached. A crash or a
cancel leaves the collection shared: the table is dropped, nothing was taken away.
"""

from __future__ import annotations

import random
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import transaction
from psycopg import errors, sql

from laojun import audit
from laojun.audit import Actor
from taishang.models import VectorChange, VectorCollection, VectorState
from taishang.runs import RetryLater, Run
from taishang.vectors import ceilings, ddl, ledger
from taishang.vectors.ceilings import LimitReached

Placement = VectorCollection.Placement
BATCH = 5_000
LAST_CHANGES = 1_000
RETRY_SECONDS = 30
TRIES = 30
REPLAYED_PERCENT = 90
MAKE = """
CREATE TABLE {own} (LIKE tai_vectors INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE);
ALTER TABLE {own}
    ADD CONSTRAINT {key} PRIMARY KEY (collection_id, id),
    ADD CONSTRAINT {external} UNIQUE (collection_id, namespace, external_id),
    ADD CONSTRAINT {only} CHECK (collection_id = {collection}),
    ADD CONSTRAINT tai_vectors_collection_tenant_fk FOREIGN KEY (workspace_id, collection_id, dims)
        REFERENCES tai_vector_collections (workspace_id, id, dimension) ON DELETE CASCADE;
CREATE INDEX {namespace} ON {own} (collection_id, namespace, id);
CREATE INDEX {waiting} ON {own} (collection_id, embed_state, id)
    WHERE embed_state IN ('pending', 'failed');
ALTER TABLE {own} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {own} FORCE ROW LEVEL SECURITY;
CREATE POLICY {policy} ON {own} TO taishang_owner
    USING (current_setting('app.migrating', true) = 'on')
    WITH CHECK (current_setting('app.migrating', true) = 'on');
REVOKE ALL ON {own} FROM taishang_app, taishang_operator;
"""
COPY = """
WITH batch AS (
    SELECT * FROM tai_vectors WHERE collection_id = {collection} AND id > %s ORDER BY id LIMIT %s
), copied AS (
    INSERT INTO {own} SELECT * FROM batch ON CONFLICT DO NOTHING
)
SELECT max(id), count(*) FROM batch
"""
SUM = "SELECT count(*), COALESCE(sum(hashtextextended(id || ':' || revision || encode(row_hash, 'hex'), 0)::numeric), 0) FROM "


class SidesDiffer(Exception):
    """Copy and original are not equal; nothing was swapped."""


@dataclass
class Move:
    """One collection on its way into its own table, over the owner's connection."""

    run: Run
    collection: VectorCollection
    opened: psycopg.Connection[Any]
    seq: int = 0
    hold_ms: float = 0.0

    @property
    def table(self) -> str:
        return ddl.partition(self.collection.pk)

    def statement(self, text: str) -> sql.Composed:
        name = self.table
        return sql.SQL(text).format(
            own=sql.Identifier(name),
            collection=sql.Literal(self.collection.pk),
            key=sql.Identifier(f"{name}_pk"),
            external=sql.Identifier(f"{name}_external"),
            only=sql.Identifier(f"{name}_only_ck"),
            namespace=sql.Identifier(f"{name}_namespace_ix"),
            waiting=sql.Identifier(f"{name}_waiting_ix"),
            policy=sql.Identifier(f"{name}_owner"),
        )

    def make(self) -> None:
        """The empty table. Its foreign key needs a lock on the collections, so others must not wait behind it."""
        try:
            with ddl.briefly(self.opened):
                self.opened.execute(self.statement(MAKE))
        except errors.LockNotAvailable as error:
            raise RetryLater(RETRY_SECONDS, "somebody holds the collections") from error

    # --- copying ---

    def copy(self, total: int) -> None:
        """All rows in batches, each in a transaction of its own."""
        last, done = 0, 0
        while True:
            self.run.check()
            row = self.opened.execute(self.statement(COPY), [last, BATCH]).fetchone()
            if row is None or row[0] is None:
                return
            last, done = row[0], done + row[1]
            self.run.progress(min(done, total) * REPLAYED_PERCENT, max(1, total) * 100, "copying")

    def replay(self, *, until: int) -> None:
        """What was written meanwhile, until at most so many rows are left to bring over."""
        while True:
            self.run.check()
            waiting = self.waiting()
            if sum(len(ids) for _seq, ids in waiting) <= until:
                return
            for seq, ids in waiting:
                self.bring(ids)
                self.seq = seq

    def waiting(self) -> list[tuple[int, list[int]]]:
        return self.opened.execute(
            "SELECT seq, ids FROM tai_vector_changes WHERE collection_id = %s AND seq > %s"
            " ORDER BY seq",
            [self.collection.pk, self.seq],
        ).fetchall()

    def bring(self, ids: list[int]) -> None:
        """The current rows with these ids; those that are gone leave the copy too."""
        self.opened.execute(self.statement("DELETE FROM {own} WHERE id = ANY (%s)"), [ids])
        self.opened.execute(
            self.statement(
                "INSERT INTO {own} SELECT * FROM tai_vectors"
                " WHERE collection_id = {collection} AND id = ANY (%s) ORDER BY id"
            ),
            [ids],
        )

    # --- swapping ---

    def swap(self) -> None:
        """Try until all locks come within their time; other collections are never held up longer than that."""
        for attempt in range(TRIES):
            self.run.check()
            try:
                self.swap_once()
            except (errors.LockNotAvailable, errors.DeadlockDetected):
                self.run.progress(95, 100, f"waiting for locks ({attempt + 1})")
                self.run.sleep(random.uniform(0.1, 0.5))  # noqa: S311
                self.replay(until=LAST_CHANGES)
            else:
                return
        raise RetryLater(RETRY_SECONDS, "somebody holds the shared partition")

    def swap_once(self) -> None:
        opened, number = self.opened, self.collection.pk
        with ddl.briefly(opened):
            opened.execute("SELECT pg_advisory_xact_lock(%s)", [ledger.lock_key(number)])
            # What this transaction brings over is gone again when a lock does not come, so `seq` stays.
            for _seq, ids in self.waiting():
                self.bring(ids)
            self.compare()
            opened.execute("DELETE FROM tai_vectors WHERE collection_id = %s", [number])
            started = time.perf_counter()
            opened.execute(
                self.statement(
                    "ALTER TABLE tai_vectors ATTACH PARTITION {own} FOR VALUES IN ({collection})"
                )
            )
            opened.execute(
                "UPDATE tai_vector_collections SET placement = 'own' WHERE id = %s", [number]
            )
            opened.execute(
                "UPDATE tai_vector_states SET capture = false WHERE collection_id = %s", [number]
            )
            if self.collection.backend == "pgvector":
                opened.execute("DELETE FROM tai_vector_changes WHERE collection_id = %s", [number])
        self.hold_ms = round((time.perf_counter() - started) * 1000, 1)

    def compare(self) -> None:
        """Both sides hold the same rows, or nothing is swapped. Raises SidesDiffer."""
        original = self.opened.execute(
            self.statement(SUM + "tai_vectors WHERE collection_id = {collection}")
        ).fetchone()
        copied = self.opened.execute(self.statement(SUM + "{own}")).fetchone()
        if original != copied:
            raise SidesDiffer(f"{original} and {copied}")

    def tidy(self) -> None:
        """Let the planner know both sides."""
        for command in ("ANALYZE {own}", "ANALYZE tai_vectors", "VACUUM tai_vectors_shared"):
            self.opened.execute(self.statement(command))


def promote(*, run: Run, collection: VectorCollection) -> dict[str, Any]:
    """Move a collection into a partition of its own. Answers what happened; nothing when it has one.

    Raises Permanent, LimitReached, Cancelled. Readers wait for the swap's lock only.
    """
    with ddl.connection(run.id) as opened:
        reset(opened=opened, collection=collection)
        with run.database():
            collection.refresh_from_db()
            if collection.placement == Placement.OWN:
                return {"promoted": False, "reason": "own"}
            rows = _begin(collection)
        move = Move(run, collection, opened)
        try:
            move.make()
            move.copy(rows)
            move.replay(until=LAST_CHANGES)
            move.swap()
        except BaseException:
            # What cannot be dropped now is an orphan, and the sweep's.
            with suppress(RetryLater):
                reset(opened=opened, collection=collection)
            raise
        move.tidy()
    with run.database():
        audit.record(
            actor=Actor.system("vectors"),
            action="vector_collection.promote",
            target=("vector_collection", collection.pk),
            details={"rows": rows, "hold_ms": move.hold_ms},
        )
    collection.placement = Placement.OWN
    return {"promoted": True, "rows": rows, "hold_ms": move.hold_ms}


def reset(*, opened: psycopg.Connection[Any], collection: VectorCollection) -> bool:
    """Take an unfinished move back: no detached table, no capture, shared. Answers whether there was one."""
    table, number = ddl.partition(collection.pk), collection.pk
    if ddl.is_attached(opened, table):
        return False
    with opened.transaction():
        moved = opened.execute(
            "UPDATE tai_vector_collections SET placement = 'shared'"
            " WHERE id = %s AND placement <> 'shared' RETURNING workspace_id",
            [number],
        ).fetchone()
        if moved is not None:
            opened.execute(
                "UPDATE tai_vector_usage SET own_partitions = own_partitions - 1"
                " WHERE workspace_id = %s",
                [moved[0]],
            )
            opened.execute(
                "UPDATE tai_vector_states SET capture = false WHERE collection_id = %s", [number]
            )
            if collection.backend == "pgvector":
                opened.execute("DELETE FROM tai_vector_changes WHERE collection_id = %s", [number])
    if not ddl.drop_table(opened, table):
        raise RetryLater(RETRY_SECONDS, "somebody holds the copy")
    return moved is not None


def _begin(collection: VectorCollection) -> int:
    """Count the partition, capture what is written from now on, and say how many rows there are."""
    limit = ceilings.value("max_partitions", None)
    used = ceilings.own_partitions_in_all()
    if used >= limit:
        raise LimitReached("own_partitions", limit=limit, used=used)
    with transaction.atomic():
        ceilings.take(workspace_id=collection.workspace_id, what="own_partitions")
        VectorCollection.objects.filter(pk=collection.pk).update(placement=Placement.COPYING)
        VectorState.objects.filter(collection=collection).update(capture=True)
        if collection.backend == "pgvector":
            VectorChange.objects.filter(collection=collection).delete()
    return VectorState.objects.values_list("rows", flat=True).get(collection=collection)


def run_promotion(run: Run) -> None:
    """The task `vectors.promote`."""
    with run.database():
        collection = VectorCollection.objects.alive().filter(pk=run.payload["collection"]).first()
    if collection is None:
        return
    try:
        result = promote(run=run, collection=collection)
    except LimitReached as full:
        result = {"promoted": False, "reason": "limit_reached", **full.members}
    with run.finish(result):
        pass
