"""What workers do for a connection's structure: read it, then the values of its columns, then check what was taught."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.module_loading import import_string

from accounts.models import User
from laojun.files import Owner
from querygpt import values
from querygpt.models import Connection
from querygpt.schema import reading
from querygpt.schema.refreshing import refresh
from taishang import queue
from taishang.models import Task
from taishang.runs import Permanent, Run

REFRESH, VALUES, REVALIDATE = (
    "querygpt.schema_refresh",
    "querygpt.value_index",
    "querygpt.revalidate",
)


def ask_refresh(*, connection: Connection, by: User) -> Task:
    """Have the structure read soon; while that is under way, the same task is answered."""
    return ask(kind=REFRESH, connection=connection, user_id=by.pk)


def ask(*, kind: str, connection: Connection, user_id: UUID) -> Task:
    return queue.enqueue(
        kind=kind,
        payload={"connection": str(connection.pk)},
        workspace=connection.workspace_id,
        user=user_id,
        dedup_key=f"{kind}:{connection.pk}",
    )


def run_refresh(run: Run) -> dict[str, Any]:
    """The handler of `querygpt.schema_refresh`; the result is the difference."""
    connection = connection_of(run)
    diff = refresh(connection=connection)
    with run.database():
        follow(connection=connection, user_id=run.user_id or connection.user_id)
    return diff.told()


def follow(*, connection: Connection, user_id: UUID) -> None:
    """What a structure that was read calls for: the values again, and a look at what was taught."""
    fresh = Connection.objects.get(pk=connection.pk)
    if fresh.values_enabled:
        ask(kind=VALUES, connection=fresh, user_id=user_id)
    ask(kind=REVALIDATE, connection=fresh, user_id=user_id)


def run_values(run: Run) -> dict[str, Any]:
    """The handler of `querygpt.value_index`: one small statement for each column that may hold names of things."""
    connection = connection_of(run)
    with run.database():
        user = User.objects.get(pk=run.user_id or connection.user_id)
        known = reading.catalogue(connection=connection)
    if not connection.values_enabled:
        return {"columns": 0}
    execute = import_string("querygpt.execution.run")
    names = {(table.schema, table.name): name for table, name in reading.named(known)}
    places = values.columns_of(known)
    asked = 0

    def ask_server(sql: str) -> list[list[Any]] | None:
        nonlocal asked
        run.check()
        run.progress(asked, len(places))
        asked += 1
        ran = execute(
            connection=connection,
            sql=sql,
            origin="introspection",
            actor=user,
            max_rows=values.MOST_VALUES + 1,
            trace_id=run.task.trace_id,
        )
        return list(ran.rows) if ran.state == "ok" else None

    columns = values.build(
        connection=connection,
        catalogue=known,
        names=lambda table: names[table.schema, table.name],
        ask=ask_server,
        owner=Owner(user.pk, connection.workspace_id),
    )
    return {"columns": columns}


def connection_of(run: Run) -> Connection:
    """The connection a task is about. Raises Permanent when it is gone or switched off meanwhile."""
    with run.database():
        found = Connection.objects.in_use().filter(pk=run.payload["connection"]).first()
    if found is None:
        raise Permanent("connection_gone", "The connection is deleted or switched off.")
    return found
