"""Which reader a file gets, and the pieces of what it read."""

from __future__ import annotations

from pathlib import Path

from django.utils.module_loading import import_string

from studio.importing import patterns
from studio.importing.source import Source, Unreadable
from studio.prose.dividing import Piece, divide, flagged, from_headings
from studio.prose.headings import lines_of

# By their paths: readers of documents load when a document comes.
READERS = {
    "txt": "studio.importing.plain.read",
    "md": "studio.importing.markdown.read",
    "docx": "studio.importing.docx.read",
    "epub": "studio.importing.epub.read",
}
SUFFIXES = {"text": "txt", "markdown": "md"}
ZIP = b"PK\x03\x04"
OLD_WORD = b"\xd0\xcf\x11\xe0"


def format_of(name: str, head: bytes) -> str:
    """The format of a file by its first bytes, and its name where those leave a choice. Raises Unreadable."""
    suffix = name.rpartition(".")[2].lower()
    suffix = SUFFIXES.get(suffix, suffix)
    if head.startswith(OLD_WORD):
        raise Unreadable("encrypted" if suffix == "docx" else "old_word")
    if head.startswith(b"%PDF"):
        raise Unreadable("pdf")
    if not head.startswith(ZIP):
        if suffix in {"docx", "epub"}:
            raise Unreadable(f"not_{suffix}")
        return "md" if suffix == "md" else "txt"
    if suffix == "epub" or b"application/epub+zip" in head[:120]:
        return "epub"
    if suffix != "docx":
        raise Unreadable("unknown_archive")
    return "docx"


def read(path: Path, form: str, *, encoding: str = "", rejoin: bool = False) -> Source:
    """The book in a file. Raises Unreadable, ArchiveRefused."""
    reader = import_string(READERS[form])
    source: Source
    if form == "txt":
        source = reader(path.read_bytes(), encoding=encoding, rejoin=rejoin)
    elif form == "md":
        source = reader(path.read_bytes(), encoding=encoding)
    else:
        source = reader(path)
    return source


def pieces(source: Source, *, pattern: str = "") -> list[Piece]:
    """What the book is made of. Raises PatternInvalid, PatternTooSlow."""
    if pattern:
        return from_headings(source.text, patterns.headings(pattern, lines_of(source.text)))
    if source.pieces is not None:
        return flagged(source.pieces)
    if source.headings is not None:
        return from_headings(source.text, source.headings)
    return divide(source.text)
