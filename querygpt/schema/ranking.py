"""Which tables a question is about: overlap of words and of pairs of characters, then what joins the found ones.

The score is that of BM25 over fields of different weight: a table is a text made of its name, descriptions,
columns, the words people use for it and the values it holds. Source: Robertson, Zaragoza, Taylor,
"Simple BM25 extension to multiple weighted fields" (2004).
"""

from __future__ import annotations

import math
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from threading import Lock

from laojun import textindex
from querygpt.catalogue import Catalogue, Table
from querygpt.schema.names import terms_of

MOST_TABLES = 16
# How much a word in this place says about its table.
NAME, DESCRIPTION, TERM, COLUMN, COLUMN_TEXT, VALUE = 4.0, 3.0, 4.0, 1.5, 1.5, 3.0
SATURATION = 1.2
LENGTH_WEIGHT = 0.3
INDEXES_KEPT = 8
SHORTEST_VALUE = 2


@dataclass(slots=True)
class _Index:
    """Postings of a catalogue: term → {table: weight}; values folded → tables; neighbours along relationships."""

    catalogue: Catalogue
    names: list[str]
    postings: dict[str, dict[int, float]] = field(default_factory=dict)
    lengths: list[float] = field(default_factory=list)
    values: dict[str, set[int]] = field(default_factory=dict)
    longest_value: int = 0
    near: dict[int, set[int]] = field(default_factory=dict)


_indexes: OrderedDict[int, _Index] = OrderedDict()
_lock = Lock()


def rank(
    *, question: str, catalogue: Catalogue, k: int = 12, pinned: Sequence[str] = ()
) -> list[Table]:
    """The tables a question may need, best first: at most `k` by their score, then bridges between them, up to 16.

    Closed tables never; those pinned by name (here or in the catalogue) always, first. Without any overlap the
    answer is the pinned ones and then tables in their order, so that a model sees something of a small schema.
    """
    index = _index_of(catalogue)
    asked = {name.casefold() for name in pinned}
    fixed = [
        number
        for number, table in enumerate(catalogue.tables)
        if not table.is_denied
        and (table.is_pinned or not asked.isdisjoint({table.name.casefold(), index.names[number]}))
    ]
    chosen = list(dict.fromkeys([*fixed, *_best(index, question)]))[: max(k, len(fixed))]
    for number in range(len(catalogue.tables)):
        if len(chosen) >= min(k, len(catalogue.tables)):
            break
        if number not in chosen and not catalogue.tables[number].is_denied:
            chosen.append(number)
    bridges = _bridges(index, chosen)
    return [
        catalogue.tables[number] for number in [*chosen, *bridges][: max(MOST_TABLES, len(fixed))]
    ]


def _best(index: _Index, question: str) -> list[int]:
    scores: dict[int, float] = defaultdict(float)
    count = len(index.names)
    average = sum(index.lengths) / count if count else 1.0
    for term in terms_of(question):
        held = index.postings.get(term)
        if not held:
            continue
        rarity = math.log(1 + (count - len(held) + 0.5) / (len(held) + 0.5))
        for number, weight in held.items():
            norm = 1 - LENGTH_WEIGHT + LENGTH_WEIGHT * index.lengths[number] / (average or 1.0)
            scores[number] += rarity * weight * (SATURATION + 1) / (weight + SATURATION * norm)
    for number in _holders(index, question):
        scores[number] += VALUE
    tables = index.catalogue.tables
    found = [number for number in scores if not tables[number].is_denied]
    return sorted(found, key=lambda number: (-scores[number], number))


def _holders(index: _Index, question: str) -> set[int]:
    """Tables one of whose values stands in the question."""
    folded, found = textindex.fold(question), set()
    longest = min(index.longest_value, len(folded))
    for size in range(SHORTEST_VALUE, longest + 1):
        for start in range(len(folded) - size + 1):
            found |= index.values.get(folded[start : start + size], set())
    return found


def _bridges(index: _Index, chosen: Sequence[int]) -> list[int]:
    """Tables that join two chosen ones which no relationship joins directly; bridges of better pairs first."""
    found: dict[int, None] = {}
    taken = set(chosen)
    for one, other in combinations(chosen, 2):
        if other in index.near.get(one, ()):
            continue
        for between in sorted(index.near.get(one, set()) & index.near.get(other, set())):
            if between not in taken and not index.catalogue.tables[between].is_denied:
                found[between] = None
    return list(found)


def _index_of(catalogue: Catalogue) -> _Index:
    """The index of a catalogue, made once while it is in use; it holds the catalogue, so that its id stays its own."""
    with _lock:
        if found := _indexes.get(id(catalogue)):
            _indexes.move_to_end(id(catalogue))
            return found
    made = _made(catalogue)
    with _lock:
        _indexes[id(catalogue)] = made
        while len(_indexes) > INDEXES_KEPT:
            _indexes.popitem(last=False)
    return made


def _made(catalogue: Catalogue) -> _Index:
    numbers: dict[str, int] = {}
    names = []
    for number, table in enumerate(catalogue.tables):
        qualified = f"{table.schema}.{table.name}" if table.schema else table.name
        names.append(qualified.casefold())
        numbers.setdefault(table.name, number)
        numbers[qualified] = number
    index = _Index(catalogue, names)
    words = _words_of_terms(catalogue, numbers)
    for number, table in enumerate(catalogue.tables):
        weights = _weights(table, words.get(number, ()))
        index.lengths.append(sum(weights.values()))
        for term, weight in weights.items():
            index.postings.setdefault(term, {})[number] = weight
    for link in catalogue.relationships:
        one, other = numbers.get(link.from_table), numbers.get(link.to_table)
        if one is not None and other is not None:
            index.near.setdefault(one, set()).add(other)
            index.near.setdefault(other, set()).add(one)
    _add_values(index, numbers)
    return index


def _weights(table: Table, said: Iterable[str]) -> dict[str, float]:
    weights: dict[str, float] = {}

    def add(text: str, weight: float) -> None:
        for term in terms_of(text):
            weights[term] = max(weights.get(term, 0.0), weight)

    for column in table.columns:
        if column.is_hidden:
            continue
        add(column.name, COLUMN)
        for text in (column.comment, column.description_zh, column.description_en):
            add(text, COLUMN_TEXT)
    for text in (table.comment, table.description_zh, table.description_en):
        add(text, DESCRIPTION)
    for text in said:
        add(text, TERM)
    add(table.name, NAME)
    return weights


def _words_of_terms(catalogue: Catalogue, numbers: Mapping[str, int]) -> dict[int, list[str]]:
    words: dict[int, list[str]] = {}
    for term in catalogue.terms:
        number = numbers.get(term.table)
        if number is not None:
            words.setdefault(number, []).extend([term.name_zh, term.name_en, *term.synonyms])
    return words


def _add_values(index: _Index, numbers: Mapping[str, int]) -> None:
    for (name, _column), found in index.catalogue.values.items():
        number = numbers.get(name)
        if number is None:
            continue
        for value in found:
            folded = textindex.fold(value)
            if len(folded) >= SHORTEST_VALUE and not folded.isdigit():
                index.values.setdefault(folded, set()).add(number)
                index.longest_value = max(index.longest_value, len(folded))
