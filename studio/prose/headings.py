"""Lines that may begin a chapter or a volume, in Chinese and English, each with how sure that is.

One line and its neighbours are looked at here; what a whole book says about its doubtful lines is `dividing`'s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from studio.prose.numerals import CHINESE, number

Kind = Literal["volume", "chapter", "section"]

MAX_HEADING = 40
MAX_ENGLISH_HEADING = 90
SURE = 3
DOUBTFUL = 1
BLANKS = " \t\u3000\xa0\u200b\ufeff\r"
# What ends a sentence: no heading ends so, a title may ask or exclaim.
FULL_STOPS = "。；;，,、：:）)"
SENTENCE_ENDS = "。！？!?…；;”」』》）)】.:：—~～"
_number = rf"[0-9０-９]+|[{CHINESE}]+|[IVXLCDMivxlcdmⅠ-Ⅻ]+"
_ranks: dict[str, Kind] = {
    **dict.fromkeys("部卷集篇", "volume"),
    **dict.fromkeys("章回話话折幕", "chapter"),
    "节": "section",
    "節": "section",
}
_separator = r"[\s\u3000:：、.．·•—–\-_|丨]+"
_chinese = re.compile(
    rf"(?:正文[\s\u3000]+|《[^》]{{1,20}}》[\s\u3000]*)?[【\[（(]?第[\s\u3000]*(?P<number>{_number})[\s\u3000]*"
    rf"(?P<unit>[部卷集篇章回話话折幕节節])(?P<close>[】\]）)]?)(?P<separator>{_separator})?(?P<title>.*)"
)
_volume_first = re.compile(
    rf"(?P<unit>[卷部])(?P<number>{_number}|[上中下])(?:(?P<separator>{_separator})(?P<title>.*))?"
)
_halves = re.compile(r"(?P<title>[上中下终](?:卷|部|篇|册|冊))(?P<rest>[\s\u3000].*)?")
_english = re.compile(
    r"(?P<unit>chapter|letter|stave|canto|book|part|volume|act)\s+(?P<number>[0-9]+|[ivxlcdm]+|(?:the\s+)?[a-z]+(?:[\s-][a-z]+)?)"
    r"(?P<separator>\s*[.:\-–—\]]+\s*|\s+|$)(?P<title>.*)",
    re.IGNORECASE,
)
_english_volumes = frozenset({"book", "part", "volume", "act"})
_bare = re.compile(rf"(?P<number>{_number})(?:[.．、]\s*(?P<title>.*)|(?P<alone>))")
_unnumbered = re.compile(
    r"(?P<word>楔子|引子|序章|序言|自序|序幕|前言|引言|尾声|尾聲|后记|後記|终章|終章|终幕|大结局|大結局|跋|序|外传|外傳|番外"
    r"|附录|附錄|prologue|epilogue|preface|foreword|introduction|afterword|interlude|acknowledge?ments|conclusion)"
    rf"(?:[{CHINESE}0-9]{{1,3}})?(?:{_separator}(?P<title>.*))?",
    re.IGNORECASE,
)
_unmarked_ends = re.compile(r"[.…·\s\u3000]{3,}\d+\s*$|\s+\d{1,4}\s*$")
_marked = re.compile(r"(#{1,3})[ \t]+(.*)")
# What follows an ordinal in a sentence rather than in a title: 第一节课, 第二部手机, 第三章的.
_goes_on = re.compile(
    r"[的得了着是在里和与跟就才也都把被给让次分课队]|中的|上的|下的|车厢|手机|电影|小说"
)


@dataclass(frozen=True)
class Line:
    """One line of a text and where it begins. Units: code points."""

    number: int
    start: int
    text: str
    bare: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(frozen=True)
class Heading:
    """A line that may be a heading. `surety` from 0 (no) over DOUBTFUL to SURE and more.

    `ordinal` is the number it names, if any; `title` what stands behind it; `rank` orders units among volumes.
    """

    line: int
    start: int
    end: int
    kind: Kind
    title: str
    ordinal: int | None = None
    unit: str = ""
    surety: int = SURE
    is_numbered: bool = True


def lines_of(text: str) -> list[Line]:
    """The lines of a text, each also without its white space."""
    lines, start = [], 0
    for place, line in enumerate(text.split("\n")):
        lines.append(Line(place, start, line, line.strip(BLANKS)))
        start += len(line) + 1
    return lines


def candidates(lines: list[Line]) -> list[Heading]:
    """Every line that may be a heading, in order; a line that names volume and chapter gives both."""
    found: list[Heading] = []
    for line in lines:
        if not line.bare or len(line.bare) > MAX_ENGLISH_HEADING:
            continue
        for heading in _read(line):
            surety = heading.surety + _surroundings(lines, line)
            if surety >= DOUBTFUL:
                found.append(_with(heading, surety))
    return found


def bare_numbers(lines: list[Line]) -> list[Heading]:
    """Lines that hold nothing but a number, and perhaps a short title; for books that know no other heading."""
    found = []
    for line in lines:
        match = _bare.fullmatch(line.bare) if len(line.bare) <= MAX_HEADING else None
        value = number(match["number"]) if match else None
        if match and value is not None and (match["title"] or "")[-1:] not in FULL_STOPS + ".":
            found.append(_heading(line, "chapter", match["title"] or "", value, "bare", SURE))
        elif match and value is not None and not match["title"]:
            found.append(_heading(line, "chapter", "", value, "bare", SURE))
    return found


def ends_a_sentence(text: str) -> bool:
    return text[-1:] in SENTENCE_ENDS


def _read(line: Line) -> list[Heading]:
    text = _unmarked_ends.sub("", line.bare) if line.bare[-1:].isdigit() else line.bare
    if marked := _marked.fullmatch(text):
        text = marked[2].strip(BLANKS)
    if text[:1] in "第【[（(正《":
        return _read_chinese(line, text)
    if text[:1] in "卷部上中下终":
        return _read_volume(line, text)
    if match := _unnumbered.fullmatch(text):
        return _read_unnumbered(line, text, match)
    if text[:1].isascii() and text[:1].isalpha():
        return _read_english(line, text)
    return []


def _read_chinese(line: Line, text: str) -> list[Heading]:
    match = _chinese.fullmatch(text)
    value = number(match["number"]) if match else None
    if match is None or value is None or len(text) > MAX_HEADING:
        return []
    title, unit = match["title"].strip(BLANKS), match["unit"]
    surety = _surety(title, has_separator=bool(match["separator"] or match["close"]))
    kind = _ranks[unit]
    if kind == "volume" and (inner := _inner_chapter(title)):
        before = title[: inner.start()].strip(BLANKS + ":：·-—")
        rest = _read_chinese(line, title[inner.start() :])
        if rest:
            return [_heading(line, kind, before, value, unit, surety), *rest]
    return [_heading(line, kind, title, value, unit, surety)]


def _inner_chapter(title: str) -> re.Match[str] | None:
    return re.search(rf"第[\s\u3000]*(?:{_number})[\s\u3000]*[章回话話节節]", title)


def _read_volume(line: Line, text: str) -> list[Heading]:
    if (match := _halves.fullmatch(text)) and len(text) <= MAX_HEADING:
        return [_heading(line, "volume", text, None, match["title"][-1], SURE - 1)]
    match = _volume_first.fullmatch(text)
    if match is None or len(text) > MAX_HEADING:
        return []
    title = (match["title"] or "").strip(BLANKS)
    return [
        _heading(
            line,
            "volume",
            title,
            number(match["number"]),
            match["unit"],
            _surety(title, has_separator=True),
        )
    ]


def _read_unnumbered(line: Line, text: str, match: re.Match[str]) -> list[Heading]:
    if len(text) > MAX_HEADING or text[-1:] in FULL_STOPS:
        return []
    surety = SURE if not match["title"] else SURE - 1
    heading = _heading(line, "chapter", text, None, match["word"], surety)
    return [Heading(**{**heading.__dict__, "is_numbered": False})]


def _read_english(line: Line, text: str) -> list[Heading]:
    match = _english.fullmatch(text)
    value = number(match["number"]) if match else None
    if match is None or value is None or text[-1:] in ",;:":
        return []
    unit, title = match["unit"].lower(), match["title"].strip(BLANKS + "_*")
    kind: Kind = "volume" if unit in _english_volumes else "chapter"
    surety = SURE
    if title and not match["separator"].strip():
        # "Chapter 3 was the worst of all": a title begins with a capital and does not end as a sentence.
        surety -= 1 if title[:1].isupper() else 3
    surety -= title[-1:] == "." and len(title.split()) > 6
    surety -= not match["unit"][:1].isupper()
    if (
        kind == "volume"
        and (inner := _english.search(title))
        and inner["unit"].lower() == "chapter"
    ):
        rest = _read_english(line, title[inner.start() :])
        before = title[: inner.start()].strip(BLANKS + ".:-–—")
        return [_heading(line, kind, before, value, unit, surety), *rest] if rest else []
    return [_heading(line, kind, title, value, unit, surety)]


def _surety(title: str, *, has_separator: bool) -> int:
    """How much a Chinese ordinal and what follows it look like a heading."""
    if title[-1:] in "。；;，,：:" and title:
        return 0
    if not title:
        return SURE
    surety = SURE if has_separator else SURE - 1
    surety -= title[-1:] in "！？!?…"
    if not has_separator:
        surety -= 2 * bool(_goes_on.match(title))
        surety -= any(mark in title for mark in "，。！？；：“”")
    else:
        surety -= any(mark in title for mark in "。；“”")
    return surety


def _surroundings(lines: list[Line], line: Line) -> int:
    """Blank lines speak for a heading; a sentence that runs into the line speaks against it."""
    before = lines[line.number - 1].bare if line.number else ""
    after = lines[line.number + 1].bare if line.number + 1 < len(lines) else ""
    bonus = (not before) + (not after)
    if (
        before
        and not ends_a_sentence(before)
        and len(before) > 12
        and not _read(lines[line.number - 1])
    ):
        bonus -= 3
    return bonus - 1


def _heading(
    line: Line, kind: Kind, title: str, ordinal: int | None, unit: str, surety: int
) -> Heading:
    return Heading(line.number, line.start, line.end, kind, title, ordinal, unit, surety)


def _with(heading: Heading, surety: int) -> Heading:
    return Heading(**{**heading.__dict__, "surety": surety})


def named(text: str, line: Line, *, kind: Kind) -> Heading:
    """A heading whose place and kind are known, with the number taken out of its words."""
    bare = text.strip(BLANKS)
    found = _read(Line(line.number, line.start, bare, bare))
    last = found[-1] if found else None
    title = bare if last is None else last.title
    return Heading(
        line.number,
        line.start,
        line.end,
        kind,
        title,
        last.ordinal if last else None,
        last.unit if last else "",
        SURE,
        last is not None and last.ordinal is not None,
    )
