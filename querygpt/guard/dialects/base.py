"""What the guard's own dialects of sqlglot share: names of functions and types stay as they were written."""

from __future__ import annotations

from typing import Any

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

TIGHT = frozenset("()[],")
VALUE_TOKENS = frozenset({TokenType.NUMBER, TokenType.STRING})
# What has a grammar of its own between the brackets; every other call is a name with arguments.
OWN_GRAMMAR = ("CAST", "EXTRACT", "POSITION", "SUBSTRING", "TRIM", "OVERLAY")


class UnaryPlus(exp.Expression):
    """`+x`, which sqlglot drops; SQLite takes an affinity away with it."""

    arg_types = {"this": True}


class Absolute(exp.Expression):
    """`@ x` of PostgreSQL, the size of a number."""

    arg_types = {"this": True}


def hexadecimal(parser: Any, token: Token) -> exp.Expr:
    """`0x41` is a number where `x'41'` is text or bits: which one was written stays known."""
    written = parser.sql[token.start : token.start + 2].lower()
    found: exp.Expr = parser.expression(exp.HexString(this=token.text, is_integer=written == "0x"))
    return found


def own_grammar(parser: type, *more: str) -> dict[str, Any]:
    """The function parsers of `parser` for OWN_GRAMMAR and `more`."""
    kept = (*OWN_GRAMMAR, *more)
    return {name: parser.FUNCTION_PARSERS[name] for name in kept}  # type: ignore[attr-defined]


def unary(parser: type) -> dict[Any, Any]:
    """The unary operators of `parser` with a plus that stays."""
    return {
        **parser.UNARY_PARSERS,  # type: ignore[attr-defined]
        TokenType.PLUS: lambda self: self.expression(UnaryPlus(this=self._parse_unary())),
    }


def plain(generator: type, *dropped: type[exp.Expr]) -> dict[Any, Any]:
    """The transforms of `generator` without those that rewrite a whole SELECT, and without `dropped`."""
    left_out = {exp.Select, *dropped}
    kept = {kind: make for kind, make in generator.TRANSFORMS.items() if kind not in left_out}  # type: ignore[attr-defined]
    return {**kept, UnaryPlus: lambda self, node: f"+{self.sql(node, 'this')}"}


class Faithful:
    """A dialect whose JSON paths stay the text they were."""

    NORMALIZE_NOT_NULL = False

    def to_json_path(self, path: exp.Expr | None) -> exp.Expr | None:
        return path


class FaithfulParser:
    """Types remember their words, and long lists of constants are read without recursion."""

    FUNCTIONS: dict[str, Any] = {}
    _index: int
    _tokens: list[Token]
    _advance: Any
    expression: Any

    def _parse_types(self, *args: Any, **options: Any) -> Any:
        start = self._index
        found = super()._parse_types(*args, **options)
        if isinstance(found, exp.DataType):
            found.meta["written"] = spelled(self._tokens[start : self._index])
        return found

    def _parse_in(self, this: Any, alias: bool = False) -> Any:  # noqa: FBT001, FBT002
        values = constants(self._tokens, self._index)
        if not values:
            return super()._parse_in(this, alias)
        self._advance(2 * len(values) + 1)
        return self.expression(exp.In(this=this, expressions=values))


def spelled(tokens: list[Token]) -> str:
    """`double   PRECISION` → `DOUBLE PRECISION`, `numeric ( 10 , 2 )` → `NUMERIC(10,2)`."""
    text = ""
    for token in tokens:
        is_quoted = token.token_type == TokenType.IDENTIFIER
        word = f'"{token.text}"' if is_quoted else token.text.upper()
        gap = "" if not text or word in TIGHT or text[-1] in TIGHT - {")"} else " "
        text += gap + word
    return text


def constants(tokens: list[Token], index: int) -> list[exp.Expr]:
    """The literals of `(1, 2, 'x')` that starts at `index`; nothing when it holds anything else."""
    if index >= len(tokens) or tokens[index].token_type != TokenType.L_PAREN:
        return []
    found: list[exp.Expr] = []
    for place in range(index + 1, len(tokens) - 1, 2):
        value, mark = tokens[place], tokens[place + 1].token_type
        if value.token_type not in VALUE_TOKENS:
            return []
        is_text = value.token_type == TokenType.STRING
        found.append(exp.Literal(this=value.text, is_string=is_text))
        if mark == TokenType.R_PAREN:
            return found
        if mark != TokenType.COMMA:
            return []
    return []


class FaithfulGenerator:
    """Writes types and hexadecimal numbers as they were written."""

    MULTI_ARG_DISTINCT = True

    def datatype_sql(self, expression: exp.DataType) -> str:
        written = expression.meta.get("written")
        if written and expression.this != exp.DType.CHARACTER_SET:
            return str(written)
        return str(super().datatype_sql(expression))

    def hexstring_sql(
        self, expression: exp.HexString, binary_function_repr: str | None = None
    ) -> str:
        digits = expression.name
        return f"0x{digits}" if expression.args.get("is_integer") else f"x'{digits}'"
