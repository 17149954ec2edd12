"""Build ZIP archives byte by byte, so that each rule of the format can be broken on its own."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

DATE = (0, 0x21)


@dataclass
class Member:
    """One entry; whatever is None is computed truthfully."""

    name: bytes
    content: bytes = b"text\n"
    method: int = 8
    flags: int = 0
    made_by: int = 3 << 8 | 20
    external: int = 0o100644 << 16
    local_name: bytes | None = None
    local_method: int | None = None
    local_flags: int | None = None
    local_sizes: tuple[int, int, int] | None = None
    central_sizes: tuple[int, int, int] | None = None
    local_extra: bytes = b""
    central_extra: bytes = b""
    data: bytes | None = None
    behind: bytes = b""
    offset: int | None = None
    disk: int = 0

    def packed(self) -> bytes:
        if self.data is not None:
            return self.data
        if self.method != 8:
            return self.content
        deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
        return deflater.compress(self.content) + deflater.flush()

    def sizes(self) -> tuple[int, int, int]:
        return zlib.crc32(self.content), len(self.packed()), len(self.content)


@dataclass
class Zip:
    """An archive out of members, with each field of the end record open to lies."""

    members: list[Member]
    before: bytes = b""
    between: bytes = b""
    after: bytes = b""
    comment: bytes = b""
    count: int | None = None
    size: int | None = None
    start: int | None = None
    disk: int = 0
    shift: int = 0
    zip64: bool = False
    offsets: list[int] = field(default_factory=list)

    def build(self) -> bytes:
        body = bytearray(self.before)
        self.offsets = []
        for member in self.members:
            self.offsets.append(len(body) - self.shift)
            body += local(member)
        body += self.between
        start = len(body)
        for member, offset in zip(self.members, self.offsets, strict=True):
            body += central(member, offset if member.offset is None else member.offset)
        return bytes(body) + self._end(start, len(body) - start, len(body)) + self.after

    def _end(self, start: int, size: int, position: int) -> bytes:
        count = len(self.members) if self.count is None else self.count
        size = size if self.size is None else self.size
        start = (start if self.start is None else self.start) - self.shift
        tail = struct.pack("<H", len(self.comment)) + self.comment
        if not self.zip64:
            head = struct.pack("<HHHHII", self.disk, 0, count, count, size, start)
            return b"PK\x05\x06" + head + tail
        wide = struct.pack(
            "<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, start
        )
        wide += struct.pack("<4sIQI", b"PK\x06\x07", 0, position, 1)
        return (
            wide
            + b"PK\x05\x06"
            + struct.pack("<HHHHII", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1)
            + tail
        )


def local(member: Member) -> bytes:
    name = member.name if member.local_name is None else member.local_name
    flags = member.flags if member.local_flags is None else member.local_flags
    method = member.method if member.local_method is None else member.local_method
    sizes = member.sizes() if member.local_sizes is None else member.local_sizes
    head = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, flags, method, *DATE, *sizes,
                       len(name), len(member.local_extra))  # fmt: skip
    return head + name + member.local_extra + member.packed() + member.behind


def central(member: Member, offset: int) -> bytes:
    sizes = member.sizes() if member.central_sizes is None else member.central_sizes
    head = struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", member.made_by, 20, member.flags,
                       member.method, *DATE, *sizes, len(member.name), len(member.central_extra), 0,
                       member.disk, 0, member.external, offset)  # fmt: skip
    return head + member.name + member.central_extra


def descriptor(member: Member, *, signed: bool = True, wide: bool = False) -> bytes:
    layout = "<IQQ" if wide else "<III"
    return (b"PK\x07\x08" if signed else b"") + struct.pack(layout, *member.sizes())


def described(name: bytes, *, signed: bool = True, wide: bool = False) -> Member:
    """A member whose sizes follow its data, as streaming packers write."""
    member = Member(name, flags=8, local_sizes=(0, 0, 0))
    member.behind = descriptor(member, signed=signed, wide=wide)
    return member


def end_record(count: int, size: int, start: int) -> bytes:
    return b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, size, start, 0)
