"""EPUB: the spine says the order of the text, the navigation what its chapters are called."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from laojun.zipsafe import Archive
from studio.importing import hypertext
from studio.importing.archives import opened, part, xml
from studio.importing.docx import headings
from studio.importing.source import ArchiveRefused, Source, Unreadable, Warned
from studio.prose.headings import Heading, Line, lines_of, named

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"
WHITE = re.compile(r"[ \t\r\n]+")
FONT_OBFUSCATION = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
DC = "{http://purl.org/dc/elements/1.1/}"
SIDE_PAGES = frozenset(
    {"封面", "目录", "目錄", "版权", "版權", "版权信息", "版权页", "书名页", "扉页", "cover", "contents", "copyright",
     "halftitle", "toc", "table of contents", "title page", "title"}
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """A line of the navigation. `level` from 0."""

    level: int
    title: str
    path: str
    anchor: str
    has_children: bool


@dataclass
class _Book:
    text: str
    pages: dict[str, tuple[int, hypertext.Page]]
    marks: list[hypertext.Mark]
    dropped: Counter[str]


def read(path: Path) -> Source:
    """A book. Raises ArchiveRefused, Unreadable."""
    archive = opened(path)
    _refuse_encryption(archive)
    package_name = _package(archive)
    package = xml(_needed(archive, package_name), package_name)
    folder = posixpath.dirname(package_name)
    items = {
        item.get("id"): (
            posixpath.normpath(posixpath.join(folder, unquote(item.get("href") or ""))),
            item,
        )
        for item in package.iter("{*}item")
    }
    side = [
        name for name, item in items.values() if "nav" in (item.get("properties") or "").split()
    ]
    book = _joined(archive, [name for name in _spine(package, items) if name not in side])
    source = Source(
        text=book.text,
        title=_meta(package, "title"),
        author=_meta(package, "creator"),
        language=_meta(package, "language"),
        description=_meta(package, "description"),
        warnings=[Warned(kind, count) for kind, count in book.dropped.items()],
    )
    source.headings = _named(book, list(_navigation(archive, package, items, side)))
    if source.headings is None:
        source.headings = headings(book.text, book.marks)
    return source


def _refuse_encryption(archive: Archive) -> None:
    content = part(archive, ENCRYPTION)
    if content is None:
        return
    for method in xml(content, ENCRYPTION).iter("{*}EncryptionMethod"):
        if method.get("Algorithm") not in FONT_OBFUSCATION:
            raise ArchiveRefused("encrypted", ENCRYPTION)


def _package(archive: Archive) -> str:
    container = xml(_needed(archive, CONTAINER), CONTAINER)
    root = next(container.iter("{*}rootfile"), None)
    if root is None:
        raise Unreadable("not_epub")
    return str(root.get("full-path"))


def _needed(archive: Archive, name: str) -> bytes:
    content = part(archive, name)
    if content is None:
        raise Unreadable("not_epub", name)
    return content


def _meta(package: Any, name: str) -> str:
    return next((str(each.text or "").strip() for each in package.iter(DC + name)), "")


def _spine(package: Any, items: dict[str, Any]) -> Iterator[str]:
    for reference in package.iter("{*}itemref"):
        found = items.get(reference.get("idref"))
        if found is not None and reference.get("linear") != "no":
            yield found[0]


def _joined(archive: Archive, names: list[str]) -> _Book:
    lines: list[str] = []
    pages: dict[str, tuple[int, hypertext.Page]] = {}
    marks: list[hypertext.Mark] = []
    dropped: Counter[str] = Counter()
    for name in names:
        content = part(archive, name)
        if content is None or name in pages:
            dropped["missing"] += content is None
            continue
        page = hypertext.read(content)
        pages[name] = (len(lines), page)
        marks += [
            hypertext.Mark(mark.line + len(lines), mark.level, mark.text) for mark in page.marks
        ]
        dropped += page.dropped
        # An empty line keeps the end of one document from the next.
        lines += [*page.lines, ""]
    return _Book("\n".join(lines), pages, marks, dropped)


def _navigation(
    archive: Archive, package: Any, items: dict[str, Any], side: list[str]
) -> Iterator[Entry]:
    if side and (content := part(archive, side[0])):
        tree = xml(content, side[0])
        for nav in tree.iter("{*}nav"):
            if "toc" in (nav.get("{http://www.idpf.org/2007/ops}type") or "toc").split():
                yield from _listed(nav.find("{*}ol"), posixpath.dirname(side[0]), 0)
                return
    spine = next(package.iter("{*}spine"), None)
    toc = items.get(spine.get("toc")) if spine is not None else None
    if toc and (content := part(archive, toc[0])):
        points = next(xml(content, toc[0]).iter("{*}navMap"), None)
        if points is not None:
            yield from _pointed(points, posixpath.dirname(toc[0]), 0)


def _listed(items: Any, folder: str, level: int) -> Iterator[Entry]:
    for item in items if items is not None and level < 8 else ():
        inner = item.find("{*}ol")
        link = item.find("{*}a")
        label = link if link is not None else item.find("{*}span")
        if label is not None:
            title = _title("".join(label.itertext()))
            yield _entry(level, title, label.get("href"), folder, has_children=inner is not None)
        yield from _listed(inner, folder, level + 1)


def _pointed(points: Any, folder: str, level: int) -> Iterator[Entry]:
    for point in points.findall("{*}navPoint") if level < 8 else ():
        label, target = point.find("{*}navLabel/{*}text"), point.find("{*}content")
        title = _title(label.text or "") if label is not None else ""
        address = target.get("src") if target is not None else None
        yield _entry(
            level, title, address, folder, has_children=point.find("{*}navPoint") is not None
        )
        yield from _pointed(point, folder, level + 1)


def _title(text: str) -> str:
    """White space of the file's own lines is one space; wide spaces belong to the title."""
    return WHITE.sub(" ", text).strip(" ")


