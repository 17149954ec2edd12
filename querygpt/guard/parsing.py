"""From text to one tree."""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import Callable
from typing import TypeVar

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from querygpt.guard.dialects import Grammar
from querygpt.guard.policy import Policy
from querygpt.guard.verdict import Refused, refuse

# It logs the SQL of what it cannot parse.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL + 1)

STACK_BYTES = 64 << 20
DEEP_FRAMES = 20_000
SHALLOW_DEPTH = 6
SHALLOW_TOKENS = 400
QUERY_WORDS = frozenset({"SELECT", "WITH", "VALUES", "TABLE", "("})
MARKS = re.compile("\x1b\\[[0-9;]*m")
OPENING = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE})
CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END})
CONSTANTS = frozenset({TokenType.NUMBER, TokenType.STRING, TokenType.COMMA})
# Operators that stand before their operand and may follow each other without end.
PREFIXES = frozenset({TokenType.NOT, TokenType.DASH, TokenType.PLUS, TokenType.TILDE})

Answer = TypeVar("Answer")


def tokens_of(sql: str, *, grammar: Grammar) -> list[Token]:
    """Raises Refused `unparseable`."""
    try:
        return list(grammar.sqlglot.tokenize(sql))
    except (SqlglotError, ValueError, IndexError) as error:
        raise Refused("unparseable", _said(error)) from error


def one_statement(tokens: list[Token]) -> list[Token]:
    """The tokens without one semicolon at the end. Raises Refused `empty`, `multiple_statements`."""
    kept = tokens[:-1] if tokens and tokens[-1].token_type == TokenType.SEMICOLON else tokens
    if not kept:
        refuse("empty", "no statement")
    if any(token.token_type == TokenType.SEMICOLON for token in kept):
        refuse("multiple_statements", ";")
    return kept


def depth(tokens: list[Token], *, policy: Policy) -> int:
    """How deep brackets nest. Raises Refused `too_deep`: brackets, prefixes in a row, items of a list, words."""
    items, deepest, row, words = [0], 0, 0, 0
    for token in tokens:
        kind = token.token_type
        row = row + 1 if kind in PREFIXES else 0
        if kind in OPENING:
            items.append(0)
            deepest = max(deepest, len(items) - 1)
        elif kind in CLOSING and len(items) > 1:
            items.pop()
        elif kind == TokenType.COMMA:
            items[-1] += 1
        words += kind not in CONSTANTS
        if items[-1] >= policy.max_items or words > policy.max_words:
            refuse("too_deep", f"more than {policy.max_items} items or {policy.max_words} words")
            break
        if row > policy.max_depth or deepest > policy.max_depth:
            refuse("too_deep", f"nested more than {policy.max_depth} levels at {token.text[:40]!r}")
            break
    return deepest


def parse(tokens: list[Token], sql: str, *, grammar: Grammar) -> exp.Expr:
    """The tree of one statement. Raises Refused `unparseable`, or a rule that names better what stands there."""
    try:
        trees = grammar.sqlglot.parser().parse(tokens, sql)
    except Refused:
        raise
    except Exception as error:
        # Whatever the parser stumbles over, RecursionError included: what it cannot read is never run.
        if any(token.token_type == TokenType.INTO for token in tokens):
            refuse("into", "INTO")
        raise Refused("unparseable", _said(error)) from error
    if len(trees) != 1 or trees[0] is None:
        raise Refused("multiple_statements", ";")
    return trees[0]


def is_query(tokens: list[Token], *, grammar: Grammar) -> bool:
    """Whether the first word opens a query at all."""
    word = tokens[0].text.upper()
    return word in QUERY_WORDS or (grammar.name == "duckdb" and word == "FROM")


def with_room(work: Callable[[], Answer], *, is_shallow: bool) -> Answer:
    """What `work` answers, called where recursion has room: 64 nested brackets need far more frames than Python's
    default allows."""
    if is_shallow:
        try:
            return work()
        except RecursionError:
            pass
    return _on_deep_stack(work)


def _on_deep_stack(work: Callable[[], Answer]) -> Answer:
    answers: list[Answer] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(work())
        except BaseException as error:  # noqa: BLE001 -- raised again below, in the caller's thread
            errors.append(error)

    limit, size = sys.getrecursionlimit(), threading.stack_size(STACK_BYTES)
    sys.setrecursionlimit(max(limit, DEEP_FRAMES))
    try:
        thread = threading.Thread(target=run, name="guard")
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
        sys.setrecursionlimit(limit)
    if errors:
        raise errors[0]
    return answers[0]


def _said(error: Exception) -> str:
    """The parser's first line, without its marks for a terminal."""
    return MARKS.sub("", str(error)).split("\n")[0][:200] or type(error).__name__
