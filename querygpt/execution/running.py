"""Statements of unknown origin, run against a lent database: judged, limited, stopped in time, and on record."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.db import connection as database

from accounts import tenancy
from accounts.ids import uuid7
from accounts.models import User
from accounts.tenancy import Context
from laojun import audit
from querygpt import schema
from querygpt.catalogue import Catalogue, Table
from querygpt.connections.checking import ConnectionRefused
from querygpt.connections.targets import Use, target_of
from querygpt.execution import recording, turns
from querygpt.execution.asking import Reply, ask
from querygpt.models import Connection, Run, Slot

MAX_RESULT_BYTES = 16 * 1024 * 1024
LOOK_SECONDS = 0.3
PROBE_SECONDS = 9.0
INTROSPECTION_SECONDS = 30.0
VERDICT_SECONDS = 5.0
CONNECTION_NOT_IN_USE = {
    Connection.Status.UNSAFE: "unsafe_role",
    Connection.Status.DISABLED: "connection_disabled",
}


class TransactionOpen(Exception):
    """A statement is waited for; a transaction must not be."""


@dataclass(frozen=True)
class ResultColumn:
    """A column of a result: `family` as in `catalogue.Column`, `source` `table.column` or empty, `unit` or empty."""

    name: str
    family: str
    source: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Verdict:
    """What the guard says of a statement. `error_code` names why it could not say anything, else it is empty."""

    allowed: bool
    rule: str = ""
    detail: str = ""
    sql: str = ""
    relations: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    error_code: str = ""


@dataclass(frozen=True)
class Ran:
    """How a statement ended. `state` as in `Run.State`; cells as in `drivers.values`.

    `rule` names the guard's rule where the state is refused, `error_code` the class of every other end but ok.
    """

    run_id: UUID
    state: str
    verdict: Verdict | None = None
    rule: str = ""
    error_code: str = ""
    detail: str = ""
    sql_executed: str = ""
    columns: list[ResultColumn] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    rows_count: int = 0
    truncated: bool = False
    bytes: int = 0
    execution_ms: int = 0


class IntrospectionFailed(Exception):
    """A database did not tell its structure. `code` is the class of the failure."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def run(  # noqa: PLR0913 what is said of one attempt
    *,
    connection: Connection,
    sql: str,
    origin: str,
    actor: User | None,
    attempt: int = 1,
    conversation_id: UUID | None = None,
    message_id: UUID | None = None,
    max_rows: int | None = None,
    timeout_seconds: int | None = None,
    is_cancelled: Callable[[], bool] | None = None,
    trace_id: str | None = None,
    task_id: UUID | None = None,
) -> Ran:
    """Judge a statement and run it, at most one second longer than its time limit once its turn has come.

    Never raises for what the statement, the server or the connection did: `Ran` tells. Waits up to ten seconds for a
    turn (then `busy`). Raises TransactionOpen inside a transaction. Cost: five short transactions.
    """
    _refuse_open_transaction()
    context = Context(user_id=actor.pk if actor else None, workspace_id=connection.workspace_id)
    seconds = float(timeout_seconds or connection.timeout_seconds)
    row = Run(
        id=uuid7(),
        workspace_id=connection.workspace_id,
        connection_id=connection.pk,
        conversation_id=conversation_id,
        message_id=message_id,
        user=actor,
        actor_name=actor.get_username()[:100] if actor else "",
        attempt=attempt,
        origin=origin,
        sql_submitted=recording.fitted(sql),
        sql_sha256=recording.hash_of(sql),
        state=Run.State.RUNNING,
        trace_id=(trace_id or audit.current_facts().trace_id)[:64],
    )
    recording.begin(row, context=context)
    reply, known = Reply(error_code="internal"), Catalogue()
    try:
        with tenancy.entered(context):
            known = schema.catalogue(connection=connection)
        slot = Slot(
            workspace_id=connection.workspace_id,
            user_id=context.user_id,
            connection_id=connection.pk,
            run_id=row.pk,
            task_id=task_id,
        )
        request = {
            "op": "run",
            "sql": sql,
            "dialect": connection.dialect,
            "catalogue": _named_in(known, sql).to_dict(),
            "policy": {"max_rows": max_rows or connection.max_rows},
            "limits": {
                "seconds": seconds,
                "rows": max_rows or connection.max_rows,
                "bytes": MAX_RESULT_BYTES,
            },
        }
        reply = _in_turn(connection, request, row, slot, context, is_cancelled)
    finally:
        recording.end(row, reply, context=context, actor=actor)
    return _told(row, reply, known)


def verdict(*, connection: Connection, sql: str) -> Verdict:
    """What the guard says of a statement; nothing runs, nothing is recorded."""
    _refuse_open_transaction()
    with tenancy.workspace(connection.workspace_id, user_id=connection.user_id):
        known = schema.catalogue(connection=connection)
    request = {
        "op": "verdict",
        "sql": sql,
        "dialect": connection.dialect,
        "catalogue": _named_in(known, sql).to_dict(),
        "policy": {"max_rows": connection.max_rows},
    }
    reply = ask(request, seconds=VERDICT_SECONDS)
    return _verdict(reply) or Verdict(allowed=False, error_code=reply.error_code or "internal")


def formatted(*, connection: Connection, sql: str) -> str:
    """A statement laid out for reading; as it is where it cannot be read. Nothing runs."""
    _refuse_open_transaction()
    request = {"op": "format", "sql": sql, "dialect": connection.dialect}
    reply = ask(request, seconds=VERDICT_SECONDS)
    return str(reply.answer["sql"]) if reply.state == "ok" and reply.answer else sql


