"""Evaluate literals of the source: rows of mock data, default values, option lists.

Nothing is executed. What is not a literal (a call, a parameter) has no value; dates relative to the present
are counted from a fixed moment, so that the same export gives the same rows on every day.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tree_sitter import Node

from taishang.generation.evidence.modules import Project
from taishang.generation.evidence.syntax import Module
from taishang.generation.evidence.typeshapes import key_text

MAX_DEPTH = 14
MAX_NODES = 60_000
MAX_TEXT = 20_000
NOW = datetime(2025, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_MILLISECONDS = 8_000_000_000_000
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}
_ESCAPE = re.compile(r"\\(u\{[0-9a-fA-F]{1,6}\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_WRAPPERS = frozenset(
    {
        "as_expression",
        "satisfies_expression",
        "parenthesized_expression",
        "non_null_expression",
        "type_assertion",
    }
)
_METHODS = frozenset(
    {"toISOString", "toString", "getTime", "valueOf", "toJSON", "toLocaleDateString"}
)


class Missing:
    """The value of an expression that is no literal."""


MISSING = Missing()


class LiteralReader:
    """Evaluates expressions of one project, following constants across modules."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._budget = MAX_NODES

    def value(self, module: Module, node: Node | None, *, depth: int = 0) -> Any:
        """The value of an expression, or MISSING. Lists and objects keep what could be read of them."""
        self._budget -= 1
        if node is None or depth > MAX_DEPTH or self._budget < 0:
            return MISSING
        if node.type in _WRAPPERS:
            inner = node.named_children[-1 if node.type == "type_assertion" else 0]
            return self.value(module, inner, depth=depth + 1)
        readers: dict[str, Callable[[], Any]] = {
            "string": lambda: unescaped(module.text_of(node)[1:-1]),
            "template_string": lambda: _template(module, node),
            "number": lambda: number(module.text_of(node)),
            "true": lambda: True,
            "false": lambda: False,
            "null": lambda: None,
            "undefined": lambda: MISSING,
            "array": lambda: self._array(module, node, depth),
            "object": lambda: self._object(module, node, depth),
            "unary_expression": lambda: self._negative(module, node, depth),
            "binary_expression": lambda: self._binary(module, node, depth),
            "identifier": lambda: self._constant(module, node, depth),
            "member_expression": lambda: self._member(module, node, depth),
            "new_expression": lambda: self._date(module, node, depth),
            "call_expression": lambda: self._call(module, node, depth),
        }
        reader = readers.get(node.type)
        return reader() if reader is not None else MISSING

    def fresh(self) -> LiteralReader:
        """The same reader with a full budget, for the next root."""
        self._budget = MAX_NODES
        return self

    def _array(self, module: Module, node: Node, depth: int) -> list[Any]:
        found: list[Any] = []
        for item in node.named_children:
            if item.type == "spread_element":
                spread = self.value(module, item.named_children[0], depth=depth + 1)
                found += spread if isinstance(spread, list) else []
                continue
            value = self.value(module, item, depth=depth + 1)
            if value is not MISSING:
                found.append(value)
        return found

    def _object(self, module: Module, node: Node, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for part in node.named_children:
            if part.type == "spread_element":
                spread = self.value(module, part.named_children[0], depth=depth + 1)
                found |= spread if isinstance(spread, dict) else {}
            elif part.type == "pair":
                key = key_text(module, part.child_by_field_name("key"))
                value = self.value(module, part.child_by_field_name("value"), depth=depth + 1)
                if key and value is not MISSING:
                    found[key] = value
            elif part.type == "shorthand_property_identifier":
                value = self._constant(module, part, depth)
                if value is not MISSING:
                    found[module.text_of(part)] = value
        return found

    def _negative(self, module: Module, node: Node, depth: int) -> Any:
        operand = self.value(module, node.child_by_field_name("argument"), depth=depth + 1)
        sign = module.text_of(node)[:1]
        if isinstance(operand, bool) or not isinstance(operand, (int, float)):
            return (not operand) if sign == "!" and isinstance(operand, bool) else MISSING
        return {"-": -operand, "+": operand}.get(sign, MISSING)

    def _binary(self, module: Module, node: Node, depth: int) -> Any:
        left = self.value(module, node.child_by_field_name("left"), depth=depth + 1)
        right = self.value(module, node.child_by_field_name("right"), depth=depth + 1)
        operator = node.child_by_field_name("operator")
        sign = module.text_of(operator) if operator is not None else ""
        if sign in ("||", "??"):
            return right if left is MISSING or left in (None, "") else left
        if sign == "+" and isinstance(left, str) and isinstance(right, str):
            return (left + right)[:MAX_TEXT]
        return _arithmetic(sign, left, right)

    def _constant(self, module: Module, node: Node, depth: int) -> Any:
        found = self._project.definition(module, module.text_of(node))
        if found is None:
            return MISSING
        where, declaration = found
        if declaration.type == "variable_declarator":
            return self.value(where, declaration.child_by_field_name("value"), depth=depth + 1)
        return (
            self.value(where, declaration, depth=depth + 1)
            if declaration.type in ("array", "object")
            else MISSING
        )

    def _member(self, module: Module, node: Node, depth: int) -> Any:
        holder = self.value(module, node.child_by_field_name("object"), depth=depth + 1)
        name = module.text_of(node.child_by_field_name("property") or node)
        if isinstance(holder, dict):
            return holder.get(name, MISSING)
        found = self._enum_member(module, node, name)
        return found if found is not None else MISSING

    def _enum_member(self, module: Module, node: Node, name: str) -> Any:
        holder = node.child_by_field_name("object")
        found = (
            self._project.definition(module, module.text_of(holder)) if holder is not None else None
        )
        if found is None or found[1].type != "enum_declaration":
            return None
        where, declaration = found
        body = declaration.child_by_field_name("body")
        for member in body.named_children if body is not None else []:
            if (
                member.type == "enum_assignment"
                and key_text(where, member.child_by_field_name("name")) == name
            ):
                return self.value(where, member.child_by_field_name("value"), depth=MAX_DEPTH)
        return None

    def _date(self, module: Module, node: Node, depth: int) -> Any:
        constructor = node.child_by_field_name("constructor")
        name = module.text_of(constructor) if constructor is not None else ""
        holder = node.child_by_field_name("arguments")
        arguments = list(holder.named_children) if holder is not None else []
        if name in ("Set", "Array"):
            return self.value(module, arguments[0], depth=depth + 1) if arguments else []
        if name != "Date":
            return MISSING
        if not arguments:
            return moment(NOW)
        values = [self.value(module, argument, depth=depth + 1) for argument in arguments[:7]]
        if len(values) > 1:
            return _from_parts(values)
        return values[0] if isinstance(values[0], str) else from_milliseconds(values[0])

    def _call(self, module: Module, node: Node, depth: int) -> Any:
        function = node.child_by_field_name("function")
        text = module.text_of(function)[:60] if function is not None else ""
        if text in ("Date.now", "new Date().getTime"):
            return milliseconds(NOW)
        if text in ("Object.freeze", "reactive", "ref", "String", "Number"):
            holder = node.child_by_field_name("arguments")
            first = (
                holder.named_children[0]
                if holder is not None and holder.named_child_count
                else None
            )
            return self.value(module, first, depth=depth + 1)
        if function is None or function.type != "member_expression":
            return MISSING
        name = module.text_of(function.child_by_field_name("property") or function)
        value = self.value(module, function.child_by_field_name("object"), depth=depth + 1)
        if name == "getTime" and isinstance(value, str):
            parsed = parsed_moment(value)
            return milliseconds(parsed) if parsed is not None else MISSING
        return value if name in _METHODS and isinstance(value, str) else MISSING


def unescaped(text: str) -> str:
    """The value of a string literal's inside; lone surrogates become the replacement character."""

    def value(found: re.Match[str]) -> str:
        code = found.group(1)
        if code[0] in "ux" and len(code) > 1:
            point = int(code.strip("ux{}"), 16)
            return chr(point) if point < 0x110000 and not 0xD800 <= point < 0xE000 else "\ufffd"
        return _ESCAPES.get(code, code)

    return _ESCAPE.sub(value, text)[:MAX_TEXT].replace("\0", "")


def number(text: str) -> Any:
    plain = text.replace("_", "").rstrip("n")[:40]
    try:
        return (
            int(plain, 0)
            if not set(plain) & set(".eE") or plain[:2].lower() == "0x"
            else float(plain)
        )
    except ValueError:
        return MISSING


def _template(module: Module, node: Node) -> Any:
    if any(child.type == "template_substitution" for child in node.named_children):
        return MISSING
    return unescaped(module.text_of(node)[1:-1])


def _arithmetic(sign: str, left: Any, right: Any) -> Any:
    if not all(
        isinstance(side, (int, float)) and not isinstance(side, bool) for side in (left, right)
    ):
        return MISSING
    if sign == "/":
        return left / right if right else MISSING
    results = {"+": left + right, "-": left - right, "*": left * right}
    found = results.get(sign, MISSING)
    return found if isinstance(found, (int, float)) and abs(found) < 1e15 else MISSING


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def milliseconds(at: datetime) -> int:
    return int((at - _EPOCH).total_seconds() * 1000)


def from_milliseconds(value: Any) -> Any:
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or abs(value) > _MAX_MILLISECONDS
    ):
        return MISSING
    return moment(_EPOCH + timedelta(milliseconds=value))


def parsed_moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text[:40].replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _from_parts(values: list[Any]) -> Any:
    """`new Date(2024, 0, 15, 10)`: months count from zero."""
    if not all(isinstance(value, int) for value in values):
        return MISSING
    year, month, day, hour, minute, second = [*values, *[1, 0, 0, 0][max(len(values) - 2, 0) :]][:6]
    try:
        return moment(datetime(year, month + 1, day, hour, minute, second, tzinfo=UTC))
    except ValueError:
        return MISSING
