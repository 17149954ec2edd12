"""Words about time → half-open ranges of days, against a given today. Weeks begin on Monday."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from querygpt.planner.normalising import number

_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_N = (
    r"(?:\d{1,3}|[一二两三四五六七八九十]+|one|two|three|four|five|six|seven|eight|nine|ten|twelve)"
)
_MONTH_NAME = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
_Y = r"(?:(?:19|20)\d\d)"
_ORDINAL = {
    "first": 1,
    "1st": 1,
    "second": 2,
    "2nd": 2,
    "third": 3,
    "3rd": 3,
    "fourth": 4,
    "4th": 4,
}
_SHIFTS = {
    "今": 0, "本": 0, "这": 0, "当": 0, "去": -1, "上": -1, "前": -2, "上上": -2, "明": 1, "下": 1,
    "this": 0, "current": 0, "last": -1, "previous": -1, "prior": -1, "past": -1, "next": 1,
}  # fmt: skip
_GRAINS = {
    "天": "day", "日": "day", "周": "week", "星期": "week", "礼拜": "week", "月": "month", "个月": "month",
    "季度": "quarter", "季": "quarter", "年": "year", "年度": "year",
    "day": "day", "week": "week", "month": "month", "quarter": "quarter", "year": "year",
}  # fmt: skip
MONTHS_IN = {"month": 1, "quarter": 3, "half": 6, "year": 12}


@dataclass(frozen=True, slots=True)
class Period:
    """[start, end); None is open. `is_bare`: only a number that may be a year."""

    start: date | None
    end: date | None
    grain: str
    is_bare: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A period and where its words stand in the folded text."""

    start: int
    end: int
    period: Period


def find(folded: str, today: date) -> list[Found]:
    """All periods of the text, ranges and open ends joined, from left to right."""
    return _open_ended(folded, _ranges(folded, _atoms(folded, today)))


