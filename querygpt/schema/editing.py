"""What people say of tables, columns and relationships; a guess never overwrites it. Callers hold the row locked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction

from laojun import audit
from laojun.audit import Actor
from querygpt.models import Column, Connection, Relationship, Table
from querygpt.schema.relating import columns_join
from taishang.catalogue.refusals import constraint_of

# What opens or closes data; the rest explains it.
GUARDING = frozenset({"access", "is_hidden", "is_sensitive"})
ENDS = "querygpt_relationships_ends_uniq"


class SchemaRefused(Exception):
    """The base of all of them. `code` is a registered problem, `members` become members of the answer."""

    code = ""

    def __init__(self, **members: Any) -> None:
        super().__init__(self.code)
        self.members = members


class CannotJoin(SchemaRefused):
    """The columns are not of types that can be compared, or a column is not there."""

    code = "cannot_join"


class RelationshipTaken(SchemaRefused):
    """These two ends are related already."""

    code = "relationship_taken"


def lock(connection: Connection) -> None:
    """Every edit locks the connection first: the count of what is known moves with it, in one order."""
    Connection.objects.select_for_update(no_key=True).only("pk").get(pk=connection.pk)


def change_table(*, table: Table, given: Mapping[str, Any], actor: Actor) -> Table:
    before = {name: getattr(table, name) for name in given}
    _write(table, given)
    _record("schema.table_changed", ("table", table), actor, before, dict(given))
    return table


def change_column(*, column: Column, given: Mapping[str, Any], actor: Actor) -> Column:
    """What is set here is named in `edits`, and no guess touches it again."""
    before = {name: getattr(column, name) for name in given}
    edits = sorted({*column.edits, *given} & {"role", "unit", "is_sensitive"})
    _write(column, {**given, "edits": edits})
    _record("schema.column_changed", ("column", column), actor, before, dict(given))
    return column


def relate(
    *,
    source: Table,
    columns: Sequence[str],
    target: Table,
    keys: Sequence[str],
    given: Mapping[str, Any],
    actor: Actor,
) -> Relationship:
    """A relationship a person knows of. Raises CannotJoin, RelationshipTaken."""
    if not columns_join(source=_columns(source, columns), target=_columns(target, keys)):
        raise CannotJoin
    row = Relationship(
        workspace_id=source.workspace_id,
        connection_id=source.connection_id,
        from_table=source,
        from_columns=list(columns),
        to_table=target,
        to_columns=list(keys),
        source=Relationship.Source.PERSON,
        **given,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        if constraint_of(error) == ENDS:
            raise RelationshipTaken from error
        raise
    _record("schema.relationship_added", ("relationship", row), actor, None, facts(row))
    return row


def change_relationship(
    *, row: Relationship, given: Mapping[str, Any], actor: Actor
) -> Relationship:
    """Switch it on or off, or say how many rows meet. A suggestion taken up is the person's from then on."""
    before = facts(row)
    values = dict(given)
    if row.source == Relationship.Source.NAME and values.get("is_active"):
        values |= {"source": Relationship.Source.PERSON, "confidence": 1}
    _write(row, values)
    _record("schema.relationship_changed", ("relationship", row), actor, before, facts(row))
    return row


def unrelate(*, row: Relationship, actor: Actor) -> None:
    """Forget a relationship; one the database declares is there again after the next reading."""
    _record("schema.relationship_removed", ("relationship", row), actor, facts(row), None)
    row.delete()


def facts(row: Relationship) -> dict[str, Any]:
    return {
        "from": f"{row.from_table.qualified}.{','.join(row.from_columns)}",
        "to": f"{row.to_table.qualified}.{','.join(row.to_columns)}",
        "cardinality": row.cardinality,
        "source": row.source,
        "is_active": row.is_active,
    }


def _columns(table: Table, names: Sequence[str]) -> list[Column]:
    found = {column.name: column for column in table.columns.filter(name__in=names)}
    if any(name not in found for name in names):
        raise CannotJoin
    return [found[name] for name in names]


def _write(row: Any, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=[*values, "updated_at"])
    row.refresh_from_db(fields=["version"])


def _record(
    action: str,
    thing: tuple[str, Any],
    actor: Actor,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    kind, row = thing
    audit.record(
        actor=actor,
        action=action,
        target=(kind, row.pk),
        before=before,
        after=after,
        details={"name": str(row)},
    )
