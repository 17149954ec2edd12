"""The indexes of an own partition that serve words and filters: by name, with the statement that makes each."""

from __future__ import annotations

from psycopg import sql

from taishang.models import VectorCollection
from taishang.vectors import ddl


def statements(collection: VectorCollection) -> list[tuple[str, sql.Composed]]:
    """In the order they are built."""
    number = collection.pk
    found = [(f"tai_vp_{number:d}", "USING gin (payload jsonb_path_ops)")]
    if collection.keyword_enabled:
        found.insert(0, (f"tai_vk_{number:d}", "USING gin (tsv)"))
    return [(name, _statement(name, number, what)) for name, what in found]


def _statement(name: str, collection_id: int, what: str) -> sql.Composed:
    return sql.SQL("CREATE INDEX CONCURRENTLY {} ON {} " + what).format(
        sql.Identifier(name), sql.Identifier(ddl.partition(collection_id))
    )
