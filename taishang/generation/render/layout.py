"""Lay out one statement the way the formatter would, so that what we write needs no formatting.

Works on the syntax tree of short generated statements (assignments, calls, returns), never on text of
an export. Depth is bounded by what the emitter writes.
"""

from __future__ import annotations

import ast
from typing import Any

from taishang.generation.render.naming import literal

WIDTH = 88
INDENT = "    "


def lines(source: str, *, depth: int = 0) -> list[str]:
    """The lines of `source` (statements without blocks) at `depth` levels of indentation."""
    out: list[str] = []
    for statement in ast.parse(source).body:
        out += _statement(statement, depth)
    return out


def entry(source: str, *, depth: int = 1) -> list[str]:
    """The lines of one expression that stands in a list, its comma included."""
    statement = ast.parse(source).body[0]
    assert isinstance(statement, ast.Expr)  # noqa: S101
    return _expression("", statement.value, ",", depth)


def text(source: str, *, depth: int = 0) -> str:
    return "\n".join(lines(source, depth=depth))


def imported(module: str, names: list[str]) -> list[str]:
    """`from module import names`, sorted as the linter sorts (constants, classes, functions)."""
    ordered = sorted(set(names), key=_import_order)
    flat = f"from {module} import {', '.join(ordered)}"
    if len(flat) <= WIDTH:
        return [flat]
    return [f"from {module} import (", *(f"{INDENT}{name}," for name in ordered), ")"]


def _import_order(name: str) -> tuple[int, str, str]:
    rank = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return rank, name.lower(), name


def _statement(node: ast.stmt, depth: int) -> list[str]:
    if isinstance(node, ast.Assign):
        prefix = "".join(f"{_flat(target)} = " for target in node.targets)
        return _value(prefix, node.value, depth)
    if isinstance(node, ast.Return) and node.value is not None:
        return _value("return ", node.value, depth)
    if isinstance(node, ast.Expr):
        return _expression("", node.value, "", depth)
    return [INDENT * depth + ast.unparse(node)]


def _value(prefix: str, node: ast.expr, depth: int) -> list[str]:
    whole = INDENT * depth + prefix + _flat(node)
    splits = isinstance(node, ast.Call | ast.List | ast.Tuple | ast.Dict | ast.Set)
    if len(whole) <= WIDTH or splits or len(INDENT * (depth + 1) + _flat(node)) > WIDTH:
        return _expression(prefix, node, "", depth)
    pad = INDENT * depth
    return [f"{pad}{prefix}(", f"{pad}{INDENT}{_flat(node)}", f"{pad})"]


def _expression(prefix: str, node: ast.expr, suffix: str, depth: int) -> list[str]:
    """`prefix` + node + `suffix`, broken at its last bracket when it does not fit."""
    pad = INDENT * depth
    whole = pad + prefix + _flat(node) + suffix
    if len(whole) <= WIDTH:
        return [whole]
    if isinstance(node, ast.Call) and (node.args or node.keywords):
        head = f"{pad}{prefix}{_flat(node.func)}("
        return _call(head, node, f"{pad}){suffix}", depth)
    opened = _collection(node)
    if opened is None:
        return [whole]
    left, right, parts = opened
    out = [f"{pad}{prefix}{left}"]
    for part_prefix, part in parts:
        out += _expression(part_prefix, part, ",", depth + 1)
    return [*out, f"{pad}{right}{suffix}"]


def _call(head: str, node: ast.Call, tail: str, depth: int) -> list[str]:
    parts = [("", argument) for argument in node.args]
    parts += [(f"{word.arg}=" if word.arg else "**", word.value) for word in node.keywords]
    inline = INDENT * (depth + 1) + ", ".join(prefix + _flat(value) for prefix, value in parts)
    if len(parts) == 1 and not parts[0][0] and isinstance(parts[0][1], ast.Starred):
        return [head, inline, tail]
    if len(inline) <= WIDTH and len(parts) > 0:
        return [head, inline, tail]
    out = [head]
    for prefix, value in parts:
        out += _expression(prefix, value, ",", depth + 1)
    return [*out, tail]


def _collection(node: ast.expr) -> tuple[str, str, list[tuple[str, ast.expr]]] | None:
    if isinstance(node, ast.List) and node.elts:
        return "[", "]", [("", item) for item in node.elts]
    if isinstance(node, ast.Tuple) and node.elts:
        return "(", ")", [("", item) for item in node.elts]
    if isinstance(node, ast.Set):
        return "{", "}", [("", item) for item in node.elts]
    if isinstance(node, ast.Dict) and node.keys:
        pairs = zip(node.keys, node.values, strict=True)
        return "{", "}", [(f"{_flat(key)}: " if key else "**", value) for key, value in pairs]
    return None


def _flat(node: ast.expr) -> str:
    """One line of source; strings in the formatter's quotes."""
    if isinstance(node, ast.Constant):
        return _constant(node.value)
    if isinstance(node, ast.Call):
        return f"{_flat(node.func)}({', '.join(_arguments(node))})"
    if isinstance(node, ast.BinOp):
        sign = {ast.Add: "+", ast.BitOr: "|"}[type(node.op)]
        return f"{_flat(node.left)} {sign} {_flat(node.right)}"
    opened = _collection(node)
    if opened is not None:
        left, right, parts = opened
        inner = ", ".join(prefix + _flat(value) for prefix, value in parts)
        comma = "," if isinstance(node, ast.Tuple) and len(parts) == 1 else ""
        return f"{left}{inner}{comma}{right}"
    return _flat_reference(node)


def _flat_reference(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_flat(node.value)}.{node.attr}"
    if isinstance(node, ast.Starred):
        return f"*{_flat(node.value)}"
    if isinstance(node, ast.Subscript):
        return f"{_flat(node.value)}[{_flat(node.slice)}]"
    if isinstance(node, ast.JoinedStr):
        return _quoted(ast.unparse(node))
    return ast.unparse(node)


def _constant(value: Any) -> str:
    if value is Ellipsis:
        return "..."
    return "b" + literal(value.decode("ascii")) if isinstance(value, bytes) else literal(value)


def _arguments(node: ast.Call) -> list[str]:
    named = [f"{w.arg}={_flat(w.value)}" if w.arg else f"**{_flat(w.value)}" for w in node.keywords]
    return [*(_flat(argument) for argument in node.args), *named]


def _quoted(text: str) -> str:
    """An f-string in double quotes; ours never hold a quote of either kind."""
    return f'f"{text[2:-1]}"' if text.startswith("f'") and '"' not in text else text
