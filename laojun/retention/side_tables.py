"""An archive's rows loaded into a table of their own, for operators to look into; it goes after a week."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import orjson
from django.db import connections
from django.utils import timezone
from psycopg import sql

from accounts import tenancy
from accounts.rls import APP, OPERATOR, OWNER
from laojun import audit
from laojun.audit import Actor
from laojun.models import Archive
from laojun.retention import archives, partitions
from laojun.retention.partitions import OWNER_ALIAS

KEPT = timedelta(days=7)
BATCH = 500
# Read by operators alone; the policy says so to whoever finds the table otherwise.
BUILD = (
    "CREATE TABLE {side} (LIKE {table} INCLUDING DEFAULTS)",
    "REVOKE ALL ON {side} FROM {app}, {operator}",
    "GRANT SELECT ON {side} TO {operator}",
    "ALTER TABLE {side} ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE {side} FORCE ROW LEVEL SECURITY",
    "CREATE POLICY {side} ON {side} TO {operator}, {owner} USING (true) WITH CHECK (true)",
)


def load(archive: Archive, *, by: Actor) -> str:
    """Load an archive's rows into a side table and answer its name; loaded already, the name alone.

    Raises ArchiveDamaged, OwnerUnreachable.
    """
    if archive.side_table:
        return archive.side_table
    archives.verify(archive)
    name = f"restored_{archive.table_name}_{archive.pk}"
    with tenancy.migration_scope(OWNER_ALIAS), connections[OWNER_ALIAS].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(name)))
        parts = _parts(name, archive.table_name)
        for statement in BUILD:
            cursor.execute(sql.SQL(statement).format(**parts))
        for batch in _batches(archives.lines(archive)):
            cursor.execute(
                sql.SQL(
                    "INSERT INTO {side} SELECT * FROM jsonb_populate_recordset(NULL::{side}, %s::jsonb)"
                ).format(**parts),
                [orjson.dumps(batch).decode()],
            )
        Archive.objects.using(OWNER_ALIAS).filter(pk=archive.pk).update(
            side_table=name, side_table_at=timezone.now()
        )
    partitions.release()
    _record("archive.restored", archive, name, by)
    return name


def drop(archive: Archive) -> None:
    with tenancy.migration_scope(OWNER_ALIAS), connections[OWNER_ALIAS].cursor() as cursor:
        cursor.execute(
            sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(archive.side_table))
        )
        Archive.objects.using(OWNER_ALIAS).filter(pk=archive.pk).update(
            side_table="", side_table_at=None
        )
    partitions.release()


def drop_old(*, now: datetime) -> int:
    """Drop the side tables of a week ago. Returns how many."""
    with tenancy.platform_scope(reason="retention"):
        old = list(Archive.objects.filter(side_table_at__lt=now - KEPT).exclude(side_table=""))
    for archive in old:
        drop(archive)
    return len(old)


def peek(archive: Archive, *, text: str, limit: int) -> Iterator[dict[str, Any]]:
    """Rows of an archive that hold a text anywhere, the first `limit`. Raises ArchiveDamaged."""
    wanted = text.casefold()
    found = (
        row for row in archives.lines(archive) if wanted in orjson.dumps(row).decode().casefold()
    )
    return islice(found, limit)


def _parts(name: str, table: str) -> dict[str, sql.Composable]:
    return {
        "side": sql.Identifier(name),
        "table": sql.Identifier(table),
        "app": sql.Identifier(APP),
        "operator": sql.Identifier(OPERATOR),
        "owner": sql.Identifier(OWNER),
    }


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    source = iter(rows)
    while batch := list(islice(source, BATCH)):
        yield batch


def _record(action: str, archive: Archive, name: str, by: Actor) -> None:
    with tenancy.platform_scope(reason="archives"):
        audit.record(
            actor=by,
            action=action,
            target=audit.Target("archive", str(archive.pk), platform=True),
            details={"table": archive.table_name, "part": archive.partition, "side_table": name},
        )
