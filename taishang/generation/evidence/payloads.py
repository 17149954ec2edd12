"""The shape and media type of what a request sends, from its symbolic body and the declared types."""

from __future__ import annotations

import re

from tree_sitter import Node

from taishang.generation.evidence.bodies import BodyReader
from taishang.generation.evidence.modules import Project
from taishang.generation.evidence.platform import platform_name
from taishang.generation.evidence.scopes import parameters_of
from taishang.generation.evidence.symbols import (
    Apply,
    Flag,
    Form,
    Hole,
    If,
    Items,
    Join,
    Json,
    Lit,
    Nothing,
    Or,
    Param,
    Record,
    Result,
    Search,
    Symbol,
    Test,
)
from taishang.generation.evidence.syntax import MAX_DEPTH, Module
from taishang.generation.evidence.traffic import Edge
from taishang.generation.evidence.typeshapes import TypeReader
from taishang.generation.evidence.values import Evaluator
from taishang.generation.ir import QueryParameter, Shape, ShapeField, TypeName

MAX_FIELDS = 100
MAX_NESTING = 8
MAX_CALLERS = 20
FILE_NAME = re.compile(
    r"file|image|avatar|photo|picture|video|audio|document|attachment|upload|cover|logo|resume|thumbnail",
    re.I,
)
FILE_TYPES = frozenset({"File", "Blob", "FileList"})
CASTS = {
    "parseInt": "integer",
    "Number": "float",
    "parseFloat": "float",
    "Boolean": "boolean",
    "Date": "datetime",
    "Date.now": "integer",
    "Math.round": "integer",
    "Math.floor": "integer",
    "crypto.randomUUID": "uuid",
}
METHOD_TYPES = {"toISOString": "datetime", "toFixed": "text", "join": "text", "toUpperCase": "text",
                "toLowerCase": "text", "replace": "text", "slice": "text", "split": "array"}  # fmt: skip


class PayloadReader:
    """Reads bodies of one project's requests."""

    def __init__(
        self, project: Project, evaluator: Evaluator, edges: dict[str, list[Edge]] | None = None
    ) -> None:
        self._project = project
        self._edges = edges or {}
        self._asked: set[Param] = set()
        self._evaluator = evaluator
        self._types = TypeReader(project)
        self._bodies = BodyReader(project)

    def read(self, body: Symbol) -> tuple[Shape | None, str]:
        """(shape, media type) of a body; (None, "none") where nothing is sent."""
        if isinstance(body, Nothing):
            return None, "none"
        if isinstance(body, (If, Or)):
            sides = (body.then, body.other) if isinstance(body, If) else body.options
            found = [self.read(side) for side in sides if not isinstance(side, Nothing)]
            best = [one for one in found if one[0] is not None and one[0].type != "unknown"]
            return (best or found or [(None, "none")])[0]
        if isinstance(body, Form):
            return self._object(
                [(key, value) for key, value in body.entries], form=True
            ), "multipart"
        if isinstance(body, Search):
            return self._object([(key, value) for key, value in body.entries]), "urlencoded"
        shape = self.shape(body)
        if shape.name == "FormData":
            return Shape(type="object"), "multipart"
        if shape.name in FILE_TYPES:
            return Shape(type="file"), "multipart"
        return shape, "json"

    def query(self, value: Symbol) -> list[QueryParameter]:
        """The members of an object that is sent as the query."""
        shape = self.shape(value)
        module = self._project.modules.get(_file_of(value))
        whole = self._types.looked_up(module, shape) if module is not None else shape
        return [
            QueryParameter(name=name, type=_query_type(field.shape), choices=field.shape.choices)
            for name, field in list(whole.fields.items())[:MAX_FIELDS]
        ]

    def shape(self, value: Symbol, nesting: int = 0) -> Shape:
        """The shape of one value; unknown where nothing tells it."""
        if nesting > MAX_NESTING:
            return Shape()
        if isinstance(value, Json):
            return self.shape(value.value, nesting + 1)
        if isinstance(value, Record):
            return self._record(value, nesting)
        if isinstance(value, Items):
            items = self.shape(value.values[0], nesting + 1) if value.values else None
            return Shape(type="array", items=items)
        if isinstance(value, (Or, If)):
            sides = value.options if isinstance(value, Or) else (value.then, value.other)
            return self._first_known(list(sides), nesting)
        if isinstance(value, Param):
            shape = self._parameter(value)
            return self._given(value, nesting) if shape.type == "unknown" else shape
        return self._hole(value) if isinstance(value, Hole) else _scalar(value)

    def _first_known(self, sides: list[Symbol], nesting: int) -> Shape:
        shapes = [self.shape(side, nesting + 1) for side in sides]
        known = [shape for shape in shapes if shape.type not in {"unknown", "null"}]
        return (known or shapes or [Shape()])[0]

    def _object(self, entries: list[tuple[str, Symbol]], *, form: bool = False) -> Shape:
        fields: dict[str, ShapeField] = {}
        for key, value in entries[:MAX_FIELDS]:
            shape = self.shape(value)
            unsure = shape.type in {"unknown", "text"} and shape.sample is None
            if form and (shape.name in FILE_TYPES or (unsure and FILE_NAME.search(key))):
                shape = Shape(type="file")
            fields[key] = ShapeField(shape=shape, optional=isinstance(value, If))
        return Shape(type="object", fields=fields)

    def _record(self, record: Record, nesting: int) -> Shape:
        fields: dict[str, ShapeField] = {}
        name: str | None = None
        for key, value in record.entries[:MAX_FIELDS]:
            shape = self.shape(value, nesting + 1)
            if key is not None:
                fields[key] = ShapeField(shape=shape, null=isinstance(value, Nothing))
                continue
            name = shape.name or name
            module = self._project.modules.get(_file_of(value))
            whole = self._types.looked_up(module, shape) if module is not None else shape
            fields |= whole.fields
        if not fields and name:
            return Shape(type="reference", name=name)
        return Shape(type="object", fields=fields)

    def _parameter(self, value: Param) -> Shape:
        found = self._evaluator.nodes.get(value.function)
        if found is None:
            return Shape()
        module, function = found
        declared = self._bodies.parameters(module, function)
        patterns = parameters_of(function)
        if value.index >= len(patterns) or value.index < 0:
            return Shape()
        pattern, default = patterns[value.index]
        plain = pattern.type == "identifier"
        shape = declared.get(value.name, Shape())
        if shape.type == "unknown" and default is not None and plain:
            shape = self._bodies.body(module, default)
        return self._follow(module, shape, value.path if plain else value.path[1:])

    def _given(self, value: Param, nesting: int) -> Shape:
        """What the callers of a function hand over for a parameter without a type."""
        if value in self._asked:
            return Shape()
        self._asked.add(value)
        try:
            shapes = [
                self.shape(
                    self._evaluator.members(edge.arguments[value.index], value.path), nesting + 1
                )
                for edge in self._edges.get(value.function, [])[:MAX_CALLERS]
                if 0 <= value.index < len(edge.arguments)
            ]
        finally:
            self._asked.discard(value)
        known = [shape for shape in shapes if shape.type not in {"unknown", "null"}]
        objects = [shape for shape in known if shape.type == "object" and shape.fields]
        return _united(objects) if objects else (known or [Shape()])[0]

    def _follow(self, module: Module, shape: Shape, path: tuple[str, ...]) -> Shape:
        for name in path:
            whole = self._types.looked_up(module, shape)
            shape = whole.fields[name].shape if name in whole.fields else Shape()
        return shape

    def _hole(self, value: Hole) -> Shape:
        module = self._project.modules.get(value.file)
        if module is None or not re.fullmatch(r"[\w$]+(\??\.[\w$]+){0,6}", value.text):
            return _text_scalar(value.text)
        names = re.split(r"\??\.", value.text)
        node = module.root.descendant_for_byte_range(value.start, value.start + 1)
        declarator = _declarator_at(node, module, names[0])
        if declarator is not None:
            shape = self._variable(module, declarator)
        else:
            shape = self._bodies.named(module, node) if node is not None else Shape()
        return self._follow(module, shape, tuple(names[1:]))

    def _variable(self, module: Module, declarator: Node) -> Shape:
        declared = self._types.annotation(module, declarator.child_by_field_name("type"))
        value = declarator.child_by_field_name("value")
        if declared.type != "unknown" or value is None:
            return declared
        if value.type == "call_expression":
            return self._bodies.state_shape(module, value)
        return self._bodies.body(module, value)


