"""EXPLAIN of a query, and MySQL's SHOW TABLES, SHOW COLUMNS and DESCRIBE: read from the tokens, written by us.

sqlglot takes these for opaque commands, so nothing of what was written is passed on but names and literals.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from querygpt.guard.dialects import Grammar
from querygpt.guard.scopes import Resolver
from querygpt.guard.verdict import refuse

QUERY = frozenset({"SELECT", "WITH", "VALUES", "TABLE", "FROM"})
RUNS = frozenset({"ANALYZE", "ANALYSE", "BUFFERS", "WAL", "TIMING", "SERIALIZE"})
OPTIONS = frozenset({"VERBOSE", "COSTS", "SETTINGS", "GENERIC_PLAN", "SUMMARY", "MEMORY"})
FORMATS = frozenset(
    {"TEXT", "XML", "JSON", "YAML", "TRADITIONAL", "TREE", "DEFAULT", "GRAPHVIZ", "HTML"}
)
TRUTHS = {"TRUE": "TRUE", "ON": "TRUE", "1": "TRUE", "FALSE": "FALSE", "OFF": "FALSE", "0": "FALSE"}
DESCRIBING = frozenset({"DESC", "DESCRIBE", "EXPLAIN"})


class Words:
    """A cursor over tokens; beyond the end the word is empty."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.place = 0

    @property
    def word(self) -> str:
        return self.tokens[self.place].text.upper() if self.place < len(self.tokens) else ""

    def take(self, *words: str) -> str:
        """The word at hand when it is one of `words`, else an empty text."""
        word = self.word
        if not word or word not in words:
            return ""
        self.place += 1
        return word

    def rest(self) -> list[Token]:
        return self.tokens[self.place :]

    def is_done(self) -> bool:
        return self.place >= len(self.tokens)


@dataclass(frozen=True, slots=True)
class Head:
    """`prefix` is what we write before the rendered query; `query` its tokens."""

    prefix: str
    query: list[Token]


def split(tokens: list[Token], *, grammar: Grammar) -> Head:
    """Parts an EXPLAIN from its query. Raises Refused `not_a_query` for one that runs it."""
    words = Words(tokens)
    name = grammar.name
    opening = DESCRIBING if name == "mysql" else {"EXPLAIN"}
    if not words.take(*opening):
        return Head("", tokens)
    prefix = {"sqlite": _sqlite, "mysql": _mysql}.get(name, _options)(words)
    return Head(prefix, words.rest())


def _sqlite(words: Words) -> str:
    if words.take("QUERY"):
        if not words.take("PLAN"):
            refuse("not_a_query", f"EXPLAIN QUERY {words.word}")
        return "EXPLAIN QUERY PLAN "
    return "EXPLAIN "


def _mysql(words: Words) -> str:
    if words.word in RUNS or words.word == "FOR":
        refuse("not_a_query", f"EXPLAIN {words.word}")
    kind = words.take("EXTENDED", "PARTITIONS")
    if words.take("FORMAT"):
        words.take("=")
        kind = f"FORMAT={_format(words)}"
    return f"EXPLAIN {kind} " if kind else "EXPLAIN "


def _options(words: Words) -> str:
    given: list[str] = []
    following = words.tokens[words.place + 1].text.upper() if len(words.rest()) > 1 else ""
    if words.word == "(" and following not in QUERY | {"("}:
        words.take("(")
        while not words.is_done():
            given.append(_option(words))
            if not words.take(","):
                break
        if not words.take(")"):
            refuse("not_a_query", f"EXPLAIN ( {words.word}")
    while words.word in RUNS | {"VERBOSE"}:
        if words.word in RUNS:
            refuse("not_a_query", f"EXPLAIN {words.word}")
        given.append(f"{words.take(*RUNS, 'VERBOSE')} TRUE")
    kept = [one for one in given if one]
    return f"EXPLAIN ({', '.join(kept)}) " if kept else "EXPLAIN "


def _option(words: Words) -> str:
    name = words.take("FORMAT", *OPTIONS, *RUNS)
    if not name:
        refuse("not_a_query", f"EXPLAIN ( {words.word}")
    if name == "FORMAT":
        return f"FORMAT {_format(words)}"
    truth = TRUTHS.get(words.take(*TRUTHS), "TRUE")
    if name in RUNS:
        if truth == "TRUE":
            refuse("not_a_query", f"EXPLAIN {name}")
        return ""
    return f"{name} {truth}"


def _format(words: Words) -> str:
    kind = words.take(*FORMATS)
    if not kind:
        refuse("not_a_query", f"FORMAT {words.word}")
    return kind


def show(tokens: list[Token], *, grammar: Grammar, resolver: Resolver) -> str:
    """The text of a SHOW or DESCRIBE that only names tables, empty for anything else. Raises Refused."""
    if grammar.name != "mysql":
        return ""
    words = Words(tokens)
    if words.take("SHOW"):
        return _show(words, grammar, resolver)
    if words.take(*DESCRIBING) and words.word not in QUERY | RUNS | {"(", "FORMAT", "FOR"}:
        if words.word in {"EXTENDED", "PARTITIONS"}:
            return ""
        table = _table(words, grammar, resolver)
        column = "" if words.is_done() else f" {_identifier(words, grammar)}"
        _end(words)
        return f"DESCRIBE {table}{column}"
    return ""


def _show(words: Words, grammar: Grammar, resolver: Resolver) -> str:
    full = "FULL " if words.take("FULL") else ""
    if words.take("TABLES"):
        _end(words, "LIKE")
        return f"SHOW {full}TABLES{_like(words, grammar)}"
    if words.take("COLUMNS", "FIELDS") and words.take("FROM", "IN"):
        table = _table(words, grammar, resolver)
        _end(words, "LIKE")
        return f"SHOW {full}COLUMNS FROM {table}{_like(words, grammar)}"
    refuse("not_a_query", f"SHOW {words.word}".strip())
    return ""


def _like(words: Words, grammar: Grammar) -> str:
    if not words.take("LIKE"):
        return ""
    pattern = words.tokens[words.place] if not words.is_done() else None
    if pattern is None or pattern.token_type != TokenType.STRING:
        refuse("not_a_query", "LIKE")
        return ""
    words.place += 1
    _end(words)
    return f" LIKE {exp.Literal.string(pattern.text).sql(dialect=grammar.sqlglot)}"


def _end(words: Words, *allowed: str) -> None:
    if not words.is_done() and words.word not in allowed:
        refuse("not_a_query", words.word)


def _identifier(words: Words, grammar: Grammar) -> str:
    token = words.tokens[words.place] if not words.is_done() else None
    if token is None or not (token.text.isidentifier() or token.token_type == TokenType.IDENTIFIER):
        refuse("not_a_query", words.word)
        return ""
    words.place += 1
    return str(exp.to_identifier(token.text, quoted=True).sql(dialect=grammar.sqlglot))


def _table(words: Words, grammar: Grammar, resolver: Resolver) -> str:
    names = [words.tokens[words.place].text] if not words.is_done() else [""]
    _identifier(words, grammar)
    while words.take(".") and not words.is_done():
        names.append(words.tokens[words.place].text)
        _identifier(words, grammar)
    parts = [exp.to_identifier(name, quoted=True) for name in names]
    table = exp.Table(this=parts[-1], db=parts[-2] if len(parts) > 1 else None)
    resolver.relation(table)
    return str(table.sql(dialect=grammar.sqlglot))
