"""What stands in FROM, and which of its columns may be shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from querygpt.guard.names import folded, function_name
from querygpt.guard.nodes import FUNCTIONS

# What PostgreSQL's set-returning functions call their columns.
FUNCTION_COLUMNS = frozenset({"key", "value", "ordinality"})

SYNTAX = {exp.Case: "case", exp.Exists: "exists", exp.Array: "array"}

Names = frozenset[str]


@dataclass(frozen=True, slots=True)
class Source:
    """Something in FROM. `columns` None means that they are not known; `table` is set for one of the catalogue;
    `label` is its alias as it was written."""

    columns: tuple[str, ...] | None
    hidden: Names = frozenset()
    table: str = ""
    label: str = ""

    def has(self, name: str) -> bool:
        return self.columns is None or name in self.columns


@dataclass(frozen=True, slots=True)
class Level:
    """What one SELECT sees in its own FROM, and the levels around it."""

    sources: Mapping[str, Source] = field(default_factory=dict)
    outer: Level | None = None

    def named(self, name: str) -> Iterator[Source]:
        """Innermost first."""
        level: Level | None = self
        while level is not None:
            if name in level.sources:
                yield level.sources[name]
            level = level.outer


def renamed(columns: tuple[str, ...] | None, listed: tuple[str, ...]) -> tuple[str, ...] | None:
    """`columns` with the first ones called as `listed`."""
    if columns is None:
        return None
    return (*listed, *columns[len(listed) :])


def renamed_hidden(source: Source, listed: tuple[str, ...]) -> Names:
    """The hidden names of `source` once its first columns are called as `listed`."""
    renamed = dict(zip(source.columns or (), listed, strict=False))
    return frozenset(renamed.get(name, name) for name in source.hidden)


def is_star(item: exp.Expr) -> bool:
    return isinstance(item, exp.Star) or (
        isinstance(item, exp.Column) and isinstance(item.this, exp.Star)
    )


def visible(source: Source) -> list[exp.Expr]:
    """The columns of `source` that may be shown; all of them by a star where they are not known."""
    owner = exp.to_identifier(source.label, quoted=True) if source.label else None
    if source.columns is None or not source.hidden:
        return [exp.Column(this=exp.Star(), table=owner)]
    return [
        exp.Column(this=exp.to_identifier(name, quoted=True), table=owner.copy() if owner else None)
        for name in source.columns
        if name not in source.hidden
    ]


def answered(
    node: exp.Select, sources: Mapping[str, Source], *, dialect: str
) -> tuple[str, ...] | None:
    """The names of the columns that a SELECT over `sources` answers, None when one of them is not known."""
    names: list[str] = []
    for item in node.expressions:
        if is_star(item):
            owner = folded(item.args.get("table"), dialect=dialect)
            for alias, source in sources.items():
                if owner and alias != owner:
                    continue
                if source.columns is None:
                    return None
                names.extend(source.columns)
        else:
            names.append(column_name(item, dialect=dialect))
    return tuple(names)


def column_name(item: exp.Expr, *, dialect: str) -> str:
    """What PostgreSQL calls an answered column; others need an alias to be named at all."""
    if isinstance(item, (exp.Alias, exp.Column)):
        named = item.args["alias"] if isinstance(item, exp.Alias) else item.this
        return folded(named, dialect=dialect)
    if isinstance(item, exp.Anonymous):
        return function_name(item)
    if isinstance(item, exp.Dot):
        return column_name(item.expression, dialect=dialect)
    if isinstance(item, exp.Identifier):
        return folded(item, dialect=dialect)
    if isinstance(
        item, (exp.Window, exp.Filter, exp.WithinGroup, exp.Cast, exp.Paren, exp.Bracket)
    ):
        return column_name(item.this, dialect=dialect)
    kind: Any = type(item)
    return SYNTAX.get(kind) or FUNCTIONS.get(kind, "?column?")
