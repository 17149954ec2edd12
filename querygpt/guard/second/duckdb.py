"""DuckDB's own parser: one statement, and a SELECT."""

from __future__ import annotations

import duckdb
from sqlglot import exp

from querygpt.guard.dialects import Grammar
from querygpt.guard.scopes import Resolver
from querygpt.guard.verdict import refuse

SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "memory_limit": "64MB",
    "enable_external_access": False,
    "lock_configuration": True,
}


def check(query: str, *, tree: exp.Expr, grammar: Grammar, resolver: Resolver) -> None:
    """Raises Refused `second_parser`."""
    try:
        with duckdb.connect(":memory:", config=SETTINGS) as link:
            statements = link.extract_statements(query)
    except duckdb.Error as error:
        refuse("second_parser", str(error).split("\n")[0][:200])
        return
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        refuse("second_parser", "not one SELECT")
