"""SQLite files: opened read-only as something that never changes, behind an authorizer that allows reading alone.

Source: sqlite.org/uri.html, c3ref/set_authorizer.html, security.html. `mode=ro` and `query_only` alone let half of
the hostile statements complete; the authorizer and the limits are what stops them.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from typing import Any
from urllib.parse import quote

from querygpt.catalogue import Family
from querygpt.drivers import base, values
from querygpt.drivers.base import Allowed, Failed, Heading, Target

LIMITS = {
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 65_536,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1_000,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 500,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 200,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 64,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
SETTINGS = (
    "query_only = 1",
    "trusted_schema = 0",
    "temp_store = 2",
    "cache_size = -8192",
    "mmap_size = 0",
)
# Created on first use, which the authorizer would refuse.
TOUCHED = ("SELECT 1 FROM json_each('[]')", "SELECT 1 FROM json_tree('[]')")
CALLED_TABLES = frozenset({"json_each", "json_tree"})
# What operators of the language call by themselves.
IMPLIED = frozenset(
    [
        "like",
        "glob",
        "regexp",
        "match",
        "->",
        "->>",
        "current_date",
        "current_time",
        "current_timestamp",
        "coalesce",
        "ifnull",
        "iif",
        "likelihood",
        "unlikely",
        "likely",
        "subtype",
    ]
)
# Never, whatever a caller lists: files, code, settings.
FORBIDDEN = frozenset(
    [
        "load_extension",
        "readfile",
        "writefile",
        "edit",
        "fts3_tokenizer",
        "sqlite_dbpage",
        "zipfile",
        "eval",
        "sqlite_compileoption_get",
        "sqlite_compileoption_used",
        "sqlite_source_id",
        "sqlite_log",
    ]
)
STEPS = 2_000
SAMPLED = 200
QUICK_CHECK_ROWS = 1
BY_MESSAGE = (
    (re.compile(r"no such table"), "table_unknown"),
    (re.compile(r"no such column"), "column_unknown"),
    (re.compile(r"no such function|wrong number of arguments"), "function_unknown"),
    (re.compile(r"ambiguous column"), "ambiguous_column"),
    (re.compile(r"misuse of (aggregate|window)|GROUP BY"), "grouping"),
    (
        re.compile(r"not authorized|prohibited|readonly|too many attached"),
        "permission_denied_by_server",
    ),
    (re.compile(r"syntax error|incomplete input|unrecognized token|one statement"), "sql_syntax"),
    (re.compile(r"too big|too large"), "result_too_large"),
    (re.compile(r"out of memory"), "memory"),
    (re.compile(r"not a database|malformed|encrypted"), "not_this_database"),
    (re.compile(r"unable to open"), "cannot_reach"),
    (re.compile(r"interrupted"), "timeout"),
    (re.compile(r"mismatch"), "type_mismatch"),
)
DATE = re.compile(r"\d{4}-\d{2}-\d{2}$")
DATETIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$")
FLAG_NAME = re.compile(
    r"^(is|has|can)_|_(flag|enabled|active|deleted)$|^(active|enabled|deleted)$|是否", re.I
)


def uri(path: str) -> str:
    """How a file is opened: never created, never written, without looking for a journal beside it."""
    return f"file:{quote(path)}?mode=ro&immutable=1"


class Session:
    """One opened file."""

    def __init__(self, target: Target) -> None:
        try:
            self._link = sqlite3.connect(
                uri(target.path), uri=True, isolation_level=None, check_same_thread=False
            )
            self._set_up()
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise _failed(error) from error
        self._cursor: sqlite3.Cursor | None = None
        self._first: list[Any] | None = None
        self._is_cancelled = False

    def execute(self, sql: str, allowed: Allowed) -> list[Heading]:
        self._link.set_authorizer(_authorizer(allowed, self._existing))
        self._link.set_progress_handler(lambda: int(self._is_cancelled), STEPS)
        try:
            self._cursor = self._link.execute(sql)
            if self._cursor.description is None:
                raise Failed("permission_denied_by_server", "not a query")
            self._first = self._cursor.fetchone()
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise _failed(error) from error
        names = values.unique(str(column[0]) for column in self._cursor.description)
        shown = self._first or [None] * len(self._cursor.description)
        return [Heading(name, _family_of(cell)) for name, cell in zip(names, shown, strict=True)]

    def rows(self) -> Iterator[list[Any]]:
        if self._cursor is None or self._first is None:
            return
        try:
            for row in chain([self._first], self._cursor):
                yield [values.encoded(cell) for cell in row]
        except sqlite3.Error as error:
            raise _failed(error) from error

    def cancel(self) -> None:
        self._is_cancelled = True
        self._link.interrupt()

    def close(self) -> None:
        self._link.close()

    def probe(self) -> dict[str, Any]:
        """Reads the file whole: a damaged one is told at the test, not in the middle of an answer."""
        try:
            found = self._all(f"PRAGMA quick_check({QUICK_CHECK_ROWS})")
            tables = self._all("SELECT count(*) FROM sqlite_schema WHERE type IN ('table', 'view')")
        except sqlite3.Error as error:
            raise _failed(error) from error
        if found != [("ok",)]:
            raise Failed("not_this_database", "damaged")
        return {
            "version": sqlite3.sqlite_version,
            "flavour": "sqlite",
            "tls": False,
            "tables_count": tables[0][0],
            "findings": [],
            "is_unsafe": False,
        }

    def introspect(self) -> dict[str, Any]:
        try:
            named = self._all(
                "SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view')"
                " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
            )
            tables = [self._table(name, kind) for name, kind in named[: base.MAX_TABLES]]
            keys = [key for table in tables for key in self._keys(table["name"])]
        except sqlite3.Error as error:
            raise _failed(error) from error
        return base.introspected(
            version=sqlite3.sqlite_version,
            flavour="sqlite",
            tables=tables,
            keys=keys,
            found=len(named),
        )

    def _set_up(self) -> None:
        for limit, value in LIMITS.items():
            self._link.setlimit(limit, value)
        for setting in SETTINGS:
            self._link.execute(f"PRAGMA {setting}")
        for statement in TOUCHED:
            self._link.execute(statement).fetchall()
        self._link.text_factory = values.decoded
        self._existing = frozenset(
            name.lower() for (name,) in self._all("SELECT name FROM sqlite_schema")
        ) | {"sqlite_schema", "sqlite_master"}

    def _all(self, statement: str) -> list[Any]:
        with closing(self._link.execute(statement)) as cursor:
            return cursor.fetchall()

    def _table(self, name: str, kind: str) -> dict[str, Any]:
        described = self._all(f"PRAGMA table_xinfo({_quoted(name)})")
        keys = [row[1] for row in described if row[5]]
        unique = self._unique_columns(name) | set(keys if len(keys) == 1 else ())
        rows = None if kind == "view" else self._all(f"SELECT count(*) FROM {_quoted(name)}")[0][0]
        columns = [
            {
                "name": column,
                "data_type": declared,
                "family": self._family(name, column, declared),
                "is_nullable": not required and not key,
                "is_primary_key": bool(key),
                "is_unique": column in unique,
                "comment": "",
            }
            for _place, column, declared, required, _default, key, hidden in described
            if hidden != 1
        ]
        return {
            "schema": "",
            "name": name,
            "kind": kind,
            "comment": "",
            "rows": rows,
            "columns": columns,
        }

    def _unique_columns(self, name: str) -> set[str]:
        found = set()
        for _place, index, is_unique, _origin, is_partial in self._all(
            f"PRAGMA index_list({_quoted(name)})"
        ):
            columns = self._all(f"PRAGMA index_info({_quoted(index)})")
            if is_unique and not is_partial and len(columns) == 1 and columns[0][2]:
                found.add(columns[0][2])
        return found

    def _keys(self, name: str) -> list[dict[str, Any]]:
        found: dict[int, dict[str, Any]] = {}
        for number, _place, table, column, other, *_rest in self._all(
            f"PRAGMA foreign_key_list({_quoted(name)})"
        ):
            key = found.setdefault(
                number,
                {"from_schema": "", "from_table": name, "from_columns": []}
                | {"to_schema": "", "to_table": table, "to_columns": []},
            )
            key["from_columns"].append(column)
            key["to_columns"].append(other)
        for key in found.values():
            if None in key["to_columns"]:
                described = self._all(f"PRAGMA table_xinfo({_quoted(key['to_table'])})")
                key["to_columns"] = [
                    row[1] for row in sorted(described, key=lambda row: row[5]) if row[5]
                ]
        return [key for key in found.values() if len(key["to_columns"]) == len(key["from_columns"])]

    def _family(self, table: str, column: str, declared: str) -> Family:
        """By the declared type; text that holds dates alone, and numbers that are flags, by what stands there."""
        family = family_of_type(declared)
        if family in ("text", "other"):
            return self._family_of_text(table, column, family)
        if family == "int" and FLAG_NAME.search(column):
            found = {row[0] for row in self._sample(table, column)}
            return "bool" if found and found <= {0, 1} else "int"
        return family

    def _family_of_text(self, table: str, column: str, family: Family) -> Family:
        found = [row[0] for row in self._sample(table, column)]
        if not found or not all(isinstance(one, str) for one in found):
            return _family_of(found[0]) if found and family == "other" else family
        if all(DATE.match(one) for one in found):
            return "date"
        if all(DATE.match(one) or DATETIME.match(one) for one in found):
            return "datetime"
        return "text"

    def _sample(self, table: str, column: str) -> list[Any]:
        name = _quoted(column)
        return self._all(
            f"SELECT {name} FROM {_quoted(table)} WHERE {name} IS NOT NULL LIMIT {SAMPLED}"
        )


def connect(target: Target, seconds: float) -> Session:
    """Open a file. Raises Failed."""
    return Session(target)


def family_of_type(declared: str) -> Family:
    """SQLite's affinity of a declared type, finer where the name says more."""
    name = declared.upper()
    for word, family in (
        ("BOOL", "bool"),
        ("DATETIME", "datetime"),
        ("TIMESTAMP", "datetime"),
        ("DATE", "date"),
        ("TIME", "time"),
        ("JSON", "json"),
        ("INT", "int"),
        ("CHAR", "text"),
        ("CLOB", "text"),
        ("TEXT", "text"),
        ("BLOB", "binary"),
        ("REAL", "float"),
        ("FLOA", "float"),
        ("DOUB", "float"),
        ("DEC", "decimal"),
        ("NUM", "decimal"),
        ("MONEY", "decimal"),
    ):
        if word in name:
            return family  # type: ignore[return-value]
    return "other"


