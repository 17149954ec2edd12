"""Names inside ZIP archives: decoded, cleaned, and refused where they could deceive or escape."""

from __future__ import annotations

import re
import struct
import unicodedata
import zlib
from typing import Literal

UTF8_FLAG = 0x800
UNICODE_PATH_EXTRA = 0x7075
BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")

Code = Literal["zip_damaged", "zip_unsupported", "zip_unsafe", "zip_expands_too_much"]


class ArchiveError(Exception):
    """The archive is refused. `entry` names the culprit ("" = the archive), `rule` what it breaks."""

    def __init__(self, code: Code, entry: str, rule: str) -> None:
        super().__init__(f"{code}: {rule}" + (f" ({entry})" if entry else ""))
        self.code = code
        self.entry = entry
        self.rule = rule


def decode_name(raw: bytes, flags: int, extra: dict[int, bytes]) -> str:
    """UTF-8 where flagged, else the first of UTF-8, GB18030 and CP437 that fits."""
    other = extra.get(UNICODE_PATH_EXTRA, b"")
    if (
        len(other) > 5
        and other[0] == 1
        and struct.unpack_from("<I", other, 1)[0] == zlib.crc32(raw)
    ):
        raw, flags = other[5:], flags | UTF8_FLAG
    encodings = ("utf-8",) if flags & UTF8_FLAG else ("utf-8", "gb18030", "cp437")
    for encoding in encodings:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ArchiveError("zip_damaged", "", "a name is not the UTF-8 it claims to be")


def clean_name(name: str, *, raw_length: int, max_bytes: int, max_levels: int) -> str:
    """The normalised name. Raises ArchiveError for names that could mean another place or deceive."""
    name = unicodedata.normalize("NFC", name).replace("\\", "/")
    segments = [segment for segment in name.split("/") if segment not in {"", "."}]
    rules = (
        (max(raw_length, len(name.encode())) > max_bytes, "name too long"),
        (any(unicodedata.category(one) == "Cc" for one in name), "control character in a name"),
        (bool(BIDI.search(name)), "direction override in a name"),
        (name.startswith("/"), "absolute path"),
        (bool(re.match(r"[A-Za-z]:", name)), "drive letter"),
        (".." in [segment.strip(" ") for segment in segments], "path escapes upwards"),
        (len(segments) > max_levels, "too many levels"),
        (not segments and name not in {"./", "."}, "empty name"),
    )
    for broken, rule in rules:
        if broken:
            raise ArchiveError("zip_unsafe", shown(name), rule)
    return "/".join(segments)


def shown(name: str) -> str:
    """A name made fit for messages."""
    return "".join(c if c.isprintable() and not BIDI.match(c) else "\ufffd" for c in name[:120])


def twins_of(names: list[str]) -> list[tuple[str, str]]:
    seen: dict[str, str] = {}
    twins = []
    for name in names:
        folded = unicodedata.normalize("NFKC", name).casefold()
        if folded in seen:
            twins.append((seen[folded], name))
        seen.setdefault(folded, name)
    return twins
