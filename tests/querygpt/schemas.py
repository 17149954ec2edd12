"""Catalogues of SQLite files for planner tests: read with PRAGMAs, without the application."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import date
from pathlib import Path

from querygpt.catalogue import Catalogue, Column, Relationship, Table, Term

FAMILIES = (
    (r"BOOL", "bool"), (r"DATETIME|TIMESTAMP", "datetime"), (r"DATE", "date"), (r"INT", "int"),
    (r"DEC|NUM|MONEY", "decimal"), (r"REAL|FLOA|DOUB", "float"), (r"CHAR|TEXT|CLOB", "text"),
)  # fmt: skip


def catalogue_of(
    path: Path,
    *,
    reference_date: date | None = None,
    terms: tuple[Term, ...] = (),
    descriptions: Mapping[str, tuple[str, str, Mapping[str, tuple[str, str]]]] | None = None,
) -> Catalogue:
    """What introspection finds: tables, views, foreign keys, distinct values of short texts."""
    with closing(sqlite3.connect(path)) as file:
        rows = file.execute(
            "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        tables = tuple(
            _table(file, name, kind, (descriptions or {}).get(name)) for name, kind in rows
        )
        relationships = tuple(one for table in tables for one in _relationships(file, table.name))
        values = {
            (table.name, column.name): found
            for table in tables
            for column in table.columns
            if column.family == "text" and (found := _values(file, table.name, column.name))
        }
    return Catalogue(tables, relationships, terms, values, reference_date)


def _table(file: sqlite3.Connection, name: str, kind: str, described: tuple | None) -> Table:
    columns = []
    told = described[2] if described else {}
    for _, column, declared, required, _, key in file.execute(f'PRAGMA table_info("{name}")'):
        zh, en = told.get(column, ("", ""))
        columns.append(
            Column(
                name=column, data_type=declared, family=_family(declared), is_nullable=not required and not key,
                is_primary_key=bool(key), description_zh=zh, description_en=en,
            )
        )  # fmt: skip
    zh, en = described[:2] if described else ("", "")
    return Table(name=name, kind=kind, columns=tuple(columns), description_zh=zh, description_en=en)


def _family(declared: str) -> str:
    return next(
        (family for pattern, family in FAMILIES if re.search(pattern, declared.upper())), "other"
    )


def _relationships(file: sqlite3.Connection, table: str) -> list[Relationship]:
    keys: dict[int, list[tuple]] = {}
    for row in file.execute(f'PRAGMA foreign_key_list("{table}")'):
        keys.setdefault(row[0], []).append(row)
    found = []
    for rows in keys.values():
        rows.sort(key=lambda one: one[1])
        target = rows[0][2]
        to = tuple(row[4] for row in rows)
        if None in to:
            to = tuple(r[1] for r in file.execute(f'PRAGMA table_info("{target}")') if r[5])
        found.append(
            Relationship(
                table, tuple(row[3] for row in rows), target, to, id=f"{table}.{rows[0][3]}"
            )
        )
    return found


def _values(file: sqlite3.Connection, table: str, column: str) -> tuple[str, ...]:
    rows = file.execute(
        f'SELECT DISTINCT "{column}" FROM "{table}" WHERE "{column}" IS NOT NULL LIMIT 1001'
    ).fetchall()
    if len(rows) > 1000 or any(not isinstance(one, str) or len(one) > 64 for (one,) in rows):
        return ()
    return tuple(one for (one,) in rows)
