"""SQLite for the guard."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.dialects.sqlite import SQLite
from sqlglot.generators.sqlite import SQLiteGenerator
from sqlglot.parsers.sqlite import SQLiteParser

from querygpt.guard.dialects import base


class GuardedSQLite(base.Faithful, SQLite):
    """SQLite as it was written; a comma between tables stays one, since CROSS JOIN pins their order."""

    class Tokenizer(SQLite.Tokenizer):
        COMMANDS: set = set()

    class Parser(base.FaithfulParser, SQLiteParser):
        FUNCTION_PARSERS = {"CAST": SQLiteParser.FUNCTION_PARSERS["CAST"]}
        UNARY_PARSERS = base.unary(SQLiteParser)
        JOINS_HAVE_EQUAL_PRECEDENCE = False
        ADD_JOIN_ON_TRUE = False

    class Generator(base.FaithfulGenerator, SQLiteGenerator):
        TRANSFORMS = {
            **base.plain(SQLiteGenerator),
            exp.JSONExtract: lambda self, node: self.binary(node, "->"),
            exp.JSONExtractScalar: lambda self, node: self.binary(node, "->>"),
        }

        def cast_sql(self, expression: exp.Cast, safe_prefix: str | None = None) -> str:
            return f"CAST({self.sql(expression, 'this')} AS {self.sql(expression, 'to')})"
