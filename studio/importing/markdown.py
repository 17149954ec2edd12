"""Markdown: our own export, which comes back byte for byte, and everybody else's."""

from __future__ import annotations

import json
import re

from studio.importing import encodings
from studio.importing.plain import decoding_warnings, newlines
from studio.importing.source import Source
from studio.prose import bookmarks
from studio.prose.headings import Heading, Line, lines_of, named

_front = re.compile(r"---\n(?P<fields>(?:[^\n]*\n){0,60}?)---\n")
_field = re.compile(r"(?P<name>[A-Za-z_]+):[ \t]*(?P<value>.*)")
_heading = re.compile(r"(?P<marks>#{1,2})[ \t]+(?P<title>.+)")
_fence = re.compile(r"(```|~~~)")


def read(data: bytes, *, encoding: str = "") -> Source:
    """A Markdown file. Its front matter names the book, its first two levels of headings are volumes and chapters."""
    decoded = encodings.decode(data, encoding=encoding)
    whole = decoded.text
    is_ours = bookmarks.is_ours(whole)
    text = whole if is_ours else newlines(whole).replace("\0", "")
    fields, start = _front_matter(text)
    source = Source(
        text=text,
        title=fields.get("title", ""),
        author=fields.get("author", ""),
        language=fields.get("language", fields.get("lang", "")),
        description=fields.get("description", ""),
        encoding=decoded.encoding,
        confidence=decoded.confidence,
        candidates=decoded.candidates,
        warnings=decoding_warnings(decoded),
    )
    if is_ours:
        source.text, source.pieces = bookmarks.read(text)
        return source
    source.text = text[start:]
    source.headings = _headings(source)
    return source


def _front_matter(text: str) -> tuple[dict[str, str], int]:
    found = _front.match(text)
    if found is None:
        return {}, 0
    fields = {}
    for line in found["fields"].split("\n"):
        if pair := _field.fullmatch(line):
            fields[pair["name"].lower()] = _value(pair["value"].strip())
    return fields, found.end()


def _value(written: str) -> str:
    if written[:1] == '"':
        try:
            return str(json.loads(written))
        except ValueError:
            return written.strip('"')
    return written.strip("'")


def _headings(source: Source) -> list[Heading] | None:
    """The headings a file marks; None when it marks none, or one that names the book."""
    found = _marked(lines_of(source.text))
    tops = [each for each in found if each[0] == 1]
    if len(tops) == 1 and len(found) > 1 and found[0] is tops[0]:
        source.title = source.title or tops[0][2]
        found = found[1:]
        tops = []
    if len(found) < 2:
        return None
    has_volumes = bool(tops) and len(tops) < len(found)
    return [
        named(title, line, kind="volume" if has_volumes and level == 1 else "chapter")
        for level, line, title in found
    ]


def _marked(lines: list[Line]) -> list[tuple[int, Line, str]]:
    found, is_code = [], False
    for line in lines:
        if _fence.match(line.text):
            is_code = not is_code
        match = None if is_code else _heading.fullmatch(line.text)
        if match:
            found.append((len(match["marks"]), line, match["title"].strip(" \t#")))
    return found
