"""PostgreSQL for the guard."""

from __future__ import annotations

from typing import Any

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.generators.postgres import PostgresGenerator
from sqlglot.parsers.postgres import PostgresParser
from sqlglot.tokenizer_core import TokenType

from querygpt.guard.dialects import base


def _at(parser: Any) -> exp.Expr:
    """An operator here; `$1` has the same kind of token and stays a parameter."""
    if parser._prev.text == "@":
        return parser.expression(base.Absolute(this=parser._parse_unary()))
    return parser.expression(exp.Parameter(this=parser._parse_primary()))


def _json_object(parser: Any) -> exp.Expr:
    """Pairs `'a': 1` have a grammar of their own; else the arguments are arrays of text."""
    following = parser._next
    if following.token_type == TokenType.COLON or following.text.upper() == "VALUE":
        pairs: exp.Expr = parser._parse_json_object()
        return pairs
    return exp.Anonymous(this="json_object", expressions=parser._parse_function_args())


class GuardedPostgres(base.Faithful, Postgres):
    """PostgreSQL as it was written."""

    NUMBERS_CAN_BE_UNDERSCORE_SEPARATED = True

    class Tokenizer(Postgres.Tokenizer):
        COMMANDS: set = set()

    class Parser(base.FaithfulParser, PostgresParser):
        JSON_OPERATORS = {
            **PostgresParser.JSON_OPERATORS,
            TokenType.ARROW: lambda self, this, path: self.expression(
                exp.JSONExtract(this=this, expression=path)
            ),
            TokenType.DARROW: lambda self, this, path: self.expression(
                exp.JSONExtractScalar(this=this, expression=path)
            ),
        }
        PRIMARY_PARSERS = {
            **PostgresParser.PRIMARY_PARSERS,
            TokenType.HEX_STRING: base.hexadecimal,
        }
        FUNCTION_PARSERS = {
            **base.own_grammar(PostgresParser, "JSON_TABLE", "NORMALIZE"),
            "JSON_OBJECT": _json_object,
        }
        UNARY_PARSERS = {**base.unary(PostgresParser), TokenType.PARAMETER: _at}

    class Generator(base.FaithfulGenerator, PostgresGenerator):
        TRANSFORMS = {
            **base.plain(PostgresGenerator),
            base.Absolute: lambda self, node: f"@ {self.sql(node, 'this')}",
            exp.CurrentTime: lambda *_: "CURRENT_TIME",
            exp.JSONExtract: lambda self, node: self.binary(node, "->"),
            exp.JSONExtractScalar: lambda self, node: self.binary(node, "->>"),
        }
