"""Which type a column of texts has, by looking at all of them, and how its texts become values.

Codes with leading zeros and numbers longer than fifteen digits stay text: as numbers they would be others.
"""

from __future__ import annotations

import re
from collections.abc import Set
from typing import Any

EMPTY = "('', 'NULL', 'null', 'N/A', 'n/a', '-', '—', '\\N', '#N/A', '#DIV/0!', '#REF!', '#VALUE!', '#NAME?', '#NUM!')"
INTEGER = r"[-+]?\d{1,15}"
NUMBER = r"[-+]?[￥¥$€]?[-+]?(\d{1,15}|\d{1,3}(,\d{3}){1,4})(\.\d{1,9})?([eE][-+]?\d{1,2})?"
PERCENT = NUMBER + r"\s?[%％]"
CODE = r"[-+]?0\d+"
DAY = r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
MOMENT = DAY + r"[T ]\s?(\d{1,2}):(\d{2})(:(\d{2}))?(\.\d+)?"
PLAIN_DAY = r"(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"
TRUE, FALSE = "('true', 'yes', '是', 'TRUE', 'True')", "('false', 'no', '否', 'FALSE', 'False')"
DATED = re.compile(r"日期|时间|date|day|time", re.I)
MOST_SCALE = 6


def value(column: str) -> str:
    """The text of a column without blanks around it; NULL for what stands for nothing."""
    return f"(CASE WHEN trim({column}) IN {EMPTY} THEN NULL ELSE trim({column}) END)"


# What must be looked at in all texts, once some of them look like a type. Text needs no further look.
NEEDED = {
    "int": {"codes", "integers", "numbers"},
    "decimal": {"codes", "integers", "numbers"},
    "percent": {"codes", "percents"},
    "date": {"codes", "days", "moments"},
    "datetime": {"codes", "days", "moments"},
    "plain_date": {"codes", "plain_days", "integers", "numbers"},
    "bool": {"codes", "flags"},
}
TESTS = frozenset().union(*NEEDED.values())


def counts(column: str, wanted: Set[str] = TESTS) -> str:
    """SQL: a structure of how many texts are there and how many look like what is wanted."""
    text = value(column)
    tests = {
        "filled": f"{text} IS NOT NULL",
        "integers": _is(text, INTEGER),
        "numbers": _is(text, NUMBER),
        "percents": _is(text, PERCENT),
        "codes": _is(text, CODE),
        "days": f"{_is(text, DAY)} AND TRY_CAST({_day(text)} AS DATE) IS NOT NULL",
        "moments": f"{_is(text, MOMENT)} AND TRY_CAST({_moment(text)} AS TIMESTAMP) IS NOT NULL",
        "plain_days": f"{_is(text, PLAIN_DAY)} AND try_strptime({text}, '%Y%m%d') IS NOT NULL",
        "flags": f"{text} IN {TRUE} OR {text} IN {FALSE}",
    }
    fields = [
        f"{name} := count(*) FILTER (WHERE {test})"
        if name in {*wanted, "filled"}
        else f"{name} := 0"
        for name, test in tests.items()
    ]
    if "numbers" in wanted:
        fields += [
            f"scale := max(length(regexp_extract({text}, '\\.(\\d+)', 1)))",
            f"powers := count(*) FILTER (WHERE contains(lower({text}), 'e'))",
        ]
    return f"struct_pack({', '.join(fields)})"


def needed(name: str, sampled: dict[str, Any]) -> Set[str]:
    """What of a column must be counted in all rows, by a look at some: what is text there is text."""
    return NEEDED.get(kind(name, sampled), frozenset()) if sampled["filled"] else TESTS


def kind(name: str, found: dict[str, Any]) -> str:
    """The type of a column: int, decimal, percent, date, plain_date, datetime, bool or text."""
    filled = found["filled"]
    if not filled or found["codes"]:
        return "text"
    if found["plain_days"] == filled and DATED.search(name):
        return "plain_date"
    for test, chosen in (
        ("integers", "int"),
        ("numbers", "decimal"),
        ("percents", "percent"),
        ("days", "date"),
        ("flags", "bool"),
    ):
        if found[test] == filled:
            return chosen
    return "datetime" if found["days"] + found["moments"] == filled else "text"


def converted(column: str, chosen: str, found: dict[str, Any]) -> str:
    """SQL: the column's values in its type."""
    text = value(column)
    if chosen == "text":
        return f"nullif(trim({column}), '')"
    if chosen in ("decimal", "percent"):
        return _number(text, chosen, found)
    return {
        "int": f"CAST({text} AS BIGINT)",
        "date": f"CAST({_day(text)} AS DATE)",
        "plain_date": f"CAST(strptime({text}, '%Y%m%d') AS DATE)",
        "datetime": f"coalesce(TRY_CAST({_moment(text)} AS TIMESTAMP), CAST({_day(text)} AS TIMESTAMP))",
        "bool": f"{text} IN {TRUE}",
    }[chosen]


def _number(text: str, chosen: str, found: dict[str, Any]) -> str:
    digits = f"regexp_replace({text}, '[,￥¥$€%％\\s]', '', 'g')"
    if chosen == "percent":
        return f"CAST({digits} AS DOUBLE) / 100"
    scale = found["scale"] or 0
    if found["powers"] or scale > MOST_SCALE:
        return f"CAST({digits} AS DOUBLE)"
    return f"CAST({digits} AS DECIMAL(18, {scale}))" if scale else f"CAST({digits} AS BIGINT)"


def _is(text: str, pattern: str) -> str:
    return f"regexp_full_match({text}, '{pattern}')"


def _day(text: str) -> str:
    return f"regexp_replace({text}, '^{DAY}.*$', '\\1-\\2-\\3')"


def _moment(text: str) -> str:
    day = r"\1-\2-\3"
    return (
        f"regexp_replace(regexp_replace({text}, '^{DAY}[T ]\\s?', '{day} '), '年|月|日', '', 'g')"
    )
