"""Relationships as the database declares them, and as names suggest; people's own stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from querygpt.catalogue import Column as KnownColumn
from querygpt.catalogue import Table as KnownTable
from querygpt.models import Column, Connection, Relationship, Table
from querygpt.models.schema import MAX_KEY_COLUMNS
from querygpt.schema.structure import Structure, is_one_to_one
from querygpt.schema.suggesting import suggest

Source = Relationship.Source
Ends = tuple[Any, tuple[str, ...], Any, tuple[str, ...]]
AT_ONCE = 1_000


def write(*, connection: Connection, structure: Structure) -> None:
    """Take over declared keys, forget those that are gone, suggest new ones. In the caller's transaction.

    A declared key that somebody switched off stays off; a suggestion somebody took up stays theirs.
    """
    tables = {(row.schema_name, row.name): row for row in connection.tables.all()}
    held = {_ends(row): row for row in connection.relationships.all()}
    declared: dict[Ends, str] = {}
    for key in structure.keys:
        columns = key.source_columns
        fits = len(columns) == len(key.target_columns) and 1 <= len(columns) <= MAX_KEY_COLUMNS
        if fits:
            one = is_one_to_one(structure.tables[key.source], columns)
            ends = (tables[key.source].pk, columns, tables[key.target].pk, key.target_columns)
            declared[ends] = (
                Relationship.Cardinality.ONE if one else Relationship.Cardinality.MANY_TO_ONE
            )
    gone = [
        row.pk for ends, row in held.items() if row.source == Source.FK and ends not in declared
    ]
    Relationship.objects.filter(pk__in=gone).delete()
    _add_declared(connection, declared, held)
    _suggest(connection, structure, {*held, *declared})


def _add_declared(
    connection: Connection, declared: dict[Ends, str], held: dict[Ends, Relationship]
) -> None:
    known = [
        held[ends].pk for ends in declared if ends in held and held[ends].source == Source.NAME
    ]
    Relationship.objects.filter(pk__in=known).update(source=Source.FK, is_active=True, confidence=1)
    Relationship.objects.bulk_create(
        (
            _row(connection, ends, source=Source.FK, cardinality=cardinality)
            for ends, cardinality in declared.items()
            if ends not in held
        ),
        batch_size=AT_ONCE,
    )


def _suggest(connection: Connection, structure: Structure, known: set[Ends]) -> None:
    """Only for columns that lead nowhere yet; a suggestion joins nothing until somebody takes it up."""
    leading = {(source, columns) for source, columns, _target, _keys in known}
    rows = {row.pk: row for row in connection.tables.filter(vanished_at=None)}
    by_place = {(row.schema_name, row.name): row for row in rows.values()}
    found = []
    for one in suggest([_known(row, structure) for row in rows.values() if _told(row, structure)]):
        source = by_place[one.from_table.schema, one.from_table.name]
        target = by_place[one.to_table.schema, one.to_table.name]
        if (source.pk, (one.from_column,)) in leading:
            continue
        ends = (source.pk, (one.from_column,), target.pk, (one.to_column,))
        found.append(
            _row(
                connection,
                ends,
                source=Source.NAME,
                confidence=Decimal(str(one.confidence)),
                is_active=False,
            )
        )
    Relationship.objects.bulk_create(found, batch_size=AT_ONCE, ignore_conflicts=True)


def columns_join(*, source: list[Column], target: list[Column]) -> bool:
    """Whether keys of these columns can be compared, pair by pair."""
    numbers = {"int", "decimal", "float"}
    return len(source) == len(target) and all(
        one.family == other.family or {one.family, other.family} <= numbers
        for one, other in zip(source, target, strict=True)
    )


def _row(connection: Connection, ends: Ends, **given: Any) -> Relationship:
    source, columns, target, keys = ends
    return Relationship(
        workspace_id=connection.workspace_id,
        connection=connection,
        from_table_id=source,
        from_columns=list(columns),
        to_table_id=target,
        to_columns=list(keys),
        **given,
    )


def _ends(row: Relationship) -> Ends:
    return row.from_table_id, tuple(row.from_columns), row.to_table_id, tuple(row.to_columns)


def _told(row: Table, structure: Structure) -> bool:
    return (row.schema_name, row.name) in structure.tables


def _known(row: Table, structure: Structure) -> KnownTable:
    return KnownTable(
        name=row.name,
        schema=row.schema_name,
        columns=tuple(_columns(structure.tables[row.schema_name, row.name])),
        is_denied=row.access == Table.Access.DENIED,
    )


def _columns(told: Any) -> Iterator[KnownColumn]:
    for column in told["columns"]:
        yield KnownColumn(
            name=column["name"],
            family=column["family"],
            is_primary_key=bool(column["is_primary_key"]),
            is_unique=bool(column["is_unique"]),
        )