def _authorizer(allowed: Allowed, existing: frozenset[str]) -> Any:
    """Reading of listed tables, listed functions, recursion; nothing else, PRAGMA and ATTACH least of all."""
    readable = allowed.tables | allowed.views | CALLED_TABLES

    def may_read(table: str, column: str, source: str) -> bool:
        # Without a column nothing is read but that there are rows, of a table or of a name the statement gave.
        is_own_name = not column and table not in existing and not table.startswith("sqlite_")
        return table in readable or source in allowed.views or is_own_name

    def judge(
        action: int,
        first: str | None,
        second: str | None,
        _database: str | None,
        source: str | None,
    ) -> int:
        if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ:
            known = may_read((first or "").lower(), second or "", (source or "").lower())
            return sqlite3.SQLITE_OK if known else sqlite3.SQLITE_DENY
        if action == sqlite3.SQLITE_FUNCTION:
            return _of_function((second or "").lower(), allowed.functions)
        return sqlite3.SQLITE_DENY

    return judge


def _of_function(name: str, listed: frozenset[str] | None) -> int:
    is_listed = listed is None or name in listed or name in IMPLIED
    return sqlite3.SQLITE_OK if is_listed and name not in FORBIDDEN else sqlite3.SQLITE_DENY


def _family_of(cell: Any) -> Family:
    for kind, family in ((int, "int"), (float, "float"), (bytes, "binary"), (str, "text")):
        if isinstance(cell, kind):
            return family  # type: ignore[return-value]
    return "other"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _failed(error: Exception) -> Failed:
    text = str(error)
    found = (code for pattern, code in BY_MESSAGE if pattern.search(text))
    return Failed(next(found, "statement_failed"), text)
