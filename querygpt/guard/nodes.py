"""Which nodes of a tree may stand in a query; everything else is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlglot import exp

from querygpt.guard.dialects import Grammar
from querygpt.guard.dialects.base import Absolute, UnaryPlus
from querygpt.guard.names import function_name
from querygpt.guard.policy import Policy
from querygpt.guard.verdict import refuse

QUERIES = (exp.Select, exp.SetOperation, exp.Values, exp.Subquery)

STRUCTURE = """Add Adjacent Alias All And Any Array ArrayContainedBy ArrayContainsAll ArrayOverlaps AtTimeZone
Between BitString BitwiseAnd BitwiseLeftShift BitwiseNot BitwiseOr BitwiseRightShift BitwiseXor Boolean
Bracket ByteString CTE Case Cast Cbrt CharacterSet Collate Column ColumnDef Concat Cube DPipe DataType
DataTypeParam Distinct Div Dot EQ Escape Except Exists ExtendsLeft ExtendsRight Fetch Filter From GT GTE Glob
Group GroupingSets Having HexString ILike Identifier If IgnoreNulls In IndexTableHint IntDiv Intersect
Interval IntervalSpan Introducer Is JSONArrayContains JSONBContains JSONBContainsAllTopKeys
JSONBContainsAnyTopKeys JSONBContainsTopKey JSONBDeleteAtPath JSONBExtract JSONBExtractScalar JSONColumnDef
JSONExtract JSONExtractScalar JSONSchema Join Kwarg LT LTE Lateral Like Limit LimitOptions Literal Match Mod
Mul NEQ National Neg Not Null NullSafeEQ NullSafeNEQ Offset Or Order Ordered Overlaps Paren Partition Pow
RecursiveWithSearch RegexpILike RegexpLike RawString RespectNulls Rollup Select SimilarTo Slice Sqrt Star StartsWith Sub
Subquery Table TableAlias TableSample Tuple UnicodeString Union Values Var Variadic Where Window
WindowSpec With WithinGroup Xor"""

FUNCTION_NODES = {
    "Extract": "extract",
    "StrPosition": "position",
    "Substring": "substring",
    "Trim": "trim",
    "Overlay": "overlay",
    "CurrentDate": "current_date",
    "CurrentTime": "current_time",
    "CurrentTimestamp": "current_timestamp",
    "Localtime": "localtime",
    "Localtimestamp": "localtimestamp",
    "CurrentUser": "current_user",
    "CurrentRole": "current_role",
    "SessionUser": "session_user",
    "CurrentCatalog": "current_catalog",
    "CurrentSchema": "current_schema",
    "GroupConcat": "group_concat",
    "MatchAgainst": "match",
    "JSONTable": "json_table",
    "JSONObject": "json_object",
    "Normalize": "normalize",
    "Soundex": "soundex",
    "Chr": "char",
    "Convert": "convert",
    "UtcDate": "utc_date",
    "UtcTime": "utc_time",
    "UtcTimestamp": "utc_timestamp",
}
# Words that PostgreSQL calls without brackets and sqlglot takes for columns.
BARE_FUNCTIONS = {
    "postgresql": frozenset({"user", "current_role", "system_user", "current_schema"}),
    "mysql": frozenset({"current_role"}),
    "sqlite": frozenset(),
    "duckdb": frozenset({"user", "current_role", "current_catalog", "session_user"}),
}
BY_DIALECT = {
    "duckdb": frozenset({exp.Lambda, exp.PropertyEQ, exp.Qualify, exp.Struct, exp.TryCast}),
    "postgresql": frozenset({Absolute, exp.JSON, exp.JSONKeyValue}),
    "mysql": frozenset(),
    "sqlite": frozenset(),
}
# Two texts side by side are one for others; SQLite takes the second for a name.
NOT_IN = {
    "duckdb": frozenset(),
    "postgresql": frozenset(),
    "mysql": frozenset(),
    "sqlite": frozenset({exp.Concat}),
}

ALLOWED = frozenset({UnaryPlus, *(getattr(exp, name) for name in STRUCTURE.split())})
FUNCTIONS: dict[type[exp.Expr], str] = {
    getattr(exp, name): function for name, function in FUNCTION_NODES.items()
}
SIGILS = ("$", "@", ":", "#", "?", "%")
SAMPLING = frozenset({"BERNOULLI", "SYSTEM", "RESERVOIR"})
# Words between SELECT and its columns that only steer how MySQL works; SQL_CALC_FOUND_ROWS would pass the LIMIT.
MODIFIERS = frozenset(
    {
        "SQL_NO_CACHE",
        "SQL_CACHE",
        "SQL_SMALL_RESULT",
        "SQL_BIG_RESULT",
        "SQL_BUFFER_RESULT",
        "STRAIGHT_JOIN",
    }
)
VARIABLES = (exp.Parameter, exp.SessionParameter, exp.Placeholder)


@dataclass(slots=True)
class Found:
    """What a walk saw: calls with whether they stand in FROM, (prefix, call) of calls with a schema, types."""

    functions: list[tuple[str, bool]] = field(default_factory=list)
    schemas: list[tuple[str, str]] = field(default_factory=list)
    types: list[exp.Expr] = field(default_factory=list)


def walk(tree: exp.Expr, *, grammar: Grammar, policy: Policy) -> Found:
    """Raises Refused at the first node that no query holds; `too_deep` beyond the policy's count."""
    found = Found()
    allowed = (ALLOWED | BY_DIALECT[grammar.name]) - NOT_IN[grammar.name]
    count = 0
    for node in tree.walk(bfs=False):
        count += 1
        kind = type(node)
        if kind in allowed:
            if kind in NOTED:
                NOTED[kind](node, found, grammar)
        elif not _called(node, found, grammar):
            refuse(*_reason(node))
    if count > policy.max_nodes:
        refuse("too_deep", f"more than {policy.max_nodes} parts")
    return found


