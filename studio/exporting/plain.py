"""Plain text for readers of any age: an encoding of choice, and two wide spaces before a paragraph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from studio.exporting.book import Book, Chapter, Losses, Options, Tick, Volume
from studio.prose.marks import parse

INDENT = "\u3000\u3000"
BOM = {"utf-8": b"", "utf-16": b"\xff\xfe", "gb18030": b"", "big5": b""}
CODECS = {"utf-8": "utf-8", "utf-16": "utf-16-le", "gb18030": "gb18030", "big5": "big5hkscs"}


def write(book: Book, options: Options, out: IO[bytes], losses: Losses, tick: Tick) -> None:
    """Characters the encoding lacks become 〓 (? where that lacks too) and are listed."""
    out.write(BOM[options.encoding])
    codec = CODECS[options.encoding]
    if options.title_page:
        front = [book.title, book.author, "", book.description]
        out.write(_encoded(losses.printable("\n".join(front).strip() + "\n\n\n"), codec, losses))
    if options.contents:
        listed = "\n".join(part.heading for part in book.parts())
        out.write(_encoded(losses.printable(listed) + "\n\n\n", codec, losses))
    written = 0
    for part in book.parts():
        out.write(_encoded(losses.printable("\n".join(_lines(part, options))), codec, losses))
        written += isinstance(part, Chapter)
        tick(written)


def _lines(part: Volume | Chapter, options: Options) -> Iterator[str]:
    yield part.heading
    yield ""
    if isinstance(part, Volume):
        yield ""
        return
    for block in parse(part.text):
        if block.kind == "break":
            yield f"{INDENT if options.indent else ''}{options.scene_break}"
        elif block.kind == "blank" or not options.indent or block.kind == "heading":
            yield block.text
        else:
            yield INDENT + block.text.lstrip(" \t\u3000")
    yield ""
    yield ""
    yield ""


def _encoded(text: str, codec: str, losses: Losses) -> bytes:
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        return b"".join(_letter(letter, codec, losses) for letter in text)


def _letter(letter: str, codec: str, losses: Losses) -> bytes:
    try:
        return letter.encode(codec)
    except UnicodeEncodeError:
        losses.unencodable[letter] += 1
        return "〓".encode(codec, errors="replace")
