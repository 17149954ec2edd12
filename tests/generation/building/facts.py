"""Hand-made facts for tests of the builder."""

from __future__ import annotations

from typing import Any

from taishang.generation.ir import (
    CallValue,
    Fact,
    FactKind,
    FactValue,
    Inventory,
    MockValue,
    Place,
    Reads,
    SchemaValue,
    Shape,
    ShapeField,
    StoreValue,
    SupabaseValue,
)

INVENTORY = Inventory(source="unknown", framework="react-vite")


def fact(
    value: FactValue,
    *,
    kind: FactKind = "call",
    line: int = 1,
    confidence: float = 0.95,
    file: str = "src/api.ts",
) -> Fact:
    place = Place(file=file, line=line, end_line=line, kind=kind, excerpt=f"line {line}")
    return Fact(place=place, value=value, confidence=confidence)


def shape(kind: str, **more: Any) -> Shape:
    return Shape.model_validate({"type": kind, **more})


def thing(**fields: Any) -> Shape:
    """An object shape; `title="text"`, `tags=shape(…)`, a trailing `_q` marks the field optional."""
    made = {}
    for name, kind in fields.items():
        optional = name.endswith("_q")
        inner = kind if isinstance(kind, Shape) else shape(kind)
        made[name.removesuffix("_q")] = ShapeField(shape=inner, optional=optional)
    return Shape(type="object", fields=made)


def reference(name: str) -> Shape:
    return Shape(type="reference", name=name)


def list_of(inner: Shape) -> Shape:
    return Shape(type="array", items=inner)


def call(method: str, path: str, *, line: int = 1, **more: Any) -> Fact:
    return fact(CallValue.model_validate({"method": method, "path": path, **more}), line=line)


def listing(type_name: str | None = None, at: str | None = "") -> Reads:
    return Reads(list_at=at, type_name=type_name)


def schema(
    name: str, body: Shape, *, origin: str = "interface", line: int = 1, **more: Any
) -> Fact:
    value = SchemaValue.model_validate({"name": name, "origin": origin, "shape": body, **more})
    return fact(value, kind="schema", line=line, confidence=0.9, file="src/types.ts")


def mock(name: str, rows: list[dict[str, Any]], type_name: str | None = None) -> Fact:
    value = MockValue(name=name, rows=rows, type_name=type_name)
    return fact(value, kind="mock", confidence=0.8, file="src/mocks.ts")


def store(method: str, verb: str, subject: str, *, line: int = 1, **more: Any) -> Fact:
    value = StoreValue.model_validate(
        {"store": "AppContext", "method": method, "verb": verb, "subject": subject, **more}
    )
    return fact(value, kind="store", line=line, confidence=0.7, file="src/context.tsx")


def supabase(area: str, target: str, operation: str, *, line: int = 1, **more: Any) -> Fact:
    value = SupabaseValue.model_validate(
        {"area": area, "target": target, "operation": operation, **more}
    )
    return fact(value, kind="supabase", line=line, file="src/db.ts")
