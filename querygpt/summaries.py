"""A sentence about a result, made from its own rows: no number in it that the rows do not give."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from querygpt.results.cells import Column, Row, is_number, is_time, number, text

Language = Literal["zh", "en"]
LOCALES: dict[str, str] = {"zh": "zh-hans", "en": "en"}
MOST_FACTS = 6
LONGEST = 80
# Sums of these say nothing.
NO_SUM = re.compile(
    r"avg|average|mean|median|rate|ratio|percent|share|price|min|max|year|month"
    r"|平均|均价|单价|价格|率|占比|比例|最|中位|年|月",
    re.I,
)
TEN_THOUSAND, HUNDRED_MILLION = Decimal(10_000), Decimal(100_000_000)


@dataclass(frozen=True)
class Found:
    """What a run brought. `rows_count` counts the rows kept; `reference_date` is what "today" meant."""

    columns: Sequence[Column]
    rows: Sequence[Row]
    rows_count: int
    truncated: bool = False
    reference_date: date | None = None


def told(found: Found, *, language: Language) -> str:
    """One to four sentences in the question's language."""
    with translation.override(LOCALES[language]):
        return _joined(_sentences(found, language), language)


def figure(value: Decimal, language: Language = "en", unit: str = "") -> str:
    """An amount with its thousands apart; in Chinese a large one is also said in 万 or 亿."""
    plain = f"{value:f}"
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    shown = f"{Decimal(plain or '0'):,f}"
    if unit:
        shown = f"{shown}{unit}" if unit.startswith("%") else f"{shown} {unit}"
    return f"{shown}（{_in_units(value)}）" if language == "zh" and _is_large(value) else shown


def _sentences(found: Found, language: Language) -> Iterator[str]:
    if not found.rows:
        yield _("No rows match.")
    elif len(found.rows) == 1:
        yield _one_row(found, language)
    else:
        yield from _many_rows(found, language)
    if found.truncated:
        yield _("Only the first %(count)s rows were fetched.") % {"count": f"{found.rows_count:,}"}
    if found.reference_date:
        yield _("“Today” is %(day)s.") % {"day": found.reference_date.isoformat()}


def _one_row(found: Found, language: Language) -> str:
    pairs = list(zip(found.columns, found.rows[0], strict=True))
    colon = "：" if language == "zh" else ": "
    facts = [
        f"{column['name']}{colon}{_shown(cell, column, language)}"
        for column, cell in pairs[:MOST_FACTS]
    ]
    return ("；" if language == "zh" else "; ").join(facts) + _stop(language)


def _many_rows(found: Found, language: Language) -> Iterator[str]:
    yield ngettext("%(count)s row.", "%(count)s rows.", found.rows_count) % {
        "count": f"{found.rows_count:,}"
    }
    places = range(len(found.columns))
    measures = [place for place in places if is_number(found.columns[place])]
    labels = [place for place in places if place not in measures]
    if len(measures) != 1 or not labels:
        return
    yield from _extremes(found, labels, measures[0], language)
    times = [place for place in labels if is_time(found.columns[place])]
    if times:
        seen = sorted(text(row[times[0]]) for row in found.rows if row[times[0]] is not None)
        if seen:
            yield _("From %(first)s to %(last)s.") % {"first": seen[0], "last": seen[-1]}


def _extremes(found: Found, labels: list[int], measure: int, language: Language) -> Iterator[str]:
    column = found.columns[measure]
    known = [(value, row) for row in found.rows if (value := number(row[measure])) is not None]
    if not known:
        return
    unit = str(column.get("unit") or "")
    most, least = max(known, key=lambda one: one[0]), min(known, key=lambda one: one[0])
    if most[0] == least[0]:
        yield _("All the same: %(value)s.") % {"value": figure(most[0], language, unit)}
        return
    yield _("Highest: %(name)s, %(value)s.") % _named(most, labels, language, unit)
    yield _("Lowest: %(name)s, %(value)s.") % _named(least, labels, language, unit)
    if not found.truncated and not NO_SUM.search(f"{column['name']} {column.get('source') or ''}"):
        total = sum((value for value, _row in known), Decimal(0))
        yield _("Total: %(value)s.") % {"value": figure(total, language, unit)}


def _named(
    one: tuple[Decimal, Row], labels: list[int], language: Language, unit: str
) -> dict[str, str]:
    value, row = one
    name = " · ".join(_short(row[place]) for place in labels[:2])
    return {"name": name, "value": figure(value, language, unit)}


def _shown(cell: object, column: Column, language: Language) -> str:
    if cell is None:
        return _("no value")
    value = number(cell) if is_number(column) else None
    if value is None:
        return _short(cell)
    return figure(value, language, str(column.get("unit") or ""))


def _short(cell: object) -> str:
    if cell is None:
        return _("no value")
    shown = " ".join(text(cell).split())
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"


def _is_large(value: Decimal) -> bool:
    return abs(value) >= TEN_THOUSAND


def _in_units(value: Decimal) -> str:
    size, word = (HUNDRED_MILLION, "亿") if abs(value) >= HUNDRED_MILLION else (TEN_THOUSAND, "万")
    rounded = f"{value / size:.2f}".rstrip("0").rstrip(".")
    return f"约 {rounded} {word}"


def _joined(sentences: Iterator[str], language: Language) -> str:
    return ("" if language == "zh" else " ").join(sentences)


def _stop(language: Language) -> str:
    return "。" if language == "zh" else "."