def _entry(
    level: int, title: str, address: str | None, folder: str, *, has_children: bool
) -> Entry:
    path, _sharp, anchor = unquote(address or "").partition("#")
    return Entry(
        level,
        title,
        posixpath.normpath(posixpath.join(folder, path)) if path else "",
        anchor,
        has_children,
    )


def _named(book: _Book, entries: list[Entry]) -> list[Heading] | None:
    """Chapters as the navigation names them; None when it names fewer than two places."""
    while entries and entries[0].title.lower() in SIDE_PAGES:
        entries.pop(0)
    lines, marked = lines_of(book.text), {mark.line for mark in book.marks}
    found: dict[int, Heading] = {}
    for entry in entries:
        place = _place(book, entry)
        if place is None or place >= len(lines) or entry.level > 1 or place in found:
            continue
        is_volume = entry.level == 0 and entry.has_children
        heading = named(entry.title, lines[place], kind="volume" if is_volume else "chapter")
        last = _last_line_of_title(place, entry, lines, marked)
        end = heading.start if last is None else lines[last].end
        found[place] = replace(heading, end=end)
    chapters = [found[place] for place in sorted(found)]
    return chapters if len(chapters) > 1 else None


def _place(book: _Book, entry: Entry) -> int | None:
    if entry.path not in book.pages:
        return None
    start, page = book.pages[entry.path]
    return start + page.anchors.get(entry.anchor, 0)


def _last_line_of_title(
    place: int, entry: Entry, lines: list[Line], marked: set[int]
) -> int | None:
    """The last of the headings that stand where a chapter begins; None when its text begins at once."""
    last = None
    while place < len(lines) and (place in marked or (last is None and not lines[place].bare)):
        last = place if place in marked else last
        place += 1
    if last is None and place < len(lines) and lines[place].bare == entry.title:
        return place
    return last
