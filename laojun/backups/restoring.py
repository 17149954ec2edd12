"""Restore into a new database, prove it, and only then put it in the place of the old one.

Nothing touches the database in use before every check has passed; the swap is two renames, and the old database
stays for a week.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.cache import cache
from django.core.files.base import File as Content
from django.core.files.storage import default_storage
from django.db import connections
from django.utils import timezone
from django.utils.module_loading import import_string
from psycopg import sql
from psycopg.conninfo import make_conninfo

from accounts import registry, tenancy
from accounts.registry import Progress, unwatched
from laojun import audit, durable
from laojun.audit import Actor
from laojun.backups import checking, programs, sources
from laojun.backups.making import DUMP
from laojun.backups.manifest import BackupRefused
from laojun.backups.pool import FOLDER, Pool
from laojun.retention import archives

OLD = "_before_"
OLD_KEPT = timedelta(days=7)
STAMP = "%Y%m%d%H%M%S"
logger = logging.getLogger(__name__)


@dataclass
class Report:
    """What a restore did: the database it made, how many rows and files were compared, what the steps said."""

    database: str
    rows: int = 0
    files: int = 0
    put_back: int = 0
    steps: list[str] = field(default_factory=list)
    old_database: str = ""


def restore(
    folder: Path,
    *,
    into: str = "",
    swap: bool = False,
    trusted: str = "",
    by: Actor,
    progress: Progress = unwatched,
) -> Report:
    """Restore a backup into the new database `into`; with `swap`, put it in the place of the one in use.

    Raises BackupRefused, ProgramFailed, StorageFull. A refusal leaves no new database behind.
    """
    now = timezone.now()
    content = checking.check(folder, trusted=trusted, progress=progress)
    name = into or f"{_current()}_restored_{now:{STAMP}}"
    with _administrator() as admin:
        _make(admin, name)
        try:
            report = prove(folder, content, name, put_back=True)
            if swap:
                with pointed_at(name):
                    report.steps = _after(content)
        except BaseException:
            drop_database(admin, name)
            raise
        if swap:
            report.old_database = _swap(admin, name, now)
            report.database = _current()
            _record(folder, content, report, by)
    return report


def prove(folder: Path, content: dict[str, Any], name: str, *, put_back: bool) -> Report:
    """Load the dump into a database that was just made and compare it with the manifest. Raises BackupRefused."""
    program = programs.find("pg_restore", server=int(content["server"]) // 10_000)
    options = ("--exit-on-error", "--no-comments", f"--dbname={name}", str(folder / DUMP))
    programs.run(program, *options, sign_in=_admin_parameters())
    report = Report(name)
    with psycopg.connect(make_conninfo(**{**sources.sign_in(), "dbname": name})) as restored:
        report.rows = _compare_rows(restored, content)
        report.files = _compare_files(restored, folder, content)
    with pointed_at(name):
        for key, check in registry.restore_checks.items():
            try:
                check(folder=folder, content=content)
            except ValueError as error:
                raise BackupRefused(f"{key}: {error}") from error
    if put_back:
        report.put_back = _put_back(folder)
    return report


@contextmanager
def pointed_at(name: str) -> Iterator[None]:
    """This thread's connections lead to another database of the same server, and back afterwards."""
    before = {alias: connections[alias].settings_dict["NAME"] for alias in connections}
    _point(dict.fromkeys(before, name))
    try:
        yield
    finally:
        _point(before)


@contextmanager
def scratch(name: str) -> Iterator[None]:
    """A database that is made now and gone afterwards."""
    with _administrator() as admin:
        _make(admin, name)
        try:
            yield
        finally:
            drop_database(admin, name)


def drop_old_databases(*, now: datetime) -> list[str]:
    """Drop the databases that restores put aside a week ago. Returns their names."""
    dropped = []
    with _administrator() as admin:
        for (name,) in admin.execute("SELECT datname FROM pg_database").fetchall():
            if name.startswith(f"{_current()}{OLD}") and _stamped(name) < now - OLD_KEPT:
                drop_database(admin, name)
                dropped.append(name)
    return dropped


def drop_database(admin: psycopg.Connection[Any], name: str) -> None:
    admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _make(admin: psycopg.Connection[Any], name: str) -> None:
    if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
        raise BackupRefused(
            f"the database {name} exists: a backup goes into a new one, choose --into"
        )
    import_string(settings.DATABASE_PREPARER)(name)


