"""Read a TypeScript type as a wire shape."""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from taishang.generation.evidence.modules import Project
from taishang.generation.evidence.syntax import Module
from taishang.generation.ir import EXCERPT_CHARACTERS, Shape, ShapeField

MAX_DEPTH = 8
MAX_MEMBERS = 200
MAX_CHOICES = 100
_PREDEFINED = {
    "string": "text",
    "number": "float",
    "bigint": "big_integer",
    "boolean": "boolean",
    "object": "json",
    "any": "unknown",
    "unknown": "unknown",
    "never": "unknown",
    "void": "unknown",
    "symbol": "unknown",
}
_NAMED = {
    "String": "text",
    "Number": "float",
    "Boolean": "boolean",
    "Date": "datetime",
    "File": "file",
    "Blob": "file",
    "FileList": "file",
    "Timestamp": "datetime",
    "Dayjs": "datetime",
    "Moment": "datetime",
    "Decimal": "decimal",
    "ObjectId": "text",
    "UUID": "uuid",
    "JSON": "json",
    "Json": "json",
    "Object": "json",
    "FormData": "unknown",
}
_MAPS = frozenset({"Record", "Map", "WeakMap", "Dictionary"})
_LISTS = frozenset({"Array", "ReadonlyArray", "Set", "ReadonlySet", "List"})
_TRANSPARENT = frozenset(
    {"Promise", "Readonly", "Required", "NonNullable", "Awaited", "DeepReadonly", "Ref", "Signal"}
)
_SCREEN = frozenset(
    {
        "ReactNode", "ReactElement", "Element", "LucideIcon", "IconType", "ComponentType", "FC", "ElementType",
        "CSSProperties", "Dispatch", "RefObject", "MutableRefObject", "FunctionComponent", "SVGProps", "Component",
        "HTMLElement", "EventHandler", "AbortController", "Function", "LucideProps", "ForwardRefExoticComponent",
        "StyleProp", "ViewStyle", "TextStyle", "ImageSourcePropType",
    }
)  # fmt: skip
_FUNCTIONS = frozenset({"function_type", "constructor_type"})
_TYPE_DECLARATIONS = frozenset(
    {
        "interface_declaration",
        "type_alias_declaration",
        "enum_declaration",
        "class_declaration",
        "abstract_class_declaration",
    }
)
UNKNOWN = Shape()


