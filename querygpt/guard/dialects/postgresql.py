"""PostgreSQL for the guard."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.generators.postgres import PostgresGenerator
from sqlglot.parsers.postgres import PostgresParser
from sqlglot.tokenizer_core import TokenType

from querygpt.guard.dialects import base


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
        FUNCTION_PARSERS = base.own_grammar(PostgresParser, "JSON_TABLE", "NORMALIZE")
        UNARY_PARSERS = base.unary(PostgresParser)

    class Generator(base.FaithfulGenerator, PostgresGenerator):
        TRANSFORMS = {
            **base.plain(PostgresGenerator),
            exp.CurrentTime: lambda *_: "CURRENT_TIME",
            exp.JSONExtract: lambda self, node: self.binary(node, "->"),
            exp.JSONExtractScalar: lambda self, node: self.binary(node, "->>"),
        }