def _compare_rows(restored: psycopg.Connection[Any], content: dict[str, Any]) -> int:
    found, wanted = sources.row_counts(restored), content["rows"]
    wrong = [name for name in {*found, *wanted} if found.get(name) != wanted.get(name)]
    if wrong:
        told = ", ".join(
            f"{name} has {found.get(name)} rows instead of {wanted.get(name)}"
            for name in sorted(wrong)
        )
        raise BackupRefused(f"{DUMP} does not hold the snapshot: {told}")
    heads = dict(restored.execute(sources.HEADS).fetchall())
    if heads != content["migrations"]:
        raise BackupRefused(f"{DUMP} is of other migrations than the manifest says")
    return sum(found.values())


def _compare_files(restored: psycopg.Connection[Any], folder: Path, content: dict[str, Any]) -> int:
    """Every file that a row names is in the list, with the hash that its row has; the pool was re-hashed before."""
    if not content["with_files"]:
        return 0
    listed = {(one.kind, one.path): one.sha256 for one in checking.files_of(folder)}
    lost = set(content["files"]["missing"])
    named = [sources.Named(*row) for row in restored.execute(sources.FILES).fetchall()]
    for one in named:
        if one.path not in lost and listed.get((one.kind, one.path)) != one.sha256:
            raise BackupRefused(f"files.jsonl does not hold {one.path}, which a row names")
    return len(named) - len(lost)


def _put_back(folder: Path) -> int:
    """Files that are not where their row says come back from the pool; what is there stays. Returns how many."""
    pool, count = Pool(folder.parent / FOLDER), 0
    for one in checking.files_of(folder):
        if one.exists():
            continue
        with pool.path_of(one.sha256).open("rb") as content:
            if one.kind == sources.ARCHIVE:
                with durable.whole(archives.path_of(one.path)) as target:
                    while chunk := content.read(durable.CHUNK_BYTES):
                        target.write(chunk)
            else:
                default_storage.save(one.path, Content(content))
        count += 1
    return count


def _after(content: dict[str, Any]) -> list[str]:
    made_at = datetime.fromisoformat(content["made_at"])
    steps = sorted(registry.after_restore.values(), key=lambda step: step.order)
    return [step.run(made_at=made_at) for step in steps]


def _swap(admin: psycopg.Connection[Any], name: str, now: datetime) -> str:
    """Two renames with the door shut in between: whoever asks meanwhile is told 503 and tries again."""
    current = _current()
    old = f"{current}{OLD}{now:{STAMP}}"
    connections.close_all()
    try:
        _open(admin, current, allowed=False)
        _end_connections(admin, (current, name))
        _rename(admin, current, old)
        _end_connections(admin, (name,))
        _rename(admin, name, current)
    except BaseException:
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [current]).fetchone():
            _rename(admin, old, current)
        _open(admin, current, allowed=True)
        raise
    _open(admin, current, allowed=True)
    cache.clear()
    return old


def _open(admin: psycopg.Connection[Any], name: str, *, allowed: bool) -> None:
    statement = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    admin.execute(statement.format(sql.Identifier(name), sql.Literal(allowed)))


def _end_connections(admin: psycopg.Connection[Any], names: tuple[str, ...]) -> None:
    admin.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = ANY(%s)",
        [list(names)],
    )


def _rename(admin: psycopg.Connection[Any], name: str, to: str) -> None:
    statement = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    admin.execute(statement.format(sql.Identifier(name), sql.Identifier(to)))


def _record(folder: Path, content: dict[str, Any], report: Report, by: Actor) -> None:
    """In the database that is now in use: it says itself that it was restored, and from when."""
    with tenancy.platform_scope(reason="backups"):
        audit.record(
            actor=by,
            action="backup.restored",
            target=audit.Target("backup", folder.name, platform=True),
            details={
                "made_at": content["made_at"],
                "rows": report.rows,
                "files": report.files,
                "old_database": report.old_database,
                "steps": report.steps,
            },
        )


def _point(names: dict[str, str]) -> None:
    for alias, name in names.items():
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name


def _stamped(name: str) -> datetime:
    text = name.rpartition(OLD)[2]
    try:
        return datetime.strptime(f"{text}+0000", f"{STAMP}%z")
    except ValueError:
        return timezone.now()


def _current() -> str:
    return str(connections["default"].settings_dict["NAME"])


@contextmanager
def _administrator() -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(
        make_conninfo(**_admin_parameters(), dbname="postgres"), autocommit=True
    ) as admin:
        yield admin


def _admin_parameters() -> dict[str, str]:
    try:
        found: dict[str, str] = import_string(settings.DATABASE_ADMIN)()
    except RuntimeError as error:
        raise BackupRefused(str(error)) from error
    return found
