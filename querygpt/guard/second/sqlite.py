"""SQLite itself prepares the text over empty tables of the same shape, under an authorizer that allows reads."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from sqlglot import exp

from querygpt.guard.dialects import Grammar
from querygpt.guard.names import lower
from querygpt.guard.scopes import Resolver
from querygpt.guard.verdict import refuse

UNREADABLE = ("syntax error", "unrecognized token", "incomplete input")
FORBIDDEN = ("one statement", "not authorized")

# What an operator is called inside.
OPERATORS = frozenset({"->", "->>", "like", "glob", "match", "regexp"})


def check(query: str, *, tree: exp.Expr, grammar: Grammar, resolver: Resolver) -> None:
    """Raises Refused `second_parser`, or `unparseable` for what the engine cannot read. What the engine will say itself when it runs (no such column) passes."""
    database = sqlite3.connect(":memory:")
    try:
        for statement in _tables(resolver):
            database.execute(statement)
        denied: list[str] = []
        # The tables of these functions are built on first use, which the authorizer would forbid.
        if "json" in lower(query):
            database.execute("SELECT 1 FROM json_each('[]'), json_tree('[]')")
        database.set_authorizer(_authorizer(grammar, denied))
        try:
            database.execute(f"EXPLAIN {query}")
        except (sqlite3.Error, sqlite3.Warning) as error:
            said = str(error)
            if denied or any(words in said for words in FORBIDDEN):
                refuse("second_parser", denied[0] if denied else said[:200])
            if any(words in said for words in UNREADABLE):
                refuse("unparseable", said[:200])
    finally:
        database.close()


def _tables(resolver: Resolver) -> list[str]:
    statements = []
    for tables in resolver.tables.values():
        for table in tables:
            full = f"{table.schema}.{table.name}" if table.schema else table.name
            if full in resolver.relations:
                columns = ", ".join(_quoted(one.name) for one in table.columns) or "unknown"
                statements.append(f"CREATE TABLE {_quoted(table.name)} ({columns})")
    return statements


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _authorizer(grammar: Grammar, denied: list[str]) -> Callable[..., int]:
    def judge(
        action: int, first: str | None, second: str | None, _place: str | None, _inside: str | None
    ) -> int:
        if action in {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE}:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ and not grammar.is_system("", lower(first or "")):
            return sqlite3.SQLITE_OK
        name = lower(second or "")
        if action == sqlite3.SQLITE_FUNCTION and (name in grammar.functions or name in OPERATORS):
            return sqlite3.SQLITE_OK
        denied.append(f"{action} {first or ''} {second or ''}".strip())
        return sqlite3.SQLITE_DENY

    return judge
