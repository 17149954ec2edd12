"""Extract every declared data type: interfaces, types, enums, classes of data, zod, yup, database types."""

from __future__ import annotations

from typing import Literal

from tree_sitter import Node

from taishang.generation.evidence.modules import Project
from taishang.generation.evidence.syntax import Module
from taishang.generation.evidence.typeshapes import TypeReader, key_text
from taishang.generation.evidence.validators import ROOTS, ValidatorReader
from taishang.generation.ir import Fact, SchemaValue, Shape

CONFIDENCE = 0.9
TABLE_CONFIDENCE = 1.0
MAX_TYPES_PER_FILE = 400
Origin = Literal["interface", "type", "enum", "zod", "yup", "database_types", "other"]
_DECLARATIONS: dict[str, Origin] = {
    "interface_declaration": "interface",
    "type_alias_declaration": "type",
    "enum_declaration": "enum",
    "class_declaration": "other",
    "abstract_class_declaration": "other",
}
_CLASSES = frozenset({"class_declaration", "abstract_class_declaration"})
_PLAIN_METHODS = frozenset({"constructor", "toJSON", "fromJSON", "toString", "clone"})
_DATABASE_NAMES = ("Database", "DB")


def extract(project: Project) -> list[Fact]:
    """One fact per declared type; types that say nothing about data are left out."""
    types, validators = TypeReader(project), ValidatorReader(project)
    facts: list[Fact] = []
    for module in project.modules.values():
        if is_interface_kit(module.path):
            continue
        facts += _declared(project, module, types, validators)
        facts += _validated(project, module, validators)
    return facts


def _inlined(module: Module, shape: Shape, types: TypeReader, validators: ValidatorReader) -> Shape:
    """An alias of a type or of a schema constant in reach, as what it stands for."""
    if shape.type != "reference" or shape.name is None:
        return shape
    known = types.looked_up(module, shape)
    if known.type != "reference":
        return known
    found = validators.constant(module, shape.name)
    return found[0] if found is not None else shape


def is_interface_kit(path: str) -> bool:
    """Whether a file belongs to a copied component library, which holds no data of the export."""
    return "/components/ui/" in f"/{path}" or path.rpartition("/")[2].startswith(
        ("use-toast", "use-mobile")
    )


def _declared(
    project: Project, module: Module, types: TypeReader, validators: ValidatorReader
) -> list[Fact]:
    facts = []
    for node in module.find(*_DECLARATIONS)[:MAX_TYPES_PER_FILE]:
        if node.type in _CLASSES and not _holds_data(module, node):
            continue
        name = module.text_of(node.child_by_field_name("name") or node)
        if name in _DATABASE_NAMES:
            facts += _tables(project, module, node, types)
            continue
        shape = _inlined(module, types.declared(module, node), types, validators)
        if _says_something(shape):
            value = SchemaValue(name=name, origin=_DECLARATIONS[node.type], shape=shape)
            facts.append(
                Fact(
                    place=project.place(module, node, "schema"), value=value, confidence=CONFIDENCE
                )
            )
    return facts


def _holds_data(module: Module, node: Node) -> bool:
    """Whether a class is a row and nothing else: typed fields, no decorator, no method that does something."""
    holder = node.parent if node.parent is not None else node
    decorated = any(child.type == "decorator" for child in [*holder.children, *node.children])
    body = node.child_by_field_name("body")
    if decorated or body is None:
        return False
    methods = [child for child in body.named_children if child.type == "method_definition"]
    return all(_says_only_itself(module, method) for method in methods)


def _says_only_itself(module: Module, method: Node) -> bool:
    name = module.text_of(method.child_by_field_name("name") or method)
    accessor = any(child.type in ("get", "set") for child in method.children)
    return accessor or name in _PLAIN_METHODS


def _says_something(shape: Shape) -> bool:
    if shape.type == "object":
        return bool(shape.fields)
    return shape.type not in ("unknown", "null", "text", "float")


