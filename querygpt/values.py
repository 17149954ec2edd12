"""The value index of a connection: the distinct values of its short text columns, in one sealed file.

Only where its owner switched it on. Columns that are sensitive, hidden or of a closed table are never read.
"""

from __future__ import annotations

import base64
import logging
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts import secrets
from laojun import files, textindex
from laojun.files import Owner
from laojun.models import File
from querygpt import sealing
from querygpt.catalogue import Catalogue, Column, Table
from querygpt.models import Connection

PURPOSE = "querygpt.values"
ENTITY = "querygpt_values"
KEY_COLUMN = "values_key_encrypted"
MOST_VALUES = 1_000
MOST_CHARACTERS = 64
MOST_COLUMNS = 200
MOST_BYTES = 4 * 1024 * 1024
SHORTEST = 2
Values = Mapping[tuple[str, str], tuple[str, ...]]
Place = tuple[str, str]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hit:
    """A value that stands in a question, with the column that holds it."""

    table: str
    column: str
    value: str


def find(*, question: str, catalogue: Catalogue) -> list[Hit]:
    """Values named in the question, the longest first; case, width and traditional characters do not matter."""
    asked = folded(question)
    found = [
        Hit(table, column, value)
        for (table, column), held in catalogue.values.items()
        for value in held
        if len(value) >= SHORTEST and folded(value) in asked
    ]
    return sorted(found, key=lambda hit: (-len(hit.value), hit.table, hit.column))


def folded(text: str) -> str:
    """The form in which values are compared."""
    plain = textindex.fold(text)
    return plain if plain.isascii() else str(_simplifier().convert(plain))


def columns_of(catalogue: Catalogue) -> list[tuple[Table, Column]]:
    """The columns worth reading: text, short by name or role, open. The most promising first."""
    places = [
        (table, column)
        for table in catalogue.tables
        if not table.is_denied
        for column in table.columns
        if column.family == "text" and not column.is_hidden and not column.is_sensitive
    ]
    order = {"category": 0, "name": 1, "other": 2}
    return sorted(places, key=lambda place: order.get(place[1].role, 3))[:MOST_COLUMNS]


def build(
    *,
    connection: Connection,
    catalogue: Catalogue,
    names: Callable[[Table], str],
    ask: Callable[[str], list[list[Any]] | None],
    owner: Owner,
) -> int:
    """Read the values anew and keep them; returns how many columns have some. Outside any transaction.

    `ask(sql)` answers the rows of a statement, or nothing where it failed; `names` what a table is called in the
    index. Raises what `laojun.files.store` does.
    """
    found: dict[Place, tuple[str, ...]] = {}
    room = MOST_BYTES
    for table, column in columns_of(catalogue):
        kept = _distinct(ask(statement(connection, table, column)))
        size = sum(len(value.encode()) for value in kept)
        if kept and size <= room:
            found[names(table), column.name] = kept
            room -= size
    store(connection=connection, found=found, owner=owner)
    return len(found)


def statement(connection: Connection, table: Table, column: Column) -> str:
    """The distinct values of a column, one more than are of use."""
    place = ".".join(quoted(connection, part) for part in (table.schema, table.name) if part)
    name = quoted(connection, column.name)
    return f"SELECT DISTINCT {name} FROM {place} WHERE {name} IS NOT NULL LIMIT {MOST_VALUES + 1}"


def quoted(connection: Connection, name: str) -> str:
    """A name as this connection's server reads it."""
    mark = "`" if connection.driver == Connection.Driver.MYSQL else '"'
    return f"{mark}{name.replace(mark, mark * 2)}{mark}"


def store(*, connection: Connection, found: Values, owner: Owner) -> None:
    """Keep the values in a new file and let go of the former one. Opens transactions of its own."""
    place, key = sealing.place_of(connection, KEY_COLUMN), sealing.new_key()
    shown = [[*where, list(values)] for where, values in found.items()]
    file = files.store(
        content=sealing.seal_bytes(zlib.compress(orjson.dumps(shown)), key=key, place=place),
        name=f"{connection.pk}.bin",
        purpose=PURPOSE,
        owner=owner,
        entity=(ENTITY, connection.pk),
    )
    with owner.envelope():
        row = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
        former = row.values_file_id
        Connection.objects.filter(pk=row.pk).update(
            values_file_id=file.pk,
            values_key_encrypted=secrets.seal(base64.b64encode(key).decode(), place=place),
            values_at=timezone.now(),
        )
        _let_go(former)


def forget(*, connection: Connection) -> None:
    """Wipe the key and the file of the values, in the caller's transaction."""
    row = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
    Connection.objects.filter(pk=row.pk).update(
        values_file_id=None, values_key_encrypted="", values_at=None
    )
    _let_go(row.values_file_id)


def read(*, connection: Connection) -> dict[Place, tuple[str, ...]]:
    """What the index holds; nothing where there is none or its file does not open."""
    if not connection.values_file_id:
        return {}
    place = sealing.place_of(connection, KEY_COLUMN)
    try:
        key = base64.b64decode(secrets.unseal(connection.values_key_encrypted, place=place))
        file = File.objects.get(pk=connection.values_file_id, workspace=connection.workspace_id)
        plain = sealing.unseal_bytes(files.read(file), key=key, place=place)
    except (secrets.SecretUnreadable, File.DoesNotExist, files.ContentMissing):
        logger.warning("a value index does not open connection=%s", connection.pk)
        return {}
    return {(table, column): tuple(v) for table, column, v in orjson.loads(zlib.decompress(plain))}


def _distinct(rows: list[list[Any]] | None) -> tuple[str, ...]:
    """The values, or nothing where they are too many or too long to be names of something."""
    values = tuple(_texts(rows or []))
    fits = len(values) <= MOST_VALUES and all(len(value) <= MOST_CHARACTERS for value in values)
    return values if fits else ()


def _texts(rows: list[list[Any]]) -> Iterator[str]:
    return (row[0] for row in rows if row and isinstance(row[0], str) and row[0].strip())


def _let_go(file_id: Any) -> None:
    if file_id and (file := File.objects.filter(pk=file_id).first()):
        files.delete(file)


@cache
def _simplifier() -> Any:
    return import_string("opencc.OpenCC")("t2s")
