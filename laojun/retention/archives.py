"""Archives: rows that left their table for a file of one JSON object a line, compressed, hashed and read back.

The file comes first, then its index row; only then do the rows go. A run that dies in between leaves a file or
an index row that the next run finds, compares with the table and goes on from.
"""

import gzip
import hashlib
import zlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.db import connections
from django.utils import timezone
from psycopg import sql

from accounts import tenancy
from laojun import durable
from laojun.models import Archive
from laojun.receiving import a_full_disk_named

COMPRESSION = 6
EVERY = sql.SQL("true")
MICROSECOND = timedelta(microseconds=1)
COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
    WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attname
"""


class ArchiveDamaged(Exception):
    """The file is not what was written: missing, shortened, or changed. The message says which."""

    code = "archive_damaged"


@dataclass(frozen=True)
class Rows:
    """Which rows of a table go into one archive. `condition` is SQL with `values` for its placeholders."""

    table: str
    part: str
    condition: sql.Composable | None = None
    values: Sequence[Any] = ()
    using: str = "default"
    source: str = ""

    @property
    def where(self) -> sql.Composed:
        """The month's own table, or the table with a condition."""
        name = sql.Identifier(self.source or self.table)
        return sql.SQL("{} t WHERE {}").format(name, self.condition or EVERY)


@dataclass(frozen=True)
class Facts:
    """What a set of rows looks like. `fingerprint` changes with every update of any of them."""

    count: int
    min_id: str
    max_id: str
    first: datetime | None
    last: datetime | None
    fingerprint: str


def write(rows: Rows, *, start: datetime | None = None, end: datetime | None = None) -> Archive:
    """Write the rows to a file, read it back, and keep its index row in the caller's transaction.

    The caller holds locks that keep the rows as they are. Without `start` and `end` the range is that of the rows.
    Raises StorageFull, ArchiveDamaged.
    """
    facts = facts_of(rows)
    if facts.first is None or facts.last is None:
        raise ValueError(f"nothing to archive in {rows.table} {rows.part}")
    begin, finish = start or facts.first, end or facts.last + MICROSECOND
    relative = f"{rows.table}/{begin:%Y}/{rows.part}.jsonl.gz"
    path = path_of(relative)
    # A stream that was left half-way would hold the connection, and the rollback would wait for it for ever.
    with closing(_lines(rows)) as stream:
        content = _write(stream, path)
    file_sha256, found = _read_back(path, content, facts.count)
    archive, _made = Archive.objects.using(rows.using).update_or_create(
        table_name=rows.table,
        partition=rows.part,
        range_start=begin,
        range_end=finish,
        defaults={
            "row_count": found,
            "min_id": facts.min_id,
            "max_id": facts.max_id,
            "sha256": file_sha256,
            "bytes": path.stat().st_size,
            "storage_path": relative,
            "schema_sha256": schema_of(rows.table, rows.using),
            "summary": {"workspaces": _by_workspace(rows), "fingerprint": facts.fingerprint},
            "verified_at": timezone.now(),
        },
    )
    return archive


def write_moved(sets: Iterable[Rows]) -> None:
    """Archive rows that the caller deletes in the same transaction. Raises StorageFull, ArchiveDamaged."""
    for rows in sets:
        if facts_of(rows).count:
            archive = write(rows)
            Archive.objects.filter(pk=archive.pk).update(state=Archive.State.MOVED)


def facts_of(rows: Rows) -> Facts:
    """Cost: one scan of the rows, without their content."""
    with connections[rows.using].cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "SELECT count(*), COALESCE(min(t.id::text), ''), COALESCE(max(t.id::text), ''),"
                " min(t.created_at), max(t.created_at),"
                " COALESCE(sum(t.xmin::text::bigint), 0)::text FROM {}"
            ).format(rows.where),
            list(rows.values),
        )
        return Facts(*cursor.fetchone())


def is_current(archive: Archive, rows: Rows) -> bool:
    """Whether the file holds exactly these rows as they are now."""
    facts = facts_of(rows)
    return (
        archive.row_count == facts.count
        and archive.summary.get("fingerprint") == facts.fingerprint
        and (archive.min_id, archive.max_id) == (facts.min_id, facts.max_id)
        and not _fault(archive)
    )


def verify(archive: Archive) -> None:
    """Read the whole file and compare it with its index row; the verdict is kept. Raises ArchiveDamaged."""
    fault = _fault(archive)
    with tenancy.platform_scope(reason="verify an archive"):
        rows = Archive.objects.filter(pk=archive.pk)
        if fault:
            rows.filter(state=Archive.State.MOVED).update(state=Archive.State.DAMAGED)
        else:
            rows.update(verified_at=timezone.now())
            rows.filter(state=Archive.State.DAMAGED).update(state=Archive.State.MOVED)
    if fault:
        raise ArchiveDamaged(fault)


def lines(archive: Archive) -> Iterator[dict[str, Any]]:
    """The rows of an archive, one after the other. Raises ArchiveDamaged where the file ends early."""
    for text in texts(archive):
        try:
            yield orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise ArchiveDamaged(f"{archive.storage_path}: {error}") from error