def _validated(project: Project, module: Module, validators: ValidatorReader) -> list[Fact]:
    if not any(root in module.text for root in ROOTS):
        return []
    facts = []
    for node in module.find("variable_declarator"):
        value, name = node.child_by_field_name("value"), node.child_by_field_name("name")
        if value is None or name is None or value.type != "call_expression":
            continue
        found = validators.shape(module, value)
        if found is None or found[0].type != "object" or not found[0].fields:
            continue
        origin: Origin = "yup" if found[2] == "yup" else "zod"
        schema = SchemaValue(name=module.text_of(name), origin=origin, shape=found[0])
        facts.append(
            Fact(place=project.place(module, node, "schema"), value=schema, confidence=CONFIDENCE)
        )
    return facts


def _tables(project: Project, module: Module, node: Node, types: TypeReader) -> list[Fact]:
    """The tables and enums of a generated database type: `Tables: {posts: {Row: …, Insert: …}}`."""
    facts = []
    body = node.child_by_field_name("value") or node.child_by_field_name("body")
    for holder in _members_named(module, body, ("Tables", "Enums")):
        for entry in _entries(holder[1]):
            name = key_text(module, entry.child_by_field_name("name"))
            value = (
                _table(module, name, entry, types)
                if holder[0] == "Tables"
                else _enum(module, name, entry, types)
            )
            if value is not None:
                place = project.place(module, entry, "schema")
                facts.append(Fact(place=place, value=value, confidence=TABLE_CONFIDENCE))
    return facts


def _members_named(
    module: Module, body: Node | None, names: tuple[str, ...]
) -> list[tuple[str, Node]]:
    """Members with one of `names` in the body itself or one level below it."""
    found = []
    level = _entries(body)
    for entry in level + [inner for outer in level for inner in _entries(_type_of(outer))]:
        name = key_text(module, entry.child_by_field_name("name"))
        content = _type_of(entry)
        if name in names and content is not None:
            found.append((name, content))
    return found


def _entries(body: Node | None) -> list[Node]:
    children = body.named_children if body is not None else []
    return [child for child in children if child.type == "property_signature"]


def _type_of(entry: Node) -> Node | None:
    annotation = entry.child_by_field_name("type")
    return (
        annotation.named_children[0]
        if annotation is not None and annotation.named_child_count
        else None
    )


def _table(module: Module, name: str, entry: Node, types: TypeReader) -> SchemaValue | None:
    parts = {
        key_text(module, part.child_by_field_name("name")): _type_of(part)
        for part in _entries(_type_of(entry))
    }
    if parts.get("Row") is None:
        return None
    shape = types.shape(module, parts["Row"])
    inserted = types.shape(module, parts.get("Insert"))
    fields = {
        key: seen.model_copy(
            update={"optional": key in inserted.fields and inserted.fields[key].optional}
        )
        for key, seen in shape.fields.items()
    }
    return SchemaValue(
        name=name,
        origin="database_types",
        shape=shape.model_copy(update={"fields": fields}),
        primary_key=["id"] if "id" in fields else [],
        references=_relationships(module, parts.get("Relationships")),
    )


def _relationships(module: Module, node: Node | None) -> dict[str, str]:
    """Column → table out of the generated list of foreign keys."""
    found: dict[str, str] = {}
    for item in node.named_children if node is not None else []:
        texts = {
            key_text(module, part.child_by_field_name("name")): module.text_of(part)
            for part in _entries(item)
        }
        columns = _quoted(texts.get("columns", ""))
        tables = _quoted(texts.get("referencedRelation", ""))
        if len(columns) == 1 and tables:
            found[columns[0]] = tables[0]
    return found


def _quoted(text: str) -> list[str]:
    return text.replace("'", '"').split('"')[1::2]


def _enum(module: Module, name: str, entry: Node, types: TypeReader) -> SchemaValue | None:
    shape = types.shape(module, _type_of(entry))
    return SchemaValue(name=name, origin="enum", shape=shape) if shape.type == "choice" else None
