"""Database files that people bring: kept, looked at in a child, then read as connections are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import PurePath
from typing import IO, Any
from uuid import UUID

from django.db import transaction

from accounts import tenancy
from accounts.models import User
from laojun import audit, files
from laojun.audit import Actor, Target
from laojun.files import Owner
from laojun.models import File
from querygpt import execution
from querygpt.connections import sheets
from querygpt.connections.files import PURPOSE, starts_right
from querygpt.models import Connection, ConnectionFile
from taishang import queue
from taishang.runs import Permanent, Run

KIND = "querygpt.import_file"
REFRESH = "querygpt.schema_refresh"
MAX_NAME = 128
SHEETS = frozenset({"csv", "xlsx"})
ODD = str.maketrans(dict.fromkeys("/\\%:?#\x00\x7f", "_"))


class NotADatabase(Exception):
    """The content is neither a database nor a table that the driver reads."""

    code = "not_a_database_file"


class FileInPlace(Exception):
    """A connection to a file has one file."""

    code = "file_in_place"


def add(
    *,
    connection: Connection,
    content: IO[bytes] | Iterable[bytes],
    name: str,
    head: bytes,
    user: User,
    actor: Actor,
) -> tuple[ConnectionFile, Any]:
    """Keep a file for a connection and have it looked at, or made into tables; the row and the task.

    `head` are its first bytes. Raises NotADatabase, FileInPlace, and what `laojun.files.store` does.
    """
    kind = _kind(connection, name, head)
    current = ConnectionFile.objects.filter(connection=connection)
    if current.exclude(state=ConnectionFile.State.FAILED).exists():
        raise FileInPlace
    current.delete()
    stored = files.store(
        content=content,
        name=name,
        purpose=PURPOSE,
        owner=Owner(user.pk, connection.workspace_id),
        entity=("connection", connection.pk),
    )
    row = ConnectionFile.objects.create(
        workspace_id=connection.workspace_id,
        connection=connection,
        file_id=stored.pk,
        table_name=table_name(name),
        options={"kind": kind, "name": name[:MAX_NAME]},
        sha256=stored.sha256,
    )
    task = queue.enqueue(
        kind=KIND,
        payload={"file": str(row.pk)},
        workspace=connection.workspace_id,
        user=user,
        subject_type="connection",
        subject_id=str(connection.pk),
    )
    audit.record(
        actor=actor,
        action="connection.file_added",
        target=Target("connection", str(connection.pk)),
        details={"file": str(stored.pk), "size": stored.file_size, "sha256": stored.sha256},
    )
    return row, task


def _kind(connection: Connection, name: str, head: bytes) -> str:
    """`database` for a file that is read as it is, else the kind of sheet. Raises NotADatabase."""
    if connection.driver == Connection.Driver.DUCKDB:
        kind = sheets.kind_of(name, head)
    else:
        kind = "database" if starts_right(head, connection.driver) else ""
    if not kind:
        raise NotADatabase
    return kind


def table_name(name: str) -> str:
    """What a file is called here: never a path, whatever its owner called it."""
    plain = name.translate(ODD).replace("..", "_").strip()[:MAX_NAME]
    return plain if plain and "memory" not in plain.lower() else "database"


def remove(*, row: ConnectionFile, actor: Actor) -> None:
    """Take a file away; the connection answers nothing until it has another one."""
    stored = File.objects.filter(pk=row.file_id).first()
    Connection.objects.filter(pk=row.connection_id).update(
        database_name="", status=Connection.Status.NEW
    )
    row.delete()
    if stored is not None:
        files.delete(stored)
    audit.record(
        actor=actor,
        action="connection.file_removed",
        target=Target("connection", str(row.connection_id)),
        details={"file": str(row.file_id)},
    )


def import_file(run: Run) -> dict[str, Any]:
    """The handler of `querygpt.import_file`: a whole look at the file, in a child, then it may be asked."""
    with run.database():
        row = ConnectionFile.objects.select_related("connection").get(pk=run.payload["file"])
    if row.options.get("kind") in SHEETS:
        _tabulate(row, run)
    with run.database():
        row = ConnectionFile.objects.select_related("connection").get(pk=row.pk)
        connection = row.connection
        # It is looked at as what it will be; nobody asks it before the look is over.
        connection.database_name = row.table_name
        ConnectionFile.objects.filter(pk=row.pk).update(state=ConnectionFile.State.READY)
    try:
        told = execution.probe(connection=connection)
    except execution.IntrospectionFailed as failed:
        _mark_failed(row.pk, failed.code, run)
        raise Permanent(failed.code, "The file could not be read as a database.") from failed
    with tenancy.workspace(connection.workspace_id, user_id=run.user_id), transaction.atomic():
        Connection.objects.filter(pk=connection.pk).update(
            database_name=row.table_name,
            status=Connection.Status.OK,
            flavour=told["flavour"],
            server_version=told["version"],
        )
        queue.enqueue(
            kind=REFRESH,
            payload={"connection": str(connection.pk)},
            workspace=connection.workspace_id,
            user=run.user_id,
        )
    return {"tables": told["tables_count"]}


def _tabulate(row: ConnectionFile, run: Run) -> None:
    """Put the database made of a sheet in the place of the sheet. Raises Permanent."""
    with run.database():
        source = File.objects.get(pk=row.file_id)
    owner = Owner(run.user_id or row.connection.user_id, row.workspace_id)
    name = PurePath(str(row.options["name"])).stem or row.table_name
    try:
        with sheets.built(
            source=source, kind=row.options["kind"], name=name, should_stop=_stops(run)
        ) as made:
            stored = files.store(
                content=sheets.content_of(made.path),
                name=f"{row.pk}.duckdb",
                purpose=PURPOSE,
                owner=owner,
                entity=("connection", row.connection_id),
            )
    except sheets.SheetRefused as refused:
        run.check(fresh=True)
        _mark_failed(row.pk, refused.code, run)
        raise Permanent(refused.code, "The file could not be read as a table.") from refused
    tables = made.told.pop("tables")
    with run.database():
        ConnectionFile.objects.filter(pk=row.pk).update(
            file_id=stored.pk,
            sha256=stored.sha256,
            columns=tables,
            rows_count=sum(table["rows"] for table in tables),
            options={**row.options, **made.told, "kind": "database"},
        )
        files.delete(source)


def _stops(run: Run) -> Callable[[], bool]:
    """Whether the task has to end; the reason is raised by the next `check`."""

    def stops() -> bool:
        try:
            run.check()
        except Exception:  # noqa: BLE001 whatever ends the run is a reason to stop
            return True
        return False

    return stops


def _mark_failed(row_id: UUID, code: str, run: Run) -> None:
    with run.database():
        ConnectionFile.objects.filter(pk=row_id).update(
            state=ConnectionFile.State.FAILED, error_code=code[:40]
        )