class TypeReader:
    """Reads types of one project; base types are looked up where they are declared."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def declared(self, module: Module, node: Node, *, depth: int = 0) -> Shape:
        """The shape of an interface, type alias, enum or class declaration."""
        if depth > MAX_DEPTH:
            return UNKNOWN
        body = node.child_by_field_name("body")
        if node.type == "interface_declaration" and body is not None:
            return self._with_bases(module, node, self.members(module, body, depth), depth)
        if node.type == "type_alias_declaration":
            return self.shape(module, node.child_by_field_name("value"), depth=depth + 1)
        if node.type == "enum_declaration" and body is not None:
            return _enum(module, body)
        if node.type in ("class_declaration", "abstract_class_declaration") and body is not None:
            return self._class(module, body, depth)
        return UNKNOWN

    def annotation(self, module: Module, node: Node | None) -> Shape:
        """The shape of the `: Type` after a name; unknown for None."""
        inner = node.named_children[0] if node is not None and node.named_child_count else None
        return self.shape(module, inner)

    def shape(self, module: Module, node: Node | None, *, depth: int = 0) -> Shape:
        """The shape of a type expression, references left by name; nothing deeper than `MAX_DEPTH`."""
        if node is None or depth > MAX_DEPTH:
            return UNKNOWN
        kind = node.type
        if kind == "predefined_type":
            return _of(_PREDEFINED.get(module.text_of(node), "unknown"))
        if kind in ("type_identifier", "nested_type_identifier", "identifier"):
            return _named(module.text_of(node))
        readers: dict[str, Callable[[], Shape]] = {
            "object_type": lambda: self.members(module, node, depth),
            "array_type": lambda: self._list(module, node.named_children, depth),
            "generic_type": lambda: self._generic(module, node, depth),
            "union_type": lambda: self._union(module, node, depth),
            "intersection_type": lambda: self._intersection(module, node, depth),
            "literal_type": lambda: _literal(module, node),
            "tuple_type": lambda: Shape(type="array"),
            "lookup_type": lambda: self._lookup(module, node, depth),
            "parenthesized_type": lambda: self._inner(module, node, depth),
            "readonly_type": lambda: self._inner(module, node, depth),
            "template_literal_type": lambda: Shape(type="text"),
            "index_type_query": lambda: Shape(type="text"),
        }
        reader = readers.get(kind)
        return reader() if reader is not None else UNKNOWN

    def members(self, module: Module, body: Node, depth: int) -> Shape:
        """The object shape of an interface body or object type; methods are left out."""
        fields: dict[str, ShapeField] = {}
        signatures = [child for child in body.named_children if child.type == "property_signature"]
        for child in signatures[:MAX_MEMBERS]:
            name, seen = self._member(module, child, depth)
            if name and seen is not None:
                fields[name] = seen
        if not fields and any(child.type == "index_signature" for child in body.named_children):
            return Shape(type="json")
        return Shape(type="object", fields=fields)

    def _member(self, module: Module, node: Node, depth: int) -> tuple[str, ShapeField | None]:
        name = key_text(
            module, node.child_by_field_name("name") or node.child_by_field_name("pattern")
        )
        annotation = node.child_by_field_name("type")
        inner = (
            annotation.named_children[0]
            if annotation is not None and annotation.named_child_count
            else None
        )
        if inner is not None and (_is_function(inner) or _is_screen(module, inner)):
            return name, None
        optional = any(child.type == "?" for child in node.children)
        null = inner is not None and _allows(module, inner, "null")
        undefined = inner is not None and _allows(module, inner, "undefined")
        shape = self.shape(module, inner, depth=depth + 1)
        return name, field_at(module, node, shape, optional=optional or undefined, null=null)

    def _inner(self, module: Module, node: Node, depth: int) -> Shape:
        return self.shape(
            module, node.named_children[0] if node.named_child_count else None, depth=depth + 1
        )

    def _list(self, module: Module, parts: list[Node], depth: int) -> Shape:
        items = self.shape(module, parts[0], depth=depth + 1) if parts else None
        return Shape(type="array", items=items)

    def _generic(self, module: Module, node: Node, depth: int) -> Shape:
        name = module.text_of(node.child_by_field_name("name") or node).split(".")[-1]
        holder = node.child_by_field_name("type_arguments")
        arguments = list(holder.named_children) if holder is not None else []
        if name in _LISTS:
            return self._list(module, arguments, depth)
        if name in _MAPS:
            return Shape(type="json")
        if name in _TRANSPARENT and arguments:
            return self.shape(module, arguments[0], depth=depth + 1)
        if name in ("Omit", "Pick", "Partial", "Exclude", "Extract") and arguments:
            return self._derived(module, name, arguments, depth)
        if name in ("infer", "InferType", "TypeOf", "output", "input") and arguments:
            return _of_value(module, arguments[0])
        return _named(name)

    def _derived(self, module: Module, name: str, arguments: list[Node], depth: int) -> Shape:
        base = self.looked_up(module, self.shape(module, arguments[0], depth=depth + 1), depth)
        if name == "Partial":
            return _optional(base)
        keys = _texts(module, arguments[1]) if len(arguments) > 1 else []
        if base.type == "choice":
            choices = [value for value in base.choices if (value in keys) != (name == "Exclude")]
            return base.model_copy(update={"choices": choices})
        if name in ("Omit", "Pick"):
            kept = {
                key: seen for key, seen in base.fields.items() if (key in keys) == (name == "Pick")
            }
            return base.model_copy(update={"fields": kept})
        return base

    def looked_up(self, module: Module, shape: Shape, depth: int = 0) -> Shape:
        """`shape` with a reference replaced by what its declaration says, when the project holds it."""
        if shape.type != "reference" or shape.name is None or depth > MAX_DEPTH:
            return shape
        found = self._project.definition(module, shape.name)
        if found is None or found[1].type not in _TYPE_DECLARATIONS:
            return shape
        declared = self.declared(found[0], found[1], depth=depth + 1)
        return (
            self.looked_up(found[0], declared, depth + 1)
            if declared.type == "reference"
            else declared
        )

    def _with_bases(self, module: Module, node: Node, own: Shape, depth: int) -> Shape:
        fields: dict[str, ShapeField] = {}
        for clause in node.named_children:
            if clause.type not in ("extends_type_clause", "extends_clause"):
                continue
            for base in clause.named_children[:10]:
                fields |= self.looked_up(
                    module, self.shape(module, base, depth=depth + 1), depth
                ).fields
        return own.model_copy(update={"fields": {**fields, **own.fields}}) if fields else own

    def _union(self, module: Module, node: Node, depth: int) -> Shape:
        parts = [part for part in flat(node, "union_type") if not _is_nothing(module, part)]
        shapes = [self.shape(module, part, depth=depth + 1) for part in parts[:MAX_CHOICES]]
        if not shapes:
            return Shape(type="null")
        if all(shape.type == "choice" for shape in shapes):
            choices = [choice for shape in shapes for choice in shape.choices]
            return Shape(type="choice", choices=list(dict.fromkeys(choices)))
        if all(shape.type == "boolean" for shape in shapes):
            return Shape(type="boolean")
        if all(shape.type in ("integer", "float") for shape in shapes):
            return Shape(type="integer" if all(s.type == "integer" for s in shapes) else "float")
        return _widest(shapes)

    def _intersection(self, module: Module, node: Node, depth: int) -> Shape:
        fields: dict[str, ShapeField] = {}
        for part in flat(node, "intersection_type")[:20]:
            fields |= self.looked_up(
                module, self.shape(module, part, depth=depth + 1), depth
            ).fields
        return Shape(type="object", fields=fields)

    def _lookup(self, module: Module, node: Node, depth: int) -> Shape:
        """`Post["status"]`, `(typeof OPTIONS)[number]`, `Database["public"]["Tables"]["posts"]["Row"]`."""
        holder, key = [*node.named_children, node, node][:2]
        text = module.text_of(node)
        if "Tables" in text or "Enums" in text:
            names = [part for part in text.replace("'", '"').split('"')[1::2] if part]
            table = (
                names[-2] if names[-1:] and names[-1] in ("Row", "Insert", "Update") else names[-1]
            )
            return Shape(type="reference", name=table)
        values = self._listed_values(module, holder)
        if values:
            return Shape(type="choice", choices=values[:MAX_CHOICES])
        name = key_text(module, key.named_children[0]) if key.named_child_count else ""
        base = self.looked_up(module, self.shape(module, holder, depth=depth + 1), depth)
        if module.text_of(key) == "number":
            return base.items or UNKNOWN
        return base.fields[name].shape if name in base.fields else UNKNOWN

    def _listed_values(self, module: Module, node: Node) -> list[str]:
        """The strings of the constant array behind `typeof NAME`."""
        while node.type == "parenthesized_type" and node.named_child_count:
            node = node.named_children[0]
        if node.type != "type_query" or not node.named_child_count:
            return []
        found = self._project.definition(module, module.text_of(node.named_children[0]))
        value = found[1].child_by_field_name("value") if found is not None else None
        while value is not None and value.type in ("as_expression", "satisfies_expression"):
            value = value.named_children[0]
        if found is None or value is None or value.type != "array":
            return []
        return [key_text(found[0], item) for item in value.named_children if item.type == "string"]

    def _class(self, module: Module, body: Node, depth: int) -> Shape:
        """Typed fields, those that the constructor's parameters declare included."""
        fields = {}
        for child in body.named_children[:MAX_MEMBERS]:
            members = [child]
            if child.type == "method_definition":
                members = _parameter_properties(module, child)
            elif child.type not in ("public_field_definition", "field_definition"):
                continue
            for member in members:
                name, seen = self._member(module, member, depth)
                if name and seen is not None and member.child_by_field_name("type") is not None:
                    fields[name] = seen
        return Shape(type="object", fields=fields)