def months_later(day: date, months: int) -> date:
    """The same day of another month, or that month's last day."""
    count = day.year * 12 + day.month - 1 + months
    year, month = divmod(count, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def spanning(first: date, grain: str) -> Period:
    """The whole day, week, month, quarter, half or year that begins on `first`."""
    if grain == "day":
        return Period(first, first + timedelta(days=1), grain)
    if grain == "week":
        return Period(first, first + timedelta(days=7), grain)
    return Period(first, months_later(first, MONTHS_IN[grain]), grain)


def _first(day: date, grain: str) -> date:
    if grain == "day":
        return day
    if grain == "week":
        return day - timedelta(days=day.weekday())
    months = MONTHS_IN[grain]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def _shifted(today: date, grain: str, by: int) -> Period:
    first = _first(today, grain)
    if grain in ("day", "week"):
        return spanning(first + timedelta(days=by * (7 if grain == "week" else 1)), grain)
    return spanning(months_later(first, by * MONTHS_IN[grain]), grain)


def _rolling(today: date, grain: str, count: int) -> Period:
    tomorrow = today + timedelta(days=1)
    if grain in ("day", "week"):
        return Period(
            tomorrow - timedelta(days=count * (7 if grain == "week" else 1)), tomorrow, "day"
        )
    return Period(months_later(tomorrow, -count * MONTHS_IN[grain]), tomorrow, "day")


def _month(name: str) -> int:
    return next(n for n, one in enumerate(_MONTHS, 1) if one.startswith(name[:3]))


def _int(text: str) -> int:
    value = number(text)
    return int(value) if value is not None else 0


def _part_of_year(year: int, part: str) -> Period:
    """`part`: 第一季度, q1, 上半年, 3月, 3月5日."""
    quarter = re.match(r"(?:第?([一二三四1-4])季度?|q([1-4]))", part)
    if quarter:
        return spanning(date(year, _int(quarter[1] or quarter[2]) * 3 - 2, 1), "quarter")
    if part.startswith(("上半年", "下半年")):
        return spanning(date(year, 1 if part[0] == "上" else 7, 1), "half")
    pieces = [_int(one) for one in re.findall(_N, part)]
    first = date(year, pieces[0], pieces[1] if len(pieces) > 1 else 1)
    return spanning(first, "day" if len(pieces) > 1 else "month")


def _latest_part(today: date, part: str) -> Period:
    """A month, quarter or half without its year: the latest that has begun."""
    period = _part_of_year(today.year, part)
    return period if period.start and period.start <= today else _part_of_year(today.year - 1, part)


_PART = rf"(?:第?[一二三四1-4]季度|q[1-4]|[上下]半年|{_N}月(?:份)?(?:{_N}[日号])?)"
Maker = Callable[[re.Match[str], date], Period]
_ATOMS: list[tuple[re.Pattern[str], Maker]] = [
    (re.compile(rf"\bq([1-4])(?: of)?(?: the)?(?: year)? ({_Y})\b"),
     lambda m, _: spanning(date(int(m[2]), int(m[1]) * 3 - 2, 1), "quarter")),
    (re.compile(rf"(?:最近|过去|近)的?({_N})个?(天|日|周|星期|礼拜|月|季度|年)(?:内|里|以来)?"),
     lambda m, t: _rolling(t, _GRAINS[m[2]], _int(m[1]))),
    (re.compile(r"(?:最近|过去|近)半年(?:内|里|以来)?"), lambda m, t: _rolling(t, "month", 6)),
    (re.compile(rf"({_Y})\s*年?度?\s*的?({_PART})"), lambda m, _: _part_of_year(int(m[1]), m[2])),
    (re.compile(rf"(?<!\d)({_Y})[-/.](\d{{1,2}})[-/.](\d{{1,2}})(?!\d)"),
     lambda m, _: spanning(date(int(m[1]), int(m[2]), int(m[3])), "day")),
    (re.compile(rf"(?<!\d)({_Y})[-/](0[1-9]|1[0-2])(?!\d)"),
     lambda m, _: spanning(date(int(m[1]), int(m[2]), 1), "month")),
    (re.compile(rf"(?<![\d])({_Y})年度?(?!龄)"), lambda m, _: spanning(date(int(m[1]), 1, 1), "year")),
    (re.compile(rf"(今|去|前|明|本|上)(?:一)?年度?的?({_PART})"),
     lambda m, t: _part_of_year(t.year + _SHIFTS[m[1]], m[2])),
    (re.compile(r"(今|去|前|明|本|上|当)(?:一)?年(?!龄|级)度?"), lambda m, t: _shifted(t, "year", _SHIFTS[m[1]])),
    (re.compile(r"(上上|本|这|上|下|当)一?个?(月|周|星期|礼拜|季度)份?"),
     lambda m, t: _shifted(t, _GRAINS[m[2]], _SHIFTS[m[1]])),
    (re.compile(r"(今|昨|前|明)[天日]"),
     lambda m, t: _shifted(t, "day", {"今": 0, "昨": -1, "前": -2, "明": 1}[m[1]])),
    (re.compile(rf"(?<![\d.]){_PART}"), lambda m, t: _latest_part(t, m[0])),
    (re.compile(rf"\b(?:the )?(?:last|past|previous|recent|most recent|trailing) ({_N}) (day|week|month|quarter|year)s?\b"),
     lambda m, t: _rolling(t, m[2], _int(m[1]))),
    (re.compile(r"\b(?:the )?(this|current|last|previous|prior|past|next) (day|week|month|quarter|year)\b"),
     lambda m, t: _shifted(t, m[2], _SHIFTS[m[1]])),
    (re.compile(r"\b(today|yesterday|tomorrow)\b"),
     lambda m, t: _shifted(t, "day", {"today": 0, "yesterday": -1, "tomorrow": 1}[m[1]])),
    (re.compile(r"\b(?:year to date|ytd)\b"), lambda m, t: Period(date(t.year, 1, 1), t + timedelta(days=1), "day")),
    (re.compile(r"\b(?:month to date|mtd)\b"),
     lambda m, t: Period(date(t.year, t.month, 1), t + timedelta(days=1), "day")),
    (re.compile(rf"\b(?:the )?(first|second|third|fourth|1st|2nd|3rd|4th) (quarter|half)(?: of)?(?: the year)? ({_Y})\b"),
     lambda m, _: spanning(date(int(m[3]), (_ORDINAL[m[1]] - 1) * MONTHS_IN[m[2]] + 1, 1), m[2])),
    (re.compile(rf"\bh([12]) ({_Y})\b"), lambda m, _: spanning(date(int(m[2]), int(m[1]) * 6 - 5, 1), "half")),
    (re.compile(rf"\b({_MONTH_NAME})\.? (\d{{1,2}})(?:st|nd|rd|th)?,? ({_Y})\b"),
     lambda m, _: spanning(date(int(m[3]), _month(m[1]), int(m[2])), "day")),
    (re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH_NAME}),? ({_Y})\b"),
     lambda m, _: spanning(date(int(m[3]), _month(m[2]), int(m[1])), "day")),
    (re.compile(rf"\b({_MONTH_NAME})(?: of)?,? ({_Y})\b"),
     lambda m, _: spanning(date(int(m[2]), _month(m[1]), 1), "month")),
    (re.compile(rf"(?<=\bin )({_MONTH_NAME})\b"), lambda m, t: _latest_part(t, f"{_month(m[1])}月")),
    (re.compile(rf"\b(?:the )?year ({_Y})\b"), lambda m, _: spanning(date(int(m[1]), 1, 1), "year")),
    (re.compile(rf"(?<![\d.,]){_Y}(?![\d.,]\d|\d|[a-z])"),
     lambda m, _: replace(spanning(date(int(m[0]), 1, 1), "year"), is_bare=True)),
]  # fmt: skip
_RANGE = re.compile(r"\s*(?:到|至|~|—|–|-|to|until|through|and)\s*$")
_RANGE_AND = re.compile(r"(?:\bbetween|介于|在)\s*$")
_SINCE = re.compile(r"(?:\bsince(?: the)?|自从|自|从)\s*$")
_AFTER = re.compile(r"(?:\b(?:later than|after))\s*$")
_BEFORE = re.compile(r"(?:\b(?:earlier than|before|prior to|until|up to)|早于)\s*$")
_LATE = re.compile(r"(?:晚于)\s*$")
_UNTIL = re.compile(r"(?:截至|截止到?|直到)\s*$")
_SUFFIXES: list[tuple[re.Pattern[str], Callable[[Period], Period]]] = [
    (re.compile(r"\s*(?:以来|至今|到现在|到今天|开始|起|onwards?|or later|till now|until now)"),
     lambda p: Period(p.start, None, p.grain)),
    (re.compile(r"\s*年?(?:以后|之后|后(?!端|卫))"), lambda p: Period(p.end, None, p.grain)),
    (re.compile(r"\s*年?(?:以前|之前|前(?![0-9一二三四五六七八九十]))"), lambda p: Period(None, p.start, p.grain)),
]  # fmt: skip


