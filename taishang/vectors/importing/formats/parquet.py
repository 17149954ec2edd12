"""Parquet, a few rows at a time. The footer is judged before a single page is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from taishang.vectors.importing.formats import base
from taishang.vectors.importing.formats.base import (
    NUMBER,
    NUMBERS,
    OBJECT,
    OTHER,
    TEXT,
    Fault,
    Field,
    FileRefused,
    Record,
)

MAX_GROUP_BYTES = 256 * 1024 * 1024
MAX_RATIO = 50
# Below this size a ratio says nothing: a column of one word compresses a thousandfold.
RATIO_FROM_BYTES = 1024 * 1024
MAX_DEPTH = 8
MAX_COLUMNS = 1_000
MAX_FOOTER_BYTES = 16 * 1024 * 1024
ROWS_AT_ONCE = 500
BUFFER_BYTES = 1024 * 1024
MAGIC = b"PAR1"
# Bytes of one decoded value by physical type; texts are counted by their pages.
WIDTHS = {"BOOLEAN": 1, "INT32": 4, "INT64": 8, "INT96": 12, "FLOAT": 4, "DOUBLE": 8}


class Parquet:
    """Shapes: a vector is a list or fixed-size list of numbers."""

    def __init__(self, content: IO[bytes]) -> None:
        _check_ends(content)
        content.seek(0)
        try:
            self.file = pq.ParquetFile(
                content,
                buffer_size=BUFFER_BYTES,
                pre_buffer=False,
                thrift_string_size_limit=MAX_FOOTER_BYTES,
                thrift_container_size_limit=1_000_000,
            )
            self.schema = self.file.schema_arrow
        except (pa.ArrowException, OSError, ValueError) as error:
            raise FileRefused("wrong_header", "The footer cannot be read.") from error
        _check_shape(self.schema)
        _check_groups(self.file.metadata)

    def fields(self) -> list[Field]:
        return [_field(one) for one in self.schema]

    def count(self) -> int:
        return int(self.file.metadata.num_rows)

    def records(self, wanted: frozenset[str] | None = None) -> Iterator[Record]:
        names = [name for name in self.schema.names if wanted is None or name in wanted]
        line = 0
        try:
            batches = self.file.iter_batches(ROWS_AT_ONCE, columns=names, use_threads=False)
            for batch in batches:
                columns = [_cells(batch.column(name)) for name in names]
                for values in zip(*columns, strict=True) if columns else ((),) * len(batch):
                    line += 1
                    yield _record(line, names, values)
        except (pa.ArrowException, OSError, MemoryError) as error:
            raise FileRefused(
                "unreadable", "The file breaks off or its pages are damaged."
            ) from error


class _BadText:
    """A text that is not UTF-8."""


def _check_ends(content: IO[bytes]) -> None:
    size = base.size_of(content)
    content.seek(0)
    head = content.read(len(MAGIC))
    content.seek(max(0, size - 8))
    tail = content.read(8)
    if size < 12 or head != MAGIC or tail[4:] != MAGIC:
        raise FileRefused("wrong_header", "This is not a Parquet file, or it is cut.")
    if int.from_bytes(tail[:4], "little") > min(MAX_FOOTER_BYTES, size):
        raise FileRefused("wrong_header", "The footer is larger than allowed.")


def _check_shape(schema: pa.Schema) -> None:
    if len(schema) > MAX_COLUMNS:
        raise FileRefused("too_many_columns", f"At most {MAX_COLUMNS} columns.")
    if len(set(schema.names)) < len(schema):
        raise FileRefused("duplicate_columns", "Two columns have the same name.")
    for one in schema:
        if _depth(one.type) > MAX_DEPTH:
            raise FileRefused("too_deep", f"A column has at most {MAX_DEPTH} levels.")


def _check_groups(metadata: pq.FileMetaData) -> None:
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        columns = [group.column(place) for place in range(group.num_columns)]
        packed = sum(max(0, one.total_compressed_size) for one in columns)
        stored = sum(max(0, one.total_uncompressed_size) for one in columns)
        decoded = sum(_decoded(one) for one in columns)
        if max(decoded, stored, group.total_byte_size) > MAX_GROUP_BYTES:
            detail = f"Row group {number + 1} has more than 256 MB; write smaller row groups."
            raise FileRefused("row_group_too_large", detail)
        if stored > RATIO_FROM_BYTES and stored > MAX_RATIO * max(1, packed):
            detail = f"Row group {number + 1} grows more than {MAX_RATIO} times."
            raise FileRefused("compression_bomb", detail)


def _decoded(column: pq.ColumnChunkMetaData) -> int:
    """At least so many bytes, whatever the encoding hides. Units: bytes."""
    return max(0, column.num_values) * WIDTHS.get(column.physical_type, 0)


def _depth(kind: pa.DataType) -> int:
    if kind.num_fields == 0:
        return 1
    return 1 + max(_depth(kind.field(place).type) for place in range(kind.num_fields))


def _is_list(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _field(one: pa.Field) -> Field:
    kind = one.type
    if _is_list(kind) and _is_number(kind.value_type):
        fixed = kind.list_size if pa.types.is_fixed_size_list(kind) else None
        return Field(one.name, NUMBERS, fixed)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return Field(one.name, TEXT)
    if pa.types.is_struct(kind):
        return Field(one.name, OBJECT)
    return Field(one.name, NUMBER if _is_number(kind) else OTHER)


def _cells(column: pa.Array) -> list[Any]:
    """The values of a column; lists of numbers as arrays."""
    if _is_list(column.type) and _is_number(column.type.value_type):
        return [
            cell.values.to_numpy(zero_copy_only=False) if cell.is_valid else None for cell in column
        ]
    try:
        return [_plain(value) for value in column.to_pylist()]
    except (UnicodeDecodeError, ValueError, OverflowError):
        return [_one(cell) for cell in column]


def _one(cell: pa.Scalar) -> Any:
    try:
        return _plain(cell.as_py())
    except (UnicodeDecodeError, ValueError, OverflowError):
        return _BadText


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def _record(line: int, names: list[str], values: tuple[Any, ...]) -> Record:
    if any(value is _BadText for value in values):
        return Record(line, fault=Fault("bad_utf8", "A text of this row is not UTF-8."))
    return Record(line, dict(zip(names, values, strict=True)))
