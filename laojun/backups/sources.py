"""What a backup reads: one snapshot of the database as the backup role, and the files its rows name."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import default_storage
from django.db import connections
from psycopg import sql
from psycopg.conninfo import make_conninfo

from laojun.backups import programs
from laojun.backups.manifest import BackupRefused
from laojun.retention import archives

ALIAS = "backup"
ONE_AT_A_TIME = 7_261_002
FILE, ARCHIVE = "file", "archive"
TABLES = """
    SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
      AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname !~ '^restored_'
    ORDER BY 1
"""
HEADS = "SELECT DISTINCT ON (app) app, name FROM django_migrations ORDER BY app, id DESC"
EXTENSIONS = "SELECT extname, extversion FROM pg_extension ORDER BY 1"
ROLES = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'taishang\\_%' ORDER BY 1"
# Deleted files stay 48 hours, so that last night's dump names nothing that is gone.
FILES = """
    SELECT 'file', storage_path, sha256, file_size FROM lao_files WHERE state <> 'pending'
    UNION ALL SELECT 'archive', storage_path, sha256, bytes FROM lao_archives
    ORDER BY 1, 2
"""


class AlreadyRunning(Exception):
    """A backup is being made; there is one at a time."""

    code = "backup_running"


@dataclass(frozen=True)
class Named:
    """A file that the database names: where it stands, and the hash its content must have. Units: bytes."""

    kind: str
    path: str
    sha256: str
    size: int

    def open(self) -> Any:
        """Raises FileNotFoundError."""
        if self.kind == ARCHIVE:
            return archives.path_of(self.path).open("rb")
        return default_storage.open(self.path, "rb")

    def exists(self) -> bool:
        if self.kind == ARCHIVE:
            return archives.path_of(self.path).exists()
        return bool(default_storage.exists(self.path))


@dataclass(frozen=True)
class Snapshot:
    """An open snapshot: what pg_dump is told to see, and what this connection sees itself."""

    id: str
    connection: psycopg.Connection[Any]

    def rows(self, statement: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(statement).fetchall()

    def facts(self) -> dict[str, Any]:
        """What the manifest says of the database. Cost: one count of every table."""
        return {
            "server": self.connection.info.server_version,
            "extensions": dict(self.rows(EXTENSIONS)),
            "migrations": dict(self.rows(HEADS)),
            "roles": [name for (name,) in self.rows(ROLES)],
            "rows": row_counts(self.connection),
            "chains": self._chains(),
        }

    def files(self) -> list[Named]:
        return [Named(*row) for row in self.rows(FILES)]

    def size(self) -> int:
        """Bytes of the database on its disk."""
        return int(self.rows("SELECT pg_database_size(current_database())")[0][0])

    def newest_anchor(self) -> int:
        """The number of the last line that anchors the audit log."""
        return int(self.rows("SELECT COALESCE(max(anchor_no), 0) FROM lao_audit_anchors")[0][0])

    def _chains(self) -> list[Any]:
        heads = (
            "SELECT chain_id, head_seq, encode(head_hash, 'hex') FROM lao_audit_chains ORDER BY 1"
        )
        return [list(row) for row in self.rows(heads)]


def sign_in(alias: str = ALIAS) -> dict[str, str]:
    """The parameters an alias signs in with. Raises BackupRefused when nobody gave them."""
    try:
        found = connections[alias].settings_dict
    except (ImproperlyConfigured, connections.exception_class) as error:
        raise BackupRefused(
            "no sign-in for the backup role: give DATABASE_BACKUP_URL to the process that makes backups"
        ) from error
    names = {
        "host": "HOST",
        "port": "PORT",
        "user": "USER",
        "password": "PASSWORD",
        "dbname": "NAME",
    }
    given = {key: str(found[name]) for key, name in names.items() if found.get(name)}
    tls = {key: str(value) for key, value in found["OPTIONS"].items() if key in programs.TLS}
    return given | tls


@contextmanager
def snapshot() -> Iterator[Snapshot]:
    """Hold one state of the database, and the right to be the only backup. Raises AlreadyRunning, BackupRefused."""
    with psycopg.connect(make_conninfo(**sign_in()), autocommit=True) as connection:
        if not _first(connection, "SELECT pg_try_advisory_lock(%s)", ONE_AT_A_TIME):
            raise AlreadyRunning
        if not _first(connection, "SELECT rolbypassrls FROM pg_roles WHERE rolname = current_user"):
            raise BackupRefused(
                "the backup role may not bypass row-level security; run the role step"
            )
        # pg_dump works for hours beside this transaction, which only holds the snapshot.
        connection.execute("SET idle_in_transaction_session_timeout = 0")
        connection.execute("SET TIME ZONE 'UTC'")
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield Snapshot(_first(connection, "SELECT pg_export_snapshot()"), connection)


def row_counts(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Rows of every table, side tables of archives aside."""
    counts = {}
    for (name,) in connection.execute(TABLES).fetchall():
        statement = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))
        counts[name] = int(_first(connection, statement))
    return counts


def _first(connection: psycopg.Connection[Any], statement: Any, *values: Any) -> Any:
    row = connection.execute(statement, values or None).fetchone()
    return row[0] if row else None
