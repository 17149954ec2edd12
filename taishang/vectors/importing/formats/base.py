"""What a format tells of a file, and which formats there are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any, Protocol

from django.utils.module_loading import import_string

NUMBERS, NUMBER, TEXT, OBJECT, OTHER = "numbers", "number", "text", "object", "other"
HEAD_BYTES = 4096
# Loaded at their first use: pyarrow and numpy are not needed by a starting process.
FORMATS = {
    "jsonl": "taishang.vectors.importing.formats.jsonl.Jsonl",
    "parquet": "taishang.vectors.importing.formats.parquet.Parquet",
    "npy": "taishang.vectors.importing.formats.npy.Npy",
}


class FileRefused(Exception):
    """The whole file cannot be imported. `reason` is stable, `detail` a sentence."""

    code = "import_file_refused"

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.members = {"reason": reason}


class UnsupportedFormat(Exception):
    """The file is of none of the formats, or not of the one that was named."""

    code = "unsupported_format"

    def __init__(self, name: str = "") -> None:
        super().__init__(name)
        self.members = {"formats": list(FORMATS)}


@dataclass(frozen=True)
class Field:
    """One column. `length` is how many numbers each of its vectors has, where the file says so."""

    name: str
    kind: str
    length: int | None = None


@dataclass(frozen=True)
class Fault:
    """Why a record cannot be read."""

    code: str
    detail: str = ""


@dataclass(frozen=True)
class Record:
    """One row of a file. `line` counts from 1. Vectors in `values` are lists or (dimension,) arrays."""

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    fault: Fault | None = None


class Source(Protocol):
    """An opened file. Opening it refuses what must not be decoded. Raises FileRefused, also while it is read."""

    def fields(self) -> list[Field]: ...

    def count(self) -> int:
        """How many records there are."""

    def records(self, wanted: frozenset[str] | None = None) -> Iterator[Record]:
        """All records in order, with the columns named, or with all."""


def open_source(name: str, content: IO[bytes], side: IO[bytes] | None = None) -> Source:
    """The file as a source; `side` is a JSONL file whose lines go with the vectors of an NPY file.

    Raises FileRefused, UnsupportedFormat.
    """
    if name not in FORMATS:
        raise UnsupportedFormat(name)
    if side is not None and name != "npy":
        raise FileRefused("unexpected_side_file", "Only an NPY file has a second file beside it.")
    opened: Callable[..., Source] = import_string(FORMATS[name])
    return opened(content, side) if name == "npy" else opened(content)


def detect(content: IO[bytes], filename: str) -> str:
    """The format of a file by its first bytes. Raises UnsupportedFormat."""
    content.seek(0)
    head = content.read(HEAD_BYTES)
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"{") or filename.lower().endswith((".jsonl", ".ndjson")):
        return "jsonl"
    raise UnsupportedFormat(filename)


def size_of(content: IO[bytes]) -> int:
    return content.seek(0, os.SEEK_END)
