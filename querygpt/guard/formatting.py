"""A statement laid out for reading: the same tokens on several lines."""

from __future__ import annotations

from sqlglot.errors import ErrorLevel, SqlglotError

from querygpt.catalogue import Dialect
from querygpt.guard import dialects, parsing, text
from querygpt.guard.policy import Policy
from querygpt.guard.verdict import Refused


def formatted(*, sql: str, dialect: Dialect) -> str:
    """Laid out, comments kept. Raises Refused where it is not one statement that can be read."""
    grammar = dialects.grammar(dialects.named(dialect))
    text.check(sql, dialect=grammar.name, policy=Policy())
    tokens = parsing.one_statement(parsing.tokens_of(sql, grammar=grammar))
    if not parsing.is_query(tokens, grammar=grammar):
        raise Refused("not_a_query", "")
    tree = parsing.parse(tokens, sql, grammar=grammar)
    try:
        return str(
            tree.sql(
                dialect=grammar.sqlglot,
                pretty=True,
                normalize_functions=False,
                unsupported_level=ErrorLevel.RAISE,
            )
        )
    except (SqlglotError, ValueError) as error:
        raise Refused("rendering", type(error).__name__) from error
