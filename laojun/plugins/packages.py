"""The container of a plugin: a ZIP file in the one form that equal contents can have.

Entries are stored, sorted by path, with fixed date, mode and flags and nothing else; a package that is not byte
for byte what `pack` makes of its contents is refused. So links, overlaps, hidden or trailing data and single
flipped bits need no rule of their own, and nothing is ever inflated. Entries are read from the bytes that were
hashed, never again from a path.

Source: APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16.
"""

import hashlib
import struct
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from laojun import zipdirectory, zipsafe
from laojun.zipsafe import ArchiveError, Limits

MANIFEST, SIGNATURES = "manifest.json", "signatures.json"
MAX_PACKAGE_BYTES = 24 * zipdirectory.MIB
MAX_ENTRIES = 500
MAX_NAME_BYTES = 200
LIMITS = Limits(
    max_archive_bytes=MAX_PACKAGE_BYTES,
    max_entries=MAX_ENTRIES,
    max_read_bytes=MAX_PACKAGE_BYTES,
    max_ratio=1,
    max_entry_ratio=1,
    ratio_free_bytes=0,
    max_name_bytes=MAX_NAME_BYTES,
)
UTF8_FLAG = 0x800
VERSION_NEEDED = 20
MADE_BY_UNIX = 3 << 8 | VERSION_NEEDED
FIRST_OF_JANUARY_1980 = 0x0021
REGULAR_FILE = 0o100644 << 16
Content = bytes | memoryview


class PackageUnsafe(Exception):
    """The container is not canonical, too large, or holds names that could deceive. `rule` says what it breaks."""

    code = "package_unsafe"

    def __init__(self, rule: str, entry: str = "") -> None:
        super().__init__(f"{rule} ({entry})" if entry else rule)
        self.rule = rule
        self.entry = entry
        self.members = {"rule": rule, "entry": entry}


def pack(files: Mapping[str, Content]) -> bytes:
    """The package with these contents by path. Raises PackageUnsafe for what no package may hold."""
    data = b"".join(
        part for frame, name in _frames(files) for part in (frame, files[name] if name else b"")
    )
    unpack(data)
    return data


def unpack(data: bytes) -> dict[str, memoryview]:
    """The contents of a package by path: views of `data`, nothing is copied. Raises PackageUnsafe.

    What is between the contents is compared with what `pack` would write; the contents are where they are.
    """
    files, starts = _entries(data)
    position = 0
    for frame, name in _frames(files):
        end = position + len(frame)
        if data[position:end] != frame or (name and starts[name] != end):
            raise PackageUnsafe("not packed in canonical form")
        position = end + (len(files[name]) if name else 0)
    if position != len(data):
        raise PackageUnsafe("not packed in canonical form")
    return files


def checksum(data: Content) -> str:
    return hashlib.sha256(data).hexdigest()


def _entries(data: bytes) -> tuple[dict[str, memoryview], dict[str, int]]:
    """Contents and where they begin, by path. The directory is judged whole before an entry is looked at."""
    if len(data) > MAX_PACKAGE_BYTES:
        raise PackageUnsafe(f"larger than {MAX_PACKAGE_BYTES} bytes")
    try:
        with tempfile.NamedTemporaryFile(prefix="plugin-") as file:
            file.write(data)
            file.flush()
            archive = zipsafe.open_archive(Path(file.name), limits=LIMITS)
    except ArchiveError as error:
        raise PackageUnsafe(error.rule, error.entry) from error
    if archive.twins:
        raise PackageUnsafe("names that differ by case or form only", archive.twins[0][0])
    view = memoryview(data)
    files = {}
    for entry in archive.entries:
        if entry.kind != "file":
            raise PackageUnsafe(f"an entry that is a {entry.kind}", entry.name)
        if entry.method != zipdirectory.STORED:
            raise PackageUnsafe("compressed", entry.name)
        files[entry.name] = view[entry.data_start : entry.data_start + entry.size]
    return files, {entry.name: entry.data_start for entry in archive.entries}


def _frames(files: Mapping[str, Content]) -> Iterator[tuple[bytes, str]]:
    """The canonical bytes around the contents: what stands before each with its name, the directory without."""
    directory, offset = [], 0
    for name in sorted(files, key=lambda name: name.encode()):
        content, raw = files[name], name.encode()
        facts = (
            VERSION_NEEDED, UTF8_FLAG, zipdirectory.STORED, 0, FIRST_OF_JANUARY_1980,
            zlib.crc32(content), len(content), len(content), len(raw), 0,
        )  # fmt: skip
        yield zipdirectory.LOCAL_SIGNATURE + struct.pack("<HHHHHIIIHH", *facts) + raw, name
        where = struct.pack("<HHHII", 0, 0, 0, REGULAR_FILE, offset)
        head = struct.pack("<HHHHHHIIIHH", MADE_BY_UNIX, *facts)
        directory.append(zipdirectory.CENTRAL_SIGNATURE + head + where + raw)
        offset += zipdirectory.LOCAL_SIZE + len(raw) + len(content)
    entries = b"".join(directory)
    end = struct.pack("<HHHHIIH", 0, 0, len(files), len(files), len(entries), offset, 0)
    yield entries + zipdirectory.END_SIGNATURE + end, ""
