"""The task that sends changes to an engine: in the order of their numbers, each as the rows are now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from taishang.models import VectorCollection, VectorIndex
from taishang.runs import Permanent, Run
from taishang.vectors import batches, generations, outbox, staging
from taishang.vectors.backends import base
from taishang.vectors.backends.base import EngineError, Refused, Writer
from taishang.vectors.outbox import PARKED_AFTER

BATCH_IDS = 5_000
MAX_BACKOFF_SECONDS = 300

NEXT = """
    SELECT h.seq, h.ids FROM tai_vector_changes h
    WHERE h.collection_id = %s AND h.seq > %s ORDER BY h.seq LIMIT 100
"""
SEQ = "SELECT s.write_seq, s.published_seq FROM tai_vector_states s WHERE s.collection_id = %s"
PUBLISHED = """
    UPDATE tai_vector_states SET published_seq = %s, last_published_at = clock_timestamp(),
        last_error = '', updated_at = clock_timestamp()
    WHERE collection_id = %s AND published_seq <= %s
"""
# Kept: what a copy or a generation that is being filled still has to read, and what is parked.
FORGET = """
    DELETE FROM tai_vector_changes h USING tai_vector_states s
    WHERE s.collection_id = %s AND h.collection_id = s.collection_id AND NOT s.capture
        AND h.seq <= s.published_seq AND h.attempts < %s
        AND NOT EXISTS (SELECT 1 FROM tai_vector_indexes i WHERE i.collection_id = s.collection_id
            AND i.state = 'building' AND i.seq < h.seq)
"""
PARK = """
    UPDATE tai_vector_changes SET ids = %s, attempts = %s, error = %s, updated_at = clock_timestamp()
    WHERE collection_id = %s AND seq = %s
"""
# A parked row that was written again and taken is parked no more.
RELEASE = """
    WITH fewer AS (
        UPDATE tai_vector_changes h SET updated_at = clock_timestamp(),
            ids = ARRAY(SELECT unnest(h.ids) EXCEPT SELECT unnest(%s::bigint[]))
        WHERE h.collection_id = %s AND h.attempts >= %s AND h.seq <= %s AND h.ids && %s::bigint[]
        RETURNING h.seq, h.ids
    )
    SELECT seq FROM fewer WHERE cardinality(ids) = 0
"""
POSTPONE = """
    UPDATE tai_vector_changes SET attempts = LEAST(attempts + 1, %s), error = %s,
        next_try_at = clock_timestamp() + make_interval(secs => LEAST(%s, power(2, attempts))),
        updated_at = clock_timestamp()
    WHERE collection_id = %s AND seq = (
        SELECT min(h.seq) FROM tai_vector_changes h JOIN tai_vector_states s USING (collection_id)
        WHERE h.collection_id = %s AND h.seq > s.published_seq)
"""
FAILED = """
    UPDATE tai_vector_states SET last_error = %s, updated_at = clock_timestamp()
    WHERE collection_id = %s
"""


@dataclass(frozen=True)
class Change:
    seq: int
    ids: list[int]


def publish(run: Run) -> dict[str, Any]:
    """The task: send everything that waits, then say what the engine holds."""
    collection = load(run)
    engine = base.engine(collection.backend)
    with run.database():
        index = generations.first(collection)
        before = _seqs(collection)
    if before[0] == before[1]:
        return {"seq": before[1], "sent": 0}
    try:
        if generations.is_lost(index, before[1]):
            raise base.Damaged("What the engine holds is of another time.")
        with engine.writer(generations.target(collection, index)) as writer:
            work = _Publication(run, collection, index, writer, at_once=engine.in_snapshots)
            return work.drain()
    except base.Damaged as error:
        note_failure(run, collection, error.reason)
        run.event("damaged", reason=error.reason)
        outbox.ask(
            outbox.REBUILD, collection_id=collection.pk, workspace_id=collection.workspace_id
        )
        return {"damaged": error.reason}
    except EngineError as error:
        _postpone(run, collection, error.reason)
        return {"postponed": error.reason}


def load(run: Run) -> VectorCollection:
    """The task's collection. Raises Permanent when it is gone or no engine ranks it."""
    with run.database():
        found = VectorCollection.objects.filter(pk=run.payload["collection"]).first()
    if found is None or found.status == VectorCollection.Status.DELETING:
        raise Permanent("collection_gone", _("The collection was deleted."))
    if found.backend == "pgvector":
        raise Permanent("no_engine", _("PostgreSQL itself ranks this collection."))
    return found


