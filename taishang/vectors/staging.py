"""psycopg below Django: several statements in one round trip, and COPY BINARY into a temporary table.

COPY into a table with row-level security is refused, so the rows go on from the temporary table by one
INSERT … SELECT. Django's own cursors bind on the client and write vectors as text, which costs more than the search.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import psycopg
from django.db import connection
from psycopg.adapt import Dumper
from psycopg.pq import Format

if TYPE_CHECKING:
    import numpy as np

SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + struct.pack(">ii", 0, 0)
TRAILER = struct.pack(">h", -1)
NULL = struct.pack(">i", -1)
JSONB_VERSION = b"\x01"
# Emptied first, because a second call in the same transaction finds what the first one left.
TABLE = "pg_temp.tai_vector_stage"
PREPARE = f"""
CREATE TEMPORARY TABLE IF NOT EXISTS tai_vector_stage (
    place integer, namespace text, external_id text, embedding vector, payload jsonb, document text,
    terms text, row_hash bytea
) ON COMMIT DELETE ROWS;
DELETE FROM {TABLE};
"""
COLUMNS = 8


@dataclass(frozen=True)
class Vector:
    """A vector in pgvector's binary form, as a parameter of a statement."""

    raw: bytes

    @classmethod
    def of(cls, values: np.ndarray) -> Vector:
        """From (dimension,) numbers."""
        return cls(vectors(values.reshape(1, -1))[0])


@dataclass(frozen=True)
class Answer:
    """What one statement of several answered."""

    rows: list[tuple[Any, ...]]
    count: int


def raw() -> psycopg.Connection[Any]:
    """psycopg's own connection behind Django's, inside the transaction at hand."""
    connection.ensure_connection()
    return connection.connection


def run(*statements: tuple[str, Sequence[Any]]) -> list[Answer]:
    """Send all statements in one round trip, each with its parameters bound by the server.

    Nothing is prepared: a generic plan would know neither the partition nor the index expression.
    """
    found = raw()
    with connection.wrap_database_errors:
        if any(isinstance(value, Vector) for _statement, params in statements for value in params):
            found.adapters.register_dumper(Vector, _dumper(str(connection.settings_dict["NAME"])))
        with found.pipeline():
            cursors = [
                psycopg.Cursor(found).execute(statement, params or None, prepare=False)
                for statement, params in statements
            ]
        return [
            Answer(cursor.fetchall() if cursor.description else [], cursor.rowcount)
            for cursor in cursors
        ]


def fill(rows: Iterable[Sequence[bytes | None]]) -> None:
    """Put rows into the connection's stage; each is its columns in PostgreSQL's binary form, None for NULL."""
    with connection.wrap_database_errors:
        cursor = psycopg.Cursor(raw())
        # Without parameters both statements go as one message.
        cursor.execute(PREPARE)
        with cursor.copy(f"COPY {TABLE} FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(b"".join(_stream(rows)))


def integer(value: int) -> bytes:
    return struct.pack(">i", value)


def jsonb(raw_json: bytes) -> bytes:
    return JSONB_VERSION + raw_json


def vectors(array: np.ndarray) -> list[bytes]:
    """Each line of (n, dimension) float32 as pgvector's binary form: dimension, zero, big-endian floats."""
    head = struct.pack(">hh", array.shape[1], 0)
    return [head + line.tobytes() for line in array.astype(">f4")]


@cache
def _dumper(database: str) -> type[Dumper]:
    """Binds `Vector` in binary; the type has another number in each database."""
    row = psycopg.Cursor(raw()).execute("SELECT 'vector'::regtype::oid").fetchone()

    class VectorDumper(Dumper):
        format = Format.BINARY
        oid = row[0] if row else 0

        def dump(self, obj: Vector) -> bytes:
            return obj.raw

    return VectorDumper


def _stream(rows: Iterable[Sequence[bytes | None]]) -> Iterator[bytes]:
    count = struct.pack(">h", COLUMNS)
    yield SIGNATURE
    for row in rows:
        yield count
        for value in row:
            if value is None:
                yield NULL
            else:
                yield struct.pack(">i", len(value))
                yield value
    yield TRAILER
