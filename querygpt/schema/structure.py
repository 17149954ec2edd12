"""What a server told of its structure, as values that can be compared.

Shapes: `{version, flavour, tables: [{schema, name, kind, comment, rows, columns: [{name, data_type, family,
is_nullable, is_primary_key, is_unique, comment}]}], relationships: [{from_schema, from_table, from_columns,
to_schema, to_table, to_columns}], tables_found, is_partial}`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

Place = tuple[str, str]
MOST_NAME = 255
SHAPE = ("name", "data_type", "family", "is_nullable", "is_primary_key", "is_unique")


@dataclass(frozen=True, slots=True)
class Key:
    """A foreign key between two places."""

    source: Place
    source_columns: tuple[str, ...]
    target: Place
    target_columns: tuple[str, ...]


@dataclass(frozen=True)
class Structure:
    """The tables of a server by their place, and the keys between them."""

    tables: Mapping[Place, Mapping[str, Any]]
    keys: tuple[Key, ...]
    flavour: str
    version: str
    is_partial: bool


def structure_of(told: Mapping[str, Any]) -> Structure:
    """What `execution.introspect` answered. Names longer than we keep are left out, and it counts as partial."""
    tables = {}
    dropped = False
    for table in told["tables"]:
        place = (table["schema"] or "", table["name"])
        columns = [one for one in table["columns"] if len(one["name"]) <= MOST_NAME]
        if max(map(len, place)) > MOST_NAME:
            dropped = True
            continue
        dropped |= len(columns) < len(table["columns"])
        tables[place] = {**table, "columns": columns}
    keys = tuple(_key(one) for one in told.get("relationships", ()))
    return Structure(
        tables=tables,
        keys=tuple(key for key in keys if key.source in tables and key.target in tables),
        flavour=str(told.get("flavour") or ""),
        version=str(told.get("version") or ""),
        is_partial=bool(told.get("is_partial")) or dropped,
    )


def fingerprint(table: Mapping[str, Any]) -> str:
    """The same for the same kind and columns; comments and estimates do not count."""
    shape = [table["kind"], [[column.get(name) for name in SHAPE] for column in table["columns"]]]
    return hashlib.sha256(orjson.dumps(shape)).hexdigest()


def is_one_to_one(table: Mapping[str, Any], columns: Iterable[str]) -> bool:
    """Whether these columns of a table hold each key at most once."""
    named = set(columns)
    primary = {one["name"] for one in table["columns"] if one.get("is_primary_key")}
    unique = {one["name"] for one in table["columns"] if one.get("is_unique")}
    return named == primary or (len(named) == 1 and named <= unique)


def _key(one: Mapping[str, Any]) -> Key:
    return Key(
        source=(one["from_schema"] or "", one["from_table"]),
        source_columns=tuple(one["from_columns"]),
        target=(one["to_schema"] or "", one["to_table"]),
        target_columns=tuple(one["to_columns"]),
    )
