"""From our rows to one value: a connection's catalogue, kept for an hour under the versions of what it tells."""

from __future__ import annotations

import logging
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from threading import Lock
from typing import Any

import orjson
from django.core.cache import cache
from django.db.models import Q, QuerySet

from accounts import tenancy
from querygpt import values
from querygpt.catalogue import Catalogue, Relationship, Term
from querygpt.catalogue import Column as KnownColumn
from querygpt.catalogue import Table as KnownTable
from querygpt.models import Column, Connection, Table
from querygpt.models import Relationship as RelationshipRow
from querygpt.models import Term as TermRow

CACHE_SECONDS = 60 * 60
# What is larger is read from the database faster than sent through Redis within its patience.
MOST_CACHED_BYTES = 1024 * 1024
KEPT_HERE = 16
VERSIONED = (
    "id",
    "workspace_id",
    "catalogue_version",
    "knowledge_version",
    "reference_date",
    "values_at",
    "values_enabled",
    "values_file_id",
    "values_key_encrypted",
)
COLUMN_FIELDS = (
    "name",
    "data_type",
    "family",
    "is_nullable",
    "is_primary_key",
    "is_unique",
    "comment",
    "description_zh",
    "description_en",
    "role",
    "unit",
    "is_hidden",
    "is_sensitive",
)
logger = logging.getLogger(__name__)
# The catalogues this process used last, by their keys: the same versions give the same object.
_kept: OrderedDict[str, Catalogue] = OrderedDict()
_lock = Lock()


def catalogue(*, connection: Connection) -> Catalogue:
    """All tables the server still has, closed ones too, with relationships, terms in use and values.

    One query for the versions; five more when nobody asked within the hour. Enters the connection's workspace itself.
    """
    reader = tenancy.current().user_id or connection.user_id
    with tenancy.workspace(connection.workspace_id, user_id=reader):
        fresh = Connection.objects.only(*VERSIONED).get(pk=connection.pk)
        key = _key(fresh)
        found = _here(key) or _from_cache(key)
        if found is None:
            found = _read(fresh)
            _into_cache(key, found)
    _keep(key, found)
    return found


def matching(connection: Connection, *, text: str = "", name: str = "") -> QuerySet[Table]:
    """The tables the server still has, narrowed by words or by a name, with its schema or without."""
    rows = Table.objects.present().filter(connection=connection)
    if name:
        schema, _dot, plain = name.rpartition(".")
        rows = rows.filter(Q(name=name) | Q(schema_name=schema, name=plain))
    if text:
        words = Q()
        for field in ("name", "comment", "description_zh", "description_en"):
            words |= Q(**{f"{field}__icontains": text})
        held = Column.objects.filter(words, table__connection=connection)
        rows = rows.filter(words | Q(pk__in=held.values("table_id")))
    return rows


def named(known: Catalogue) -> Iterator[tuple[KnownTable, str]]:
    """Each table with what others call it, as in `relationships`, `terms` and `values`."""
    how_many = Counter(table.name for table in known.tables)
    for table in known.tables:
        plain = how_many[table.name] == 1 or not table.schema
        yield table, table.name if plain else f"{table.schema}.{table.name}"


def names_of(tables: Iterable[Table]) -> dict[Any, str]:
    """What each table is called by others: its name alone where only one has it, else with its schema."""
    rows = list(tables)
    how_many = Counter(row.name for row in rows)
    return {row.pk: row.name if how_many[row.name] == 1 else row.qualified for row in rows}


def _key(connection: Connection) -> str:
    at = connection.values_at.timestamp() if connection.values_at else 0
    day = connection.reference_date or ""
    versions = f"{connection.catalogue_version}.{connection.knowledge_version}"
    return f"querygpt:{connection.pk}:catalogue.{versions}.{at}.{day}.{connection.values_enabled}"


def _read(connection: Connection) -> Catalogue:
    tables = list(
        Table.objects.present().filter(connection=connection).order_by("schema_name", "name")
    )
    names = names_of(tables)
    columns = _columns(connection)
    links = RelationshipRow.objects.filter(connection=connection, is_active=True)
    return Catalogue(
        tables=tuple(_table(row, columns.get(row.pk, ())) for row in tables),
        relationships=tuple(
            Relationship(
                from_table=names[row.from_table_id],
                from_columns=tuple(row.from_columns),
                to_table=names[row.to_table_id],
                to_columns=tuple(row.to_columns),
                cardinality=row.cardinality,  # type: ignore[arg-type]
                id=str(row.pk),
            )
            for row in links.order_by("pk")
            if row.from_table_id in names and row.to_table_id in names
        ),
        terms=tuple(
            Term(
                kind=row.kind,  # type: ignore[arg-type]
                table=row.table,
                expression=row.expression,
                name_zh=row.name_zh,
                name_en=row.name_en,
                synonyms=tuple(row.synonyms),
            )
            for row in TermRow.objects.usable().of(connection).order_by("pk")
        ),
        values=values.read(connection=connection) if connection.values_enabled else {},
        reference_date=connection.reference_date,
    )


def _columns(connection: Connection) -> Mapping[Any, tuple[KnownColumn, ...]]:
    rows = (
        Column.objects.filter(table__connection=connection, table__vanished_at__isnull=True)
        .order_by("table_id", "ordinal")
        .values_list("table_id", "distinct_estimate", *COLUMN_FIELDS)
    )
    found: dict[Any, list[KnownColumn]] = {}
    for table_id, distinct, *told in rows:
        given: dict[str, Any] = dict(zip(COLUMN_FIELDS, told, strict=True))
        found.setdefault(table_id, []).append(KnownColumn(**given, distinct=distinct))
    return {table_id: tuple(columns) for table_id, columns in found.items()}


def _table(row: Table, columns: tuple[KnownColumn, ...]) -> KnownTable:
    return KnownTable(
        name=row.name,
        schema=row.schema_name,
        kind=row.kind,
        columns=columns,
        comment=row.comment,
        description_zh=row.description_zh,
        description_en=row.description_en,
        rows=row.rows_estimate,
        is_denied=row.access == Table.Access.DENIED,
        is_pinned=row.is_pinned,
    )


def _here(key: str) -> Catalogue | None:
    with _lock:
        return _kept.get(key)


def _keep(key: str, found: Catalogue) -> None:
    with _lock:
        _kept[key] = found
        _kept.move_to_end(key)
        while len(_kept) > KEPT_HERE:
            _kept.popitem(last=False)


def _from_cache(key: str) -> Catalogue | None:
    text = cache.get(key)
    if text is None:
        return None
    try:
        return Catalogue.from_dict(orjson.loads(text))
    except (KeyError, TypeError, ValueError):
        logger.warning("a cached catalogue does not read key=%s", key)
        return None


def _into_cache(key: str, found: Catalogue) -> None:
    text = orjson.dumps(found.to_dict()).decode()
    if len(text) <= MOST_CACHED_BYTES:
        cache.set(key, text, CACHE_SECONDS)
