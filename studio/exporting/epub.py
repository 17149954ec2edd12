"""EPUB 3.3: one document per chapter, navigation of both generations, and no file but our own.

Source: W3C EPUB 3.3, EPUB Accessibility 1.1; OPF 2.0.1 for the NCX that older readers open.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from datetime import UTC
from html import escape
from typing import IO

from studio.exporting.book import Book, Chapter, Losses, Options, Tick, Volume
from studio.exporting.hypertext import STYLE, body, text

EPOCH = (1980, 1, 1, 0, 0, 0)
CONTAINER = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>\n'
)
COVERS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif"}
WORDS = {
    "zh": {"contents": "目录", "cover": "封面", "title": "书名页"},
    "en": {"contents": "Contents", "cover": "Cover", "title": "Title page"},
}


@dataclass(frozen=True)
class _Page:
    name: str
    heading: str
    is_volume: bool
    is_inside: bool


def write(book: Book, options: Options, out: IO[bytes], losses: Losses, tick: Tick) -> None:
    """The archive: `mimetype` first and stored, everything else deflated."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        _put(archive, "mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        _put(archive, "META-INF/container.xml", CONTAINER)
        _put(archive, "OEBPS/style.css", STYLE)
        if _has_cover(book):
            name = f"OEBPS/cover.{COVERS[book.cover_type]}"
            archive.writestr(zipfile.ZipInfo(name, EPOCH), book.cover)
            _put(archive, "OEBPS/cover.xhtml", _cover(book))
        if options.title_page:
            _put(archive, "OEBPS/title.xhtml", _title_page(book, losses))
        pages = _chapters(archive, book, options, losses, tick)
        _put(archive, "OEBPS/nav.xhtml", _nav(book, pages, losses))
        _put(archive, "OEBPS/toc.ncx", _ncx(book, pages, losses))
        _put(archive, "OEBPS/package.opf", _package(book, options, pages, losses))


def _put(
    archive: zipfile.ZipFile, name: str, content: str, method: int = zipfile.ZIP_DEFLATED
) -> None:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type = method
    archive.writestr(entry, content.encode("utf-8"))


def _has_cover(book: Book) -> bool:
    return bool(book.cover) and book.cover_type in COVERS


def _chapters(
    archive: zipfile.ZipFile, book: Book, options: Options, losses: Losses, tick: Tick
) -> list[_Page]:
    pages: list[_Page] = []
    written = 0
    for place, part in enumerate(book.parts(), 1):
        is_volume = isinstance(part, Volume)
        name = f"{'v' if is_volume else 'c'}{place:05}.xhtml"
        shown = text(part.heading, losses) or str(place)
        content = [f"<h1>{shown}</h1>\n"]
        if isinstance(part, Chapter):
            content += body(part.text, options, losses, below=1)
            written += 1
        kind = "part" if is_volume else "chapter"
        _put(
            archive,
            f"OEBPS/{name}",
            _document(
                book, shown, f'<section epub:type="{kind}">\n{"".join(content)}</section>', options
            ),
        )
        is_inside = isinstance(part, Chapter) and part.volume is not None
        pages.append(_Page(name, shown, is_volume, is_inside))
        tick(written)
    return pages


def _document(book: Book, title: str, content: str, options: Options | None = None) -> str:
    look = ' class="indented"' if options is not None and options.indent else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html>\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" '
        f'lang="{book.code}" xml:lang="{book.code}">\n<head><title>{title}</title>'
        f'<link rel="stylesheet" type="text/css" href="style.css"/></head>\n<body{look}>\n{content}\n</body>\n</html>\n'
    )


def _word(book: Book, name: str) -> str:
    return WORDS["zh" if book.is_chinese else "en"][name]


def _cover(book: Book) -> str:
    image = f'<img src="cover.{COVERS[book.cover_type]}" alt="{_word(book, "cover")}"/>'
    return _document(book, _word(book, "cover"), f'<section epub:type="cover">{image}</section>')


