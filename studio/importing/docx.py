"""Word documents: styles say what is a heading; without any, the text is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError
from zipfile import BadZipFile

import mammoth

from studio.importing import hypertext
from studio.importing.archives import checked, opened, part
from studio.importing.source import Source, Unreadable, Warned
from studio.prose.headings import Heading, lines_of, named

DOCUMENT = "word/document.xml"
STYLES = """
p[style-name='Title'] => h1.title:fresh
p[style-name='标题'] => h1.title:fresh
p[style-name='标题 1'] => h1:fresh
p[style-name='标题 2'] => h2:fresh
p[style-name='标题 3'] => h3:fresh
p[style-name='Quote'] => blockquote > p:fresh
p[style-name='Intense Quote'] => blockquote > p:fresh
br[type='page'] =>
"""


def read(path: Path) -> Source:
    """A document. Raises ArchiveRefused, Unreadable."""
    archive = opened(path)
    names = {entry.name for entry in archive.entries}
    if DOCUMENT not in names:
        raise Unreadable("encrypted" if "EncryptedPackage" in names else "not_docx")
    for entry in archive.entries:
        if entry.kind == "file" and entry.name.endswith((".xml", ".rels")):
            checked(part(archive, entry.name) or b"", entry.name)
    page = hypertext.read(f"<body>{_converted(path)}</body>")
    source = Source(text="\n".join(page.lines))
    titles = [mark for mark in page.marks if mark.level == 0]
    source.title = titles[0].text if titles else ""
    source.headings = headings(source.text, page.marks)
    source.warnings = [Warned(kind, count) for kind, count in page.dropped.items()]
    return source


def headings(text: str, marks: list[hypertext.Mark]) -> list[Heading] | None:
    """Volumes and chapters by the levels in use; None when there are fewer than two headings."""
    marks = [mark for mark in marks if 1 <= mark.level <= 3]
    levels = sorted({mark.level for mark in marks})
    if len(marks) > 1 and sum(mark.level == levels[0] for mark in marks) == 1 == marks[0].level:
        # One heading above all others names the book.
        marks, levels = marks[1:], levels[1:]
    if len(marks) < 2 or not levels:
        return None
    volume = levels[0] if len(levels) > 1 else 0
    chapter = levels[1] if volume else levels[0]
    lines = lines_of(text)
    return [
        named(mark.text, lines[mark.line], kind="volume" if mark.level == volume else "chapter")
        for mark in marks
        if mark.level in {volume, chapter}
    ]


def _converted(path: Path) -> str:
    try:
        with path.open("rb") as content:
            result: Any = mammoth.convert_to_html(
                content,
                style_map=STYLES,
                convert_image=mammoth.images.img_element(lambda _image: {"src": ""}),
            )
    except (ExpatError, BadZipFile, KeyError, ValueError, AttributeError, RecursionError) as error:
        raise Unreadable("damaged", type(error).__name__) from error
    return str(result.value)
