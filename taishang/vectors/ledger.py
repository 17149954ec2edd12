"""The last statements of every write: counters and the order of commits.

A writer first takes the collection's lock, shared with other writers and exclusive to whoever moves the collection.
It ends by raising the counters: namespaces in the order of their names, the workspace's usage, the collection's
state. Those hot rows stay locked only until the commit, and because the state row is the last one, the order of
`write_seq` is the order of the commits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import transaction
from django.db.utils import OperationalError
from psycopg.errors import DeadlockDetected

from taishang.models import VectorCollection, VectorNamespace, VectorState
from taishang.vectors import ceilings, staging

# In the high 16 bits of the advisory lock; the collection's id stands below.
LOCK_SPACE = 0x7A11
WAIT_MS = 5_000
RETRY_SECONDS = 2
# Writers of the very same keys overtake each other; each attempt leaves one of them behind.
ATTEMPTS = 8
MAX_NAMESPACES = 10_000
MAX_IDS = 1_000
LOCK_NOT_AVAILABLE = "55P03"
# What `bytes` counts, over a row called `v`.
SIZE = (
    "(COALESCE(4 * vector_dims(v.embedding), 0) + octet_length(v.payload::text)"
    " + octet_length(v.document))"
)

ADD = """
    INSERT INTO tai_vector_namespaces AS n
        (workspace_id, collection_id, name, rows, created_at, updated_at)
    SELECT %s, %s, d.name, d.rows, clock_timestamp(), clock_timestamp()
    FROM unnest(%s::text[], %s::bigint[]) AS d (name, rows) ORDER BY d.name
    ON CONFLICT (collection_id, name)
        DO UPDATE SET rows = n.rows + EXCLUDED.rows, updated_at = clock_timestamp()
"""
REMOVE = """
    WITH locked AS (
        SELECT n.name FROM tai_vector_namespaces n
        WHERE n.workspace_id = %s AND n.collection_id = %s AND n.name = ANY (%s::text[])
        ORDER BY n.name FOR UPDATE
    )
    UPDATE tai_vector_namespaces n SET rows = n.rows + d.rows, updated_at = clock_timestamp()
    FROM unnest(%s::text[], %s::bigint[]) AS d (name, rows)
    WHERE n.collection_id = %s AND n.name = d.name AND n.name IN (SELECT name FROM locked)
