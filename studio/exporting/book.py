"""A book as the writers of files get it: plain values, in reading order, from one moment."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Protocol

# What XML 1.0 cannot hold, and controls that no page shows. Line ends and tabs stay.
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff\ud800-\udfff]")


class ExportRefused(Exception):
    """A book that cannot be written. `code` is a registered problem."""

    code = "export_failed"


@dataclass(frozen=True)
class Volume:
    """A part that holds chapters. `named` is its whole heading, where that is more than the title."""

    title: str
    named: str = ""
    is_numbered: bool = True

    @property
    def heading(self) -> str:
        return self.named or self.title


@dataclass(frozen=True)
class Chapter:
    """A chapter and its Markdown-lite text. `volume` is its place in the book's volumes, `named` its whole heading."""

    title: str
    text: str
    named: str = ""
    volume: int | None = None
    is_numbered: bool = True

    @property
    def heading(self) -> str:
        return self.named or self.title


@dataclass(frozen=True)
class Book:
    """What is written. `identifier` is an URN; `cover` an image with its type."""

    identifier: str
    title: str
    author: str
    language: str
    modified: datetime
    chapters: list[Chapter]
    volumes: list[Volume] = field(default_factory=list)
    description: str = ""
    cover: bytes = b""
    cover_type: str = ""

    def parts(self) -> Iterator[Volume | Chapter]:
        """Volumes and chapters in reading order, a volume before its first chapter."""
        last: int | None = None
        for chapter in self.chapters:
            if chapter.volume is not None and chapter.volume != last:
                yield self.volumes[chapter.volume]
            last = chapter.volume
            yield chapter

    @property
    def is_chinese(self) -> bool:
        return self.language.startswith("zh")

    @property
    def code(self) -> str:
        """A BCP 47 tag; a language nobody named is undetermined."""
        return "und" if self.language == "other" else self.language


@dataclass(frozen=True)
class Options:
    """How a file is made. `indent` is the first line's, `scene_break` the sign between scenes, `encoding` for txt."""

    title_page: bool = True
    contents: bool = True
    numbers: bool = True
    indent: bool = True
    scene_break: str = "* * *"
    encoding: str = "utf-8"


@dataclass
class Losses:
    """Characters that a format cannot hold: dropped, or replaced in an encoding that lacks them."""

    dropped: Counter[str] = field(default_factory=Counter)
    unencodable: Counter[str] = field(default_factory=Counter)

    def printable(self, text: str) -> str:
        """The text without what no page shows; what is taken is counted."""

        def note(found: re.Match[str]) -> str:
            self.dropped[f"U+{ord(found[0]):04X}"] += 1
            return ""

        return UNPRINTABLE.sub(note, text)


class Tick(Protocol):
    """Called after every chapter with how many are written."""

    def __call__(self, written: int, /) -> None: ...


class Writer(Protocol):
    """One format."""

    def __call__(
        self, book: Book, options: Options, out: IO[bytes], losses: Losses, tick: Tick, /
    ) -> None: ...
