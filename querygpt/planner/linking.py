"""A question as tokens: periods, numbers, values, names of the schema and words of the grammar, longest first."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from querygpt.planner import grammar, times
from querygpt.planner.facts import Facts
from querygpt.planner.lexicon import lexicon
from querygpt.planner.normalising import (
    NUMERALS,
    Unit,
    fold,
    is_mark,
    key,
    number,
    units,
)
from querygpt.planner.vocabulary import MAX_UNITS, Ref, ValueHit, Vocabulary, vocabulary

Key = tuple[str, ...]
UNKNOWN_COST = 3.0
_QUOTED = re.compile(
    r"[\"“”「『]([^\"“”「」『』]{1,200})[\"“”」』]|(?<![A-Za-z])['‘’]([^'‘’]{1,200})['‘’](?![A-Za-z])"
)


@dataclass
class Token:
    """Some words and all they may mean."""

    text: str
    start: int
    end: int
    tags: tuple[str, ...] = ()
    refs: tuple[Ref, ...] = ()
    values: tuple[ValueHit, ...] = ()
    period: times.Period | None = None
    number: int | Decimal | None = None
    literal: str | None = None
    used: bool = field(default=False, compare=False)

    def has(self, *tags: str) -> bool:
        return any(tag in self.tags for tag in tags)

    @property
    def is_known(self) -> bool:
        return (
            bool(self.tags or self.refs or self.values or self.period or self.literal)
            or self.number is not None
        )

    @property
    def is_soft(self) -> bool:
        """Nothing is lost when no rule uses it."""
        return is_mark(self.text) or (
            self.is_known and not self.is_content and any(tag in grammar.SOFT for tag in self.tags)
        )

    @property
    def is_content(self) -> bool:
        return bool(
            self.refs
            or self.values
            or self.period
            or self.literal is not None
            or self.number is not None
        )

    def columns(self) -> list[Ref]:
        return [ref for ref in self.refs if ref.column is not None or ref.term is not None]

    def tables(self) -> list[Ref]:
        return [ref for ref in self.refs if ref.column is None and ref.term is None]


def tokens(question: str, facts: Facts, today: date) -> list[Token]:
    """The cheapest cover of the whole question; what nothing covers is a token of one unit without meaning."""
    shown, literals = _quotes(unicodedata.normalize("NFKC", question))
    folded = fold(shown)
    found = units(folded)
    spans = _spans(folded, found, facts, today)
    for start, end, text in literals:
        _put(spans, found, start, end, Token(text, start, end, literal=text))
    return _cover(found, spans, facts)


def _quotes(text: str) -> tuple[str, list[tuple[int, int, str]]]:
    """The text with quoted parts blanked by one letter run of the same length, and what was quoted."""
    literals = []
    for match in _QUOTED.finditer(text):
        literals.append((match.start(), match.end(), match[1] or match[2]))
    for start, end, _ in literals:
        text = text[:start] + "“" + "q" * (end - start - 2) + "”" + text[end:]
    return text, literals


Spans = dict[tuple[int, int], Token]


def _spans(folded: str, found: list[Unit], facts: Facts, today: date) -> Spans:
    spans: Spans = {}
    names = vocabulary(facts)
    for first in range(len(found)):
        for last in range(first + 1, min(len(found), first + MAX_UNITS) + 1):
            if is_mark(found[last - 1].text) and last - first > 1:
                continue
            token = _meaning(folded, found[first:last], names)
            if not token.refs and facts.products and _is_revenue(token):
                token.tags = (*token.tags, "derived")
            if token.is_known:
                spans[first, last] = token
    for one in times.find(folded, today):
        token = Token(folded[one.start : one.end], one.start, one.end, period=one.period)
        _put(spans, found, one.start, one.end, token)
    return spans


def _put(spans: Spans, found: list[Unit], start: int, end: int, token: Token) -> None:
    inside = [n for n, unit in enumerate(found) if start <= unit.start and unit.end <= end]
    if inside:
        place = (inside[0], inside[-1] + 1)
        if place in spans and token.period:
            spans[place].period = token.period
        else:
            spans[place] = token


def _meaning(folded: str, piece: list[Unit], names: Vocabulary) -> Token:
    raw = tuple(unit.text for unit in piece if not is_mark(unit.text))
    text = folded[piece[0].start : piece[-1].end]
    token = Token(text, piece[0].start, piece[-1].end, tags=grammar.words().get(raw or (text,), ()))
    if not raw or is_mark(piece[0].text):
        return token
    if text.startswith("orders ") and "sort" in token.tags:
        return Token(text, token.start, token.end)
    token.refs = names.refs(raw)
    token.values = names.values(raw)
    if not token.refs and not token.values and (opposite := _opposite(raw)):
        token.refs = names.refs((opposite,))
        token.tags = (*token.tags, "negative") if token.refs else token.tags
    token.number = _number(text, piece)
    return token


def _is_revenue(token: Token) -> bool:
    return "revenue" in lexicon().forms.get(key(token.text), ())


def _opposite(raw: Key) -> str | None:
    """ "inactive" may be the flag "active", switched off."""
    found = [
        grammar.OPPOSITES[one] for one in lexicon().forms.get(raw, ()) if one in grammar.OPPOSITES
    ]
    return found[0] if found else None


def _number(text: str, piece: list[Unit]) -> int | Decimal | None:
    is_chinese = all(character in NUMERALS for character in text)
    return (
        number(text)
        if len(piece) == 1 or is_chinese or (len(piece) <= 3 and text[0].isdigit())
        else None
    )


def _cost(token: Token) -> float:
    if token.literal is not None:
        return 0.1
    if token.period and not token.period.is_bare:
        return 0.85
    best = max((ref.score for ref in token.refs), default=0.0)
    costs = [1.0] if token.tags or token.number is not None or token.period else []
    if token.values:
        costs.append(0.97)
    if token.refs:
        costs.append(1.0 + (1 - best) * 0.5)
    return min(costs)


def _cover(found: list[Unit], spans: Spans, facts: Facts) -> list[Token]:
    best: list[tuple[float, list[Token]]] = [(0.0, [])]
    starts: dict[int, list[int]] = defaultdict(list)
    for first, last in spans:
        starts[last].append(first)
    for end in range(1, len(found) + 1):
        unit = found[end - 1]
        plain = Token(unit.text, unit.start, unit.end)
        cost = 0.0 if is_mark(unit.text) else UNKNOWN_COST
        options = [(best[end - 1][0] + cost, end - 1, plain)]
        options += [
            (best[first][0] + _cost(spans[first, end]), first, spans[first, end])
            for first in starts[end]
        ]
        total, first, token = min(options, key=lambda one: one[0])
        best.append((total, [*best[first][1], token]))
    return best[-1][1]
