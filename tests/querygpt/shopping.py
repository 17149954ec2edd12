"""A database to ask: the demonstration's shop, lent by somebody, with its structure read."""

import hashlib
from datetime import date
from pathlib import Path

from accounts import tenancy
from querygpt import schema
from querygpt.connections import files as kept
from querygpt.models import Column, Connection, ConnectionFile, Relationship, Table, Term
from querygpt.shop import building, knowledge
from tests.factories import Person

TODAY = date(2025, 12, 31)
_built: dict[str, bytes] = {}


def bytes_of_the_shop(folder: Path) -> bytes:
    """Built once a session: it takes a moment, and is the same every time."""
    if "shop" not in _built:
        path = folder / "shop.sqlite"
        building.build(path)
        _built["shop"] = path.read_bytes()
    return _built["shop"]


def lent_shop(person: Person, folder: Path, name: str = "示例商店", **changes) -> Connection:
    """A connection to the shop, ready to be asked."""
    content = bytes_of_the_shop(folder)
    digest = hashlib.sha256(content).hexdigest()
    with tenancy.workspace(person.workspace.id, user_id=person.user.id):
        connection = Connection.objects.create(
            workspace=person.workspace,
            user=person.user,
            name=name,
            driver="sqlite",
            database_name="shop",
            reference_date=TODAY,
            status="ok",
            **changes,
        )
        ConnectionFile.objects.create(
            workspace=person.workspace,
            connection=connection,
            file_id=connection.pk,
            table_name="shop",
            sha256=digest,
            state="ready",
        )
    place = kept.folder() / digest
    if not place.exists():
        place.write_bytes(content)
    schema.refresh(connection=connection)
    with tenancy.workspace(person.workspace.id, user_id=person.user.id):
        Relationship.objects.filter(connection=connection).update(is_active=True)
        _describe(person, connection)
        connection.refresh_from_db()
    return connection


def _describe(person: Person, connection: Connection) -> None:
    """What the demonstration tells of the shop: descriptions and terms in both languages."""
    for table in Table.objects.filter(connection=connection):
        zh, en, columns = knowledge.DESCRIPTIONS[table.name]
        Table.objects.filter(pk=table.pk).update(description_zh=zh, description_en=en)
        for name, (column_zh, column_en) in columns.items():
            Column.objects.filter(table=table, name=name).update(
                description_zh=column_zh, description_en=column_en
            )
    for one in knowledge.TERMS:
        Term.objects.create(
            workspace=person.workspace,
            connection=connection,
            kind=one.kind,
            table=one.table,
            expression=one.expression,
            name_zh=one.name_zh,
            name_en=one.name_en,
            key_zh=one.name_zh.casefold() or None,
            key_en=one.name_en.casefold() or None,
            synonyms=list(one.synonyms),
        )
