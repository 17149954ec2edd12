"""The directory of a ZIP archive, parsed without trust: end records, central and local headers, and their agreement.

The standard library is not asked, because what matters is disagreement: between central and local headers, between
two entries that share bytes, between two readers of one file. Ordinary packers' habits (data descriptors, zip64,
UTF-8 flags, archive comments) are accepted.

Source: APPNOTE.TXT 6.3.10, sections 4.3 to 4.6.
"""

from __future__ import annotations

import mmap
import re
import stat
import struct
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

from laojun.zipnames import (
    UNICODE_PATH_EXTRA,
    ArchiveError,
    clean_name,
    decode_name,
    shown,
)

MIB = 1_048_576
END_SIGNATURE = b"PK\x05\x06"
END_SIZE = 22
LOCATOR_SIGNATURE = b"PK\x06\x07"
LOCATOR_SIZE = 20
END64_SIGNATURE = b"PK\x06\x06"
CENTRAL_SIGNATURE = b"PK\x01\x02"
CENTRAL_SIZE = 46
LOCAL_SIGNATURE = b"PK\x03\x04"
LOCAL_SIZE = 30
DESCRIPTOR_SIGNATURE = b"PK\x07\x08"
ENCRYPTED, DESCRIPTOR, PATCHED, STRONG, UTF8, MASKED = 0x1, 0x8, 0x20, 0x40, 0x800, 0x2000
# Flags that may differ between the two headers without meaning anything: compression level, descriptor.
LOOSE_FLAGS = 0x6 | DESCRIPTOR
STORED, DEFLATED = 0, 8
UINT32, UINT16 = 0xFFFFFFFF, 0xFFFF
ZIP64_EXTRA = 0x0001
UNIX_SYSTEMS = frozenset({3, 19})
REPARSE_POINT = 0x400
ARCHIVE_SUFFIXES = frozenset(
    {".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst", ".jar", ".war", ".whl", ".apk",
     ".ipa", ".aab", ".cab", ".iso", ".dmg", ".deb", ".rpm", ".lz4", ".br"}
)  # fmt: skip


Kind = Literal["file", "directory", "link", "device", "archive"]


@dataclass(frozen=True)
class Limits:
    """What one archive may cost. Bytes, counts, and ratios of inflated to stored size."""

    max_archive_bytes: int = 50 * MIB
    max_entries: int = 100_000
    max_read_bytes: int = 200 * MIB
    max_ratio: int = 100
    max_entry_ratio: int = 200
    ratio_free_bytes: int = MIB
    max_name_bytes: int = 1_024
    max_levels: int = 32


@dataclass(frozen=True)
class Entry:
    """One entry. `name` is normalised (NFC, forward slashes, no trailing slash), `index` its position.

    `skipped` says why a reader should leave it alone (link, device, archive), else "".
    """

    index: int
    name: str
    size: int
    compressed: int
    kind: Kind
    crc: int
    method: int
    offset: int
    flags: int = 0
    raw_name: bytes = b""
    data_start: int = 0

    @property
    def skipped(self) -> str:
        return self.kind if self.kind in {"link", "device", "archive"} else ""


@dataclass(frozen=True)
class End:
    """The end of the directory: where it is, and what it says about the directory."""

    position: int
    count: int
    size: int
    offset: int
    comment: bytes


def find_end(data: mmap.mmap) -> End:
    """Find the one end record. Source: APPNOTE 4.3.16."""
    start = max(0, len(data) - END_SIZE - UINT16)
    tail = data[start:]
    positions = [found.start() + start for found in re.finditer(re.escape(END_SIGNATURE), tail)]
    fitting = [position for position in positions if _reaches_the_end(data, position)]
    if not fitting:
        if positions:
            raise ArchiveError("zip_unsafe", "", "bytes after the end record, or a cut comment")
        raise ArchiveError("zip_damaged", "", "no end record")
    if len(fitting) > 1:
        raise ArchiveError("zip_unsafe", "", "more than one end record")
    return _read_end(data, fitting[0])


def _reaches_the_end(data: mmap.mmap, position: int) -> bool:
    if position + END_SIZE > len(data):
        return False
    (length,) = struct.unpack_from("<H", data, position + 20)
    return position + END_SIZE + int(length) == len(data)


def _read_end(data: mmap.mmap, position: int) -> End:
    disk, start_disk, here, count, size, offset, _length = struct.unpack_from(
        "<HHHHIIH", data, position + 4
    )
    comment = data[position + END_SIZE :]
    locator = position - LOCATOR_SIZE
    if locator >= 0 and data[locator : locator + 4] == LOCATOR_SIGNATURE:
        return _read_end64(data, locator, (here, count, size, offset), comment)
    if UINT32 in {size, offset} or count == UINT16:
        raise ArchiveError("zip_damaged", "", "the zip64 end record is missing")
    if disk or start_disk or here != count:
        raise ArchiveError("zip_unsupported", "", "several disks")
    return _checked_end(End(position, count, size, offset, comment))