def _parameter_properties(module: Module, method: Node) -> list[Node]:
    """`constructor(public title: string)`: parameters that are fields of the row."""
    parameters = method.child_by_field_name("parameters")
    return [
        each
        for each in (parameters.named_children if parameters is not None else [])
        if any(
            child.type == "accessibility_modifier" and module.text_of(child) == "public"
            for child in each.children
        )
    ]


def field_at(
    module: Module, node: Node, shape: Shape, *, optional: bool = False, null: bool = False
) -> ShapeField:
    """A field with the line that shows it."""
    line = module.line_of(node)
    excerpt = module.lines[line - 1].strip()[:EXCERPT_CHARACTERS].strip()
    return ShapeField(
        shape=shape, optional=optional, null=null, file=module.path, line=line, excerpt=excerpt
    )


def key_text(module: Module, node: Node | None) -> str:
    """A property's name without quotes; "" for computed ones."""
    if node is None or node.type == "computed_property_name":
        return ""
    text = module.text_of(node)
    return text[1:-1] if node.type == "string" else text


def flat(node: Node, kind: str) -> list[Node]:
    """The operands of a left-nested union or intersection, in order."""
    found: list[Node] = []
    stack = [node]
    while stack:
        part = stack.pop()
        if part.type in (kind, "parenthesized_type"):
            stack.extend(reversed(part.named_children))
        else:
            found.append(part)
    return found


