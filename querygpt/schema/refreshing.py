"""Reading a structure again: what is new, what changed, what vanished; what people wrote stays.

The server is asked outside any transaction; the difference is written in one, under the connection's lock.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts import tenancy
from querygpt import execution
from querygpt.models import Column, Connection, Table
from querygpt.schema import relating
from querygpt.schema.guessing import guess
from querygpt.schema.structure import Place, Structure, fingerprint, structure_of

MOST_TEXT = 2_000
MOST_TYPE = 255
AT_ONCE = 1_000
MOST_NAMED = 200
TOLD = ("ordinal", "data_type", "family", "is_nullable", "is_primary_key", "is_unique", "comment")
GUESSED = ("role", "unit", "is_sensitive")
FAMILIES = frozenset(Column.Family.values)
KINDS = frozenset(Table.Kind.values)


@dataclass
class Diff:
    """What differs from the last time, by the names of tables and of `table.column`."""

    version: int = 0
    tables: int = 0
    is_partial: bool = False
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    vanished: list[str] = field(default_factory=list)
    columns_added: list[str] = field(default_factory=list)
    columns_vanished: list[str] = field(default_factory=list)
    columns_changed: list[str] = field(default_factory=list)

    @property
    def has_changes(self) -> bool:
        return bool(self.added or self.changed or self.vanished)

    def told(self) -> dict[str, Any]:
        """JSON, each list cut to what a person reads."""
        lists = (
            "added",
            "changed",
            "vanished",
            "columns_added",
            "columns_vanished",
            "columns_changed",
        )
        shown = {name: getattr(self, name)[:MOST_NAMED] for name in lists}
        counts = {f"{name}_count": len(getattr(self, name)) for name in lists}
        plain = {"version": self.version, "tables": self.tables, "is_partial": self.is_partial}
        return {**plain, **shown, **counts}


def refresh(*, connection: Connection) -> Diff:
    """Ask the server and write what differs. Outside any transaction.

    Raises what `execution.introspect` does; then nothing changed. Writers of one connection wait for each other.
    """
    told = execution.introspect(connection=connection)
    return write(connection=connection, told=told, now=timezone.now())


def write(*, connection: Connection, told: Mapping[str, Any], now: datetime) -> Diff:
    """Write a structure as the server told it (shapes: `querygpt.schema.structure`)."""
    structure = structure_of(told)
    with tenancy.workspace(connection.workspace_id, user_id=connection.user_id):
        locked = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
        diff = _written(locked, structure, now)
        Connection.objects.filter(pk=locked.pk).update(
            catalogue_version=diff.version,
            catalogue_at=now,
            catalogue_truncated=structure.is_partial,
            flavour=structure.flavour[:20],
            server_version=structure.version[:60],
            updated_at=now,
        )
    return diff


def _written(connection: Connection, structure: Structure, now: datetime) -> Diff:
    rows = {(row.schema_name, row.name): row for row in connection.tables.all()}
    diff = Diff(tables=len(structure.tables), is_partial=structure.is_partial)
    if not structure.is_partial:
        diff.vanished += [
            row.qualified
            for place, row in rows.items()
            if place not in structure.tables and row.vanished_at is None
        ]
    diff.added += [
        _shown(place)
        for place in structure.tables
        if place not in rows or rows[place].vanished_at is not None
    ]
    changed = {
        place
        for place, table in structure.tables.items()
        if place in rows and rows[place].fingerprint != fingerprint(table)
    }
    diff.changed += [rows[place].qualified for place in changed]
    _write_columns(_write_tables(connection, rows, structure), structure, changed, diff)
    relating.write(connection=connection, structure=structure)
    diff.version = connection.catalogue_version + int(
        diff.has_changes or not connection.catalogue_version
    )
    _mark(connection, structure, diff.version, now)
    return diff


def _write_tables(
    connection: Connection, rows: Mapping[Place, Table], structure: Structure
) -> dict[Place, Table]:
    """All tables that are there now, new ones made, old ones brought up to date."""
    kept, new, moved = {}, [], []
    for place, told in structure.tables.items():
        row = rows.get(place)
        facts = _facts(told)
        if row is None:
            row = Table(
                workspace_id=connection.workspace_id,
                connection=connection,
                schema_name=place[0],
                name=place[1],
                access=_first_access(facts["kind"]),
                **facts,
            )
            new.append(row)
        elif any(getattr(row, name) != value for name, value in facts.items()):
            for name, value in facts.items():
                setattr(row, name, value)
            moved.append(row)
        kept[place] = row
    Table.objects.bulk_create(new, batch_size=AT_ONCE)
    if moved:
        fields = ["kind", "comment", "rows_estimate", "fingerprint"]
        Table.objects.bulk_update(moved, fields, batch_size=AT_ONCE)
    return kept


def _facts(told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": told["kind"] if told["kind"] in KINDS else Table.Kind.TABLE,
        "comment": _text(told.get("comment")),
        "rows_estimate": told.get("rows"),
        "fingerprint": fingerprint(told),
    }


def _first_access(kind: str) -> str:
    """A foreign table reaches into yet another server: closed until somebody opens it."""
    return Table.Access.DENIED if kind == Table.Kind.FOREIGN else Table.Access.ALLOWED


def _write_columns(
    tables: Mapping[Place, Table], structure: Structure, changed: Set[Place], diff: Diff
) -> None:
    held: dict[Any, dict[str, Column]] = {}
    for row in Column.objects.filter(table__in=[table.pk for table in tables.values()]):
        held.setdefault(row.table_id, {})[row.name] = row
    new: list[Column] = []
    moved: list[Column] = []
    gone: list[Any] = []
    for place, table in tables.items():
        rows = held.get(table.pk, {})
        told = _columns(structure.tables[place])
        for name, facts in told.items():
            known = rows.get(name)
            if place in changed:
                _note(diff, f"{table.qualified}.{name}", known, facts)
            if known is None:
                new.append(_new_column(table, name, facts))
            elif _take(known, facts):
                moved.append(known)
        vanished = [name for name in rows if name not in told]
        gone += [rows[name].pk for name in vanished]
        diff.columns_vanished += [f"{table.qualified}.{name}" for name in vanished]
    Column.objects.filter(pk__in=gone).delete()
    Column.objects.bulk_create(new, batch_size=AT_ONCE)
    if moved:
        Column.objects.bulk_update(moved, [*TOLD, *GUESSED], batch_size=AT_ONCE)


def _columns(told: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        column["name"]: {
            "ordinal": number,
            "data_type": str(column["data_type"] or "")[:MOST_TYPE],
            "family": column["family"] if column["family"] in FAMILIES else Column.Family.OTHER,
            "is_nullable": bool(column["is_nullable"]),
            "is_primary_key": bool(column["is_primary_key"]),
            "is_unique": bool(column["is_unique"]),
            "comment": _text(column.get("comment")),
        }
        for number, column in enumerate(told["columns"], start=1)
    }


def _new_column(table: Table, name: str, facts: Mapping[str, Any]) -> Column:
    row = Column(workspace_id=table.workspace_id, table=table, name=name, **facts)
    _guess(row)
    return row


def _take(row: Column, facts: Mapping[str, Any]) -> bool:
    """Bring a column up to date; whether anything moved."""
    before = [getattr(row, name) for name in (*TOLD, *GUESSED)]
    for name, value in facts.items():
        setattr(row, name, value)
    _guess(row)
    return before != [getattr(row, name) for name in (*TOLD, *GUESSED)]


def _guess(row: Column) -> None:
    """What nobody set is guessed again; what somebody set stays."""
    found = guess(
        name=row.name,
        family=row.family,
        comment=row.comment,
        is_primary_key=row.is_primary_key,
        distinct=row.distinct_estimate,
    )
    for name in GUESSED:
        if name not in row.edits:
            setattr(row, name, getattr(found, name))


def _note(diff: Diff, name: str, row: Column | None, facts: Mapping[str, Any]) -> None:
    if row is None:
        diff.columns_added.append(name)
    elif facts["data_type"] != row.data_type:
        diff.columns_changed.append(name)


def _mark(connection: Connection, structure: Structure, version: int, now: datetime) -> None:
    """Which tables this version saw. One that comes back is as it was left; one that is gone starts its 30 days."""
    rows = list(
        connection.tables.values_list("pk", "schema_name", "name", "vanished_at", "seen_version")
    )
    there = [pk for pk, schema, name, *_ in rows if (schema, name) in structure.tables]
    gone = [
        pk
        for pk, schema, name, at, _seen in rows
        if (schema, name) not in structure.tables and at is None
    ]
    stale = Table.objects.filter(pk__in=there).exclude(seen_version=version, vanished_at=None)
    stale.update(seen_version=version, vanished_at=None)
    # A partial answer proves nothing about what it leaves out.
    if not structure.is_partial:
        Table.objects.filter(pk__in=gone).update(vanished_at=now)


def _text(value: Any) -> str:
    return str(value or "").replace("\x00", "")[:MOST_TEXT]


def _shown(place: Place) -> str:
    return ".".join(part for part in place if part)
