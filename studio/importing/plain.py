"""Plain text: any encoding, no marks but lines."""

from __future__ import annotations

from studio.importing import encodings
from studio.importing.source import Source, Unreadable, Warned
from studio.prose.marks import escape, parse_line
from studio.prose.wrapping import is_hard_wrapped, rejoined

MANY_CONTROLS = 0.02


def read(data: bytes, *, encoding: str = "", rejoin: bool = False) -> Source:
    """A text file. `rejoin` makes one line of every paragraph that was cut to a width.

    Raises Unreadable for content that is no text.
    """
    decoded = encodings.decode(data, encoding=encoding)
    text = newlines(decoded.text)
    if text.count("\0") > MANY_CONTROLS * len(text):
        raise Unreadable("not_text")
    warnings = decoding_warnings(decoded)
    if is_hard_wrapped(text) and not rejoin:
        warnings.append(Warned("hard_wrapped", 1))
    if rejoin:
        text = rejoined(text)
    return Source(
        text="\n".join(_shown(line) for line in text.replace("\0", "").split("\n")),
        encoding=decoded.encoding,
        confidence=decoded.confidence,
        candidates=decoded.candidates,
        warnings=warnings,
    )


def newlines(text: str) -> str:
    """The text with LF alone between its lines, as every chapter is stored."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def decoding_warnings(decoded: encodings.Decoded) -> list[Warned]:
    if not decoded.bad_count:
        return []
    places = [f"{offset}: {value}" for offset, value in decoded.bad]
    return [Warned("undecodable", decoded.bad_count, places)]


def _shown(line: str) -> str:
    """Marks have no meaning in plain text, but a line of stars is a scene break there too."""
    return line if parse_line(line).kind == "break" else escape(line)
