"""Turn bytes into text: encodings, byte-order marks, line ends."""

from __future__ import annotations

import codecs

from charset_normalizer import from_bytes

PROBE_BYTES = 65_536
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode(data: bytes) -> tuple[str, str]:
    """(text with `\\n` line ends and no byte-order mark, encoding when it had to be guessed, else "").

    NUL and lone surrogates become replacement characters.
    """
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return plain(data[len(mark) :].decode(encoding, "replace")), ""
    try:
        return plain(data.decode("utf-8")), ""
    except UnicodeDecodeError:
        best = from_bytes(data[:PROBE_BYTES]).best()
        encoding = best.encoding if best is not None else "latin-1"
        return plain(data.decode(encoding, "replace")), encoding


def plain(text: str) -> str:
    """Line ends as editors count them, and nothing that a database refuses."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    text = text.replace("\x00", "\ufffd")
    return text.encode("utf-8", "replace").decode("utf-8")


def is_binary(data: bytes) -> bool:
    """Whether the beginning looks like no text at all."""
    return b"\x00" in data[:1024] and not data.startswith(
        (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    )
