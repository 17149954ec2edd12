"""What a suite is asked of: a lent connection, or a SQLite file that is read on the spot. The guard stands before both."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from accounts import tenancy
from accounts.models import User
from querygpt import execution, schema, values
from querygpt.catalogue import Catalogue, Column, Dialect, Relationship, Table
from querygpt.connections import files as kept
from querygpt.drivers.base import Target
from querygpt.execution.asking import Reply, ask
from querygpt.models import Connection
from querygpt.schema.guessing import guess

SECONDS = 15.0
INTROSPECTION_SECONDS = 30.0
MOST_ROWS = 5_000


class CannotRead(Exception):
    """A file does not tell its structure; `code` is the class of the failure."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Rows:
    """What a statement gave: `state` as of a run, `detail` why it is not ok."""

    state: str
    rows: Sequence[Sequence[Any]] = ()
    detail: str = ""


class Source(Protocol):
    """Something to ask."""

    dialect: Dialect
    catalogue: Catalogue
    version: str

    def run(self, sql: str) -> Rows: ...


class LentSource:
    """A connection of a workspace; every attempt is a run of origin `evaluation`."""

    def __init__(self, connection: Connection, actor: User) -> None:
        self.connection = connection
        self.actor = actor
        self.dialect: Dialect = connection.dialect  # type: ignore[assignment]
        with tenancy.workspace(connection.workspace_id, user_id=actor.pk):
            self.catalogue = schema.catalogue(connection=connection)
        self.version = str(connection.catalogue_version)

    def run(self, sql: str) -> Rows:
        ran = execution.run(
            connection=self.connection,
            sql=sql,
            origin="evaluation",
            actor=self.actor,
            max_rows=MOST_ROWS,
        )
        return Rows(ran.state, ran.rows, ran.rule or ran.error_code or "")


class FileSource:
    """A SQLite file, copied into the cache that children read from. Raises CannotRead, OSError."""

    dialect: Dialect = "sqlite"

    def __init__(self, path: Path, today: date | None = None) -> None:
        self.version = hashlib.sha256(path.read_bytes()).hexdigest()
        self.path = kept.folder() / self.version
        if not self.path.exists():
            shutil.copyfile(path, self.path)
            self.path.chmod(0o400)
        self.catalogue = Catalogue()
        self.catalogue = self._read(today)

    def run(self, sql: str) -> Rows:
        reply = self._ask(
            {
                "op": "run",
                "sql": sql,
                "dialect": self.dialect,
                "catalogue": self.catalogue.to_dict(),
                "policy": {"max_rows": MOST_ROWS},
                "limits": {"seconds": SECONDS, "rows": MOST_ROWS, "bytes": 16 * 1024 * 1024},
            },
            SECONDS,
        )
        return Rows(reply.state, reply.rows, reply.error_code or reply.detail)

    def _ask(self, request: dict[str, Any], seconds: float) -> Reply:
        target = asdict(Target(driver="sqlite", path=str(self.path)))
        return ask({**request, "target": target}, seconds=seconds, driver="sqlite")

    def _read(self, today: date | None) -> Catalogue:
        reply = self._ask(
            {"op": "introspect", "seconds": INTROSPECTION_SECONDS}, INTROSPECTION_SECONDS
        )
        if reply.state != "ok" or reply.answer is None:
            raise CannotRead(reply.error_code or reply.state)
        told = reply.answer
        tables = tuple(_table(one) for one in told["tables"])
        keys = tuple(_key(one) for one in told.get("relationships", ()))
        self.catalogue = Catalogue(tables, keys, reference_date=today)
        return Catalogue(tables, keys, (), self._values(tables), today)

    def _values(self, tables: tuple[Table, ...]) -> dict[tuple[str, str], tuple[str, ...]]:
        found = {}
        for table, column in values.columns_of(self.catalogue):
            name, place = (one.replace('"', '""') for one in (column.name, table.name))
            sql = f'SELECT DISTINCT "{name}" FROM "{place}" WHERE "{name}" IS NOT NULL LIMIT {values.MOST_VALUES + 1}'
            texts = tuple(str(row[0]) for row in self.run(sql).rows)
            if (
                0 < len(texts) <= values.MOST_VALUES
                and max(map(len, texts)) <= values.MOST_CHARACTERS
            ):
                found[table.name, column.name] = texts
        return found


def _table(told: dict[str, Any]) -> Table:
    columns = tuple(_column(one) for one in told["columns"])
    return Table(
        name=told["name"],
        kind=told.get("kind", "table"),
        columns=columns,
        rows=told.get("rows_estimate"),
    )


def _column(told: dict[str, Any]) -> Column:
    is_key = bool(told.get("is_primary_key"))
    made = guess(name=told["name"], family=told["family"], is_primary_key=is_key)
    return Column(
        name=told["name"],
        data_type=told.get("data_type", ""),
        family=told["family"],
        is_nullable=bool(told.get("is_nullable", True)),
        is_primary_key=is_key,
        is_unique=bool(told.get("is_unique")),
        role=made.role,  # type: ignore[arg-type]
        unit=made.unit,
        is_sensitive=made.is_sensitive,
    )


def _key(told: dict[str, Any]) -> Relationship:
    return Relationship(
        told["from_table"], tuple(told["from_columns"]), told["to_table"], tuple(told["to_columns"])
    )
