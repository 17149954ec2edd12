"""Hostile archives are refused with the rule they break; ordinary ones of many packers are read."""

from __future__ import annotations

import io
import struct
import time
import zipfile
import zlib
from pathlib import Path

import pytest

from laojun.zipsafe import ArchiveError, Limits, open_archive
from tests.laojun.archives import Member, Zip, central, described, descriptor, end_record, local

A, B = Member(b"app/a.ts", b"export const a = 1\n"), Member(b"app/b.ts", b"export const b = 2\n")
LINK, DEVICE, FIFO = 0o120777 << 16, 0o060666 << 16, 0o010666 << 16
ZEROS = b"\0" * 3_000_000


def named(name: bytes, **more: object) -> bytes:
    return Zip([A, Member(name, **more)]).build()  # type: ignore[arg-type]


def overlapping() -> bytes:
    """Two entries over the same bytes, as bombs have it."""
    return Zip([A, Member(b"app/c.ts", A.content, offset=0)]).build()


def quoted_overlap() -> bytes:
    """The second entry's header stands inside the first one's stored data."""
    inner = Member(b"in.ts", b"x", method=0)
    outer = Member(b"out.ts", local(inner), method=0)
    body = local(outer)
    directory = central(outer, 0) + central(inner, 30 + len(outer.name))
    return body + directory + end_record(2, len(directory), len(body))


def two_ends() -> bytes:
    """The comment of one end record is another one that fits as well."""
    return Zip([A], comment=end_record(0, 0, 0)).build()


def flipped(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :]


GOOD = Zip([A, B]).build()
STORED = Zip([Member(b"a.ts", b"plain text here\n", method=0)]).build()
BAD_DESCRIPTOR = described(b"d.ts")
BAD_DESCRIPTOR.behind = flipped(BAD_DESCRIPTOR.behind, 6)

