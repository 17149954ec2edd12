"""A second opinion on the text that is about to be sent, by the engine's own parser where there is one."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

from sqlglot import exp

from querygpt.guard.dialects import Grammar
from querygpt.guard.scopes import Resolver
from querygpt.guard.verdict import refuse

PARSERS = {"postgresql": "pglast", "duckdb": "duckdb"}


def opinion(
    query: str,
    *,
    tree: exp.Expr,
    grammar: Grammar,
    resolver: Resolver,
    reparse: Callable[[str, Grammar], str],
) -> None:
    """Raises Refused `second_parser`, or `rendering` where our own parser is asked twice."""
    name = grammar.name
    if name == "mysql" or is_missing(name):
        again = reparse(query, grammar)
        if again != query:
            refuse("rendering", _difference(query, again))
        return
    judge = import_module(f"querygpt.guard.second.{name}")
    judge.check(query, tree=tree, grammar=grammar, resolver=resolver)


def is_missing(dialect: str) -> bool:
    """Whether the engine's own parser is not installed here; the guard then asks its own twice."""
    parser = PARSERS.get(dialect)
    return parser is not None and find_spec(parser) is None


def _difference(first: str, second: str) -> str:
    place = next(
        (at for at, (one, two) in enumerate(zip(first, second, strict=False)) if one != two),
        min(len(first), len(second)),
    )
    return f"{first[place : place + 30]!r} becomes {second[place : place + 30]!r}"