def _united(objects: list[Shape]) -> Shape:
    """All fields of several objects; what one of them lacks is optional."""
    fields: dict[str, ShapeField] = {}
    for shape in objects:
        for name, seen in shape.fields.items():
            if name not in fields or fields[name].shape.type == "unknown":
                fields[name] = seen
    return Shape(
        type="object",
        fields={
            name: seen.model_copy(
                update={"optional": seen.optional or any(name not in o.fields for o in objects)}
            )
            for name, seen in list(fields.items())[:MAX_FIELDS]
        },
    )


def _query_type(shape: Shape) -> TypeName:
    known: dict[str, TypeName] = {
        "integer": "integer",
        "boolean": "boolean",
        "choice": "choice",
        "date": "date",
        "datetime": "datetime",
        "float": "float",
    }
    return known.get(shape.type, "text")


def _declarator_at(node: Node | None, module: Module, name: str) -> Node | None:
    """The declarator that starts at `node`, when it declares `name`."""
    found, start = node, node.start_byte if node is not None else 0
    for _ in range(min(MAX_DEPTH, 6)):
        if found is None or found.start_byte != start:
            return None
        if found.type == "variable_declarator":
            pattern = found.child_by_field_name("name")
            return found if pattern is not None and name in module.text_of(pattern) else None
        found = found.parent
    return None


def _file_of(value: Symbol) -> str:
    if isinstance(value, Hole):
        return value.file
    return value.function.rsplit(":", 2)[0] if isinstance(value, Param) else ""


def _scalar(value: Symbol) -> Shape:
    if isinstance(value, Lit):
        if value.kind != "number":
            return Shape(type="text", sample=value.text or None)
        return Shape(type="integer" if value.text.lstrip("-").isdigit() else "float")
    if isinstance(value, (Flag, Test)):
        return Shape(type="boolean")
    if isinstance(value, Nothing):
        return Shape(type="null")
    if isinstance(value, (Join, Search)):
        return Shape(type="text")
    if isinstance(value, Apply):
        return _of(METHOD_TYPES.get(value.name, "unknown"))
    return _result(value) if isinstance(value, Result) else Shape()


def _result(value: Result) -> Shape:
    """What platform functions and methods give back."""
    if isinstance(value.callee, Apply):
        return _of(METHOD_TYPES.get(value.callee.name.lstrip("."), "unknown"))
    return _of(CASTS.get(platform_name(value.callee), "unknown"))


def _text_scalar(text: str) -> Shape:
    if text.startswith("new Date") or text.endswith(".toISOString()"):
        return Shape(type="datetime")
    return Shape()


def _of(kind: str) -> Shape:
    return Shape.model_validate({"type": kind})
