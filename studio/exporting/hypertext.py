"""Text of chapters as XHTML, for the page and for EPUB: every character escaped, nothing passed through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import IO

from studio.exporting.book import Book, Chapter, Losses, Options, Tick, Volume
from studio.prose.marks import Block, Span, parse

STYLE = """body { margin: 0 5%; line-height: 1.8; font-family: serif; }
p { margin: 0; text-align: justify; }
.indented p { text-indent: 2em; }
h1, h2, h3, h4, h5 { text-align: center; line-height: 1.4; margin: 2em 0 1.2em; font-weight: bold; }
p.break { text-indent: 0 !important; text-align: center; margin: 1em 0; }
p.blank { min-height: 1em; }
blockquote { margin: 0.5em 2em; }
.title-page { text-align: center; margin-top: 20%; }
:lang(zh) em { font-style: normal; text-emphasis: filled dot; -webkit-text-emphasis: filled dot; }
"""
PAGE = """body { max-width: 40em; margin: 2em auto; padding: 0 1em; }
ol { list-style: none; padding: 0; }
"""


def write(book: Book, options: Options, out: IO[bytes], losses: Losses, tick: Tick) -> None:
    """One file that needs no other."""
    for piece in _file(book, options, losses, tick):
        out.write(piece.encode("utf-8"))


def body(text: str, options: Options, losses: Losses, *, below: int = 1) -> Iterator[str]:
    """The lines of a chapter as elements. Headings inside stand `below` levels deeper than they say."""
    for block in parse(losses.printable(text)):
        yield _element(block, options, below)


def inline(spans: Iterable[Span]) -> str:
    """Spans as phrasing content."""
    return "".join(_phrase(span) for span in spans)


def text(value: str, losses: Losses) -> str:
    """A value as escaped text, also inside quotation marks."""
    return escape(losses.printable(value))


def _element(block: Block, options: Options, below: int) -> str:
    if block.kind == "break":
        return f'<p class="break">{escape(options.scene_break)}</p>\n'
    if block.kind == "blank":
        return '<p class="blank"></p>\n'
    if block.kind == "heading":
        level = min(6, block.level + below)
        return f"<h{level}>{inline(block.spans)}</h{level}>\n"
    if block.kind == "quote":
        return f"<blockquote><p>{inline(block.spans)}</p></blockquote>\n"
    spans = block.spans
    if options.indent and spans:
        # The indent is the style's: wide spaces of the text would double it.
        first = spans[0]
        spans = (
            Span(first.text.lstrip(" \t\u3000"), first.bold, first.italic, first.link),
            *spans[1:],
        )
    return f"<p>{inline(spans)}</p>\n"


def _phrase(span: Span) -> str:
    shown = escape(span.text)
    if span.italic:
        shown = f"<em>{shown}</em>"
    if span.bold:
        shown = f"<strong>{shown}</strong>"
    return f'<a href="{escape(span.link)}">{shown}</a>' if span.link else shown


def _file(book: Book, options: Options, losses: Losses, tick: Tick) -> Iterator[str]:
    shown = text(book.title, losses)
    yield f'<!DOCTYPE html>\n<html lang="{escape(book.code)}">\n<head>\n<meta charset="utf-8">\n'
    yield '<meta name="viewport" content="width=device-width">\n'
    yield f'<meta name="author" content="{text(book.author, losses)}">\n'
    yield f"<title>{shown}</title>\n<style>\n{STYLE}{PAGE}</style>\n</head>\n"
    yield f"<body{' class=' + chr(34) + 'indented' + chr(34) if options.indent else ''}>\n"
    if options.title_page:
        yield f'<header class="title-page"><h1>{shown}</h1><p>{text(book.author, losses)}</p></header>\n'
    parts = list(book.parts())
    if options.contents:
        yield "<nav><ol>\n"
        for place, part in enumerate(parts):
            yield f'<li><a href="#part-{place}">{text(part.heading, losses)}</a></li>\n'
        yield "</ol></nav>\n"
    written = 0
    for place, part in enumerate(parts):
        if isinstance(part, Volume):
            yield f'<h1 id="part-{place}">{text(part.heading, losses)}</h1>\n'
            continue
        yield f'<section id="part-{place}">\n<h2>{text(part.heading, losses)}</h2>\n'
        yield from body(part.text, options, losses, below=2)
        yield "</section>\n"
        written += isinstance(part, Chapter)
        tick(written)
    yield "</body>\n</html>\n"