HOSTILE = {
    # damaged
    "cut in the middle": (GOOD[: len(GOOD) // 2], "zip_damaged"),
    "cut end record": (GOOD[:-7], "zip_unsafe"),
    "only an end signature": (b"PK\x05\x06" + b"\xff" * 30, "zip_unsafe"),
    "no archive at all": (b"<html>not found</html>" * 20, "zip_damaged"),
    "too short": (b"PK", "zip_damaged"),
    "directory outside": (Zip([A], start=10_000_000).build(), "zip_damaged"),
    "count too high": (Zip([A], count=9).build(), "zip_damaged"),
    "count too low": (Zip([A, B], count=1).build(), "zip_damaged"),
    "names disagree": (named(b"safe.ts", local_name=b"evil.ts"), "zip_damaged"),
    "methods disagree": (named(b"x.ts", local_method=0), "zip_damaged"),
    "flags disagree": (named(b"x.ts", local_flags=1), "zip_damaged"),
    "sizes disagree": (named(b"x.ts", local_sizes=(0, 5, 5)), "zip_damaged"),
    "descriptor disagrees": (Zip([BAD_DESCRIPTOR, A]).build(), "zip_damaged"),
    "descriptor missing": (Zip([Member(b"x.ts", flags=8, local_sizes=(0, 0, 0))]).build(), "zip_damaged"),
    "zip64 end missing": (Zip([A], count=65535, size=2**32 - 1, start=2**32 - 1).build(), "zip_damaged"),
    "utf-8 flag lies": (named(b"\xff\xfe.ts", flags=0x800), "zip_damaged"),
    "no local header": (named(b"x.ts", offset=3), "zip_unsafe"),
    # unsupported
    "encrypted": (named(b"x.ts", flags=1), "zip_unsupported"),
    "strong encryption": (named(b"x.ts", flags=0x40), "zip_unsupported"),
    "masked headers": (named(b"x.ts", flags=0x2000), "zip_unsupported"),
    "patch data": (named(b"x.ts", flags=0x20), "zip_unsupported"),
    "lzma": (named(b"x.ts", method=14), "zip_unsupported"),
    "bzip2": (named(b"x.ts", method=12), "zip_unsupported"),
    "entry on another disk": (named(b"x.ts", disk=2), "zip_unsupported"),
    "several disks": (Zip([A], disk=1).build(), "zip_unsupported"),
    # names
    "absolute": (named(b"/etc/passwd"), "zip_unsafe"),
    "upwards": (named(b"../../evil.ts"), "zip_unsafe"),
    "upwards inside": (named(b"app/../../evil.ts"), "zip_unsafe"),
    "upwards by backslash": (named(b"..\\evil.ts"), "zip_unsafe"),
    "upwards with a blank": (named(b".. /evil.ts"), "zip_unsafe"),
    "drive": (named(b"C:\\windows\\evil.ts"), "zip_unsafe"),
    "network share": (named(b"\\\\host\\share.ts"), "zip_unsafe"),
    "nul in a name": (named(b"a.ts\0.png"), "zip_unsafe"),
    "newline in a name": (named(b"a\nb.ts"), "zip_unsafe"),
    "direction override": (named("a\u202etxt.ts".encode(), flags=0x800), "zip_unsafe"),
    "too long": (named(b"a" * 1_100), "zip_unsafe"),
    "too deep": (named(b"d/" * 40 + b"a.ts"), "zip_unsafe"),
    "empty name": (named(b""), "zip_unsafe"),
    "name twice": (Zip([A, Member(A.name, b"other")]).build(), "zip_unsafe"),
    "name twice after cleaning": (named(b"app\\.\\a.ts"), "zip_unsafe"),
    "file and folder": (Zip([Member(b"app"), A]).build(), "zip_unsafe"),
    # structure
    "overlap": (overlapping(), "zip_unsafe"),
    "overlap inside data": (quoted_overlap(), "zip_unsafe"),
    "glued before": (Zip([A], before=b"#!/bin/sh\n", shift=10).build(), "zip_unsafe"),
    "glued before, offsets mended": (Zip([A], before=b"%PDF-1.4\n").build(), "zip_unsafe"),
    "glued after": (Zip([A], after=b"\x89PNG tail").build(), "zip_unsafe"),
    "two end records": (two_ends(), "zip_unsafe"),
    "hidden bytes between": (Zip([A], between=b"hidden data").build(), "zip_unsafe"),
    "hidden local entry": (Zip([A], between=local(B)).build(), "zip_unsafe"),
    "zip64 field twice": (named(b"x.ts", central_extra=struct.pack("<HHQ", 1, 8, 1) * 2), "zip_unsafe"),
    # size
    "bomb": (Zip([Member(b"zeros.ts", ZEROS)]).build(), "zip_expands_too_much"),
    "bomb in all": (
        Zip([Member(f"{i}.ts".encode(), ZEROS[:900_000]) for i in range(4)]).build(),
        "zip_expands_too_much",
    ),
}  # fmt: skip

READ_HOSTILE = {
    "more than declared": (named(b"x.ts", central_sizes=(0, 8, 3), local_sizes=(0, 8, 3), data=b"\xff" * 8), "zip_damaged"),
    "checksum": (flipped(STORED, 40), "zip_damaged"),
    "bytes behind the stream": (
        Zip([Member(b"x.ts", b"hi", data=Member(b"x", b"hi").packed() + b"MORE")]).build(),
        "zip_unsafe",
    ),
    "declares less": (
        Zip([Member(b"x.ts", b"hello world", central_sizes=(zlib.crc32(b"hello world"), 13, 4),
                    local_sizes=(zlib.crc32(b"hello world"), 13, 4))]).build(),
        "zip_damaged",
    ),
    "declares more": (
        Zip([Member(b"x.ts", b"hello world", central_sizes=(zlib.crc32(b"hello world"), 13, 40),
                    local_sizes=(zlib.crc32(b"hello world"), 13, 40))]).build(),
        "zip_damaged",
    ),
}  # fmt: skip


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "archive.zip"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_before_anything_is_inflated(
    name: str, tmp_path: Path
) -> None:
    data, code = HOSTILE[name]
    started = time.monotonic()

    with pytest.raises(ArchiveError) as refused:
        open_archive(written(tmp_path, data))

    assert refused.value.code == code
    assert refused.value.rule
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("name", READ_HOSTILE)
def test_an_entry_that_is_not_as_declared_is_refused_when_read(name: str, tmp_path: Path) -> None:
    data, code = READ_HOSTILE[name]

    def read_all() -> None:
        archive = open_archive(written(tmp_path, data))
        for entry in archive.entries:
            archive.read(entry)

    with pytest.raises(ArchiveError) as refused:
        read_all()

    assert refused.value.code == code


def test_there_are_at_least_forty_hostile_archives() -> None:
    assert len(HOSTILE) + len(READ_HOSTILE) >= 40


def test_too_many_entries_are_refused_by_their_count(tmp_path: Path) -> None:
    many = Zip([Member(f"{i}.ts".encode(), b"x", method=0) for i in range(30)]).build()

    with pytest.raises(ArchiveError) as refused:
        open_archive(written(tmp_path, many), limits=Limits(max_entries=20))

    assert refused.value.code == "zip_expands_too_much"


def test_reading_stops_at_the_limit_of_bytes(tmp_path: Path) -> None:
    archive = open_archive(written(tmp_path, GOOD), limits=Limits(max_read_bytes=10))

    with pytest.raises(ArchiveError) as refused:
        archive.read(archive.entries[0])

    assert refused.value.code == "zip_expands_too_much"


@pytest.mark.parametrize(
    ("external", "kind"), [(LINK, "link"), (DEVICE, "device"), (FIFO, "device")]
)
def test_links_and_devices_are_listed_and_never_read(
    external: int, kind: str, tmp_path: Path
) -> None:
    archive = open_archive(written(tmp_path, named(b"trap", external=external)))
    trap = archive.entries[1]

    assert trap.skipped == kind
    with pytest.raises(ArchiveError):
        archive.read(trap)


def test_nested_archives_are_listed_and_never_read(tmp_path: Path) -> None:
    archive = open_archive(written(tmp_path, named(b"inner.zip", content=GOOD)))

    assert archive.entries[1].skipped == "archive"


def test_names_that_differ_by_case_are_kept_and_reported(tmp_path: Path) -> None:
    archive = open_archive(written(tmp_path, named(b"APP/A.ts")))

    assert len(archive.entries) == 2
    assert archive.twins == [("APP/A.ts", "app/a.ts")]


def standard(
    *, compression: int = zipfile.ZIP_DEFLATED, comment: bytes = b"", stream: bool = False
) -> bytes:
    buffer = io.BytesIO()

    class Unseekable(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

        def seek(self, *_args: int) -> int:
            raise OSError

    target = Unseekable() if stream else buffer
    with zipfile.ZipFile(target, "w", compression) as archive:
        archive.writestr("repo-main/", b"")
        archive.writestr("repo-main/a.ts", b"export const a = 1\n" * 20)
        archive.writestr("repo-main/déjà vu 中文.ts", b"x")
        archive.comment = comment
    return target.getvalue()


def forced_zip64() -> bytes:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("big.ts", "w", force_zip64=True) as file,
    ):
        file.write(b"text\n" * 100)
    return buffer.getvalue()


def wide_sizes() -> Member:
    content = b"wide\n"
    member = Member(b"w.ts", content, method=0)
    crc, packed, size = member.sizes()
    extra = struct.pack("<HHQQ", 1, 16, size, packed)
    member.local_extra = member.central_extra = extra
    member.local_sizes = member.central_sizes = (crc, 2**32 - 1, 2**32 - 1)
    return member


TIMES = struct.pack("<HHBI", 0x5455, 5, 1, 1_700_000_000)
ORDINARY = {
    "deflate with a folder entry": standard(),
    "stored": standard(compression=zipfile.ZIP_STORED),
    "commit hash as comment": standard(comment=b"a" * 40),
    "streamed": standard(stream=True),
    "zip64 forced": forced_zip64(),
    "zip64 sizes": Zip([wide_sizes()]).build(),
    "zip64 end record": Zip([A, B], zip64=True).build(),
    "descriptor signed": Zip([described(b"d.ts"), A]).build(),
    "descriptor unsigned": Zip([described(b"d.ts", signed=False), A]).build(),
    "descriptor wide": Zip([described(b"d.ts", wide=True), A]).build(),
    "descriptor with sizes known": Zip(
        [Member(b"d.ts", flags=8, behind=descriptor(Member(b"d.ts")))]
    ).build(),
    "windows backslashes": Zip([Member(b"src\\a.ts", made_by=20, external=0x20)]).build(),
    "gbk names": Zip([Member("源码/文件.ts".encode("gb18030"), made_by=20)]).build(),
    "cp437 names": Zip([Member(b"caf\x82.ts", made_by=20)]).build(),
    "time stamps that differ per header": Zip(
        [
            Member(
                b"t.ts", local_extra=TIMES + struct.pack("<HHI", 0x7875, 4, 0), central_extra=TIMES
            )
        ]
    ).build(),
    "utf-8 flag in one header": Zip([Member(b"u.ts", flags=0x800, local_flags=0)]).build(),
    "leading ./": Zip([Member(b"./src/a.ts"), Member(b"./", b"", method=0, external=0x10)]).build(),
    "empty file": Zip([Member(b"empty.ts", b"", method=0)]).build(),
    "no files at all": Zip([]).build(),
    "compression level flags": Zip([Member(b"l.ts", flags=2, local_flags=6)]).build(),
    "padding in the extra field": Zip([Member(b"p.ts", local_extra=b"\0\0\0")]).build(),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_archive_is_read_whole(name: str, tmp_path: Path) -> None:
    archive = open_archive(written(tmp_path, ORDINARY[name]))

    for entry in archive.entries:
        assert len(archive.read(entry)) == entry.size


def test_names_are_decoded_in_the_order_of_their_encodings(tmp_path: Path) -> None:
    def first_name(data: bytes) -> str:
        return open_archive(written(tmp_path, data)).entries[0].name

    assert first_name(ORDINARY["gbk names"]) == "源码/文件.ts"
    assert first_name(ORDINARY["windows backslashes"]) == "src/a.ts"
    assert first_name(ORDINARY["leading ./"]) == "src/a.ts"
