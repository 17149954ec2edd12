"""MySQL and MariaDB for the guard: what both understand."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.dialects.mysql import MySQL
from sqlglot.generators.mysql import MySQLGenerator
from sqlglot.parsers.mysql import MySQLParser
from sqlglot.tokenizer_core import TokenType

from querygpt.guard.dialects import base


class GuardedMySQL(base.Faithful, MySQL):
    """MySQL as it was written; MariaDB too, which has no REGEXP_LIKE."""

    class Tokenizer(MySQL.Tokenizer):
        COMMANDS: set = set()

    class Parser(base.FaithfulParser, MySQLParser):
        FUNCTION_PARSERS = base.own_grammar(
            MySQLParser, "GROUP_CONCAT", "MATCH", "CONVERT", "CHAR", "JSON_TABLE"
        )
        FUNC_TOKENS = MySQLParser.FUNC_TOKENS - {TokenType.VALUES}
        UNARY_PARSERS = base.unary(MySQLParser)

    class Generator(base.FaithfulGenerator, MySQLGenerator):
        TRANSFORMS = {
            **base.plain(MySQLGenerator),
            exp.RegexpLike: lambda self, node: self.binary(node, "REGEXP"),
            exp.JSONExtract: lambda self, node: self.binary(node, "->"),
            exp.JSONExtractScalar: lambda self, node: self.binary(node, "->>"),
        }

        def cast_sql(self, expression: exp.Cast, safe_prefix: str | None = None) -> str:
            to = expression.to
            if to.meta.get("written") and to.this != exp.DType.CHARACTER_SET:
                return f"CAST({self.sql(expression, 'this')} AS {self.sql(to)})"
            return super().cast_sql(expression, safe_prefix)
