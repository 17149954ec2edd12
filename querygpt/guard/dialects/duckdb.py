"""DuckDB for the guard."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.generators.duckdb import DuckDBGenerator
from sqlglot.parsers.duckdb import DuckDBParser

from querygpt.guard.dialects import base


class GuardedDuckDB(base.Faithful, DuckDB):
    """DuckDB as it was written."""

    class Tokenizer(DuckDB.Tokenizer):
        COMMANDS: set = set()

    class Parser(base.FaithfulParser, DuckDBParser):
        FUNCTION_PARSERS = base.own_grammar(DuckDBParser, "TRY_CAST")
        UNARY_PARSERS = base.unary(DuckDBParser)

    class Generator(base.FaithfulGenerator, DuckDBGenerator):
        TRANSFORMS = base.plain(DuckDBGenerator)

        def withingroup_sql(self, expression: exp.WithinGroup) -> str:
            ordered = self.sql(expression, "expression").lstrip()
            return f"{self.sql(expression, 'this')} WITHIN GROUP ({ordered})"