def _atoms(folded: str, today: date) -> list[Found]:
    found: list[Found] = []
    for pattern, make in _ATOMS:
        for match in pattern.finditer(folded):
            if any(match.start() < one.end and one.start < match.end() for one in found):
                continue
            try:
                found.append(Found(match.start(), match.end(), make(match, today)))
            except ValueError:
                continue
    return sorted(found, key=lambda one: one.start)


def _ranges(folded: str, found: list[Found]) -> list[Found]:
    """`A to B`, `between A and B`, 「A到B」 become one."""
    joined: list[Found] = []
    for one in found:
        before = joined[-1] if joined else None
        between = folded[before.end : one.start] if before else ""
        if before and _RANGE.fullmatch(between) and _is_range(folded, before, between):
            period = Period(before.period.start, one.period.end, one.period.grain)
            joined[-1] = Found(before.start, one.end, period)
        else:
            joined.append(one)
    return joined


def _is_range(folded: str, before: Found, between: str) -> bool:
    return between.strip() != "and" or bool(_RANGE_AND.search(folded[: before.start]))


def _open_ended(folded: str, found: list[Found]) -> list[Found]:
    return [_with_suffix(folded, _with_prefix(folded, one)) for one in found]


def _with_prefix(folded: str, one: Found) -> Found:
    period, before = one.period, folded[: one.start]
    ends: list[tuple[re.Pattern[str], Period]] = [
        (_SINCE, Period(period.start, None, period.grain)),
        (_AFTER, Period(period.end, None, period.grain)),
        (_LATE, Period(period.end, None, period.grain)),
        (_BEFORE, Period(None, period.start, period.grain)),
        (_UNTIL, Period(None, period.end, period.grain)),
        (_RANGE_AND, replace(period, is_bare=False)),
    ]
    for pattern, made in ends:
        match = pattern.search(before)
        if match:
            is_whole = _spans(period) and pattern in (_SINCE, _RANGE_AND)
            return Found(match.start(), one.end, period if is_whole else made)
    return one


def _spans(period: Period) -> bool:
    """Already a range of several units: "from A to B"."""
    return period.start is not None and spanning(period.start, period.grain).end != period.end


def _with_suffix(folded: str, one: Found) -> Found:
    for pattern, make in _SUFFIXES:
        match = pattern.match(folded, one.end)
        if match:
            is_open = not (one.period.start and one.period.end)
            return Found(one.start, match.end(), one.period if is_open else make(one.period))
    return one