def _read_end64(
    data: mmap.mmap, locator: int, old: tuple[int, int, int, int], comment: bytes
) -> End:
    """The zip64 end record; what the old record does say must be the same. Source: APPNOTE 4.3.14."""
    disk, position, disks = struct.unpack_from("<IQI", data, locator + 4)
    if disk or disks > 1:
        raise ArchiveError("zip_unsupported", "", "several disks")
    if position + 56 > locator or data[position : position + 4] != END64_SIGNATURE:
        raise ArchiveError("zip_damaged", "", "the zip64 end record is missing")
    length, _made, _needed, this, start, here, count, size, offset = struct.unpack_from(
        "<QHHIIQQQQ", data, position + 4
    )
    if this or start or here != count:
        raise ArchiveError("zip_unsupported", "", "several disks")
    if position + 12 + length != locator:
        raise ArchiveError("zip_unsafe", "", "bytes between the end records")
    masks = (UINT16, UINT16, UINT32, UINT32)
    for said, mask, real in zip(old, masks, (here, count, size, offset), strict=True):
        if said not in {mask, real}:
            raise ArchiveError("zip_damaged", "", "the two end records disagree")
    return _checked_end(End(position, count, size, offset, comment))


def _checked_end(end: End) -> End:
    if end.offset + end.size > end.position:
        raise ArchiveError("zip_damaged", "", "the directory lies outside the file")
    if end.offset + end.size != end.position:
        raise ArchiveError("zip_unsafe", "", "bytes before the archive or behind its directory")
    if end.count * CENTRAL_SIZE > end.size:
        raise ArchiveError("zip_damaged", "", "the directory is shorter than its count")
    return end


def read_directory(data: mmap.mmap, end: End, limits: Limits) -> list[Entry]:
    entries: list[Entry] = []
    position = end.offset
    for index in range(end.count):
        if (
            position + CENTRAL_SIZE > end.position
            or data[position : position + 4] != CENTRAL_SIGNATURE
        ):
            raise ArchiveError("zip_damaged", "", f"directory entry {index} is not one")
        lengths = struct.unpack_from("<HHH", data, position + 28)
        stop = position + CENTRAL_SIZE + sum(lengths)
        if stop > end.position:
            raise ArchiveError("zip_damaged", "", f"directory entry {index} is cut")
        entries.append(_read_central(data, position, lengths, index, limits))
        position = stop
    if position != end.position:
        raise ArchiveError("zip_damaged", "", "the directory holds more than its count")
    return entries


def _read_central(
    data: mmap.mmap, position: int, lengths: tuple[int, int, int], index: int, limits: Limits
) -> Entry:
    made, _needed, flags, method, _time, _date, crc, compressed, size = struct.unpack_from(
        "<HHHHHHIII", data, position + 4
    )
    disk, _internal, external, offset = struct.unpack_from("<HHII", data, position + 34)
    name_at = position + CENTRAL_SIZE
    raw = data[name_at : name_at + lengths[0]]
    extra = _extra_fields(data[name_at + lengths[0] : name_at + lengths[0] + lengths[1]])
    size, compressed, offset = _widen(extra, size, compressed, offset)
    name = decode_name(raw, flags, extra)
    _check_supported(name, flags, method, disk)
    clean = clean_name(
        name, raw_length=len(raw), max_bytes=limits.max_name_bytes, max_levels=limits.max_levels
    )
    is_directory = name.replace("\\", "/").endswith("/")
    kind = _kind(made >> 8, external, clean, is_directory=is_directory)
    return Entry(index, clean, size, compressed, kind, crc, method, offset, flags, raw)


def _extra_fields(extra: bytes) -> dict[int, bytes]:
    """Extra fields by id; a tail that is no field is padding some packers leave."""
    fields: dict[int, bytes] = {}
    position = 0
    while position + 4 <= len(extra):
        identifier, length = struct.unpack_from("<HH", extra, position)
        content = extra[position + 4 : position + 4 + length]
        if len(content) < length:
            break
        if identifier in fields and identifier in {ZIP64_EXTRA, UNICODE_PATH_EXTRA}:
            raise ArchiveError("zip_unsafe", "", "an extra field stands twice")
        fields[identifier] = content
        position += 4 + length
    return fields


def _widen(
    extra: dict[int, bytes], size: int, compressed: int, offset: int
) -> tuple[int, int, int]:
    """Replace what is marked as too large by the zip64 field's values, in the standard's order."""
    wide = extra.get(ZIP64_EXTRA, b"")
    position = 0
    values = []
    for value in (size, compressed, offset):
        if value != UINT32:
            values.append(value)
            continue
        if position + 8 > len(wide):
            raise ArchiveError("zip_damaged", "", "a zip64 field is missing")
        values.append(struct.unpack_from("<Q", wide, position)[0])
        position += 8
    return values[0], values[1], values[2]


