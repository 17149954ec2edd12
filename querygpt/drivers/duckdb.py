"""DuckDB files made of uploaded sheets: opened read-only, without files, network or extensions, settings locked.

Source: duckdb.org/docs/stable/operations_manual/securing_duckdb. The library loads with the first file.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from querygpt.catalogue import Family
from querygpt.drivers import base, values
from querygpt.drivers.base import Allowed, Failed, Heading, Target

AT_ONCE = 1_000
SETTINGS: dict[str, str | bool | int] = {
    "threads": 2,
    "memory_limit": "128MB",
    "temp_directory": "",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "python_enable_replacements": False,
    "python_scan_all_frames": False,
}
# Once the file is open; the last one keeps all of them.
LOCKS = ("SET enable_external_access = false", "SET lock_configuration = true")
FAMILIES: tuple[tuple[str, Family], ...] = (
    ("BOOL", "bool"),
    ("TIMESTAMP", "datetime"),
    ("DATE", "date"),
    ("TIME", "time"),
    ("INTERVAL", "other"),
    ("INT", "int"),
    ("DECIMAL", "decimal"),
    ("DOUBLE", "float"),
    ("FLOAT", "float"),
    ("VARCHAR", "text"),
    ("JSON", "json"),
    ("BLOB", "binary"),
)
# The name of the library's error, words in its message, our class; the first that fits.
BY_ERROR = (
    ("ParserException", "", "sql_syntax"),
    ("CatalogException", "Table", "table_unknown"),
    ("CatalogException", "", "function_unknown"),
    ("BinderException", "Ambiguous", "ambiguous_column"),
    ("BinderException", "GROUP BY", "grouping"),
    ("BinderException", "No function matches", "type_mismatch"),
    ("BinderException", "", "column_unknown"),
    ("ConversionException", "", "type_mismatch"),
    ("OutOfMemoryException", "", "memory"),
    ("InterruptException", "", "timeout"),
    ("PermissionException", "", "permission_denied_by_server"),
    ("SerializationException", "", "not_this_database"),
    ("IOException", "", "not_this_database"),
)


def library() -> Any:
    """The library; to be loaded before a run gives up its rights."""
    return import_module("duckdb")


class Session:
    """One opened file."""

    def __init__(self, target: Target) -> None:
        self._library = library()
        try:
            self._link = self._library.connect(target.path, read_only=True, config=SETTINGS)
            for lock in LOCKS:
                self._link.execute(lock)
        except self._library.Error as error:
            raise Failed("not_this_database", str(error)) from error

    def execute(self, sql: str, allowed: Allowed) -> list[Heading]:
        try:
            self._link.execute(sql)
        except self._library.Error as error:
            raise _failed(error) from error
        described = self._link.description or []
        if not described:
            raise Failed("permission_denied_by_server", "not a query")
        names = values.unique(str(column[0]) for column in described)
        kinds = [family_of_type(str(column[1])) for column in described]
        return [Heading(name, kind) for name, kind in zip(names, kinds, strict=True)]

    def rows(self) -> Iterator[list[Any]]:
        try:
            while batch := self._link.fetchmany(AT_ONCE):
                for row in batch:
                    yield [values.encoded(cell) for cell in row]
        except self._library.Error as error:
            raise _failed(error) from error

    def cancel(self) -> None:
        self._link.interrupt()

    def close(self) -> None:
        self._link.close()

    def probe(self) -> dict[str, Any]:
        return {
            "version": str(self._library.__version__),
            "flavour": "duckdb",
            "tls": False,
            "tables_count": len(self._tables()),
            "findings": [],
            "is_unsafe": False,
        }

    def introspect(self) -> dict[str, Any]:
        found = self._tables()
        tables = [self._table(name, kind, rows) for name, kind, rows in found[: base.MAX_TABLES]]
        return base.introspected(
            version=str(self._library.__version__),
            flavour="duckdb",
            tables=tables,
            keys=[],
            found=len(found),
        )

    def _tables(self) -> list[Any]:
        return self._all(
            "SELECT table_name, 'table', estimated_size FROM duckdb_tables() WHERE NOT internal"
            " UNION ALL SELECT view_name, 'view', NULL FROM duckdb_views() WHERE NOT internal ORDER BY 1"
        )

    def _table(self, name: str, kind: str, rows: int | None) -> dict[str, Any]:
        described = self._all(
            "SELECT column_name, data_type, is_nullable, coalesce(comment, '') FROM duckdb_columns()"
            " WHERE table_name = ? AND NOT internal ORDER BY column_index",
            [name],
        )
        columns = [
            {
                "name": column,
                "data_type": kind_of_column,
                "family": family_of_type(kind_of_column),
                "is_nullable": bool(is_nullable),
                "is_primary_key": False,
                "is_unique": False,
                "comment": comment,
            }
            for column, kind_of_column, is_nullable, comment in described
        ]
        return {
            "schema": "",
            "name": name,
            "kind": kind,
            "comment": "",
            "rows": rows,
            "columns": columns,
        }

    def _all(self, statement: str, given: list[Any] | None = None) -> list[Any]:
        try:
            rows: list[Any] = self._link.execute(statement, given or []).fetchall()
        except self._library.Error as error:
            raise _failed(error) from error
        return rows


def connect(target: Target, seconds: float) -> Session:
    """Open a file. Raises Failed."""
    return Session(target)


def family_of_type(declared: str) -> Family:
    """The family of a type as DuckDB writes it; lists and structures are shown as they are."""
    name = declared.upper()
    if name.endswith("]") or name.startswith(("STRUCT", "MAP", "UNION")):
        return "other"
    return next((family for word, family in FAMILIES if word in name), "other")


def _failed(error: Exception) -> Failed:
    kind, text = type(error).__name__, str(error)
    found = (code for name, words, code in BY_ERROR if name == kind and words in text)
    return Failed(next(found, "statement_failed"), text)
