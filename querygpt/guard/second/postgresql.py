"""PostgreSQL's own parser, by pglast: the same relations, listed functions, nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pglast.parser import ParseError, parse_sql_json
from sqlglot import exp

from querygpt.guard.dialects import Grammar
from querygpt.guard.names import folded
from querygpt.guard.scopes import Resolver
from querygpt.guard.sources import FUNCTION_COLUMNS
from querygpt.guard.verdict import refuse

TAGS = """A_ArrayExpr A_Const A_Expr A_Indices A_Indirection A_Star BoolExpr BooleanTest CaseExpr CaseWhen
    CoalesceExpr CollateClause ColumnDef ColumnRef CommonTableExpr Float FuncCall GroupingFunc GroupingSet Integer
    JoinExpr JsonArrayConstructor JsonArrayQueryConstructor JsonFuncExpr JsonIsPredicate JsonKeyValue
    JsonObjectConstructor JsonScalarExpr JsonSerializeExpr JsonTable JsonTableColumn JsonTablePathSpec JsonValueExpr
    JsonArrayAgg JsonObjectAgg JsonParseExpr JsonArgument List MinMaxExpr NamedArgExpr NullTest RangeFunction
    RangeSubselect RangeTableFunc RangeTableSample RangeVar ResTarget RowExpr SQLValueFunction SelectStmt
    SetToDefault SortBy String SubLink TypeCast TypeName WindowDef Boolean BitString"""
NODES = frozenset(TAGS.split())
# Names the grammar itself calls for an operator or a clause.
SUGAR_NAMES = """btrim ltrim rtrim like_escape similar_to_escape timezone overlaps extract position overlay substring
    is_normalized normalize xmlexists pg_collation_for system bernoulli"""
SUGAR = frozenset(SUGAR_NAMES.split())
VALUES = frozenset(
    f"SVFOP_{name}{size}"
    for name in ("CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP")
    for size in ("", "_N")
)


def check(query: str, *, tree: exp.Expr, grammar: Grammar, resolver: Resolver) -> None:
    """Raises Refused `second_parser`."""
    try:
        parsed = json.loads(parse_sql_json(query))
    except ParseError as error:
        refuse("second_parser", str(error.args[0])[:200])
        return
    statements = parsed.get("stmts", [])
    if len(statements) != 1 or "SelectStmt" not in statements[0]["stmt"]:
        refuse("second_parser", "not one SELECT")
    seen: set[tuple[str, str]] = set()
    for tag, node in _nodes(statements[0]["stmt"]):
        if tag == "RangeVar":
            seen.add((node.get("schemaname", ""), node["relname"]))
        _judge(tag, node, grammar)
    ours = _relations(tree)
    if seen != ours:
        refuse("second_parser", f"relations {sorted(seen ^ ours)}"[:200])


def _judge(tag: str, node: dict[str, Any], grammar: Grammar) -> None:
    if tag not in NODES:
        refuse("second_parser", tag)
    elif tag == "SelectStmt" and (node.get("intoClause") or node.get("lockingClause")):
        refuse("second_parser", "INTO or FOR UPDATE")
    elif tag == "FuncCall":
        _call(_words(node["funcname"]), grammar)
    elif tag == "SQLValueFunction" and node.get("op") not in VALUES:
        refuse("second_parser", str(node.get("op")))
    elif tag == "A_Expr" and len(node.get("name", ())) > 1 and node.get("kind") == "AEXPR_OP":
        refuse("second_parser", "OPERATOR")
    elif tag == "A_Indirection":
        _field(node)


def _call(names: list[str], grammar: Grammar) -> None:
    name = names[-1]
    if names[:-1] not in ([], ["pg_catalog"]):
        refuse("second_parser", ".".join(names))
    if name not in grammar.functions and name not in SUGAR:
        refuse("second_parser", name)


def _field(node: dict[str, Any]) -> None:
    """`(x).f` of anything but a row of a table; the first opinion has resolved those."""
    for step in node.get("indirection", ()):
        name = step.get("String", {}).get("sval")
        if name is not None and name not in FUNCTION_COLUMNS and "ColumnRef" not in node["arg"]:
            refuse("second_parser", f"(…).{name}")


def _nodes(root: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every tagged node; a statement inside a set operation stands without its tag."""
    stack: list[Any] = [root]
    while stack:
        at = stack.pop()
        if isinstance(at, list):
            stack.extend(at)
        elif isinstance(at, dict):
            for name, value in at.items():
                if name[:1].isupper() and isinstance(value, dict):
                    yield name, value
                elif name in {"larg", "rarg"} and isinstance(value, dict):
                    yield "SelectStmt", value
                elif name == "withClause" and isinstance(value, dict):
                    stack.extend(value.get("ctes", ()))
                    continue
                stack.append(value)


def _words(names: list[dict[str, Any]]) -> list[str]:
    return [name["String"]["sval"] for name in names]


def _relations(tree: exp.Expr) -> set[tuple[str, str]]:
    return {
        (
            folded(table.args.get("db"), dialect="postgresql"),
            folded(table.this, dialect="postgresql"),
        )
        for table in tree.find_all(exp.Table)
        if isinstance(table.this, exp.Identifier)
    }
