"""Markdown: what was written, as it was written. Without numbers it comes back byte for byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO

from studio.exporting.book import Book, Chapter, Losses, Options, Tick, Volume
from studio.prose import bookmarks


def write(book: Book, options: Options, out: IO[bytes], losses: Losses, tick: Tick) -> None:
    """Nothing is dropped here: the text is the author's."""
    pieces = _labelled(book) if options.numbers else bookmarks.write(_front(book), _parts(book))
    written = 0
    for piece in pieces:
        out.write(piece.encode("utf-8"))
        written += piece.startswith("\n##")
        tick(written)


def _front(book: Book) -> str:
    fields = {
        "title": book.title,
        "author": book.author,
        "language": book.language,
        "description": book.description,
    }
    return "".join(
        f"{name}: {json.dumps(value, ensure_ascii=False)}\n"
        for name, value in fields.items()
        if value
    )


def _parts(book: Book) -> Iterator[bookmarks.Part]:
    for part in book.parts():
        text = part.text if isinstance(part, Chapter) else ""
        yield bookmarks.Part(isinstance(part, Volume), part.title, text, part.is_numbered)


def _labelled(book: Book) -> Iterator[str]:
    """For other programs: numbers in the headings."""
    yield f"---\n{_front(book)}---\n"
    for part in book.parts():
        if isinstance(part, Volume):
            yield f"\n# {part.heading}\n"
        else:
            yield f"\n## {part.heading}\n\n{part.text}\n"