def _title_page(book: Book, losses: Losses) -> str:
    shown = text(book.title, losses)
    lines = [f"<h1>{shown}</h1>", f"<p>{text(book.author, losses)}</p>"]
    lines += [
        f"<p>{text(line, losses)}</p>" for line in book.description.split("\n") if line.strip()
    ]
    content = f'<section class="title-page" epub:type="titlepage">{"".join(lines)}</section>'
    return _document(book, shown, content)


def _nav(book: Book, pages: list[_Page], losses: Losses) -> str:
    title = _word(book, "contents")
    nav = f'<nav epub:type="toc" id="toc"><h1>{title}</h1><ol>{_listed(pages)}</ol></nav>'
    return _document(book, title, nav)


def _listed(pages: list[_Page]) -> str:
    items, is_open = [], False
    for place, page in enumerate(pages):
        if is_open and not page.is_inside:
            items.append("</ol></li>")
            is_open = False
        items.append(f'<li><a href="{page.name}">{page.heading}</a>')
        is_open_now = page.is_volume and place + 1 < len(pages) and pages[place + 1].is_inside
        items.append("<ol>" if is_open_now else "</li>")
        is_open = is_open or is_open_now
    return "".join(items) + ("</ol></li>" if is_open else "")


def _ncx(book: Book, pages: list[_Page], losses: Losses) -> str:
    points = "".join(
        f'<navPoint id="p{place}" playOrder="{place}"><navLabel><text>{page.heading}</text></navLabel>'
        f'<content src="{page.name}"/></navPoint>'
        for place, page in enumerate(pages, 1)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1"><head>'
        f'<meta name="dtb:uid" content="{escape(book.identifier)}"/></head>'
        f"<docTitle><text>{text(book.title, losses)}</text></docTitle><navMap>{points}</navMap></ncx>\n"
    )


def _package(book: Book, options: Options, pages: list[_Page], losses: Losses) -> str:
    modified = book.modified.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    items = [
        '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>',
        '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>',
        '<item id="style" href="style.css" media-type="text/css"/>',
    ]
    spine = []
    if _has_cover(book):
        name = f"cover.{COVERS[book.cover_type]}"
        items.append(
            f'<item id="cover-image" href="{name}" media-type="{book.cover_type}" properties="cover-image"/>'
        )
        items.append('<item id="cover" href="cover.xhtml" media-type="application/xhtml+xml"/>')
        spine.append('<itemref idref="cover"/>')
    if options.title_page:
        items.append('<item id="title" href="title.xhtml" media-type="application/xhtml+xml"/>')
        spine.append('<itemref idref="title"/>')
    if options.contents:
        spine.append('<itemref idref="nav"/>')
    for page in pages:
        key = page.name.removesuffix(".xhtml")
        items.append(f'<item id="{key}" href="{page.name}" media-type="application/xhtml+xml"/>')
        spine.append(f'<itemref idref="{key}"/>')
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="{book.code}">\n'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">\n'
        f"{_metadata(book, modified, losses)}</metadata>\n"
        f'<manifest>{"".join(items)}</manifest>\n<spine toc="ncx">{"".join(spine)}</spine>\n</package>\n'
    )


def _metadata(book: Book, modified: str, losses: Losses) -> str:
    lines = [
        f'<dc:identifier id="id">{escape(book.identifier)}</dc:identifier>',
        f"<dc:title>{text(book.title, losses)}</dc:title>",
        f"<dc:language>{book.code}</dc:language>",
        f'<meta property="dcterms:modified">{modified}</meta>',
        '<meta property="schema:accessMode">textual</meta>',
        '<meta property="schema:accessModeSufficient">textual</meta>',
        '<meta property="schema:accessibilityFeature">structuralNavigation</meta>',
        '<meta property="schema:accessibilityFeature">tableOfContents</meta>',
        '<meta property="schema:accessibilityHazard">none</meta>',
        '<meta property="schema:accessibilitySummary">Text with headings and navigation; no information is in images.</meta>',
    ]
    if book.author.strip():
        lines.append(f"<dc:creator>{text(book.author, losses)}</dc:creator>")
    if book.description.strip():
        lines.append(f"<dc:description>{text(book.description, losses)}</dc:description>")
    if _has_cover(book):
        lines.append('<meta name="cover" content="cover-image"/>')
    return "\n".join(lines) + "\n"