def _of(kind: str) -> Shape:
    return Shape.model_validate({"type": kind})


def _named(name: str) -> Shape:
    last = name.split(".")[-1]
    return _of(_NAMED[last]) if last in _NAMED else Shape(type="reference", name=last)


def _of_value(module: Module, node: Node) -> Shape:
    """`typeof schema`: the shape that the constant `schema` is declared as."""
    name = module.text_of(node.named_children[0]) if node.named_child_count else ""
    return Shape(type="reference", name=name) if name else UNKNOWN


def _literal(module: Module, node: Node) -> Shape:
    inner = node.named_children[0] if node.named_child_count else node
    if inner.type == "string":
        return Shape(type="choice", choices=[key_text(module, inner)])
    if inner.type in ("true", "false"):
        return Shape(type="boolean")
    if inner.type in ("number", "unary_expression"):
        return Shape(type="float" if "." in module.text_of(inner) else "integer")
    return Shape(type="null") if inner.type in ("null", "undefined") else UNKNOWN


def _enum(module: Module, body: Node) -> Shape:
    choices = []
    for member in body.named_children[:MAX_CHOICES]:
        if member.type == "enum_assignment":
            value = member.child_by_field_name("value")
            if value is None or value.type != "string":
                return Shape(type="integer")
            choices.append(key_text(module, value))
    return Shape(type="choice", choices=choices) if choices else Shape(type="integer")


def _is_nothing(module: Module, node: Node) -> bool:
    return module.text_of(node) in ("null", "undefined", "void")


def _allows(module: Module, node: Node, nothing: str) -> bool:
    return node.type == "union_type" and any(
        module.text_of(part) == nothing for part in flat(node, "union_type")
    )


def _is_function(node: Node) -> bool:
    return any(part.type in _FUNCTIONS for part in flat(node, "union_type")[:10])


def _is_screen(module: Module, node: Node) -> bool:
    text = module.text_of(node)[:200]
    names = {
        part for part in text.replace("<", " ").replace("[", " ").replace(".", " ").split() if part
    }
    return bool(names & _SCREEN)


def _optional(shape: Shape) -> Shape:
    fields = {key: seen.model_copy(update={"optional": True}) for key, seen in shape.fields.items()}
    return shape.model_copy(update={"fields": fields})


def _texts(module: Module, node: Node) -> list[str]:
    parts = flat(node, "union_type")
    return [key_text(module, part.named_children[0]) for part in parts if part.named_child_count]


def _widest(shapes: list[Shape]) -> Shape:
    """One shape for a mixed union: the first object or reference, else text."""
    kinds = {shape.type for shape in shapes}
    for shape in shapes:
        if shape.type in ("reference", "object", "array"):
            return shape
    if kinds <= {"datetime", "text", "date"}:
        return Shape(type="datetime" if "datetime" in kinds else "text")
    return Shape(type="text") if kinds & {"text", "choice"} else shapes[0]
