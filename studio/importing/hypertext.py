"""Hypertext of books as Markdown-lite: paragraphs, headings, quotations, emphasis, links; everything else is its text."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from lxml import html

from studio.prose.marks import Span, written

MAX_DEPTH = 200
BLOCKS = frozenset(
    [
        "p",
        "div",
        "section",
        "article",
        "header",
        "footer",
        "main",
        "aside",
        "figure",
        "figcaption",
        "blockquote",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "table",
        "tr",
        "td",
        "th",
        "pre",
        "address",
        "center",
        "body",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hgroup",
        "nav",
    ]
)
HEADINGS = {f"h{level}": level for level in range(1, 7)}
HIDDEN = frozenset(
    [
        "script",
        "style",
        "head",
        "title",
        "template",
        "svg",
        "math",
        "object",
        "iframe",
        "audio",
        "video",
    ]
)
BOLD, ITALIC = frozenset({"b", "strong"}), frozenset({"i", "em", "cite"})
_white = re.compile(r"[ \t\r\n\f]+")
_break = re.compile(r"(?=.*[^\s\u3000])[\s\u3000*＊◇◆※⁂~]{1,15}")


@dataclass(frozen=True)
class Mark:
    """A heading on a line. `level` 1 to 6; 0 is the title of the whole book."""

    line: int
    level: int
    text: str


@dataclass
class Page:
    """One document: its lines, the headings among them, where its ids stand, and what was left out."""

    lines: list[str] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    anchors: dict[str, int] = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Look:
    bold: bool = False
    italic: bool = False
    link: str = ""
    quoted: bool = False


def read(content: bytes | str) -> Page:
    """A document's text. Broken markup is read as a browser would; entities other than characters do not exist."""
    parser = html.HTMLParser(no_network=True, huge_tree=False, encoding=_encoding(content))
    page = Page()
    if not content.strip():
        return page
    tree = html.document_fromstring(content, parser=parser, ensure_head_body=True)
    writer = _Writer(page)
    writer.walk(tree, _Look(), 0)
    writer.end()
    return page


def _encoding(content: bytes | str) -> str | None:
    return "utf-8" if isinstance(content, bytes) else None


class _Writer:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.spans: list[Span] = []
        self.quoted = False

    def walk(self, node: Any, look: _Look, depth: int) -> None:
        name = node.tag if isinstance(node.tag, str) else ""
        if not name or name in HIDDEN or depth > MAX_DEPTH:
            return
        if name == "img":
            self.page.dropped["images"] += 1
            return
        if name in {"br", "hr"} or name in BLOCKS:
            self.end(look)
        if name == "hr":
            self.page.lines.append("***")
        anchor = node.get("id") or node.get("name")
        if anchor:
            self.page.anchors.setdefault(anchor, len(self.page.lines))
        inner = _look(node, name, look)
        self.add(node.text, inner)
        for child in node:
            self.walk(child, inner, depth + 1)
            self.add(child.tail, inner)
        if name in BLOCKS:
            level = (
                0
                if name == "h1" and "title" in (node.get("class") or "").split()
                else HEADINGS.get(name)
            )
            self.end(inner, level)

    def add(self, text: str | None, look: _Look) -> None:
        if text:
            self.spans.append(Span(_white.sub(" ", text), look.bold, look.italic, look.link))

    def end(self, look: _Look | None = None, level: int | None = None) -> None:
        """Write what was gathered as a line."""
        spans, self.spans = self.spans, []
        plain = "".join(span.text for span in spans).strip(" \n")
        if not plain:
            return
        if level is not None:
            self.page.marks.append(Mark(len(self.page.lines), level, plain))
            self.page.lines.append(f"{'#' * min(max(level, 1), 3)} {plain}")
            return
        if _break.fullmatch(plain):
            self.page.lines.append("***")
            return
        line = written(_trimmed(spans))
        self.page.lines.append(f"> {line}" if look is not None and look.quoted else line)


def _look(node: Any, name: str, look: _Look) -> _Look:
    style = (node.get("style") or "").replace(" ", "").lower()
    address = node.get("href") or ""
    is_link = name == "a" and address.startswith(("http://", "https://"))
    link = re.sub(r"[\s()]", "", address) if is_link else look.link
    return _Look(
        look.bold or name in BOLD or "font-weight:bold" in style,
        look.italic or name in ITALIC or "font-style:italic" in style,
        link,
        look.quoted or name == "blockquote",
    )


def _trimmed(spans: list[Span]) -> list[Span]:
    """Spans that look alike joined, without white space at the edges of the line."""
    joined: list[Span] = []
    for span in spans:
        before = joined[-1] if joined else None
        text = span.text
        if before is not None and before.text.endswith(" "):
            text = text.lstrip(" ")
        if not text:
            continue
        if before is not None and (before.bold, before.italic, before.link) == (
            span.bold,
            span.italic,
            span.link,
        ):
            joined[-1] = Span(before.text + text, span.bold, span.italic, span.link)
        else:
            joined.append(Span(text, span.bold, span.italic, span.link))
    if joined:
        joined[0] = _with(joined[0], joined[0].text.lstrip(" "))
        joined[-1] = _with(joined[-1], joined[-1].text.rstrip(" "))
    return [span for span in joined if span.text]


def _with(span: Span, text: str) -> Span:
    return Span(text, span.bold, span.italic, span.link)
