"""Read zod and yup schemas as wire shapes."""

from __future__ import annotations

from tree_sitter import Node

from taishang.generation.evidence.modules import Project
from taishang.generation.evidence.syntax import Module
from taishang.generation.evidence.typeshapes import MAX_MEMBERS, field_at, key_text
from taishang.generation.ir import Shape, ShapeField

MAX_DEPTH = 8
MAX_LINKS = 30
ROOTS = {"z": "zod", "zod": "zod", "yup": "yup", "Yup": "yup"}
_KINDS = {
    "string": "text",
    "number": "float",
    "bigint": "big_integer",
    "boolean": "boolean",
    "bool": "boolean",
    "date": "datetime",
    "any": "unknown",
    "unknown": "unknown",
    "record": "json",
    "map": "json",
    "mixed": "unknown",
    "email": "email",
    "url": "url",
    "uuid": "uuid",
    "int": "integer",
    "instanceof": "file",
    "custom": "unknown",
    "coerce": "unknown",
    "tuple": "array",
}
_REFINEMENTS = {
    "email": "email",
    "url": "url",
    "uuid": "uuid",
    "datetime": "datetime",
    "date": "date",
    "int": "integer",
    "integer": "integer",
}


class ValidatorReader:
    """Reads the validation schemas of one project, following constants and `extend`/`merge`."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def shape(
        self, module: Module, node: Node, *, depth: int = 0
    ) -> tuple[Shape, bool, str] | None:
        """(shape, optional, library) of a schema expression, or None when it is none."""
        links = _links(module, node)
        if depth > MAX_DEPTH or not links:
            return None
        root, calls = links
        library = ROOTS.get(root)
        base: Shape | None = None
        if library is None:
            known = self.constant(module, root, depth)
            if known is None:
                return None
            base, _, library = known
        return self._applied(module, base, calls, library, depth)

    def constant(self, module: Module, name: str, depth: int = 0) -> tuple[Shape, bool, str] | None:
        """The schema that the top-level constant `name` holds."""
        found = self._project.definition(module, name)
        value = found[1].child_by_field_name("value") if found is not None else None
        if found is None or value is None or value.type not in ("call_expression", "identifier"):
            return None
        return self.shape(found[0], value, depth=depth + 1)

    def _applied(
        self,
        module: Module,
        base: Shape | None,
        calls: list[tuple[str, list[Node]]],
        library: str,
        depth: int,
    ) -> tuple[Shape, bool, str] | None:
        shape, optional = base, library == "yup"
        for name, arguments in calls:
            if shape is None:
                shape = self._started(module, name, arguments, depth)
                continue
            shape = self._refined(module, shape, name, arguments, depth)
            if name in ("optional", "nullish", "default", "notRequired"):
                optional = True
            if name == "required":
                optional = False
        return (shape, optional, library) if shape is not None else None

    def _started(
        self, module: Module, name: str, arguments: list[Node], depth: int
    ) -> Shape | None:
        if name in ("object", "strictObject", "looseObject"):
            return self._object(module, arguments, depth)
        if name in ("array", "set"):
            return Shape(type="array", items=self._inner(module, arguments, depth))
        if name in ("enum", "literal", "nativeEnum"):
            return _choices(module, arguments)
        if name in ("union", "discriminatedUnion", "intersection"):
            listed = (
                arguments[-1].named_children
                if arguments and arguments[-1].type == "array"
                else arguments
            )
            return self._inner(module, list(listed), depth)
        if name in ("optional", "nullable", "preprocess", "lazy"):
            return self._inner(module, arguments[-1:], depth)
        if name == "coerce":
            return None
        kind = _KINDS.get(name)
        return Shape.model_validate({"type": kind}) if kind is not None else None

    def _inner(self, module: Module, arguments: list[Node], depth: int) -> Shape:
        found = self.shape(module, arguments[0], depth=depth + 1) if arguments else None
        return found[0] if found is not None else Shape()

    def _object(self, module: Module, arguments: list[Node], depth: int) -> Shape:
        fields: dict[str, ShapeField] = {}
        body = arguments[0] if arguments and arguments[0].type == "object" else None
        for pair in body.named_children[:MAX_MEMBERS] if body is not None else []:
            value = pair.child_by_field_name("value")
            name = key_text(module, pair.child_by_field_name("key"))
            found = self.shape(module, value, depth=depth + 1) if value is not None else None
            if name and found is not None:
                null = module.text_of(pair).rstrip().endswith((".nullable()", ".nullish()"))
                fields[name] = field_at(module, pair, found[0], optional=found[1], null=null)
        return Shape(type="object", fields=fields)

    def _refined(
        self, module: Module, shape: Shape, name: str, arguments: list[Node], depth: int
    ) -> Shape:
        kind = _REFINEMENTS.get(name)
        if kind is not None and shape.type in ("text", "float", "unknown"):
            return shape.model_copy(update={"type": kind})
        if name in ("max", "length") and shape.type in ("text", "email", "url") and arguments:
            text = module.text_of(arguments[0])
            return (
                shape.model_copy(update={"max_length": int(text)})
                if text.isdigit() and len(text) < 6
                else shape
            )
        if name == "oneOf" and arguments:
            choices = _choices(module, arguments)
            return choices if choices.type == "choice" else shape
        if name in ("extend", "shape", "merge", "concat", "and"):
            more = self._extension(module, arguments, depth)
            return shape.model_copy(update={"fields": {**shape.fields, **more.fields}})
        if name in ("omit", "pick") and arguments and arguments[0].type == "object":
            keys = [
                key_text(module, pair.child_by_field_name("key"))
                for pair in arguments[0].named_children
            ]
            kept = {
                key: seen for key, seen in shape.fields.items() if (key in keys) == (name == "pick")
            }
            return shape.model_copy(update={"fields": kept})
        if name == "array":
            return Shape(type="array", items=shape)
        if name == "of":
            return shape.model_copy(update={"items": self._inner(module, arguments, depth)})
        return shape

    def _extension(self, module: Module, arguments: list[Node], depth: int) -> Shape:
        if arguments and arguments[0].type == "object":
            return self._object(module, arguments, depth)
        return self._inner(module, arguments, depth)


def _links(module: Module, node: Node) -> tuple[str, list[tuple[str, list[Node]]]] | None:
    """`z.string().max(5)` as ("z", [("string", []), ("max", [5])]); a plain name has no calls."""
    calls: list[tuple[str, list[Node]]] = []
    while len(calls) <= MAX_LINKS:
        if node.type == "identifier":
            return module.text_of(node), list(reversed(calls))
        if node.type == "member_expression":
            inner = node.child_by_field_name("object")
            if inner is None:
                return None
            node = inner
            continue
        function = node.child_by_field_name("function") if node.type == "call_expression" else None
        member = function.child_by_field_name("property") if function is not None else None
        target = function.child_by_field_name("object") if function is not None else None
        holder = node.child_by_field_name("arguments")
        if member is None or target is None:
            return None
        calls.append(
            (module.text_of(member), list(holder.named_children) if holder is not None else [])
        )
        node = target
    return None


def _choices(module: Module, arguments: list[Node]) -> Shape:
    first = arguments[0] if arguments else None
    items = first.named_children if first is not None and first.type == "array" else arguments[:1]
    if first is not None and first.type == "object":
        items = [
            value for pair in first.named_children if (value := pair.child_by_field_name("value"))
        ]
    texts = [key_text(module, item) for item in items if item.type == "string"]
    if texts:
        return Shape(type="choice", choices=texts[:100])
    if first is not None and first.type in ("true", "false"):
        return Shape(type="boolean")
    return Shape(type="integer" if first is not None and first.type == "number" else "text")
