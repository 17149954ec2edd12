"""A question as tokens: periods, numbers, values, names of the schema and words of the grammar, longest first."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from weakref import WeakKeyDictionary

from querygpt.planner import grammar, times
from querygpt.planner.facts import Facts, bare_name
from querygpt.planner.lexicon import lexicon
from querygpt.planner.normalising import (
    CJK,
    NUMERALS,
    Unit,
    fold,
    is_mark,
    key,
    name_words,
    number,
    units,
)

Key = tuple[str, ...]
MAX_UNITS = 10
UNKNOWN_COST = 3.0
_QUOTED = re.compile(
    r"[\"“”「『]([^\"“”「」『』]{1,200})[\"“”」』]|(?<![A-Za-z])['‘’]([^'‘’]{1,200})['‘’](?![A-Za-z])"
)
_UNIT_SUFFIX = {
    "cent",
    "usd",
    "cny",
    "rmb",
    "eur",
    "kg",
    "cm",
    "km",
    "g",
    "yuan",
    "元",
    "分",
    "amount",
}


@dataclass(frozen=True, slots=True)
class Ref:
    """A table (`column` None), a column or a term that words may mean; `score` 0–1."""

    table: str
    column: str | None
    score: float
    term: int | None = None

    @property
    def place(self) -> tuple[str, str | None, int | None]:
        return (self.table, self.column, self.term)


@dataclass(frozen=True, slots=True)
class ValueHit:
    table: str
    column: str
    value: str


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


_vocabularies: WeakKeyDictionary[Facts, Vocabulary] = WeakKeyDictionary()
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


@dataclass
class Vocabulary:
    """Names of one schema by their units and by their concepts."""

    names: dict[Key, list[Ref]]
    hits: dict[Key, list[ValueHit]]

    def refs(self, raw: Key) -> tuple[Ref, ...]:
        found: dict[tuple[str, str | None, int | None], Ref] = {}
        for place, weight in _lookups(raw):
            for ref in self.names.get(place, ()):
                score = ref.score * weight
                if ref.place not in found or found[ref.place].score < score:
                    found[ref.place] = replace(ref, score=score)
        return tuple(sorted(found.values(), key=lambda ref: -ref.score))

    def values(self, raw: Key) -> tuple[ValueHit, ...]:
        if raw in grammar.words() and len("".join(raw)) < 4:
            return ()
        found = list(self.hits.get(raw, ()))
        for reading in _readings(raw):
            if len(reading) == 1 and reading[0] in lexicon().near:
                found += [hit for hit in self.hits.get(("#", *reading), ()) if hit not in found]
        return tuple(found)


@lru_cache(maxsize=50_000)
def _readings(raw: Key) -> tuple[Key, ...]:
    return tuple(lexicon().readings(raw))


@lru_cache(maxsize=50_000)
def _lookups(raw: Key) -> tuple[tuple[Key, float], ...]:
    """Keys to look under, with the weight of what stands there."""
    places: list[tuple[Key, float]] = [(raw, 1.0)]
    for reading in _readings(raw):
        places.append((reading, 0.98))
        if len(reading) == 1:
            places += [((near,), 0.86) for near in lexicon().near.get(reading[0], ())]
    return tuple(places)


def vocabulary(facts: Facts) -> Vocabulary:
    """Made once for the facts of a catalogue."""
    found = _vocabularies.get(facts)
    if found is None:
        found = _vocabularies[facts] = _made(facts)
    return found


def _made(facts: Facts) -> Vocabulary:
    names: dict[Key, list[Ref]] = defaultdict(list)
    for table, known in facts.tables.items():
        for phrase, score in _table_phrases(
            known.name, known.comment, known.description_zh, known.description_en
        ):
            _add(names, phrase, Ref(table, None, score))
        for column in facts.columns(table):
            texts = (column.comment, column.description_zh, column.description_en)
            for phrase, score in _column_phrases(column.name, known.name, texts):
                _add(names, phrase, Ref(table, column.name, score))
    for place, term in enumerate(facts.catalogue.terms):
        target = facts.resolve(term.table)
        for word in filter(None, (term.name_zh, term.name_en, *term.synonyms)):
            if target:
                _add(names, word, Ref(target, None, 1.05, None if term.kind == "alias" else place))
    return Vocabulary(names, _hits(facts))


def _add(names: dict[Key, list[Ref]], phrase: str, ref: Ref) -> None:
    raw = key(phrase)
    if not raw or (ref.score < 0.9 and "stop" in grammar.words().get(raw, ())):
        return
    for place in {raw, *_readings(raw)}:
        names[place].append(ref)


def _table_phrases(name: str, *texts: str) -> Iterable[tuple[str, float]]:
    bare = bare_name(name)
    yield bare, 1.0
    for text in texts:
        for clause in _clauses(text):
            yield clause, 0.98
            yield clause.removesuffix("表"), 0.98
    pieces = _pieces(bare)
    if len(pieces) > 1:
        yield pieces[-1], 0.8
        yield pieces[0], 0.8


def _column_phrases(name: str, table: str, texts: Iterable[str]) -> Iterable[tuple[str, float]]:
    words = name_words(name)
    yield words, 1.0
    for text in texts:
        for clause in _clauses(text):
            yield clause, 0.98
    yield from _parts(words, bare_name(table).split())


def _parts(words: str, own: list[str]) -> Iterable[tuple[str, float]]:
    """A flag without its verb, a measure without its unit, a column without its table's name."""
    split = words.split()
    if len(split) > 1 and split[0] in grammar.PREFIXES_OF_FLAGS:
        yield " ".join(split[1:]), 0.97
    if words.startswith("是否"):
        yield words[2:].removeprefix("已"), 0.97
    if len(split) > 1 and split[-1] in _UNIT_SUFFIX:
        yield " ".join(split[:-1]), 0.95
    if len(split) > 1 and key(split[0]) == key(own[-1]):
        yield " ".join(split[1:]), 0.95
    yield from _ends(_pieces(words))