def introspect(*, connection: Connection) -> dict[str, Any]:
    """What a database says of its own structure (`drivers.base.introspected`). Raises IntrospectionFailed."""
    return _answered(connection, "introspect", INTROSPECTION_SECONDS)


def probe(*, connection: Connection, password: str | None = None) -> dict[str, Any]:
    """Connect and look around, at most ten seconds: `{version, flavour, tls, tables_count, findings, is_unsafe}`.

    `password` stands for one that is not saved yet. Raises IntrospectionFailed.
    """
    return _answered(connection, "probe", PROBE_SECONDS, password)


def _answered(
    connection: Connection, op: str, seconds: float, password: str | None = None
) -> dict[str, Any]:
    _refuse_open_transaction()
    try:
        target = target_of(
            connection, use=Use(connection.workspace_id, connection.user_id), password=password
        )
    except ConnectionRefused as refused:
        raise IntrospectionFailed(refused.code) from refused
    reply = ask(
        {"op": op, "target": target, "seconds": seconds}, seconds=seconds, driver=connection.driver
    )
    if reply.state != "ok" or reply.answer is None:
        raise IntrospectionFailed(reply.error_code or "internal")
    return reply.answer


def _in_turn(
    connection: Connection,
    request: dict[str, Any],
    row: Run,
    slot: Slot,
    context: Context,
    is_cancelled: Callable[[], bool] | None,
) -> Reply:
    if code := CONNECTION_NOT_IN_USE.get(Connection.Status(connection.status)):
        return Reply(error_code=code)
    seconds = request["limits"]["seconds"]
    try:
        waited = turns.take(slot, context=context, seconds=seconds, is_cancelled=is_cancelled)
    except turns.Busy:
        return Reply(error_code="busy")
    row.wait_ms = round(waited * 1000)
    began = time.monotonic()
    left_over = 0.0
    try:
        target = target_of(connection, use=Use(connection.workspace_id, context.user_id))
        reply = ask(
            {**request, "target": target},
            seconds=seconds,
            driver=connection.driver,
            is_cancelled=_wishes(slot, context, is_cancelled),
        )
        if reply.server_abandoned:
            left_over = seconds - (time.monotonic() - began)
        return reply
    except ConnectionRefused as refused:
        return Reply(error_code=refused.code)
    finally:
        turns.give_back(slot, context=context, taken_for=left_over)


def _wishes(
    slot: Slot, context: Context, is_cancelled: Callable[[], bool] | None
) -> Callable[[], bool]:
    """Whether the caller, or somebody elsewhere, wants it stopped; the database is asked three times a second."""
    looked_at = time.monotonic()

    def wished() -> bool:
        nonlocal looked_at
        if is_cancelled is not None and is_cancelled():
            return True
        if time.monotonic() - looked_at < LOOK_SECONDS:
            return False
        looked_at = time.monotonic()
        return turns.is_called_off(slot, context=context)

    return wished


def _named_in(known: Catalogue, sql: str) -> Catalogue:
    """The tables a statement could mean: those whose name stands in it. The guard refuses all others as unknown."""
    text = sql.casefold()
    tables = tuple(_plain(table) for table in known.tables if table.name.casefold() in text)
    return Catalogue(tables=tables)


def _plain(table: Table) -> Table:
    """A table without what people say of it."""
    columns = tuple(
        replace(column, comment="", description_zh="", description_en="")
        for column in table.columns
    )
    return replace(table, columns=columns, comment="", description_zh="", description_en="")


def _told(row: Run, reply: Reply, known: Catalogue) -> Ran:
    return Ran(
        run_id=row.pk,
        state=reply.state,
        verdict=_verdict(reply),
        rule=row.rule,
        error_code=reply.error_code,
        detail=reply.detail or str((reply.verdict or {}).get("detail") or ""),
        sql_executed=row.sql_executed,
        columns=_columns(reply, known),
        rows=reply.rows,
        rows_count=len(reply.rows),
        truncated=reply.truncated,
        bytes=reply.bytes,
        execution_ms=reply.execution_ms,
    )


def _verdict(reply: Reply) -> Verdict | None:
    given = reply.verdict
    if given is None:
        return None
    relations, columns, functions = (
        [str(one) for one in given.get(name) or ()]
        for name in ("relations", "columns", "functions")
    )
    return Verdict(
        allowed=bool(given["allowed"]),
        rule=str(given.get("rule") or ""),
        detail=str(given.get("detail") or ""),
        sql=str(given.get("sql") or ""),
        relations=relations,
        columns=columns,
        functions=functions,
    )


def _columns(reply: Reply, known: Catalogue) -> list[ResultColumn]:
    """Headings with what the catalogue knows of the column they show."""
    by_source = {
        f"{table.name}.{column.name}".casefold(): column
        for table in known.tables
        for column in table.columns
    }
    shown = []
    for heading in reply.columns:
        column = by_source.get(str(heading["source"]).casefold())
        family = heading["family"]
        if column is not None and family in ("text", "other", "float", "int"):
            family = column.family if column.family != "other" else family
        unit = column.unit if column else ""
        shown.append(ResultColumn(heading["name"], family, heading["source"], unit))
    return shown


def _refuse_open_transaction() -> None:
    """Raises TransactionOpen, in every environment."""
    if database.in_atomic_block:
        raise TransactionOpen
