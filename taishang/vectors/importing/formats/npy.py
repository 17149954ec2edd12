"""NPY: one array of (rows, dimension) floats, without pickle; a JSONL file beside it may bring the other columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from taishang.vectors.importing.formats import base
from taishang.vectors.importing.formats.base import NUMBERS, Field, FileRefused, Record
from taishang.vectors.importing.formats.jsonl import Jsonl

VECTOR = "vector"
ROWS_AT_ONCE = 1_000
FLOATS = {2, 4, 8}
HEADERS: dict[tuple[int, int], Any] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class Npy:
    """Shapes: the array is (n, d) of float16, float32 or float64 in C order."""

    def __init__(self, content: IO[bytes], side: IO[bytes] | None = None) -> None:
        self.content = content
        size = base.size_of(content)
        content.seek(0)
        (self.rows, self.dimension), self.dtype = _header(content)
        self.start = content.tell()
        declared = self.rows * self.dimension * self.dtype.itemsize
        if self.start + declared != size:
            detail = f"The header declares {declared} bytes, the file holds {size - self.start}."
            raise FileRefused("wrong_size", detail)
        self.side = None if side is None else Jsonl(side)
        if self.side is not None and (lines := self.side.count()) != self.rows:
            detail = f"{self.rows} vectors, but {lines} lines in the file beside them."
            raise FileRefused("side_file_mismatch", detail)

    def fields(self) -> list[Field]:
        own = Field(VECTOR, NUMBERS, self.dimension)
        others = [] if self.side is None else self.side.fields()
        return [own, *(one for one in others if one.name != VECTOR)]

    def count(self) -> int:
        return self.rows

    def records(self, wanted: frozenset[str] | None = None) -> Iterator[Record]:
        vectors = self._vectors()
        if self.side is None:
            for line, vector in enumerate(vectors, start=1):
                yield Record(line, {VECTOR: vector})
            return
        for record, vector in zip(self.side.records(wanted), vectors, strict=True):
            yield Record(record.line, {**record.values, VECTOR: vector}, record.fault)

    def _vectors(self) -> Iterator[np.ndarray]:
        width = self.dimension * self.dtype.itemsize
        for first in range(0, self.rows, ROWS_AT_ONCE):
            count = min(ROWS_AT_ONCE, self.rows - first)
            self.content.seek(self.start + first * width)
            raw = self.content.read(count * width)
            if len(raw) != count * width:
                raise FileRefused("wrong_size", "The file ends before its last vector.")
            yield from np.frombuffer(raw, self.dtype).reshape(count, self.dimension)


def _header(content: IO[bytes]) -> tuple[tuple[int, int], np.dtype[Any]]:
    try:
        version = np.lib.format.read_magic(content)
        shape, is_fortran, dtype = HEADERS[version](content)
    except (ValueError, KeyError) as error:
        raise FileRefused("wrong_header", "This is not an NPY file of version 1 or 2.") from error
    if dtype.hasobject:
        raise FileRefused("pickle", "The array holds pickled objects; save an array of floats.")
    if dtype.kind != "f" or dtype.itemsize not in FLOATS:
        raise FileRefused("wrong_type", f"The array holds {dtype}, not float16, 32 or 64.")
    if len(shape) != 2 or is_fortran or min(shape) < 0:
        raise FileRefused("wrong_shape", "The array has the shape (rows, dimension), in C order.")
    return shape, dtype
