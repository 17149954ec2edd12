"""The plan of an import: its pieces with what a person needs to judge them, and what the person changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from studio.importing.source import Source
from studio.prose import counting
from studio.prose.dividing import Piece, flagged
from studio.prose.headings import BLANKS
from studio.prose.wrapping import paragraphs

MAX_PIECES = 10_200
MAX_TITLE = 255
FIRST_LINE = 80
SHOWN_PLACES = 50
# Changes that need the text, not only the plan.
OF_TEXT = frozenset({"split"})
CHANGES = ("retitle", "skip", "keep", "number", "unnumber", "merge", *OF_TEXT)


class NoSuchPiece(ValueError):
    """A change names a piece, or a line of it, that is not there."""

    code = "no_such_piece"


def of(source: Source, pieces: Sequence[Piece]) -> dict[str, Any]:
    """The plan as it is stored: JSON, without the text."""
    return {
        "title": source.title[:MAX_TITLE],
        "author": source.author[:150],
        "language": source.language[:20],
        "description": source.description[:5_000],
        "candidates": [list(pair) for pair in source.candidates],
        "is_exact": source.is_exact,
        "sha256": sha256_of(source.text),
        "pieces": [_row(piece, source.text) for piece in pieces[:MAX_PIECES]],
    }


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def warnings_of(source: Source) -> list[dict[str, Any]]:
    return [
        {"code": each.code, "count": each.count, "places": list(each.places)[:SHOWN_PLACES]}
        for each in source.warnings
    ]


def pieces_of(plan: Mapping[str, Any]) -> list[Piece]:
    """The pieces of a stored plan."""
    return [_piece(row) for row in plan.get("pieces", [])]


def changed(
    pieces: Sequence[Piece], changes: Iterable[Mapping[str, Any]], text: str | None = None
) -> list[Piece]:
    """The pieces after a person's changes, in their order. Raises NoSuchPiece."""
    found = list(pieces)
    for change in changes:
        place = change["piece"]
        if not 0 <= place < len(found):
            raise NoSuchPiece
        _change(found, place, change, text)
    return flagged(found)


def rows(plan: Mapping[str, Any], pieces: Sequence[Piece]) -> list[dict[str, Any]]:
    """Rows for changed pieces without their text: words of joined pieces add up."""
    known = {row["body"]: row for row in plan["pieces"]}
    result = []
    for piece in pieces:
        row = known.get(piece.body, {})
        inside = [
            old
            for old in plan["pieces"]
            if piece.body <= old["body"] < max(piece.end, piece.body + 1)
        ]
        words = sum(old["words"] for old in inside) if row.get("end") != piece.end else row["words"]
        result.append({**_plain(piece), "words": words, "first_line": row.get("first_line", "")})
    return result


def body_of(piece: Piece, text: str, *, is_exact: bool, options: Mapping[str, Any]) -> str:
    """The text of a chapter: ours as it is, others without indents and empty lines as the person chose."""
    body = text[piece.body : piece.end]
    if is_exact:
        return body
    return paragraphs(
        body,
        indents=bool(options.get("keep_indents")),
        blanks=bool(options.get("keep_blanks", True)),
    )


# What a change makes of one piece.
ALONE: dict[str, Callable[[Piece, Mapping[str, Any]], Piece]] = {
    "retitle": lambda piece, change: replace(piece, title=str(change["title"])[:MAX_TITLE]),
    "skip": lambda piece, _: replace(piece, is_skipped=True),
    "keep": lambda piece, _: replace(
        piece, is_skipped=False, kind="volume" if piece.kind == "volume" else "chapter"
    ),
    "number": lambda piece, _: replace(piece, is_numbered=True),
    "unnumber": lambda piece, _: replace(piece, is_numbered=False),
}


def _change(found: list[Piece], place: int, change: Mapping[str, Any], text: str | None) -> None:
    piece, deed = found[place], change["op"]
    if deed in ALONE:
        found[place] = ALONE[deed](piece, change)
    elif deed == "split":
        found[place : place + 1] = _split(piece, str(change["before"]), text or "")
    elif place + 1 >= len(found) or "volume" in {piece.kind, found[place + 1].kind}:
        raise NoSuchPiece
    else:
        found[place : place + 2] = [replace(piece, end=found[place + 1].end)]


def _split(piece: Piece, before: str, text: str) -> list[Piece]:
    """Two pieces, the second beginning at the first line that begins with these words."""
    start = piece.body
    wanted = before.strip(BLANKS)
    for line in text[piece.body : piece.end].split("\n"):
        if wanted and start > piece.body and line.strip(BLANKS).startswith(wanted):
            title = line.strip(BLANKS)[:MAX_TITLE] if len(line) <= 40 else ""
            body = start + len(line) if title else start
            second = Piece("chapter", start, body, piece.end, title, None, piece.is_numbered)
            return [replace(piece, end=start), second]
        start += len(line) + 1
    raise NoSuchPiece


def _plain(piece: Piece) -> dict[str, Any]:
    return {**asdict(piece), "flags": list(piece.flags)}


def _row(piece: Piece, text: str) -> dict[str, Any]:
    body = text[piece.body : piece.end]
    first = body.strip(BLANKS + "\n").partition("\n")[0]
    return {
        **_plain(piece),
        "title": piece.title[:MAX_TITLE],
        "words": counting.count(body).words,
        "first_line": first[:FIRST_LINE],
    }


def _piece(row: Mapping[str, Any]) -> Piece:
    return Piece(
        row["kind"],
        row["start"],
        row["body"],
        row["end"],
        row["title"],
        row["ordinal"],
        row["is_numbered"],
        row["is_skipped"],
        tuple(row["flags"]),
    )
