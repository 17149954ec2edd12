"""The connection that changes partitions and indexes: the owner's, opened by a task and closed with it.

It belongs to nobody's transaction, commits every statement, is never pooled, and names its task, so that whoever
comes after a killed worker can tell what is still running.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from django.db import connections
from psycopg import errors, sql

ALIAS = "owner"
PREFIX = "tai-indexer:"
PARAMETERS = (
    *("host", "port", "dbname", "user", "password", "options"),
    *("sslmode", "sslrootcert", "sslcert", "sslkey"),
)
LOCK_MS = 200
# One heavy build per database at a time.
BUILDING = 0x7A12 << 48


@contextmanager
def connection(task_id: UUID | str) -> Iterator[psycopg.Connection[Any]]:
    """Rows of every workspace show on it, as to a migration; each statement commits by itself."""
    found = connections[ALIAS].get_connection_params()
    chosen = {name: found[name] for name in PARAMETERS if found.get(name)}
    with psycopg.connect(
        **chosen, autocommit=True, application_name=f"{PREFIX}{task_id}"
    ) as opened:
        opened.execute("SELECT set_config('app.migrating', 'on', false)")
        yield opened


def partition(collection_id: int) -> str:
    return f"tai_vectors_c{collection_id:d}"


def identifier(name: str) -> sql.Identifier:
    return sql.Identifier(name)


def exists(opened: psycopg.Connection[Any], name: str) -> bool:
    row = opened.execute("SELECT to_regclass(%s)", [f"public.{name}"]).fetchone()
    return row is not None and row[0] is not None


def is_attached(opened: psycopg.Connection[Any], name: str) -> bool:
    row = opened.execute(
        "SELECT relispartition FROM pg_class WHERE oid = to_regclass(%s)", [f"public.{name}"]
    ).fetchone()
    return bool(row and row[0])


@contextmanager
def briefly(opened: psycopg.Connection[Any]) -> Iterator[None]:
    """A transaction that waits for no lock longer than others can bear: whoever comes after it waits behind it.

    Raises psycopg.errors.LockNotAvailable.
    """
    with opened.transaction():
        opened.execute("SELECT set_config('lock_timeout', %s, true)", [f"{LOCK_MS}ms"])
        yield


def drop_table(opened: psycopg.Connection[Any], name: str) -> bool:
    """Drop a table that is no partition (any more); False when somebody holds it, or what its keys point at."""
    try:
        with briefly(opened):
            opened.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(identifier(name)))
    except errors.LockNotAvailable:
        return False
    return True


def working_for(opened: psycopg.Connection[Any], task_id: UUID | str) -> int | None:
    """The server process that still works for a task whose worker is gone, if any."""
    row = opened.execute(
        "SELECT pid FROM pg_stat_activity WHERE application_name = %s AND state = 'active'"
        " AND pid <> pg_backend_pid() AND datname = current_database() LIMIT 1",
        [f"{PREFIX}{task_id}"],
    ).fetchone()
    return int(row[0]) if row else None