"""
KNOWN = "SELECT count(*) FROM tai_vector_namespaces WHERE collection_id = %s"


class CollectionMoving(Exception):
    """The collection is being moved and did not become free within five seconds. Send the same again."""

    code = "collection_moving"

    def __init__(self) -> None:
        super().__init__("moving")
        self.headers = {"Retry-After": str(RETRY_SECONDS)}


class Overtaken(Exception):
    """Another writer inserted one of our keys between two of our statements; nothing of ours is kept."""


class CollectionReadonly(Exception):
    """The collection takes no rows at present."""

    code = "collection_readonly"


@dataclass
class Moved:
    """What a write changed. `ids` are all rows it touched, `namespaces` name → rows that came or went."""

    op: str
    ids: Sequence[int]
    namespaces: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    bytes: int = 0
    pending: int = 0
    deleted: int = 0


@dataclass(frozen=True)
class Entry:
    """The state after a write: its number, and how many rows there are now."""

    seq: int
    rows: int
    pending: int


Answer = TypeVar("Answer")


def attempt(write: Callable[[], Answer]) -> Answer:
    """Write in a transaction, once more where another writer of the same keys came in between.

    Rows are locked in the order of their keys, but a key that is not there yet cannot be: of two writers that
    lock each other's, PostgreSQL rolls one back. Raises CollectionMoving when no attempt gets through.
    """
    for _attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                return write()
        except Overtaken:
            continue
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected):
                raise
    raise CollectionMoving


def lock_key(collection_id: int) -> int:
    return (LOCK_SPACE << 48) | collection_id


def enter(collection: VectorCollection, *, system: bool = False) -> None:
    """Take the writers' shared lock and make sure that the collection takes rows; held until the commit.

    `system` writes (embeddings, purges) also go into a read-only one. Raises CollectionMoving,
    CollectionReadonly. One round trip.
    """
    try:
        # The second statement looks with a snapshot that is younger than the lock.
        _, found = staging.run(
            (
                "SELECT set_config('lock_timeout', %s, true), pg_advisory_xact_lock_shared(%s),"
                " set_config('lock_timeout', '0', true)",
                [f"{WAIT_MS}ms", lock_key(collection.pk)],
            ),
            (
                "SELECT status, deleted_at IS NULL FROM tai_vector_collections WHERE id = %s",
                [collection.pk],
            ),
        )
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") == LOCK_NOT_AVAILABLE:
            raise CollectionMoving from error
        raise
    if not found.rows:
        raise VectorCollection.DoesNotExist
    status, alive = found.rows[0]
    if not system and (status != VectorCollection.Status.ACTIVE or not alive):
        raise CollectionReadonly


def close(collection: VectorCollection, moved: Moved) -> Entry:
    """Count what a write changed and give it its number. Raises LimitReached. One round trip, seldom two.

    With an engine or a copy under way the ids enter `tai_vector_changes` under that number.
    """
    workspace_id = collection.workspace_id
    names = sorted(name for name, delta in moved.namespaces.items() if delta)
    deltas = [moved.namespaces[name] for name in names]
    # A write only adds or only removes, so each kind locks the names in their order.
    adding = moved.rows > 0
    namespaces = (ADD, [workspace_id, collection.pk, names, deltas])
    if not adding:
        namespaces = (REMOVE, [workspace_id, collection.pk, names, names, deltas, collection.pk])
    usage = ceilings.rows_statement(workspace_id=workspace_id, rows=moved.rows, size=moved.bytes)
    _, counted, known, state = staging.run(
        namespaces,
        usage,
        (KNOWN, [collection.pk if adding else None]),
        _state(collection, moved),
    )
    if counted.count == 0:
        raise ceilings.rows_refused(workspace_id=workspace_id)
    if known.rows[0][0] > MAX_NAMESPACES:
        raise ceilings.LimitReached("namespaces", limit=MAX_NAMESPACES, used=MAX_NAMESPACES)
    if not adding and names:
        VectorNamespace.objects.filter(collection=collection, name__in=names, rows=0).delete()
    seq, rows, pending = state.rows[0]
    return Entry(seq, rows, pending)


def standing_of(collection: VectorCollection) -> Entry:
    """The state as the transaction at hand sees it."""
    state = VectorState.objects.get(collection=collection)
    return Entry(state.write_seq, state.rows, state.pending_embeddings)


def _state(collection: VectorCollection, moved: Moved) -> tuple[str, list[Any]]:
    """Number the write and, where somebody has to learn of it, note its ids; a long list takes several numbers."""
    ids = list(moved.ids)
    chunks = max(1, -(-len(ids) // MAX_IDS))
    return (
        """
        WITH state AS (
            UPDATE tai_vector_states SET write_seq = write_seq + %s, rows = rows + %s,
                bytes = bytes + %s, pending_embeddings = pending_embeddings + %s,
                deleted_since_build = deleted_since_build + %s,
                last_write_at = clock_timestamp(), updated_at = clock_timestamp()
            WHERE collection_id = %s
            RETURNING write_seq, rows, pending_embeddings, capture
        ), noted AS (
            INSERT INTO tai_vector_changes
                (workspace_id, collection_id, seq, op, ids, attempts, error, created_at, updated_at)
            SELECT %s, %s, s.write_seq - %s + chunk, %s,
                (%s::bigint[])[(chunk - 1) * %s + 1 : chunk * %s], 0, '',
                clock_timestamp(), clock_timestamp()
            FROM state s, generate_series(1, %s) chunk
            WHERE s.capture OR %s
        )
        SELECT write_seq, rows, pending_embeddings FROM state
        """,
        [
            chunks,
            moved.rows,
            moved.bytes,
            moved.pending,
            moved.deleted,
            collection.pk,
            collection.workspace_id,
            collection.pk,
            chunks,
            moved.op,
            ids,
            MAX_IDS,
            MAX_IDS,
            chunks,
            collection.backend != "pgvector",
        ],
    )
