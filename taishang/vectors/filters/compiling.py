"""A filter as SQL over `payload`, `external_id`, `created_at`, `updated_at`: texts of ours, values always bound.

Every condition is SQL that is true exactly when the filter is, and false or NULL otherwise; a complement is
`IS NOT TRUE`, so three-valued logic never shows. Numbers are compared as jsonb, which orders them as numerics:
no cast of a user's value can raise. Paths go down by `->` with text keys, which never index into arrays.
"""

from dataclasses import dataclass
from typing import Any

import orjson

from taishang.vectors.filters.grammar import (
    DATE_CHARACTERS,
    INSTANT,
    MOMENTS,
    And,
    Field,
    Node,
    Not,
    Or,
    Source,
    Test,
    instant,
)

# An OR of containments can be served by a GIN index; more alternatives than this cost more than they save.
MAX_ALTERNATIVES = 16
SIGNS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
COMPLEMENTS = {"ne": "eq", "nin": "in"}


@dataclass(frozen=True)
class Condition:
    """A piece of SQL with `%s` for each of `params`."""

    sql: str
    params: tuple[Any, ...] = ()

    def __and__(self, other: "Condition") -> "Condition":
        return Condition(f"({self.sql} AND {other.sql})", self.params + other.params)

    def __or__(self, other: "Condition") -> "Condition":
        return Condition(f"({self.sql} OR {other.sql})", self.params + other.params)

    def __invert__(self) -> "Condition":
        return Condition(f"(({self.sql}) IS NOT TRUE)", self.params)


TRUE = Condition("TRUE")
FALSE = Condition("FALSE")


def compiled(node: Node | None, *, alias: str = "") -> Condition:
    """The condition of a filter; `alias` is the table's name in the statement."""
    return _Compiler(f"{alias}." if alias else "").node(node)


def containments(node: Node | None) -> list[str]:
    """JSON documents that the payload of every matching row contains: a GIN index narrows the search by them.

    Necessary, never sufficient: the filter itself still decides. Empty where the filter names none.
    """
    match node:
        case And(parts):
            return [document for part in parts for document in containments(part)]
        case Test(field, "eq" | "all" as op, value) if field.source is Source.PAYLOAD:
            return [_document(field.path, value)] if op == "eq" or value else []
        case Test(field, "in" | "any" as op, [value]) if field.source is Source.PAYLOAD:
            return [_document(field.path, value if op == "in" else [value])]
        case Test(field, "contains", value) if field.source is Source.PAYLOAD:
            return [] if isinstance(value, str) else [_document(field.path, [value])]
        case _:
            return []


def path_sql(path: tuple[str, ...], *, alias: str = "") -> Condition:
    """The jsonb value at a path, as the conditions write it: an expression index on it must read the same."""
    return _Compiler(f"{alias}." if alias else "").at(path)


