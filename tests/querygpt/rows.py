"""Rows of querygpt, each with only what it needs. Call them inside the workspace they belong to."""

from typing import Any

from django.utils import timezone

from accounts.authentication import Principal
from querygpt.models import (
    Column,
    Connection,
    Conversation,
    Example,
    Message,
    Relationship,
    Result,
    Run,
    Table,
    Term,
)
from tests.factories import Person

SHA = "0" * 64


def principal(person: Person) -> Principal:
    """The person as a request in their workspace names them."""
    owns = person.workspace.owner_id == person.user.id
    return Principal("session", person.user, workspace_id=person.workspace.id, is_owner=owns)


def connection(person: Person, name: str = "shop", **changes: Any) -> Connection:
    given = {"driver": "postgresql", "host": "db.example.com", "port": 5432, **changes}
    return Connection.objects.create(
        workspace=person.workspace, user=person.user, name=name, **given
    )


def table(
    of: Connection, name: str, columns: dict[str, str] | None = None, **changes: Any
) -> Table:
    """A table with columns as {name: family}; the first one is its key."""
    made = Table.objects.create(workspace_id=of.workspace_id, connection=of, name=name, **changes)
    Column.objects.bulk_create(
        Column(
            workspace_id=of.workspace_id,
            table=made,
            ordinal=number,
            name=column,
            data_type=family,
            family=family,
            is_primary_key=number == 1,
            is_unique=number == 1,
        )
        for number, (column, family) in enumerate((columns or {}).items(), start=1)
    )
    return made


def relationship(
    of: Table, to: Table, column: str, key: str = "id", **changes: Any
) -> Relationship:
    given = {"from_columns": [column], "to_columns": [key], "source": "fk", **changes}
    return Relationship.objects.create(
        workspace_id=of.workspace_id,
        connection_id=of.connection_id,
        from_table=of,
        to_table=to,
        **given,
    )


def term(person: Person, name: str = "销售额", **changes: Any) -> Term:
    given = {"kind": "metric", "table": "orders", "expression": "SUM(total)", **changes}
    given.setdefault("name_zh", name)
    given.setdefault("key_zh", given["name_zh"].casefold() or None)
    if given.get("name_en"):
        given.setdefault("key_en", given["name_en"].casefold())
    return Term.objects.create(workspace=person.workspace, **given)


def example(of: Connection, question: str = "有多少订单", **changes: Any) -> Example:
    given = {"question_key": question, "language": "zh", "sql": "SELECT COUNT(*) FROM orders"}
    return Example.objects.create(
        workspace_id=of.workspace_id, connection=of, question=question, **{**given, **changes}
    )


def conversation(person: Person, **changes: Any) -> Conversation:
    given = {"last_message_at": timezone.now(), **changes}
    return Conversation.objects.create(workspace=person.workspace, user=person.user, **given)


def message(of: Conversation, position: int = 0, **changes: Any) -> Message:
    given = {"role": "user", "content": "有多少订单", **changes}
    return Message.objects.create(
        workspace_id=of.workspace_id, conversation=of, position=position, **given
    )


def run(person: Person, **changes: Any) -> Run:
    given = {
        "origin": "api",
        "sql_submitted": "SELECT 1",
        "sql_sha256": SHA,
        "verdict": "allowed",
        "state": "ok",
        "user": person.user,
        **changes,
    }
    return Run.objects.create(workspace=person.workspace, **given)


def result(of: Run, **changes: Any) -> Result:
    given = {
        "file_id": of.pk,
        "data_key_encrypted": "s1.x.y",
        "sha256": SHA,
        "expires_at": timezone.now(),
        **changes,
    }
    return Result.objects.create(workspace_id=of.workspace_id, run=of, **given)
