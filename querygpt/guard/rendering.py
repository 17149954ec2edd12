"""From the approved tree to the text that is sent: bounded, without comments and hints, stable."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from querygpt.guard.dialects import Grammar
from querygpt.guard.policy import Policy
from querygpt.guard.verdict import Refused

LIMITED = (exp.Select, exp.SetOperation, exp.Subquery)


def drop_hints(tree: exp.Expr) -> None:
    """Removes every `/*+ … */`; they steer the planner and are no part of the question."""
    for hint in list(tree.find_all(exp.Hint)):
        hint.pop()


def bound(tree: exp.Expr, *, grammar: Grammar, policy: Policy) -> None:
    """Sets LIMIT `max_rows + 1` on the top level; a smaller one stays. VALUES has none: rows are capped at fetching."""
    if not isinstance(tree, LIMITED):
        return
    most = policy.max_rows + 1
    limit = tree.args.get("limit")
    if isinstance(limit, exp.Fetch):
        count = limit.args.get("count")
        if count is not None and _number(count) not in range(most):
            limit.set("count", exp.Literal.number(most))
            limit.set("limit_options", None)
        return
    given = limit.expression if isinstance(limit, exp.Limit) else None
    size = _number(given)
    if size is None and given is not None and grammar.name in {"postgresql", "duckdb"}:
        tree.set("limit", exp.Limit(expression=_least(given, most)))
    elif size is None or not 0 <= size < most:
        tree.set("limit", exp.Limit(expression=exp.Literal.number(most)))


def render(tree: exp.Expr, *, grammar: Grammar) -> str:
    """One line of SQL. Raises Refused `rendering`."""
    try:
        return str(
            tree.sql(
                dialect=grammar.sqlglot,
                comments=False,
                normalize_functions=False,
                copy=False,
                unsupported_level=ErrorLevel.RAISE,
            )
        )
    except (SqlglotError, ValueError) as error:
        raise Refused("rendering", str(error).split("\n")[0][:200]) from error


def _number(node: exp.Expr | None) -> int | None:
    """The whole number that a literal or a product of literals is."""
    if isinstance(node, exp.Literal) and not node.is_string and node.name.isdecimal():
        return int(node.name)
    if isinstance(node, exp.Paren):
        return _number(node.this)
    if isinstance(node, (exp.Add, exp.Sub, exp.Mul)):
        left, right = _number(node.this), _number(node.expression)
        if left is None or right is None:
            return None
        if isinstance(node, exp.Mul):
            return left * right
        return left + right if isinstance(node, exp.Add) else left - right
    return None


def _least(given: exp.Expr, most: int) -> exp.Expr:
    if isinstance(given, (exp.Null, exp.Var)):
        return exp.Literal.number(most)
    if isinstance(given, exp.Anonymous) and given.name == "LEAST":
        return given
    return exp.Anonymous(this="LEAST", expressions=[given.copy(), exp.Literal.number(most)])
