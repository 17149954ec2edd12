"""A whole book as one Markdown file that comes back exactly: the lines between its chapters, written and read.

`# volume`, `## chapter`, an empty line, the text as it is, an empty line. A line of a chapter that would be taken for
one of these gets a backslash more, and loses it when it is read. What has no number says so behind its title.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from studio.prose.dividing import Piece

FORMAT = "book/1"
MARK = f"format: {FORMAT}\n"
UNNUMBERED, NUMBERED = " {.unnumbered}", " {.numbered}"
_stuffed = re.compile(r"^(\\*)(#{1,2} )", re.MULTILINE)
_unstuffed = re.compile(r"^\\(\\*#{1,2} )", re.MULTILINE)
_head = re.compile(r"(?:\A|(?<=\n))(#{1,2}) ([^\n]*)\n")


@dataclass(frozen=True)
class Part:
    """A volume (its text is empty) or a chapter, in reading order."""

    is_volume: bool
    title: str
    text: str
    is_numbered: bool = True


def is_ours(text: str) -> bool:
    return text.startswith("---\n") and 0 < text.find(MARK) < text.find("\n---\n")


def write(front: str, parts: Iterable[Part]) -> Iterator[str]:
    """The file in pieces. `front` are lines of the front matter, each with its end."""
    yield f"---\n{front}{MARK}---\n"
    for part in parts:
        yield f"\n{'#' if part.is_volume else '##'} {_titled(part)}\n"
        if not part.is_volume:
            yield f"\n{_stuffed.sub(_one_more, part.text)}\n"


def read(text: str) -> tuple[str, list[Piece]]:
    """The chapters of a file of ours, as pieces of a text made of their texts alone."""
    start = text.index("\n---\n") + 5
    heads = list(_head.finditer(text, start))
    out, pieces, end = [], [], 0
    for place, head in enumerate(heads):
        until = heads[place + 1].start() if place + 1 < len(heads) else len(text) + 1
        body = _unstuffed.sub(r"\1", text[head.end() + 1 : until - 2])
        is_volume = len(head[1]) == 1
        title, is_numbered = _untitled(head[2])
        body = "" if is_volume else body
        pieces.append(
            Piece(
                "volume" if is_volume else "chapter",
                end,
                end,
                end + len(body),
                title,
                is_numbered=is_numbered,
            )
        )
        out.append(body)
        end += len(body)
    return "".join(out), pieces


def _one_more(found: re.Match[str]) -> str:
    return f"{found[1]}\\{found[2]}"


def _titled(part: Part) -> str:
    if not part.is_numbered:
        return part.title + UNNUMBERED
    return part.title + (NUMBERED if part.title.endswith((UNNUMBERED, NUMBERED)) else "")


def _untitled(shown: str) -> tuple[str, bool]:
    if shown.endswith(UNNUMBERED):
        return shown.removesuffix(UNNUMBERED), False
    return shown.removesuffix(NUMBERED), True