class _Compiler:
    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def node(self, node: Node | None) -> Condition:
        match node:
            case None:
                return TRUE
            case And(parts):
                return _joined(" AND ", [self.node(part) for part in parts])
            case Or(parts):
                return _joined(" OR ", [self.node(part) for part in parts])
            case Not(part):
                return ~self.node(part)
            case Test():
                return self.test(node)

    def test(self, test: Test) -> Condition:
        if test.op in COMPLEMENTS:
            return ~self.test(Test(test.field, COMPLEMENTS[test.op], test.value))
        if test.op == "between":
            low, high = test.value
            return self.test(Test(test.field, "gte", low)) & self.test(
                Test(test.field, "lte", high)
            )
        if test.op in ("exists", "is_null") and not test.value:
            return ~self.test(Test(test.field, test.op, value=True))
        if test.field.source is Source.PAYLOAD:
            return self.payload(test.field, test.op, test.value)
        return self.column(test.field, test.op, test.value)

    # --- columns: never missing, never null ---

    def column(self, field: Field, op: str, value: Any) -> Condition:
        name = f"{self.prefix}{field.source.value}"
        if op == "exists":
            return TRUE
        if op == "is_null":
            return FALSE
        if op == "in":
            texts = [item for item in value if isinstance(item, str)]
            return _joined(" OR ", [self.column(field, "eq", text) for text in texts])
        if not isinstance(value, str):
            return FALSE
        if field.source in MOMENTS:
            moment = _moment(value)
            return Condition(f"{name} {SIGNS.get(op, '=')} %s::timestamptz", (moment,))
        return _text_test(Condition(name), op, value)

    # --- payload ---

    def payload(self, field: Field, op: str, value: Any) -> Condition:
        match op:
            case "exists" | "is_null":
                return self.presence(field, op)
            case "eq":
                return self.holds(field, value) & self.equals(field, value)
            case "in":
                return self.one_of(field, value)
            case "any":
                return self.shares(field, value)
            case "all":
                return self.holds(field, list(value))
            case "contains" | "prefix":
                return self.within(field, op, value)
            case _:
                return self.compares(field, op, value)

    def at(self, path: tuple[str, ...]) -> Condition:
        steps = " -> %s::text" * len(path)
        return Condition(f"({self.prefix}payload{steps})", path)

    def text_at(self, path: tuple[str, ...]) -> Condition:
        steps = " -> %s::text" * (len(path) - 1)
        return Condition(f"({self.prefix}payload{steps} ->> %s::text)", path)

    def holds(self, field: Field, value: Any) -> Condition:
        """Containment, which a GIN index on the payload serves. For a list it is exact."""
        return Condition(f"{self.prefix}payload @> %s::jsonb", (_document(field.path, value),))

    def presence(self, field: Field, op: str) -> Condition:
        here = self.at(field.path)
        if op == "exists":
            return Condition(f"{here.sql} IS NOT NULL", here.params)
        null = Condition(f"{here.sql} = 'null'::jsonb", here.params)
        return Condition(f"{here.sql} IS NULL", here.params) | null

    def one_of(self, field: Field, values: list[Any]) -> Condition:
        if len(values) <= MAX_ALTERNATIVES:
            return _joined(" OR ", [self.payload(field, "eq", value) for value in values])
        here = self.at(field.path)
        return Condition(
            f"{here.sql} = ANY(%s::jsonb[])", (*here.params, [_json(value) for value in values])
        )

    def equals(self, field: Field, value: Any) -> Condition:
        here = self.at(field.path)
        return Condition(f"{here.sql} = %s::jsonb", (*here.params, _json(value)))

    def shares(self, field: Field, values: list[Any]) -> Condition:
        if len(values) <= MAX_ALTERNATIVES:
            return _joined(" OR ", [self.holds(field, [value]) for value in values])
        here = self.at(field.path)
        return Condition(
            f"{here.sql} @> ANY(%s::jsonb[])", (*here.params, [_json([v]) for v in values])
        )

    def within(self, field: Field, op: str, value: Any) -> Condition:
        listed = self.holds(field, [value])
        if not isinstance(value, str):
            return listed
        spoken = self.of_type(field, "string") & _text_test(self.text_at(field.path), op, value)
        return spoken if op == "prefix" else listed | spoken

    def compares(self, field: Field, op: str, value: Any) -> Condition:
        sign = SIGNS[op]
        if not isinstance(value, str):
            here = self.at(field.path)
            number = Condition(f"{here.sql} {sign} %s::jsonb", (*here.params, _json(value)))
            return self.of_type(field, "number") & number
        text = self.text_at(field.path)
        if not field.as_instants:
            return self.of_type(field, "string") & _text_test(text, op, value)
        # CASE, because AND does not order evaluation and the cast must only see what it can read.
        kind = self.of_type(field, "string")
        return Condition(
            f"CASE WHEN {kind.sql} AND {text.sql} ~ %s"
            f" THEN ({text.sql} || CASE WHEN length({text.sql}) = {DATE_CHARACTERS}"
            f" THEN 'T00:00:00Z' ELSE '' END)::timestamptz {sign} %s::timestamptz END",
            (
                *(*kind.params, *text.params, f"^({INSTANT})$"),
                *(*text.params, *text.params, _moment(value)),
            ),
        )

    def of_type(self, field: Field, kind: str) -> Condition:
        here = self.at(field.path)
        return Condition(f"jsonb_typeof({here.sql}) = '{kind}'", here.params)


def _text_test(text: Condition, op: str, value: str) -> Condition:
    params = (*text.params, value)
    if op == "prefix":
        return Condition(f"starts_with({text.sql}, %s::text)", params)
    if op == "contains":
        return Condition(f"strpos({text.sql}, %s::text) > 0", params)
    return Condition(f'{text.sql} COLLATE "C" {SIGNS.get(op, "=")} %s::text', params)


def _joined(word: str, parts: list[Condition]) -> Condition:
    if not parts:
        return FALSE
    sql = word.join(part.sql for part in parts)
    return Condition(f"({sql})", tuple(value for part in parts for value in part.params))


def _document(path: tuple[str, ...], value: Any) -> str:
    for key in reversed(path):
        value = {key: value}
    return _json(value)


def _moment(text: str) -> str:
    found = instant(text)
    if found is None:
        raise ValueError("the parser lets no other text through")
    return found.isoformat()


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
