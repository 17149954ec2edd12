"""The words of one schema: its names by units and by concepts, with how surely they mean it; its values."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from weakref import WeakKeyDictionary

from querygpt.planner import grammar
from querygpt.planner.facts import Facts, bare_name
from querygpt.planner.lexicon import lexicon
from querygpt.planner.normalising import (
    CJK,
    key,
    name_words,
)

Key = tuple[str, ...]
MAX_UNITS = 10
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


_vocabularies: WeakKeyDictionary[Facts, Vocabulary] = WeakKeyDictionary()
