"""Which functions, types and operators a query may use."""

from __future__ import annotations

import re

from sqlglot import exp

from querygpt.guard.dialects import Grammar
from querygpt.guard.names import lower
from querygpt.guard.nodes import Found
from querygpt.guard.verdict import refuse

SIZES = re.compile(r"\([^()]*\)|\[\d*\]|\s+ARRAY\b|\s+CHARACTER SET \w+")


def check(found: Found, *, grammar: Grammar) -> tuple[str, ...]:
    """The names of all functions, sorted. Raises Refused `function_…`, `table_function`, `type_forbidden`."""
    for name, in_from in found.functions:
        _function(name, in_from=in_from, grammar=grammar)
    for prefix, name in found.schemas:
        if lower(prefix) not in grammar.function_schemas:
            refuse("function_unknown", f"{prefix}.{name}")
    for kind in found.types:
        word = plain(written(kind, grammar=grammar))
        if word not in grammar.types:
            refuse("type_forbidden", word[:60])
    return tuple(sorted({name for name, _in_from in found.functions}))


def _function(name: str, *, in_from: bool, grammar: Grammar) -> None:
    if grammar.is_forbidden(name):
        refuse("function_forbidden", name)
    elif name not in grammar.functions:
        refuse("function_unknown", name)
    elif in_from and name not in grammar.table_functions:
        refuse("table_function", name)


def written(kind: exp.Expr, *, grammar: Grammar) -> str:
    """A type as it stands in the statement."""
    text: str = kind.meta.get("written") or kind.sql(dialect=grammar.sqlglot)
    return text.upper()


def plain(kind: str) -> str:
    """`NUMERIC(10,2)` → `NUMERIC`, `INT[]` → `INT`."""
    return SIZES.sub("", kind).strip()
