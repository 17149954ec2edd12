"""What dead workers left: detached copies, partitions of purged collections, invalid indexes, moves nobody makes."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import errors, sql

from accounts import tenancy
from taishang.models import Task, VectorCollection, VectorIndex
from taishang.runs import RetryLater
from taishang.vectors import ddl, indexing, placement

TABLE = re.compile(r"tai_vectors_c(\d+)")
REASON = "orphans of vector collections"
MOVING = ("vectors.promote", "vectors.index", "vectors.rebuild_engine")
TABLES = "SELECT relname, relispartition FROM pg_class WHERE relkind = 'r' AND relname ~ '^tai_vectors_c[0-9]+$'"
INVALID = """
SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE NOT i.indisvalid AND c.relname ~ '^tai_v[ikp]_[0-9]+'
    AND NOT EXISTS (SELECT 1 FROM pg_stat_progress_create_index p WHERE p.index_relid = c.oid)
"""


def sweep() -> int:
    """Remove every orphan; answers how many. Called by a schedule, outside any workspace and transaction."""
    with tenancy.platform_scope(reason=REASON):
        known = {row.pk: row for row in VectorCollection.objects.all()}
        busy = _busy()
    with ddl.connection("orphans") as opened:
        gone = _tables(opened, known, busy)
        if not busy:
            gone += _invalid(opened)
    _forget_builds(busy)
    return gone


def _busy() -> set[int]:
    """Collections that a live task moves or indexes."""
    live = Task.objects.live().filter(type__in=MOVING, subject_type="vector_collection")
    return {int(subject) for subject in live.values_list("subject_id", flat=True)}


def _tables(
    opened: psycopg.Connection[Any], known: dict[int, VectorCollection], busy: set[int]
) -> int:
    gone = 0
    for collection in known.values():
        unfinished = collection.placement in ("copying", "swapping")
        if unfinished and collection.pk not in busy:
            with suppress(RetryLater):
                gone += placement.reset(opened=opened, collection=collection)
    for name, attached in opened.execute(TABLES).fetchall():
        found = TABLE.fullmatch(name)
        if found is None or int(found[1]) in busy:
            continue
        if not attached:
            gone += ddl.drop_table(opened, name)
        elif int(found[1]) not in known:
            gone += _drop_partition(opened, name)
    return gone


def _drop_partition(opened: psycopg.Connection[Any], name: str) -> int:
    """Detach and drop the partition of a purged collection; when the locks do not come, the next sweep tries."""
    try:
        with ddl.briefly(opened):
            for command in (
                "TRUNCATE {}",
                "ALTER TABLE tai_vectors DETACH PARTITION {}",
                "DROP TABLE {}",
            ):
                opened.execute(sql.SQL(command).format(sql.Identifier(name)))
    except errors.LockNotAvailable:
        return 0
    return 1


def _invalid(opened: psycopg.Connection[Any]) -> int:
    rows = opened.execute(INVALID).fetchall()
    for (name,) in rows:
        indexing.drop_index(opened, name)
    return len(rows)


def _forget_builds(busy: set[int]) -> None:
    """Generations that were being built by a task that is over."""
    with tenancy.platform_scope(reason=REASON):
        VectorIndex.objects.filter(state=VectorIndex.State.BUILDING).exclude(
            collection_id__in=busy
        ).update(state=VectorIndex.State.FAILED, error="the worker died")