def texts(archive: Archive) -> Iterator[str]:
    """The same as they stand in the file, each in the JSON that the database wrote. Raises ArchiveDamaged."""
    try:
        with gzip.open(path_of(archive.storage_path), "rt", encoding="utf-8") as file:
            for line in file:
                yield line.rstrip("\n")
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise ArchiveDamaged(f"{archive.storage_path}: {error}") from error


def rewrite(archive: Archive, *, without_workspace: int) -> int:
    """Take a deleted workspace's rows out of an archive. Runs in the platform scope. Returns how many went.

    The row and the file change together: the new file gets a name of its own. Raises ArchiveDamaged.
    """
    _trust(archive)
    kept = [row for row in lines(archive) if row.get("workspace_id") != without_workspace]
    gone = archive.row_count - len(kept)
    if not gone:
        return 0
    if not kept:
        Archive.objects.filter(pk=archive.pk).delete()
        return gone
    relative = (
        f"{archive.storage_path.removesuffix('.jsonl.gz')}.{timezone.now():%Y%m%d%H%M%S%f}.jsonl.gz"
    )
    path = path_of(relative)
    content = _write((orjson.dumps(row) for row in kept), path)
    file_sha256, count = _read_back(path, content, len(kept))
    workspaces = dict(archive.summary.get("workspaces", {}))
    workspaces.pop(str(without_workspace), None)
    Archive.objects.filter(pk=archive.pk).update(
        storage_path=relative,
        sha256=file_sha256,
        bytes=path.stat().st_size,
        row_count=count,
        summary={**archive.summary, "workspaces": workspaces},
        verified_at=timezone.now(),
    )
    return gone


def path_of(relative: str) -> Path:
    return Path(settings.ARCHIVE_DIR) / relative


def schema_of(table: str, using: str = "default") -> str:
    """The hash of a table's columns and their types: whether an archive still fits its table."""
    with connections[using].cursor() as cursor:
        cursor.execute(COLUMNS, [table])
        text = "\n".join(f"{name} {kind}" for name, kind in cursor.fetchall())
    return hashlib.sha256(text.encode()).hexdigest()


def remove_orphans(*, now: datetime) -> int:
    """Delete files that no index row names and that are older than a day: what a dead run left. Returns how many."""
    root = Path(settings.ARCHIVE_DIR)
    with tenancy.platform_scope(reason="retention"):
        known = set(Archive.objects.values_list("storage_path", flat=True))
    limit = (now - timedelta(days=1)).timestamp()
    doomed = [
        path
        for path in root.rglob("*.jsonl.gz*")
        if str(path.relative_to(root)) not in known and path.stat().st_mtime < limit
    ]
    for path in doomed:
        path.unlink(missing_ok=True)
    return len(doomed)


def _trust(archive: Archive) -> None:
    if fault := _fault(archive):
        raise ArchiveDamaged(fault)


def _fault(archive: Archive) -> str:
    path = path_of(archive.storage_path)
    if not path.exists():
        return f"{archive.storage_path} is missing"
    if durable.sha256_of(path) != archive.sha256:
        return f"{archive.storage_path} was changed"
    count = sum(1 for _row in lines(archive))
    return "" if count == archive.row_count else f"{count} rows instead of {archive.row_count}"


def _lines(rows: Rows) -> Generator[bytes, None, None]:
    """One row a line, straight from the server: a month does not have to fit into memory."""
    connection = connections[rows.using]
    with connection.cursor() as cursor:
        statement = sql.SQL("SELECT to_jsonb(t)::text FROM {} ORDER BY t.created_at, t.id")
        with closing(
            cursor.cursor.stream(statement.format(rows.where), list(rows.values))
        ) as found:
            for (text,) in found:
                yield text.encode()


def _write(content: Iterable[bytes], path: Path) -> str:
    """Returns the hash of the lines, uncompressed."""
    hashed = hashlib.sha256()
    with (
        a_full_disk_named(),
        durable.whole(path) as file,
        gzip.GzipFile("", "wb", COMPRESSION, file, mtime=0) as packed,
    ):
        for line in content:
            hashed.update(line + b"\n")
            packed.write(line + b"\n")
    return hashed.hexdigest()


def _read_back(path: Path, content: str, rows: int) -> tuple[str, int]:
    """The file's own hash and its number of rows, from what the disk now holds. Raises ArchiveDamaged."""
    hashed, count = hashlib.sha256(), 0
    with gzip.open(path, "rb") as file:
        for line in file:
            hashed.update(line)
            count += 1
    if hashed.hexdigest() != content or count != rows:
        raise ArchiveDamaged(f"{path.name} does not read back as it was written")
    return durable.sha256_of(path), count


def _by_workspace(rows: Rows) -> dict[str, int]:
    with connections[rows.using].cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_attribute WHERE attrelid = %s::regclass AND attname = 'workspace_id'",
            [rows.table],
        )
        if not cursor.fetchone():
            return {}
        cursor.execute(
            sql.SQL(
                "SELECT COALESCE(t.workspace_id::text, ''), count(*) FROM {} GROUP BY 1 ORDER BY 1"
            ).format(rows.where),
            list(rows.values),
        )
        return dict(cursor.fetchall())
