"""What each engine offers: its own sqlglot dialect, names of functions and types, what belongs to the system.

A grammar loads on first use; names come from the `.tsv` beside this file (name, category, `table` when it may stand
in FROM). A name ending in `*` stands for all that begin so. Category `forbidden` is known to be dangerous; what is
not listed at all is refused too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from querygpt.guard.dialects import types

PLACES = {
    "postgresql": "querygpt.guard.dialects.postgresql.GuardedPostgres",
    "mysql": "querygpt.guard.dialects.mysql.GuardedMySQL",
    "sqlite": "querygpt.guard.dialects.sqlite.GuardedSQLite",
    "duckdb": "querygpt.guard.dialects.duckdb.GuardedDuckDB",
}
SAME = {"postgres": "postgresql", "mariadb": "mysql"}
HOME_SCHEMAS = {
    "postgresql": frozenset({"public"}),
    "mysql": frozenset(),
    "sqlite": frozenset({"main"}),
    "duckdb": frozenset({"main"}),
}
SYSTEM_SCHEMAS = {
    "postgresql": frozenset({"pg_catalog", "information_schema", "pg_toast", "pg_temp"}),
    "mysql": frozenset({"mysql", "sys", "information_schema", "performance_schema", "ndbinfo"}),
    "sqlite": frozenset({"temp"}),
    "duckdb": frozenset({"information_schema", "pg_catalog", "temp", "system"}),
}
SYSTEM_PREFIXES = {
    "postgresql": ("pg_",),
    "mysql": (),
    "sqlite": ("sqlite_", "pragma_"),
    "duckdb": ("duckdb_", "sqlite_", "pragma_", "pg_"),
}
SYSTEM_TABLES = {
    "postgresql": frozenset(),
    "mysql": frozenset(),
    "sqlite": frozenset({"dbstat", "bytecode", "tables_used", "stmt"}),
    "duckdb": frozenset(),
}


@dataclass(frozen=True, slots=True)
class Grammar:
    """One engine. `sqlglot` is an instance of its guarded dialect; names are lower-case, types upper-case."""

    name: str
    sqlglot: Any
    functions: frozenset[str]
    table_functions: frozenset[str]
    forbidden: frozenset[str]
    forbidden_prefixes: tuple[str, ...]
    types: frozenset[str]
    function_schemas: frozenset[str]

    @property
    def calls_by_dot(self) -> bool:
        """`t.f` is `f(t)` where `t` has no column `f`."""
        return self.name == "postgresql"

    def is_forbidden(self, name: str) -> bool:
        return name in self.forbidden or name.startswith(self.forbidden_prefixes)

    def is_system(self, schema: str, name: str) -> bool:
        """Both lower-case; `schema` may be empty."""
        return (
            schema in SYSTEM_SCHEMAS[self.name]
            or schema.startswith(("pg_toast", "pg_temp"))
            or name in SYSTEM_TABLES[self.name]
            or name.startswith(SYSTEM_PREFIXES[self.name])
        )


def named(dialect: str) -> str:
    """The grammar's name for a connection's dialect. Raises ValueError for one that is not known."""
    name = SAME.get(dialect, dialect)
    if name not in PLACES:
        raise ValueError(f"unknown dialect {dialect!r}")
    return name


@cache
def grammar(name: str) -> Grammar:
    """Raises ValueError for a name that is not known."""
    module, _, attribute = PLACES[named(name)].rpartition(".")
    rows = [line.split("\t") for line in _list(name).read_text("utf-8").splitlines()]
    forbidden = [row[0] for row in rows if row[1] == "forbidden"]
    allowed = [row for row in rows if row[1] != "forbidden"]
    return Grammar(
        name=name,
        sqlglot=getattr(import_module(module), attribute)(),
        functions=frozenset(row[0] for row in allowed),
        table_functions=frozenset(row[0] for row in allowed if row[2:] == ["table"]),
        forbidden=frozenset(one for one in forbidden if not one.endswith("*")),
        forbidden_prefixes=tuple(one[:-1] for one in forbidden if one.endswith("*")),
        types=types.BY_DIALECT[name],
        function_schemas=frozenset({"pg_catalog"} if name == "postgresql" else ()),
    )


def _list(name: str) -> Path:
    return Path(__file__).parent / f"{name}.tsv"
