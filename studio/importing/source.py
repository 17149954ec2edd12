"""What every format gives: one text, and what the format itself knows of the book."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from studio.prose.dividing import Piece
from studio.prose.headings import Heading


class Unreadable(Exception):
    """The content is not what its format promises. `reason` is a stable word."""

    code = "import_unreadable"

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.members = {"reason": reason, "detail": detail[:200]}


class ArchiveRefused(Exception):
    """A document that is not opened for its own sake. `rule` names what it breaks."""

    code = "archive_refused"

    def __init__(self, rule: str, detail: str = "") -> None:
        super().__init__(f"{rule}: {detail}" if detail else rule)
        self.rule = rule
        self.members = {"rule": rule, "detail": detail[:200]}


@dataclass(frozen=True)
class Warned:
    """Something the person should know of: a stable word, how often, and where first (code points or bytes)."""

    code: str
    count: int
    places: Sequence[int | str] = ()


@dataclass
class Source:
    """A book as one Markdown-lite text. Offsets are code points of `text`.

    `headings` are those the format marks (None: they are looked for in the text). `pieces` are given by our own
    format alone: then every character of a chapter stays as it is (`is_exact`).
    """

    text: str
    title: str = ""
    author: str = ""
    language: str = ""
    description: str = ""
    encoding: str = ""
    confidence: float = 1.0
    candidates: Sequence[tuple[str, float]] = ()
    headings: list[Heading] | None = None
    pieces: list[Piece] | None = None
    warnings: list[Warned] = field(default_factory=list)

    @property
    def is_exact(self) -> bool:
        return self.pieces is not None
