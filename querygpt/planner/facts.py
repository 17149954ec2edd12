"""What a plan needs to know of a catalogue: columns by name, their roles, names to show, ways between tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from querygpt.catalogue import Catalogue, Column, Part, Relationship, Table
from querygpt.planner.grammar import PREFIXES_OF_FLAGS
from querygpt.planner.lexicon import lexicon
from querygpt.planner.normalising import key, name_words

KEPT = 8
NUMBERS = ("int", "decimal", "float")
ANSWERS = ({"y", "n"}, {"yes", "no"}, {"true", "false"}, {"t", "f"}, {"0", "1"}, {"是", "否"})
STATES = (
    "active",
    "discontinued",
    "verified",
    "blocked",
    "deleted",
    "paid",
    "completed",
    "approved",
    "vip",
    "archived",
    "overdue",
    "cancelled",
)
_TIME_TYPES = re.compile(r"date|timestamp", re.IGNORECASE)
_TIME_WORDS = ("date", "time", "日期", "时间", "timestamp", "datetime")
_NOT_MEASURED = {
    "year",
    "month",
    "code",
    "postcode",
    "phone",
    "number",
    "id",
    "day",
    "order_number",
}
_NAMES = {"name", "title", "company_name", "customer_name", "product_name", "username", "nickname"}
_FIRST_NAMES = {"first_name", "last_name"}


@dataclass(frozen=True, slots=True)
class Edge:
    """One row of `target` for each row of `source`."""

    source: str
    source_columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    id: str


@dataclass(eq=False)
class Facts:
    """A catalogue without what is hidden or denied. Tables are known by `schema.name`, or `name` alone."""

    catalogue: Catalogue
    tables: dict[str, Table] = field(init=False)

    def __post_init__(self) -> None:
        self.tables = {
            table_key(table): table for table in self.catalogue.tables if not table.is_denied
        }
        self._columns = {
            (place, column.name): column
            for place, table in self.tables.items()
            for column in table.columns
            if not column.is_hidden
        }
        self._roles: dict[tuple[str, str], Part] = {}

    def columns(self, table: str) -> list[Column]:
        return [column for column in self.tables[table].columns if not column.is_hidden]

    def column(self, table: str, name: str) -> Column:
        return self._columns[table, name]

    def knows(self, table: str, column: str | None) -> bool:
        return table in self.tables if column is None else (table, column) in self._columns

    def resolve(self, name: str) -> str | None:
        """The key of a table by either of its names."""
        if name in self.tables:
            return name
        bare = name.rpartition(".")[2]
        found = [place for place, table in self.tables.items() if table.name == bare]
        return found[0] if len(found) == 1 else None

    def role(self, table: str, name: str) -> Part:
        place = (table, name)
        if place not in self._roles:
            self._roles[place] = self._guessed(table, self._columns[place])
        return self._roles[place]

    def is_number(self, table: str, name: str) -> bool:
        return self._columns[table, name].family in NUMBERS and self.role(table, name) != "id"

    def times(self, table: str) -> list[str]:
        return [one.name for one in self.columns(table) if self.role(table, one.name) == "time"]

    def years(self, table: str) -> list[str]:
        """Whole-number columns that hold years."""
        return [
            one.name
            for one in self.columns(table)
            if (one.family == "int" and _words(one.name)[-1:] in (("year",), ("年份",), ("年度",)))
            or (one.family == "int" and concept(one.name) in ("year", "release_year", "founded"))
        ]

    def key_of(self, table: str) -> list[str]:
        """The primary key; else a lone unique column; else nothing."""
        columns = self.columns(table)
        keys = [one.name for one in columns if one.is_primary_key]
        return keys or [one.name for one in columns if one.is_unique and not one.is_nullable][:1]

    def names(self, table: str) -> list[str]:
        """The columns that name a row for a person: one name or title, or first and last name; else the key."""
        columns = [one for one in self.columns(table) if one.family in ("text", "other", "int")]
        concepts = {one.name: concept(_without(self.tables[table], one.name)) for one in columns}
        parts = [name for name, meant in concepts.items() if meant in _FIRST_NAMES]
        exact = [name for name, meant in concepts.items() if meant == "name"]
        own = key(bare_name(self.tables[table].name))
        exact = exact or [name for name in concepts if _words(name) == own]
        if len(parts) == 2 and not exact:
            return parts
        titles = [name for name, meant in concepts.items() if meant in _NAMES]
        roles = [one.name for one in columns if one.role == "name"]
        return (exact or roles or titles)[:1] or self.key_of(table)[:1]

    def values(self) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        for (name, column), found in self.catalogue.values.items():
            table = self.resolve(name)
            if table and (table, column) in self._columns:
                yield table, column, tuple(found)

    @cached_property
    def _values(self) -> dict[tuple[str, str], tuple[str, ...]]:
        return {(table, column): found for table, column, found in self.values()}

    def values_of(self, table: str, column: str) -> tuple[str, ...]:
        return self._values.get((table, column), ())

    @cached_property
    def edges(self) -> list[Edge]:
        """Declared ones; for a column that none names, what its name says."""
        declared = [edge for edge in map(self._edge, self.catalogue.relationships) if edge]
        taken = {(edge.source, column) for edge in declared for column in edge.source_columns}
        return declared + [
            edge for edge in self._named() if (edge.source, edge.source_columns[0]) not in taken
        ]

    def _edge(self, given: Relationship) -> Edge | None:
        source = self.resolve(given.from_table)
        target = self.resolve(given.to_table)
        if not source or not target or given.cardinality == "N:M":
            return None
        ends = (given.from_columns, given.to_columns)
        name = given.id or f"{source}.{','.join(ends[0])}={target}.{','.join(ends[1])}"
        return Edge(source, ends[0], target, ends[1], name)

    def _named(self) -> Iterator[Edge]:
        for source, table in self.tables.items():
            for column in table.columns:
                target = self._target(source, table, column)
                if target:
                    name = f"{source}.{column.name}={target[0]}.{target[1]}"
                    yield Edge(source, (column.name,), target[0], (target[1],), name)

    def _target(self, source: str, table: Table, column: Column) -> tuple[str, str] | None:
        if self.key_of(source) == [column.name]:
            return None
        stem = re.sub(r"(?i)(?<=.)[ _]?(id|no|code|key|编号|编码|代码|号)$", "", column.name)
        if stem == column.name:
            return None
        found: list[tuple[str, str]] = []
        for target in self._keyed.get(key(name_words(stem)), []) + self._same.get(
            column.name.lower(), []
        ):
            keys = self.key_of(target)
            is_new = target != source and target not in [one[0] for one in found]
            if is_new and len(keys) == 1 and self.column(target, keys[0]).family == column.family:
                found.append((target, keys[0]))
        return found[0] if len(found) == 1 else None

    @cached_property
    def _keyed(self) -> dict[tuple[str, ...], list[str]]:
        found: dict[tuple[str, ...], list[str]] = {}
        for place, table in self.tables.items():
            if table.kind != "view":
                found.setdefault(key(bare_name(table.name)), []).append(place)
        return found

    @cached_property
    def _same(self) -> dict[str, list[str]]:
        """Tables by the name of their key, if it says more than "id"."""
        found: dict[str, list[str]] = {}
        for place in self.tables:
            keys = self.key_of(place)
            if len(keys) == 1 and keys[0].lower() not in ("id", "编号", "name", "code"):
                found.setdefault(keys[0].lower(), []).append(place)
        return found

    @cached_property
    def products(self) -> list[tuple[str, str, str, str | None]]:
        """Tables with a price and a quantity in each row: (table, price, quantity, discount rate)."""
        found: list[tuple[str, str, str, str | None]] = []
        for table in self.tables:
            numbers = {
                concept(one.name): one for one in self.columns(table) if one.family in NUMBERS
            }
            if {"price", "quantity"} <= set(numbers):
                rate = numbers.get("discount")
                is_rate = rate is not None and rate.family != "int"
                discount = rate.name if rate is not None and is_rate else None
                found.append((table, numbers["price"].name, numbers["quantity"].name, discount))
        return found

    def _has_two_answers(self, table: str, column: Column) -> bool:
        values = {one.lower() for one in self.values_of(table, column.name)}
        told = values and any(values <= pair for pair in ANSWERS)
        return bool(told) or (column.family == "int" and concept(column.name) in STATES)

    def _guessed(self, table: str, column: Column) -> Part:
        if column.role in ("time", "flag", "id", "name"):
            return column.role
        if column.is_primary_key or any(
            edge.source == table and column.name in edge.source_columns for edge in self.edges
        ):
            return "id"
        words = name_words(column.name).split()
        guesses: list[tuple[bool, Part]] = [
            (column.family in ("date", "datetime"), "time"),
            (column.family in ("text", "other") and _is_time(column, words), "time"),
            (
                column.family == "bool" or _is_flag(column, words),
                "flag",
            ),
            (self._has_two_answers(table, column), "flag"),
            (column.family in NUMBERS, "other" if _NOT_MEASURED & set(words) else "measure"),
            (concept(column.name) in _NAMES, "name"),
            (bool(self.values_of(table, column.name)), "category"),
        ]
        return next((role for holds, role in guesses if holds), column.role)


def _is_flag(column: Column, words: list[str]) -> bool:
    is_asked = len(words) > 1 and words[0] in PREFIXES_OF_FLAGS
    return (is_asked or column.name.startswith("是否")) and column.family in (
        "int",
        "text",
        "other",
    )


def _is_time(column: Column, words: list[str]) -> bool:
    said = bool(_TIME_TYPES.search(column.data_type)) and column.family != "time"
    return (
        said
        or words[-1:] == ["at"]
        or any(column.name.lower().endswith(one) for one in _TIME_WORDS)
    )


_recent: list[tuple[Catalogue, Facts]] = []


def facts_of(catalogue: Catalogue) -> Facts:
    """The facts of this very catalogue; the last few are kept."""
    for known, facts in _recent:
        if known is catalogue:
            return facts
    facts = Facts(catalogue)
    _recent.insert(0, (catalogue, facts))
    del _recent[KEPT:]
    return facts


def table_key(table: Table) -> str:
    return f"{table.schema}.{table.name}" if table.schema else table.name


def bare_name(name: str) -> str:
    """A table's name as words, without the prefixes of warehouses."""
    words = name_words(name).split()
    return " ".join(
        words[1:]
        if len(words) > 1
        and words[0] in ("t", "tb", "tbl", "dim", "fact", "fct", "tab", "v", "vw", "view")
        else words
    )


def concept(name: str) -> str:
    """What the lexicon makes of a whole identifier; "" if several pieces or none."""
    readings = lexicon().readings(_words(name))
    return readings[0][0] if readings and len(readings[0]) == 1 else ""


def _words(name: str) -> tuple[str, ...]:
    return key(name_words(name))


def _without(table: Table, column: str) -> str:
    """`customer_name` of customers → "name"."""
    words, own = _words(column), key(bare_name(table.name))
    return (
        " ".join(words[len(own) :])
        if words[: len(own)] == own and len(words) > len(own)
        else name_words(column)
    )