def _data_type(node: exp.Expr, found: Found, grammar: Grammar) -> None:
    found.types.append(node)


def _identifier(node: exp.Expr, found: Found, grammar: Grammar) -> None:
    """`$x` of SQLite is a variable, and sqlglot takes it for a name."""
    if not node.args.get("quoted") and node.name.startswith(SIGILS):
        refuse("variable", node.name)


def _sample(node: exp.Expr, found: Found, grammar: Grammar) -> None:
    """The method of TABLESAMPLE is a function."""
    method = node.args.get("method")
    if method is not None and method.name.upper() not in SAMPLING:
        refuse("function_unknown", method.name)


def _select(node: exp.Expr, found: Found, grammar: Grammar) -> None:
    for modifier in node.args.get("operation_modifiers") or ():
        if modifier.name.upper() not in MODIFIERS:
            refuse("node_not_allowed", modifier.name)


def _called(node: exp.Expr, found: Found, grammar: Grammar) -> bool:
    """Notes a call; False for what is none."""
    kind = type(node)
    if isinstance(node, exp.Anonymous):
        found.functions.append((function_name(node), _stands_in_from(node)))
        _prefix(node, found)
    elif kind in FUNCTIONS:
        found.functions.append((_name(node, grammar), _stands_in_from(node)))
    elif kind is exp.Unnest:
        found.functions.append(("unnest", True))
    else:
        return False
    return True


def _reason(node: exp.Expr) -> tuple[str, str]:
    word = type(node).__name__
    if isinstance(node, exp.Lock):
        return "locking", "FOR UPDATE or FOR SHARE"
    if isinstance(node, exp.Into):
        return "into", "INTO"
    if isinstance(node, VARIABLES) or (isinstance(node, exp.PropertyEQ) and _assigns(node)):
        return "variable", node.sql()[:60]
    if isinstance(node, exp.Operator):
        return "operator_forbidden", node.sql()[:60]
    if isinstance(node, (exp.PseudoType, exp.ObjectIdentifier)):
        return "type_forbidden", node.sql()[:60]
    if isinstance(node, WRITES):
        return "write_inside", word.upper()
    return "node_not_allowed", word


WRITES = (
    exp.DDL,
    exp.DML,
    exp.Command,
    exp.Drop,
    exp.Alter,
    exp.Set,
    exp.Use,
    exp.Transaction,
    exp.Commit,
    exp.Rollback,
    exp.Attach,
    exp.Detach,
    exp.Pragma,
    exp.Copy,
    exp.Kill,
    exp.Merge,
    exp.TruncateTable,
    exp.Comment,
    exp.Grant,
    exp.Revoke,
    exp.LoadData,
    exp.Cache,
    exp.Uncache,
    exp.Refresh,
    exp.Analyze,
)


def _assigns(node: exp.PropertyEQ) -> bool:
    return isinstance(node.this, VARIABLES)


def _column(node: exp.Expr, found: Found, grammar: Grammar) -> None:
    name = node.this
    if node.args.get("table") or not isinstance(name, exp.Identifier) or name.args.get("quoted"):
        return
    bare = name.name.lower()
    if bare in BARE_FUNCTIONS[grammar.name]:
        found.functions.append((bare, False))


# What an allowed node is asked besides.
NOTED: dict[type[exp.Expr], Callable[[exp.Expr, Found, Grammar], None]] = {
    exp.Column: _column,
    exp.DataType: _data_type,
    exp.Identifier: _identifier,
    exp.Select: _select,
    exp.TableSample: _sample,
}


def _name(node: exp.Expr, grammar: Grammar) -> str:
    # `@@` of PostgreSQL is an operator, MATCH of MySQL a call.
    if grammar.name == "postgresql" and isinstance(node, exp.MatchAgainst):
        return "to_tsvector"
    return FUNCTIONS[type(node)]


def _stands_in_from(node: exp.Expr) -> bool:
    parent = node.parent
    return isinstance(parent, (exp.Table, exp.Lateral)) and parent.this is node


def _prefix(node: exp.Anonymous, found: Found) -> None:
    parent, name = node.parent, function_name(node)
    if isinstance(parent, exp.Dot) and parent.expression is node:
        found.schemas.append((parent.this.name or parent.this.sql(), name))
    elif isinstance(parent, exp.Table) and (parent.args.get("db") or parent.args.get("catalog")):
        parts = [parent.args[key].name for key in ("catalog", "db") if parent.args.get(key)]
        found.schemas.append((".".join(parts), name))
