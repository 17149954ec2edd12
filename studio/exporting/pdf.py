"""PDF, set by typst: the book is data that the page reads; nothing of it ever becomes markup."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import IO, Any

import typst

from studio.exporting import fonts
from studio.exporting.book import Book, Chapter, ExportRefused, Losses, Options, Tick
from studio.prose.marks import Block, parse

PAGE = Path(__file__).with_name("page.typ")


class NotSet(ExportRefused):
    """The page could not be set."""

    code = "pdf_failed"


def write(
    book: Book,
    options: Options,
    out: IO[bytes],
    losses: Losses,
    tick: Tick,
    *,
    folders: tuple[str, ...] = (),
) -> None:
    """Raises FontMissing, NotSet. It reads no file but the page and the fonts, and loads no package."""
    data = {
        "title": losses.printable(book.title),
        "author": losses.printable(book.author),
        "description": losses.printable(book.description),
        "lang": book.code.partition("-")[0] if book.code != "und" else "en",
        "region": "TW" if book.language == "zh-Hant" else "CN" if book.is_chinese else None,
        "fonts": fonts.chosen(folders, language=book.language),
        "title_page": options.title_page,
        "contents": options.contents,
        "indent": options.indent,
        "scene_break": losses.printable(options.scene_break),
        "contents_title": "目录" if book.is_chinese else "Contents",
        "parts": _parts(book, options, losses, tick),
    }
    with tempfile.TemporaryDirectory() as empty:
        page = Path(empty) / "page.typ"
        page.write_bytes(PAGE.read_bytes())
        try:
            out.write(
                typst.compile(
                    str(page),
                    root=empty,
                    format="pdf",
                    font_paths=list(folders),
                    package_path=empty,
                    package_cache_path=empty,
                    sys_inputs={"book": json.dumps(data, ensure_ascii=False)},
                    timestamp=int(book.modified.timestamp()),
                )
            )
        except typst.TypstError as error:
            raise NotSet(str(error)[:500]) from error


def _parts(book: Book, options: Options, losses: Losses, tick: Tick) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    written = 0
    for part in book.parts():
        shown = losses.printable(part.heading)
        if not isinstance(part, Chapter):
            parts.append({"volume": True, "title": shown, "blocks": []})
            continue
        blocks = [_block(block, options) for block in parse(losses.printable(part.text))]
        parts.append({"volume": False, "title": shown, "blocks": blocks})
        written += 1
        tick(written)
    return parts


def _block(block: Block, options: Options) -> list[Any]:
    """`[kind, level, [[text, bold, italic, link], …]]`."""
    spans = [[span.text, span.bold, span.italic, span.link] for span in block.spans]
    if spans and block.kind == "paragraph" and options.indent:
        spans[0][0] = str(spans[0][0]).lstrip(" \t\u3000")
    return [block.kind, block.level, spans]