class _Publication:
    """One task's way through the outbox."""

    def __init__(
        self,
        run: Run,
        collection: VectorCollection,
        index: VectorIndex,
        writer: Writer,
        *,
        at_once: bool,
    ) -> None:
        self.run, self.collection, self.index, self.writer = run, collection, index, writer
        # Whether everything is published at the end, in one snapshot, or batch by batch.
        self.at_once = at_once
        self.sent: set[int] = set()
        self.parked: dict[int, tuple[list[int], str]] = {}
        self.total = 0

    def drain(self) -> dict[str, Any]:
        with self.run.database():
            goal, reached = _seqs(self.collection)
        start = reached
        while reached < goal:
            self.run.check()
            with self.run.database():
                changes = _next(self.collection, reached)
            self._send(changes)
            reached = changes[-1].seq if changes else goal
            self.run.progress(reached - start, goal - start, _("Sending changes to the engine"))
            if (not self.at_once or reached >= goal) and not self._publish(reached):
                return {"superseded": True, "seq": start}
        return {"seq": reached, "sent": self.total}

    def _send(self, changes: Sequence[Change]) -> None:
        ids = sorted({number for change in changes for number in change.ids})
        refused = self._apply(ids)
        self.sent.update(ids)
        self.sent.difference_update(refused)
        self.total += len(ids)
        for change in changes:
            stuck = [number for number in change.ids if number in refused]
            if stuck:
                self.parked[change.seq] = (stuck, refused[stuck[0]])

    def _apply(self, ids: list[int]) -> dict[int, str]:
        """Send rows; a batch that is refused is halved until the rows at fault stand alone. Returns their reasons."""
        if not ids:
            return {}
        with self.run.database():
            batch = batches.current(self.collection, ids)
        try:
            self.writer.apply(batch)
        except Refused as error:
            if len(ids) == 1:
                return {ids[0]: error.reason}
            half = len(ids) // 2
            return self._apply(ids[:half]) | self._apply(ids[half:])
        return {}

    def _publish(self, seq: int) -> bool:
        done = self.writer.publish(seq=seq)
        key = self.collection.pk
        with self.run.database():
            if not generations.record(self.index, done):
                return False
            for parked_seq, (ids, reason) in self.parked.items():
                staging.run((PARK, [ids, PARKED_AFTER, reason[:300], key, parked_seq]))
            sent = list(self.sent)
            empty = staging.run((RELEASE, [sent, key, PARKED_AFTER, seq, sent]))[0].rows
            self.collection.changes.filter(seq__in=[row[0] for row in empty]).delete()
            staging.run((PUBLISHED, [seq, key, seq]), (FORGET, [key, PARKED_AFTER]))
            # Written under the fence: a task that lost its lease publishes nothing.
            if self.parked:
                self.run.event("parked", rows=sum(len(ids) for ids, _ in self.parked.values()))
            self.run.event("published", seq=seq, bytes=done.bytes, rows=done.rows, dead=done.dead)
        self.sent, self.parked = set(), {}
        return True


def note_failure(run: Run, collection: VectorCollection, reason: str) -> None:
    with run.database():
        staging.run((FAILED, [reason[:300], collection.pk]))


def _postpone(run: Run, collection: VectorCollection, reason: str) -> None:
    """Wait 1 s, then twice as long each time, at most five minutes; the sweep asks again."""
    key = collection.pk
    with run.database():
        staging.run(
            (POSTPONE, [PARKED_AFTER - 1, reason[:300], MAX_BACKOFF_SECONDS, key, key]),
            (FAILED, [reason[:300], key]),
        )
        run.event("postponed", reason=reason[:300])


def _seqs(collection: VectorCollection) -> tuple[int, int]:
    """The numbers of the last write and of the last one published."""
    written, published = staging.run((SEQ, [collection.pk]))[0].rows[0]
    return written, published


def _next(collection: VectorCollection, after: int) -> list[Change]:
    """The next changes, together about 5,000 rows."""
    found: list[Change] = []
    total = 0
    for seq, ids in staging.run((NEXT, [collection.pk, after]))[0].rows:
        if found and total + len(ids) > BATCH_IDS:
            break
        found.append(Change(seq, ids))
        total += len(ids)
    return found
