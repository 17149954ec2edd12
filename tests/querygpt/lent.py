"""Lent databases of tests: servers that are no part of the platform, opened by a rule, and files."""

import hashlib
import sqlite3
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from accounts import tenancy
from laojun import files
from laojun.files import Owner
from laojun.models import OutboundRule
from querygpt.connections import secrets
from querygpt.models import Column, Connection, ConnectionFile, Table
from tests.factories import Person
from tests.querygpt import rows
from tests.rig import foreign

SHOP = {
    "orders": {"id": "int", "region_id": "int", "amount": "decimal", "made_on": "date"},
    "regions": {"id": "int", "name": "text"},
}


@contextmanager
def opened(person: Person, port: int):
    """Let databases of the workspace be reached on loopback, as an operator's rule does."""
    rule = rule_for(person, port)
    try:
        yield rule
    finally:
        with tenancy.platform_scope(reason="tests"):
            OutboundRule.objects.filter(pk=rule.pk).delete()


def rule_for(person: Person, port: int) -> OutboundRule:
    with tenancy.platform_scope(reason="tests"):
        return OutboundRule.objects.create(
            cidr="127.0.0.0/8",
            port_from=port,
            port_to=port,
            purposes=["database"],
            reason="a database of the tests",
            expires_at=timezone.now() + timedelta(hours=1),
            created_by=person.user,
        )


def server(person: Person, driver: str, port: int, **changes: Any) -> Connection:
    """A connection to a server of the rig; tables are known as introspection would tell them."""
    made = rows.connection(
        person,
        name=changes.pop("name", f"{driver}-{port}"),
        driver=driver,
        host="localhost",
        port=port,
        username=foreign.READER,
        database_name=foreign.DATABASE,
        status="ok",
        **changes,
    )
    made.password_encrypted = secrets.seal(made, foreign.READER_PASSWORD)
    made.save(update_fields=["password_encrypted"])
    learn(made, schema="public" if driver == "postgresql" else "")
    return made


def learn(
    connection: Connection, schema: str = "", tables: dict[str, dict[str, str]] | None = None
) -> None:
    for name, columns in (tables or SHOP).items():
        rows.table(connection, name, columns, schema_name=schema)


def file(person: Person, script: str, folder: Path, **changes: Any) -> Connection:
    """A connection to a SQLite file made by a script."""
    path = folder / "made.sqlite"
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as link:
        link.executescript(script)
    link.close()
    content = path.read_bytes()
    connection = rows.connection(
        person,
        name="file",
        driver="sqlite",
        host="",
        port=None,
        database_name="shop",
        status="ok",
        **changes,
    )
    stored = files.store(
        content=content,
        name="shop.sqlite",
        purpose="querygpt.source",
        owner=Owner(person.user.id, person.workspace.id),
    )
    ConnectionFile.objects.create(
        workspace=person.workspace,
        connection=connection,
        file_id=stored.id,
        table_name="shop",
        sha256=hashlib.sha256(content).hexdigest(),
        state="ready",
    )
    learn(connection)
    return connection


__all__ = ["Column", "Table", "file", "learn", "opened", "rule_for", "server"]
