"""What is known of a database: tables, columns, relationships, the words people use for them. Values, no queries.

The guard resolves names in it, the planner links words to it, a prompt is written from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Literal

Dialect = Literal["postgresql", "mysql", "mariadb", "sqlite", "duckdb"]
Family = Literal[
    "int", "decimal", "float", "text", "bool", "date", "datetime", "time", "json", "binary", "other"
]
Part = Literal["id", "name", "measure", "category", "time", "flag", "other"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `role` says what it means, `distinct` about how many values it has."""

    name: str
    data_type: str = ""
    family: Family = "other"
    is_nullable: bool = True
    is_primary_key: bool = False
    is_unique: bool = False
    comment: str = ""
    description_zh: str = ""
    description_en: str = ""
    role: Part = "other"
    unit: str = ""
    is_hidden: bool = False
    is_sensitive: bool = False
    distinct: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view. Without columns nothing is known of them, and rules on columns are skipped."""

    name: str
    schema: str = ""
    kind: str = "table"
    columns: tuple[Column, ...] = ()
    comment: str = ""
    description_zh: str = ""
    description_en: str = ""
    rows: int | None = None
    is_denied: bool = False
    is_pinned: bool = False


@dataclass(frozen=True, slots=True)
class Relationship:
    """`from_columns` of one table hold keys of another; composite keys have several columns, in order."""

    from_table: str
    from_columns: tuple[str, ...]
    to_table: str
    to_columns: tuple[str, ...]
    cardinality: Literal["1:1", "N:1", "N:M"] = "N:1"
    id: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """A word of this house: a measure, a dimension, a condition, or another name for a table."""

    kind: Literal["metric", "dimension", "filter", "alias"]
    table: str
    expression: str
    name_zh: str = ""
    name_en: str = ""
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One connection's tables with what people know about them.

    `values` maps (table, column) to the distinct values of a short text column. `reference_date` is "today" for
    questions about time; None is the day of asking.
    """

    tables: tuple[Table, ...] = ()
    relationships: tuple[Relationship, ...] = ()
    terms: tuple[Term, ...] = ()
    values: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    reference_date: date | None = None

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Catalogue:
        """Shapes: `{"tables": {"orders": {"id": "int"}}}`, or what `to_dict` gave. Raises KeyError, TypeError."""
        tables = given["tables"]
        if isinstance(tables, Mapping):
            return cls(tuple(_short(name, columns) for name, columns in tables.items()))
        day = given.get("reference_date")
        return cls(
            tables=tuple(_table(one) for one in tables),
            relationships=tuple(_relationship(one) for one in given.get("relationships", ())),
            terms=tuple(
                Term(**{**one, "synonyms": tuple(one.get("synonyms", ()))})
                for one in given.get("terms", ())
            ),
            values={
                (table, column): tuple(found) for table, column, found in given.get("values", ())
            },
            reference_date=date.fromisoformat(day) if day else None,
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON that `from_dict` reads back."""
        return {
            "tables": [asdict(table) for table in self.tables],
            "relationships": [asdict(one) for one in self.relationships],
            "terms": [asdict(term) for term in self.terms],
            "values": [[*place, list(found)] for place, found in self.values.items()],
            "reference_date": self.reference_date and self.reference_date.isoformat(),
        }


def _short(name: str, columns: Mapping[str, str] | Iterable[str]) -> Table:
    types = columns if isinstance(columns, Mapping) else dict.fromkeys(columns, "")
    schema, _, table = name.rpartition(".")
    known = tuple(Column(name=column, data_type=kind) for column, kind in types.items())
    return Table(name=table, schema=schema, columns=known)


def _table(given: Mapping[str, Any]) -> Table:
    columns = tuple(Column(**column) for column in given.get("columns", ()))
    return Table(**{**given, "columns": columns})


def _relationship(given: Mapping[str, Any]) -> Relationship:
    columns = {name: tuple(given[name]) for name in ("from_columns", "to_columns")}
    return Relationship(**{**given, **columns})
