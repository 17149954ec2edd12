"""A book's text divided into its chapters: which of the lines that may be headings are, judged by the whole book.

Contents lists, sentences that begin with an ordinal, titles on a line of their own and numbers that do not follow
each other are settled here. Every character of the text belongs to exactly one piece.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Literal

from studio.prose.headings import (
    BLANKS,
    FULL_STOPS,
    MAX_ENGLISH_HEADING,
    MAX_HEADING,
    SURE,
    Heading,
    Line,
    bare_numbers,
    candidates,
    lines_of,
)

PieceKind = Literal["volume", "chapter", "front", "frame"]

CONTENTS_RUN = 3
TITLE_LINES_SHARE = 0.6
FEW = 3
PROSE_CJK, PROSE_LATIN = 25, 60
SHORT_SHARE, SHORT_CHARACTERS = 0.1, 300
LONG_FACTOR, LONG_CHARACTERS = 5, 20_000
_frame = re.compile(r"\*\*\*\s*(START|END) OF (?:THE|THIS) [^\n]*\*\*\*", re.IGNORECASE)
_cjk = re.compile(r"[\u3400-\u9fff\u3040-\u30ff\uac00-\ud7af]")


@dataclass(frozen=True)
class Piece:
    """A part of a text, in reading order. Units: code points; the body is `text[body:end]`.

    `frame` is what a library put around a book, `front` what stands before its first heading; both may be skipped.
    """

    kind: PieceKind
    start: int
    body: int
    end: int
    title: str = ""
    ordinal: int | None = None
    is_numbered: bool = True
    is_skipped: bool = False
    flags: tuple[str, ...] = field(default=())


def divide(text: str) -> list[Piece]:
    """The pieces of a text; without any heading one chapter that holds it all."""
    frame_end, frame_start = _inside(text)
    lines = lines_of(text)
    inner = [line for line in lines if frame_end <= line.start < frame_start]
    headings = _settled(lines, inner)
    pieces = list(_pieces(text, headings, inner, frame_end, frame_start))
    if frame_end:
        pieces.insert(0, Piece("frame", 0, 0, frame_end, is_numbered=False, is_skipped=True))
    if frame_start < len(text):
        pieces.append(
            Piece("frame", frame_start, frame_start, len(text), is_numbered=False, is_skipped=True)
        )
    return flagged(pieces)


def flagged(pieces: Sequence[Piece]) -> list[Piece]:
    """The same pieces with what a person should look at: gap, repeat, order, short, long."""
    sizes = [piece.end - piece.body for piece in pieces if _counts(piece)]
    usual = median(sizes) if sizes else 0
    found, last, is_new_volume = [], 0, True
    for piece in pieces:
        if piece.kind == "volume" and not piece.is_skipped:
            is_new_volume = True
        if not _counts(piece):
            found.append(replace(piece, flags=()))
            continue
        flags = []
        if piece.ordinal is not None and piece.is_numbered:
            flags += _order_flags(piece.ordinal, last, is_new_volume=is_new_volume)
            last, is_new_volume = piece.ordinal, False
        flags += _size_flags(piece.end - piece.body, usual)
        found.append(replace(piece, flags=tuple(flags)))
    return found


def from_headings(text: str, headings: Sequence[Heading]) -> list[Piece]:
    """The pieces of a text whose headings are known, as those of a document with styles."""
    return flagged(list(_pieces(text, list(headings), lines_of(text), 0, len(text))))


def _counts(piece: Piece) -> bool:
    return piece.kind == "chapter" and not piece.is_skipped


def _order_flags(ordinal: int, last: int, *, is_new_volume: bool) -> list[str]:
    if ordinal == last + 1 or (is_new_volume and ordinal == 1):
        return []
    if ordinal == last:
        return ["repeat"]
    return ["gap"] if ordinal > last else ["order"]


def _size_flags(size: int, usual: float) -> list[str]:
    if size < SHORT_CHARACTERS and size < usual * SHORT_SHARE:
        return ["short"]
    return ["long"] if size > max(LONG_CHARACTERS, usual * LONG_FACTOR) else []


def _inside(text: str) -> tuple[int, int]:
    """Where the book begins and ends inside what a library put around it."""
    start, end = 0, len(text)
    for match in _frame.finditer(text):
        if match[1].upper() == "START" and not start:
            start = match.end()
        elif match[1].upper() == "END":
            end = match.start()
            break
    return start, max(start, end)


def _settled(lines: list[Line], inner: list[Line]) -> list[Heading]:
    """The headings of a book, titles on lines of their own included."""
    first = inner[0].number if inner else 0
    last = inner[-1].number if inner else -1
    found = [each for each in candidates(lines) if first <= each.line <= last]
    found = _one_kind_of_chapter(found)
    if sum(each.kind == "chapter" for each in found) < FEW:
        bare = _chain([each for each in bare_numbers(lines) if first <= each.line <= last])
        if len(bare) >= FEW:
            found = _without_twins(sorted([*_volumes(found), *bare], key=lambda each: each.start))
    found = _without_contents(found, lines)
    found = _continuous(found)
    found = _without_repeats(found, lines)
    return _with_title_lines(found, lines)


def _volumes(found: list[Heading]) -> list[Heading]:
    return [each for each in found if each.kind == "volume" and each.surety >= SURE]


def _without_twins(found: list[Heading]) -> list[Heading]:
    return list({each.start: each for each in found}.values())


def _one_kind_of_chapter(found: list[Heading]) -> list[Heading]:
    """Sections and volumes are chapters where nothing smaller is; else sections belong to the text."""
    kinds = Counter(each.kind for each in found if each.ordinal is not None)
    lowest = next((kind for kind in ("chapter", "section", "volume") if kinds[kind]), None)
    if lowest == "chapter" or lowest is None:
        return [each for each in found if each.kind != "section"]
    return [
        replace(each, kind="chapter") if each.kind == lowest else each
        for each in found
        if each.kind != "volume" or lowest == "volume" or each.kind == lowest or each.surety >= SURE
    ]


def _without_contents(found: list[Heading], lines: list[Line]) -> list[Heading]:
    """Without lists of contents: headings with nothing between them that come again, with text."""
    later: Counter[tuple[str, int | str]] = Counter(_identity(each) for each in found)
    kept: list[Heading] = []
    for run in _runs(found, lines):
        later.subtract(_identity(each) for each in run)
        numbered = sum(each.kind == "chapter" for each in run)
        is_list = numbered >= CONTENTS_RUN or len(run) > CONTENTS_RUN
        again = sum(later[_identity(each)] > 0 for each in run)
        if is_list and again * 2 > len(run):
            continue
        kept.extend(run)
    return kept


def _identity(heading: Heading) -> tuple[str, int | str]:
    return heading.kind, heading.title if heading.ordinal is None else heading.ordinal


def _runs(found: list[Heading], lines: list[Line]) -> Iterator[list[Heading]]:
    """Headings with only empty lines between them; a number that comes again begins another run."""
    run: list[Heading] = []
    seen: set[tuple[str, int | str]] = set()
    for heading in found:
        is_next = bool(run) and not _has_text(lines, run[-1].line, heading.line)
        # A list without volumes has ended where the first volume begins.
        is_next = is_next and (heading.kind != "volume" or run[0].kind == "volume")
        if run and (not is_next or _identity(heading) in seen):
            yield run
            run, seen = [], set()
        run.append(heading)
        if heading.kind == "volume":
            # Numbers may begin again in every volume of the list.
            seen = {each for each in seen if each[0] == "volume"}
        seen.add(_identity(heading))
    if run:
        yield run


def _has_text(lines: list[Line], after: int, before: int) -> bool:
    return any(lines[place].bare for place in range(after + 1, before))


def _continuous(found: list[Heading]) -> list[Heading]:
    """Doubtful headings stay where their number fits; sure ones go only where they break a sequence."""
    numbered = [each for each in found if each.kind == "chapter" and each.ordinal is not None]
    usual = Counter(each.unit for each in numbered).most_common(1)
    main = usual[0][0] if usual else ""
    kept: list[Heading] = []
    last, is_new_volume = 0, True
    for place, each in enumerate(found):
        if each.kind == "volume" or each.ordinal is None:
            if each.surety >= SURE - 1:
                kept.append(each)
                is_new_volume = is_new_volume or each.kind == "volume"
            continue
        after = _next_ordinal(found, place, main)
        fits = each.ordinal == last + 1 or (is_new_volume and each.ordinal == 1)
        leads = after is not None and each.ordinal + 1 == after and each.ordinal != last
        breaks = after == last + 1 and last > 0
        is_sure = each.surety >= SURE and each.unit == main
        if fits or (leads and not breaks) or (is_sure and (not breaks or each.surety > SURE)):
            kept.append(each)
            last, is_new_volume = each.ordinal, False
    return kept


def _next_ordinal(found: list[Heading], place: int, main: str) -> int | None:
    """The number of the next heading of the usual kind that nobody doubts; else of the very next."""
    later = [
        each
        for each in found[place + 1 : place + 6]
        if each.kind == "chapter" and each.ordinal is not None
    ]
    sure = next((each for each in later if each.surety >= SURE and each.unit == main), None)
    chosen = sure or (later[0] if later else None)
    return chosen.ordinal if chosen else None


def _chain(found: list[Heading]) -> list[Heading]:
    """Bare numbers in the order 1, 2, 3 …; any other is a number in the text."""
    kept: list[Heading] = []
    for each in found:
        if each.ordinal == len(kept) + 1:
            kept.append(each)
    return kept


def _without_repeats(found: list[Heading], lines: list[Line]) -> list[Heading]:
    """A heading written twice in a row is one: the line with the longer title."""
    kept: list[Heading] = []
    for each in found:
        before = kept[-1] if kept else None
        if (
            before is not None
            and each.ordinal is not None
            and _identity(before) == _identity(each)
            and not _has_text(lines, before.line, each.line)
        ):
            title = max(before.title, each.title, key=len)
            kept[-1] = replace(before, end=each.end, title=title, line=each.line)
            continue
        kept.append(each)
    return kept


def _with_title_lines(found: list[Heading], lines: list[Line]) -> list[Heading]:
    """Where most headings are bare numbers with a short line under them, that line is the title."""
    bare = [each for each in found if each.ordinal is not None and not each.title]
    titles = {each.start: _title_line(each, lines, found) for each in bare}
    named = sum(line is not None for line in titles.values())
    if not bare or named < TITLE_LINES_SHARE * len(bare):
        return found
    result = []
    for each in found:
        line = titles.get(each.start)
        if line is None:
            result.append(each)
        else:
            result.append(replace(each, end=line.end, title=line.bare.strip(BLANKS + "_*")))
    return result


def _title_line(heading: Heading, lines: list[Line], found: list[Heading]) -> Line | None:
    taken = {each.line for each in found}
    place = heading.line + 1
    while place < len(lines) and place <= heading.line + 2 and not lines[place].bare:
        place += 1
    if place >= len(lines) or place in taken or not lines[place].bare:
        return None
    line = lines[place]
    limit = MAX_HEADING if _cjk.search(line.bare) else MAX_ENGLISH_HEADING
    if len(line.bare) > limit or line.bare[-1] in FULL_STOPS:
        return None
    if line.bare[-1] in ".”\"'" and len(line.bare.split()) > 6:
        return None
    after = lines[place + 1] if place + 1 < len(lines) else None
    if after is None or not after.bare:
        return line
    is_indented = after.text[:1] in BLANKS and line.text[:1] not in BLANKS
    return line if is_indented else None


def _pieces(
    text: str, headings: list[Heading], lines: list[Line], start: int, end: int
) -> Iterator[Piece]:
    first = headings[0].start if headings else end
    if not headings:
        yield Piece("chapter", start, start, end, is_numbered=False)
        return
    if first > start:
        before = text[start:first]
        if before.strip(BLANKS + "\n"):
            yield Piece(
                "front", start, start, first, is_numbered=False, is_skipped=not _is_prose(before)
            )
    for place, heading in enumerate(headings):
        until = headings[place + 1].start if place + 1 < len(headings) else end
        until = max(until, heading.start)
        body = min(heading.end, until)
        title, is_numbered = heading.title, heading.is_numbered
        if heading.kind == "volume":
            yield Piece("volume", heading.start, body, body, title, heading.ordinal)
            if text[body:until].strip(BLANKS + "\n"):
                yield Piece("chapter", body, body, until, title, None, is_numbered=False)
            continue
        yield Piece("chapter", heading.start, body, until, title, heading.ordinal, is_numbered)


def _is_prose(text: str) -> bool:
    """Whether it is more than a title page and a list of contents."""
    for line in text.split("\n"):
        bare = line.strip(BLANKS)
        limit = PROSE_CJK if _cjk.search(bare) else PROSE_LATIN
        if len(bare) > limit and bare[-1:] in '。！？!?.”"…':
            return True
    return False
