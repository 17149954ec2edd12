"""Read ZIP archives from strangers: the whole directory is checked before a byte is inflated."""

from __future__ import annotations

import mmap
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from laojun.zipdirectory import (
    END_SIZE,
    STORED,
    Entry,
    Limits,
    check_locals,
    find_end,
    read_directory,
)
from laojun.zipnames import (
    ArchiveError,
    shown,
    twins_of,
)

CHUNK_BYTES = 65_536
__all__ = ["Archive", "ArchiveError", "Entry", "Limits", "open_archive"]


def open_archive(path: Path, *, limits: Limits | None = None) -> Archive:
    """Check the whole directory of the archive at `path`.

    Raises ArchiveError: zip_damaged (truncated, disagreeing headers), zip_unsupported (encryption, methods,
    several disks), zip_unsafe (names, overlaps, glued data), zip_expands_too_much (entries, sizes, ratios).
    Nothing is inflated. Cost: one pass over both headers of each entry.
    """
    limits = limits or Limits()
    size = path.stat().st_size
    if size > limits.max_archive_bytes:
        raise ArchiveError("zip_expands_too_much", "", "the archive itself is too large")
    if size < END_SIZE:
        raise ArchiveError("zip_damaged", "", "no end record")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        end = find_end(data)
        if end.count > limits.max_entries:
            raise ArchiveError(
                "zip_expands_too_much", "", f"more than {limits.max_entries} entries"
            )
        entries = read_directory(data, end, limits)
        entries = check_locals(data, entries, end)
    _check_sizes(entries, limits)
    twins = _check_names(entries)
    return Archive(path, entries, limits, end.comment, twins)


@dataclass
class Archive:
    """A checked archive. `twins` are names that differ only by case or normal form."""

    path: Path
    entries: list[Entry]
    limits: Limits
    comment: bytes = b""
    twins: list[tuple[str, str]] = field(default_factory=list)
    read_bytes: int = 0

    def read(self, entry: Entry) -> bytes:
        """The whole content of a file entry. Raises as `stream` does."""
        return b"".join(self.stream(entry))

    def stream(self, entry: Entry) -> Iterator[bytes]:
        """Yield the content in chunks, counting real bytes.

        Raises ArchiveError: zip_expands_too_much beyond the read limit, zip_damaged when size or checksum
        are not as declared; the inflater stops one byte after the declared size.
        """
        if entry.skipped:
            raise ArchiveError("zip_unsafe", entry.name, f"{entry.kind} entries are not read")
        produced, checksum = 0, 0
        for chunk in self._chunks(entry):
            produced += len(chunk)
            self.read_bytes += len(chunk)
            if produced > entry.size:
                raise ArchiveError("zip_damaged", entry.name, "larger than declared")
            if self.read_bytes > self.limits.max_read_bytes:
                raise ArchiveError("zip_expands_too_much", entry.name, "too many bytes in all")
            checksum = zlib.crc32(chunk, checksum)
            yield chunk
        if produced != entry.size:
            raise ArchiveError("zip_damaged", entry.name, "smaller than declared")
        if checksum != entry.crc:
            raise ArchiveError("zip_damaged", entry.name, "checksum differs")

    def _chunks(self, entry: Entry) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            file.seek(entry.data_start)
            if entry.method == STORED:
                yield from _pieces(file.read, entry.compressed)
                return
            yield from _inflate(entry, _pieces(file.read, entry.compressed))


def _pieces(read: Callable[[int], bytes], length: int) -> Iterator[bytes]:
    while length > 0:
        piece = read(min(CHUNK_BYTES, length))
        if not piece:
            return
        length -= len(piece)
        yield piece


def _inflate(entry: Entry, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Inflate in bounded steps, at most one byte more than declared."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    left = entry.size + 1
    try:
        for piece in pieces:
            pending = piece
            while pending and left > 0 and not inflater.eof:
                chunk = inflater.decompress(pending, min(CHUNK_BYTES, left))
                left -= len(chunk)
                pending = inflater.unconsumed_tail
                yield chunk
    except zlib.error as error:
        raise ArchiveError("zip_damaged", entry.name, "cannot be inflated") from error
    if inflater.eof and inflater.unused_data:
        raise ArchiveError("zip_unsafe", entry.name, "bytes behind the compressed data")


def _check_sizes(entries: list[Entry], limits: Limits) -> None:
    for entry in entries:
        large = entry.size > limits.ratio_free_bytes
        if large and entry.size > limits.max_entry_ratio * max(entry.compressed, 1):
            raise ArchiveError("zip_expands_too_much", shown(entry.name), "expands too much")
    size = sum(entry.size for entry in entries)
    stored = sum(entry.compressed for entry in entries)
    if size > limits.ratio_free_bytes and size > limits.max_ratio * max(stored, 1):
        raise ArchiveError("zip_expands_too_much", "", "expands too much in all")


def _check_names(entries: list[Entry]) -> list[tuple[str, str]]:
    """Refuse names that stand twice or are file and folder at once; report those that differ by case."""
    files: dict[str, Entry] = {}
    folders: set[str] = set()
    for entry in entries:
        if entry.kind == "directory":
            folders.add(entry.name)
            continue
        if entry.name in files:
            raise ArchiveError("zip_unsafe", shown(entry.name), "a name stands twice")
        files[entry.name] = entry
        segments = entry.name.split("/")
        folders.update("/".join(segments[:count]) for count in range(1, len(segments)))
    both = sorted(folders & files.keys())
    if both:
        raise ArchiveError("zip_unsafe", shown(both[0]), "a name is file and folder at once")
    return twins_of(sorted(files))
