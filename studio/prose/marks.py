"""Markdown-lite, the writing of every chapter: one paragraph per line, six marks, and nothing else has a meaning.

`#` to `###` and a space begin a heading, `>` a quotation, a line of `***` or `---` is a scene break; inside a line
`**bold**`, `*italic*` and `[text](http…)`. A backslash takes its meaning from the mark behind it. Raw HTML is text.
A mark without its partner is text too. The editor's highlighter reads the same vectors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

Kind = Literal["heading", "paragraph", "quote", "break", "blank"]

BREAKS = frozenset({"***", "---"})
ESCAPED = "\\*#>-[]()"
_heading = re.compile(r"(#{1,3})[ \t]+(.*)", re.DOTALL)
_quote = re.compile(r"> ?(.*)", re.DOTALL)
_piece = re.compile(
    r"\\(?P<escaped>[\\*#>\-\[\]()])"
    r"|(?P<stars>\*+)"
    r"|\[(?P<shown>(?:\\.|[^\[\]\\]){1,1000})\]\((?P<link>https?://[^\s()]{1,2000})\)"
)
_needs_escape = re.compile(r"[\\*\[\]]")


@dataclass(frozen=True)
class Span:
    """A run of characters that look alike. `link` is an address or empty."""

    text: str
    bold: bool = False
    italic: bool = False
    link: str = ""


@dataclass(frozen=True)
class Block:
    """One line. `level` is that of a heading, 1 to 3, else 0."""

    kind: Kind
    spans: tuple[Span, ...] = ()
    level: int = 0

    @property
    def text(self) -> str:
        """What a reader sees, without marks."""
        return "".join(span.text for span in self.spans)


def parse(text: str) -> list[Block]:
    """The lines of a text, in order: block n is line n."""
    return [parse_line(line) for line in text.split("\n")]


def parse_line(line: str) -> Block:
    """What one line is."""
    bare = line.strip()
    if not bare:
        return Block("blank")
    if bare in BREAKS:
        return Block("break")
    if found := _heading.fullmatch(line):
        return Block("heading", _inline(found[2].strip()), len(found[1]))
    if found := _quote.fullmatch(line):
        return Block("quote", _inline(found[1]))
    return Block("paragraph", _inline(line))


def plain(text: str) -> str:
    """The text without its marks, line by line; a scene break is an empty line."""
    return "\n".join(block.text for block in parse(text))


def escape(text: str) -> str:
    """Text from elsewhere as Markdown-lite that shows exactly these characters."""
    return "\n".join(_escape_line(line) for line in text.split("\n"))


def written(spans: tuple[Span, ...] | list[Span]) -> str:
    """Spans as one line of Markdown-lite, a paragraph whatever it begins with."""
    line = "".join(_written(span) for span in spans)
    is_taken = line[:1] in {"#", ">", "-"} and parse_line(line).kind != "paragraph"
    return f"\\{line}" if is_taken else line


def _escape_line(line: str) -> str:
    block = parse_line(line)
    if block.kind == "blank" or block.spans == (Span(line),):
        return line
    inner = _needs_escape.sub(r"\\\g<0>", line)
    return f"\\{inner}" if inner[0] in "#>-" else inner


def _written(span: Span) -> str:
    inner = _needs_escape.sub(r"\\\g<0>", span.text)
    if span.link:
        return f"[{inner}]({span.link})"
    stars = "*" * (2 * span.bold + span.italic)
    core = inner.strip()
    if not stars or not core:
        return inner
    # Marks hold no white space at their edges.
    start = inner.index(core)
    return f"{inner[:start]}{stars}{core}{stars}{inner[start + len(core) :]}"


@dataclass(frozen=True)
class _Stars:
    count: int
    can_open: bool
    can_close: bool


def _inline(line: str, link: str = "") -> tuple[Span, ...]:
    pieces = list(_pieces(line, link))
    roles = _paired([piece if isinstance(piece, _Stars) else None for piece in pieces])
    bold = italic = False
    spans: list[Span] = []
    for place, piece in enumerate(pieces):
        if isinstance(piece, Span):
            spans.append(Span(piece.text, bold or piece.bold, italic or piece.italic, piece.link))
            continue
        turns_bold, turns_italic = roles[place]
        bold, italic = bold ^ turns_bold, italic ^ turns_italic
        left = piece.count - 2 * turns_bold - turns_italic
        if left:
            spans.append(Span("*" * left, bold, italic, link))
    return tuple(_joined(spans))


def _pieces(line: str, link: str) -> Iterator[Span | _Stars]:
    end = 0
    for found in _piece.finditer(line):
        if found.start() > end:
            yield Span(line[end : found.start()], link=link)
        end = found.end()
        if found["escaped"]:
            yield Span(found["escaped"], link=link)
        elif found["stars"]:
            yield _stars(line, found.start(), end)
        elif link:
            yield Span(found[0], link=link)
        else:
            yield from _inline(found["shown"], found["link"])
    if end < len(line):
        yield Span(line[end:], link=link)


def _stars(line: str, start: int, end: int) -> _Stars:
    """More than three stars are text. Only white space decides: Chinese puts no space around a mark."""
    count = end - start
    known = count <= 3
    return _Stars(
        count,
        known and end < len(line) and not line[end].isspace(),
        known and start > 0 and not line[start - 1].isspace(),
    )


def _paired(stars: list[_Stars | None]) -> list[tuple[bool, bool]]:
    """For each run of stars whether it turns bold and italic: only those that have a partner do."""
    turns = [[False, False] for _ in stars]
    for mark, wanted in ((0, {2, 3}), (1, {1, 3})):
        opener: int | None = None
        for place, run in enumerate(stars):
            if run is None or run.count not in wanted:
                continue
            if opener is not None and run.can_close and place > opener + 1:
                turns[opener][mark] = turns[place][mark] = True
                opener = None
            elif run.can_open:
                opener = place
    return [(bold, italic) for bold, italic in turns]


def _joined(spans: list[Span]) -> Iterator[Span]:
    """Neighbours that look alike become one."""
    for (bold, italic, link), alike in groupby(
        spans, key=lambda span: (span.bold, span.italic, span.link)
    ):
        yield Span("".join(span.text for span in alike), bold, italic, link)