def _ends(pieces: list[str]) -> Iterable[tuple[str, float]]:
    """The head of a name, and what stands before it, say less."""
    if len(pieces) > 1:
        yield pieces[-1], 0.72 if pieces[-1] not in ("id", "编号", "号") else 0.3
        if pieces[-1] not in (
            "id",
            "编号",
            "号",
            "date",
            "at",
            "time",
            "name",
            "日期",
            "时间",
            "名称",
        ):
            yield pieces[0], 0.6
        if pieces[-1] in ("id", "编号", "号"):
            yield pieces[0], 0.7
        if pieces[-1] in ("date", "at", "time", "on", "year", "日期", "时间", "年份"):
            yield pieces[0], 0.8


def _pieces(words: str) -> list[str]:
    """Latin words, or the pieces that the lexicon sees in a Chinese name."""
    if re.search(rf"[{CJK}]", words):
        found, place = [], key(words)
        rest = place
        while rest:
            size = next(
                (n for n in range(min(len(rest), 6), 0, -1) if rest[:n] in lexicon().forms), 1
            )
            found.append("".join(rest[:size]))
            rest = rest[size:]
        return found
    return words.split()


def _clauses(text: str) -> list[str]:
    """The first clause of a description, if it is short enough to be a name; synonyms parted by 、 or /."""
    first = re.split(r"[,，。;；:：(（\n]|\. ", text.strip(), maxsplit=1)[0].strip()
    parts = [one.strip() for one in re.split(r"[、/]", first)]
    return [one for one in parts if 0 < len(key(one)) <= 6]


def _hits(facts: Facts) -> dict[Key, list[ValueHit]]:
    hits: dict[Key, list[ValueHit]] = defaultdict(list)
    for table, column, found in facts.values():
        for place, value in _value_keys(found):
            hits[place].append(ValueHit(table, column, value))
    return hits


@lru_cache(maxsize=1_000)
def _value_keys(values: tuple[str, ...]) -> tuple[tuple[Key, str], ...]:
    found: list[tuple[Key, str]] = []
    for value in values:
        raw = key(name_words(value) if "_" in value else value)
        if not raw or len(raw) > MAX_UNITS or "".join(raw).isdigit():
            continue
        is_letter = len(value) == 1 and value.isascii()
        if not is_letter:
            found.append((raw, value))
        if (one := lexicon().forms.get(raw)) and not (is_letter and len(values) > 6):
            found += [(("#", concept), value) for concept in one]
    return tuple(found)