def _check_supported(name: str, flags: int, method: int, disk: int) -> None:
    if flags & (ENCRYPTED | STRONG | MASKED):
        raise ArchiveError("zip_unsupported", shown(name), "encrypted")
    if flags & PATCHED:
        raise ArchiveError("zip_unsupported", shown(name), "patch data")
    if method not in {STORED, DEFLATED}:
        raise ArchiveError("zip_unsupported", shown(name), f"compression method {method}")
    if disk:
        raise ArchiveError("zip_unsupported", shown(name), "several disks")


def _kind(system: int, external: int, name: str, *, is_directory: bool) -> Kind:
    mode = stat.S_IFMT(external >> 16) if system in UNIX_SYSTEMS else 0
    if mode == stat.S_IFLNK or (system not in UNIX_SYSTEMS and external & REPARSE_POINT):
        return "link"
    if mode not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "device"
    if is_directory or mode == stat.S_IFDIR:
        return "directory"
    return "archive" if PurePosixPath(name).suffix.lower() in ARCHIVE_SUFFIXES else "file"


def check_locals(data: mmap.mmap, entries: list[Entry], end: End) -> list[Entry]:
    """Compare each local header with its directory entry, and see that entries follow without overlap."""
    checked: dict[int, Entry] = {}
    reached = 0
    for entry in sorted(entries, key=lambda entry: (entry.offset, entry.index)):
        if entry.offset < reached:
            raise ArchiveError("zip_unsafe", shown(entry.name), "entries share bytes")
        if entry.offset > reached:
            raise ArchiveError("zip_unsafe", shown(entry.name), "bytes that belong to no entry")
        entry, reached = _check_local(data, entry, end.offset)
        checked[entry.index] = entry
    if reached != end.offset:
        raise ArchiveError("zip_unsafe", "", "bytes that belong to no entry")
    return [checked[index] for index in range(len(entries))]


def _check_local(data: mmap.mmap, entry: Entry, stop: int) -> tuple[Entry, int]:
    """The entry with the start of its data, and the position behind it."""
    name = shown(entry.name)
    position = entry.offset
    if position + LOCAL_SIZE > stop or data[position : position + 4] != LOCAL_SIGNATURE:
        raise ArchiveError("zip_damaged", name, "no local header")
    _needed, flags, method, _time, _date, crc, compressed, size, name_length, extra_length = (
        struct.unpack_from("<HHHHHIIIHH", data, position + 4)
    )
    name_at = position + LOCAL_SIZE
    data_start = name_at + name_length + extra_length
    if data_start + entry.compressed > stop:
        raise ArchiveError("zip_damaged", name, "data beyond the directory")
    extra = _extra_fields(data[name_at + name_length : data_start])
    _check_agreement(entry, flags, method, data[name_at : name_at + name_length])
    size, compressed, _offset = _widen(extra, size, compressed, 0)
    described = bool(flags & DESCRIPTOR)
    said, real = (crc, compressed, size), (entry.crc, entry.compressed, entry.size)
    if said != real and not (described and _left_open(said, real)):
        raise ArchiveError("zip_damaged", name, "local and central header disagree")
    if entry.method == STORED and entry.size != entry.compressed:
        raise ArchiveError("zip_damaged", name, "stored size differs")
    behind = data_start + entry.compressed
    if described:
        behind = _skip_descriptor(data, behind, entry, stop)
    return replace(entry, data_start=data_start), behind


def _left_open(said: tuple[int, ...], real: tuple[int, ...]) -> bool:
    """With a descriptor to follow, the local header may say zero, value by value."""
    return all(left in {0, right} for left, right in zip(said, real, strict=True))


def _check_agreement(entry: Entry, flags: int, method: int, raw: bytes) -> None:
    name = shown(entry.name)
    if raw != entry.raw_name:
        raise ArchiveError("zip_damaged", name, "local and central name disagree")
    if method != entry.method or (flags ^ entry.flags) & ~(LOOSE_FLAGS | UTF8):
        raise ArchiveError("zip_damaged", name, "local and central header disagree")


def _skip_descriptor(data: mmap.mmap, position: int, entry: Entry, stop: int) -> int:
    """The position behind a data descriptor: with or without signature, 32 or 64 bit. APPNOTE 4.3.9."""
    for signature in (DESCRIPTOR_SIGNATURE, b""):
        for layout in ("<III", "<IQQ"):
            length = len(signature) + struct.calcsize(layout)
            if position + length > stop or data[position : position + len(signature)] != signature:
                continue
            found = struct.unpack_from(layout, data, position + len(signature))
            following = position + length
            fits = following == stop or data[following : following + 4] == LOCAL_SIGNATURE
            if found == (entry.crc, entry.compressed, entry.size) and fits:
                return following
    raise ArchiveError("zip_damaged", shown(entry.name), "the data descriptor disagrees")
