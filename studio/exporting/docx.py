"""Word documents: real heading styles, East Asian fonts, and a first line indented by two characters."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from typing import IO, Any

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt

from studio.exporting.book import Book, Chapter, Losses, Options, Tick, Volume
from studio.prose.marks import Block, Span, parse

LATIN, CHINESE_FONT, HEADING_FONT = "Times New Roman", "SimSun", "SimHei"
TWO_CHARACTERS = "200"
PRESERVE = "{http://www.w3.org/XML/1998/namespace}space"
MAX_HEADING = 9


def write(book: Book, options: Options, out: IO[bytes], losses: Losses, tick: Tick) -> None:
    """The whole document is held in memory: about ten times its text."""
    document = docx.Document()
    _styles(document, book)
    properties = document.core_properties
    properties.title = losses.printable(book.title)[:255]
    properties.author = losses.printable(book.author)[:255]
    properties.language = book.code
    properties.comments = losses.printable(book.description)[:255]
    properties.created = properties.modified = book.modified.astimezone(UTC).replace(tzinfo=None)
    if options.title_page:
        document.add_paragraph(losses.printable(book.title), style="Title")
        if book.author:
            author = document.add_paragraph(losses.printable(book.author))
            author.alignment = WD_ALIGN_PARAGRAPH.CENTER
        _page_break(document)
    if options.contents:
        _contents(document)
    writer = _Body(document, options, losses, below=2 if book.volumes else 1)
    written = 0
    for part in book.parts():
        is_volume = isinstance(part, Volume)
        writer.heading(part.heading, 1 if is_volume or not book.volumes else 2)
        if isinstance(part, Chapter):
            for block in parse(losses.printable(part.text)):
                writer.block(block)
            written += 1
        tick(written)
    document.save(out)


def _styles(document: Any, book: Book) -> None:
    for name, size, east in (
        ("Normal", 12, CHINESE_FONT),
        ("Title", 26, HEADING_FONT),
        ("Heading 1", 18, HEADING_FONT),
        ("Heading 2", 16, HEADING_FONT),
        ("Heading 3", 14, HEADING_FONT),
        ("Quote", 12, CHINESE_FONT),
    ):
        style = document.styles[name]
        style.font.name, style.font.size = LATIN, Pt(size)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        fonts.set(qn("w:eastAsia"), east)
    document.styles["Normal"].paragraph_format.space_after = Pt(0)
    for language in document.styles.element.iter(qn("w:lang")):
        if book.is_chinese:
            language.set(qn("w:eastAsia"), "zh-TW" if book.language == "zh-Hant" else "zh-CN")


def _contents(document: Any) -> None:
    """A field that the word processor fills when the document is opened."""
    paragraph = document.add_paragraph()
    for kind, text in (
        ("begin", None),
        (None, ' TOC \\o "1-2" \\h \\z \\u '),
        ("separate", None),
        ("end", None),
    ):
        run = OxmlElement("w:r")
        if kind:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            if kind == "begin":
                mark.set(qn("w:dirty"), "true")
        else:
            mark = OxmlElement("w:instrText")
            mark.set(PRESERVE, "preserve")
            mark.text = text
        run.append(mark)
        paragraph._p.append(run)
    _page_break(document)


def _page_break(document: Any) -> None:
    document.add_page_break()


class _Body:
    """Paragraphs appended as elements: the library's own way looks the style up in a list each time."""

    def __init__(self, document: Any, options: Options, losses: Losses, *, below: int) -> None:
        self.end = document.element.body.sectPr
        self.options = options
        self.losses = losses
        self.below = below
        self.ids = {style.name: style.style_id for style in document.styles}
        self.links = document.part

    def heading(self, text: str, level: int) -> None:
        name = f"Heading {min(level, MAX_HEADING)}"
        self._add([Span(self.losses.printable(text))], style=name)

    def block(self, block: Block) -> None:
        if block.kind == "break":
            self._add([Span(self.options.scene_break)], centred=True)
        elif block.kind == "heading":
            self.heading(block.text, block.level + self.below)
        elif block.kind == "quote":
            self._add(block.spans, style="Quote")
        elif block.kind == "blank":
            self._add([])
        else:
            self._add(_stripped(block.spans, self.options), indented=self.options.indent)

    def _add(
        self,
        spans: Iterable[Span],
        *,
        style: str = "",
        indented: bool = False,
        centred: bool = False,
    ) -> None:
        paragraph = OxmlElement("w:p")
        if style or indented or centred:
            paragraph.append(self._look(style, indented=indented, centred=centred))
        for span in spans:
            paragraph.append(self._run(span))
        self.end.addprevious(paragraph)

    def _look(self, style: str, *, indented: bool, centred: bool) -> Any:
        look = OxmlElement("w:pPr")
        if style:
            _child(look, "w:pStyle", val=self.ids[style])
        if indented:
            _child(look, "w:ind", firstLineChars=TWO_CHARACTERS, firstLine="480")
        if centred:
            _child(look, "w:jc", val="center")
        return look

    def _run(self, span: Span) -> Any:
        run = OxmlElement("w:r")
        if span.bold or span.italic:
            look = OxmlElement("w:rPr")
            for is_set, name in ((span.bold, "w:b"), (span.italic, "w:i")):
                if is_set:
                    _child(look, name)
            run.append(look)
        text = OxmlElement("w:t")
        text.set(PRESERVE, "preserve")
        text.text = span.text
        run.append(text)
        if not span.link:
            return run
        link = OxmlElement("w:hyperlink")
        kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"
        link.set(qn("r:id"), self.links.relate_to(span.link, kind, is_external=True))
        link.append(run)
        return link


def _child(parent: Any, name: str, **values: str) -> None:
    element = OxmlElement(name)
    for key, value in values.items():
        element.set(qn(f"w:{key}"), value)
    parent.append(element)


def _stripped(spans: tuple[Span, ...], options: Options) -> tuple[Span, ...]:
    """The indent is the paragraph's: wide spaces of the text would double it."""
    if not options.indent or not spans:
        return spans
    first = spans[0]
    return (Span(first.text.lstrip(" \t\u3000"), first.bold, first.italic, first.link), *spans[1:])
