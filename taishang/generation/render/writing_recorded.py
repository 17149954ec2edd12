"""Write the calls that are kept and answered by functions which wait for their logic."""

from __future__ import annotations

from typing import Any

from taishang.generation.ir import Reads, Shape
from taishang.generation.render import layout
from taishang.generation.render.naming import inside_docstring, literal
from taishang.generation.render.plan import Plan, Route
from taishang.generation.render.planning import PUBLIC_AUTH
from taishang.generation.render.replying import fixed_value
from taishang.generation.render.writing_models import evidence_comment


def is_public(route: Route) -> bool:
    """Open to everybody: the fixed account calls, or what a decision opened by name."""
    if route.home == "accounts":
        return route.action in PUBLIC_AUTH
    reading = route.spec.method == "GET" or route.action in ("list", "create", "retrieve")
    asked = route.spec.auth == "public" and route.spec.opened_by is not None
    return asked and (reading or route.home == "recorded")


def opened(route: Route) -> str:
    return f"AllowAny by {inside_docstring(route.spec.opened_by or '')}"


def recorded_views(plan: Plan, routes: list[Route]) -> str:
    lines: list[str] = []
    for route in routes:
        lines += ["", "", *_recorded_view(route)]
    source = "\n".join(lines)
    third = [
        name for name in ("AllowAny", "IsAdminUser", "IsAuthenticated") if f"[{name}" in source
    ]
    third += [name for name in ("IsAdminUser",) if f", {name}]" in source and name not in third]
    models = sorted({route.model.class_name for route in routes if route.model})
    bodies = sorted(route.body_class for route in routes if route.body_class)
    own = [(plan.app, ["actions"]), (f"{plan.app}.views.base", ["RecordedView"])]
    if models:
        own.append((f"{plan.app}.models", models))
    if bodies:
        own.append((f"{plan.app}.serializers.recorded", bodies))
    imports = [
        '"""Calls whose logic cannot be seen from outside: kept, and answered by actions.py."""',
        "",
        *layout.imported("rest_framework.permissions", third),
        "",
    ]
    for module, names in sorted(own):
        imports += layout.imported(module, names)
    return "\n".join([*imports, source, ""])


def _recorded_view(route: Route) -> list[str]:
    said = inside_docstring(f"{route.spec.method} {route.spec.path}")[:70]
    lines = [*evidence_comment(sorted({p.file for p in route.spec.evidence.places}))]
    lines += [f"class {route.view}(RecordedView):", f'    """{said}."""', ""]
    if is_public(route):
        lines.append(f"    # {opened(route)}"[: layout.WIDTH].rstrip())
        lines.append("    permission_classes = [AllowAny]")
    elif route.spec.auth == "staff":
        lines.append("    permission_classes = [IsAuthenticated, IsAdminUser]")
    else:
        lines.append("    permission_classes = [IsAuthenticated]")
    if route.body_class:
        lines.append(f"    serializer_class = {route.body_class}")
    if route.model and not is_public(route):
        lines.append(f"    rows = {route.model.class_name}.objects")
    status = f", status={route.reply.status}" if route.reply.status != 200 else ""
    lines += [
        "",
        f"    def {route.method}(self, request, **kwargs):",
        f"        return self.record(actions.{route.action}{status})",
    ]
    return lines


def actions(routes: list[Route]) -> str:
    lines = [
        '"""Your code goes here: one function per call whose logic the front end does not show.',
        "",
        "Each gets the validated request and gives the reply; what stands here now are the",
        "keys that the front end reads, with empty values.",
        '"""',
    ]
    for route in routes:
        said = inside_docstring(f"{route.spec.method} {route.spec.path}")[:70]
        answer = empty_answer(route.spec.response, route.spec.reply)
        lines += ["", "", f"def {route.action}(data):", f'    """{said}."""']
        lines += layout.lines(f"return {literal(answer)}", depth=1)
    return "\n".join([*lines, ""])


def empty_answer(reads: Reads, reply: Shape | None) -> Any:
    """The keys that the code reads, with empty values of the right type."""
    body: Any = {}
    if reads.list_at == "" or any(key.startswith("[]") for key in reads.keys):
        return []
    if reply is not None and reply.type in ("object", "array"):
        body = empty_of(reply)
    if not isinstance(body, dict):
        return body
    for key in sorted(reads.keys):
        _fill(body, key)
    if reads.list_at:
        _fill(body, f"{reads.list_at}[]")
    return body


def _fill(body: dict[str, Any], key: str) -> None:
    parts = [part for part in key.split(".") if part][:5]
    for index, part in enumerate(parts):
        name, is_list = part.removesuffix("[]").split("[")[0], "[" in part
        if not name or name == "length":
            return
        if is_list or (index + 1 < len(parts) and parts[index + 1] in ("length", "map")):
            if not isinstance(body.get(name), list):
                body[name] = []
            return
        if index + 1 == len(parts):
            body.setdefault(name, fixed_value(name))
            return
        inner = body.get(name)
        if isinstance(inner, list):
            return
        if not isinstance(inner, dict):
            inner = body[name] = {}
        body = inner


def empty_of(shape: Shape) -> Any:
    """An empty value of a declared type; at most five levels of objects deep."""
    if shape.type != "object":
        return _empty_scalar(shape)
    top: dict[str, Any] = {}
    waiting: list[tuple[Shape, dict[str, Any], int]] = [(shape, top, 0)]
    while waiting:
        here, body, depth = waiting.pop()
        for key, value in list(here.fields.items())[:100]:
            if value.shape.type == "object" and depth < 5:
                body[key] = {}
                waiting.append((value.shape, body[key], depth + 1))
            else:
                body[key] = _empty_scalar(value.shape)
    return top


def _empty_scalar(shape: Shape) -> Any:
    if shape.choices:
        return shape.choices[0]
    empty: dict[str, Any] = {
        "array": [], "integer": 0, "big_integer": 0, "decimal": 0, "float": 0, "boolean": False,
        "object": {}, "json": {}, "reference": {}, "null": None, "date": None, "datetime": None,
        "time": None, "unknown": None, "relation": None, "file": None,
    }  # fmt: skip
    return empty.get(shape.type, "")
