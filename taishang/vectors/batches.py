"""Rows as an engine takes them, read from PostgreSQL in binary."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import psycopg
from django.db import connection

from taishang.models import VectorCollection
from taishang.vectors import staging
from taishang.vectors.backends.base import Batch

HEAD_BYTES = 4
ROWS = """
    SELECT v.id, vector_send(v.embedding) FROM tai_vectors v
    WHERE v.workspace_id = %s AND v.collection_id = %s AND v.id = ANY (%s::bigint[])
        AND v.embed_state <> 'external'
"""
HELD_BY_ENGINE = """
    SELECT v.id FROM tai_vectors v
    WHERE v.workspace_id = %s AND v.collection_id = %s AND v.id = ANY (%s::bigint[])
        AND v.embed_state = 'external'
"""
PAGE = """
    SELECT v.id FROM tai_vectors v
    WHERE v.workspace_id = %s AND v.collection_id = %s AND v.id > %s
        AND v.embed_state IN ('ready', 'external')
    ORDER BY v.id LIMIT %s
"""


def current(collection: VectorCollection, ids: Sequence[int]) -> Batch:
    """What PostgreSQL holds of these rows now: those with a vector, and those that an engine should forget."""
    params = [collection.workspace_id, collection.pk, list(ids)]
    with connection.wrap_database_errors:
        cursor = psycopg.Cursor(staging.raw())
        rows = cursor.execute(ROWS, params, prepare=False, binary=True).fetchall()
        kept = {row[0] for row in cursor.execute(HELD_BY_ENGINE, params, prepare=False)}
    held = [(number, raw) for number, raw in rows if raw is not None]
    found = np.array([number for number, _ in held], "i8")
    floats = b"".join(raw[HEAD_BYTES:] for _, raw in held)
    vectors = np.frombuffer(floats, ">f4").astype("f4").reshape(-1, collection.dimension)
    gone = sorted(set(ids) - kept - set(found.tolist()))
    return Batch(found, vectors, np.array(gone, "i8"))


def page(collection: VectorCollection, *, after: int, most: int) -> list[int]:
    """Ids of rows that have a vector, ascending."""
    found = staging.run((PAGE, [collection.workspace_id, collection.pk, after, most]))[0]
    return [row[0] for row in found.rows]
