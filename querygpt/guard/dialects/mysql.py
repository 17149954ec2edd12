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
        PRIMARY_PARSERS = {**MySQLParser.PRIMARY_PARSERS, TokenType.HEX_STRING: base.hexadecimal}

        def _parse_value(self, values: bool = True) -> exp.Tuple | None:  # noqa: FBT001, FBT002
            row = self._match_text_seq("ROW")
            found = super()._parse_value(values)
            if row and found:
                found.meta["row"] = True
            return found

    class Generator(base.FaithfulGenerator, MySQLGenerator):
        TRANSFORMS = {
            **base.plain(MySQLGenerator),
            exp.RegexpLike: lambda self, node: self.binary(node, "REGEXP"),
            exp.JSONExtract: lambda self, node: self.binary(node, "->"),
            exp.JSONExtractScalar: lambda self, node: self.binary(node, "->>"),
        }

        RESERVED_KEYWORDS = MySQLGenerator.RESERVED_KEYWORDS - {"dual"}

        def interval_sql(self, expression: exp.Interval) -> str:
            if isinstance(expression.this, exp.Tuple) and not expression.args.get("unit"):
                return self.func("INTERVAL", *expression.this.expressions)
            return super().interval_sql(expression)

        def tuple_sql(self, expression: exp.Tuple) -> str:
            text = super().tuple_sql(expression)
            return f"ROW{text}" if expression.meta.get("row") else text

        def cast_sql(self, expression: exp.Cast, safe_prefix: str | None = None) -> str:
            to = expression.to
            written = to.meta.get("written")
            if written and written != "TIMESTAMP" and to.this != exp.DType.CHARACTER_SET:
                return f"CAST({self.sql(expression, 'this')} AS {self.sql(to)})"
            return super().cast_sql(expression, safe_prefix)
