"""What a filter means, in Python: the reference that the compiler and every engine are held to."""

import operator
from collections.abc import Callable
from datetime import datetime
from typing import Any

from taishang.vectors.filters.grammar import (
    MOMENTS,
    And,
    Field,
    Node,
    Not,
    Or,
    Row,
    Source,
    Test,
    instant,
    number,
)

ABSENT = object()
ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}


def matches(node: Node | None, row: Row) -> bool:
    """Whether the row fulfils the filter. Two-valued: a missing field, null or another type is false."""
    match node:
        case None:
            return True
        case And(parts):
            return all(matches(part, row) for part in parts)
        case Or(parts):
            return any(matches(part, row) for part in parts)
        case Not(part):
            return not matches(part, row)
        case Test():
            return _test(node, _value(node.field, row))


def _value(field: Field, row: Row) -> Any:
    if field.source is Source.EXTERNAL_ID:
        return row.external_id
    if field.source in MOMENTS:
        return getattr(row, field.source.value)
    value: Any = row.payload
    for key in field.path:
        if not isinstance(value, dict) or key not in value:
            return ABSENT
        value = value[key]
    return value


def _test(test: Test, value: Any) -> bool:
    wanted = test.value
    match test.op:
        case "eq" | "ne":
            return _same(value, wanted) is (test.op == "eq")
        case "in" | "nin":
            return any(_same(value, item) for item in wanted) is (test.op == "in")
        case "between":
            low, high = wanted
            return _ordered(test, "gte", value, low) and _ordered(test, "lte", value, high)
        case "lt" | "lte" | "gt" | "gte":
            return _ordered(test, test.op, value, wanted)
        case "exists":
            return (value is not ABSENT) is wanted
        case "is_null":
            return (value is ABSENT or value is None) is wanted
        case _:
            return _holds(test.op, value, wanted)


def _holds(op: str, value: Any, wanted: Any) -> bool:
    if op == "prefix":
        return isinstance(value, str) and value.startswith(wanted)
    if op == "contains" and isinstance(value, str):
        return isinstance(wanted, str) and wanted in value
    if not isinstance(value, list):
        return False
    if op == "contains":
        return _element(value, wanted)
    every = [_element(value, item) for item in wanted]
    return any(every) if op == "any" else all(every)


def _element(values: list[Any], wanted: Any) -> bool:
    return any(_same(value, wanted) for value in values)


def _same(value: Any, wanted: Any) -> bool:
    """Equal type and value, as JSON sees it: 1 and 1.0 are one number, true is none."""
    if isinstance(value, datetime):
        return isinstance(wanted, str) and value == instant(wanted)
    if isinstance(value, str) or isinstance(wanted, str):
        return isinstance(value, str) and isinstance(wanted, str) and value == wanted
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    one, other = number(value), number(wanted)
    return one is not None and one == other


def _ordered(test: Test, op: str, value: Any, wanted: Any) -> bool:
    compare = ORDERS[op]
    if isinstance(wanted, str):
        if isinstance(value, str) and test.field.as_instants:
            value = instant(value)
        if isinstance(value, datetime):
            return compare(value, instant(wanted))
        return isinstance(value, str) and compare(value, wanted)
    one, other = number(value), number(wanted)
    return one is not None and compare(one, other)
