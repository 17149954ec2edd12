"""Read the shape of an object that the code builds: what a store keeps and what a client sends."""

from __future__ import annotations

from tree_sitter import Node

from taishang.generation.evidence.literals import MISSING, LiteralReader
from taishang.generation.evidence.modules import Project
from taishang.generation.evidence.syntax import Module
from taishang.generation.evidence.typeshapes import TypeReader, field_at, key_text
from taishang.generation.ir import Shape, ShapeField

MAX_DEPTH = 6
MAX_FIELDS = 100
_FUNCTIONS = (
    "arrow_function",
    "function_expression",
    "function_declaration",
    "method_definition",
    "generator_function_declaration",
)
_CASTS = {
    "Number": "float",
    "parseInt": "integer",
    "parseFloat": "float",
    "String": "text",
    "Boolean": "boolean",
}


class BodyReader:
    """Reads expressions as shapes; names are looked up as parameters, then as local constants."""

    def __init__(self, project: Project) -> None:
        self._types = TypeReader(project)
        self._literals = LiteralReader(project)

    def body(self, module: Module, node: Node, *, depth: int = 0) -> Shape:
        """The shape of an expression; unknown where neither a literal nor a type tells it."""
        if depth > MAX_DEPTH:
            return Shape()
        if node.type in ("as_expression", "satisfies_expression"):
            declared = self._types.shape(module, node.named_children[-1])
            known = declared.type not in ("unknown", "null")
            return declared if known else self.body(module, node.named_children[0], depth=depth + 1)
        if (
            node.type in ("parenthesized_expression", "non_null_expression", "await_expression")
            and node.named_children
        ):
            return self.body(module, node.named_children[0], depth=depth + 1)
        if node.type == "object":
            return self._object(module, node, depth)
        if node.type == "array":
            items = [item for item in node.named_children if item.type != "spread_element"]
            return Shape(
                type="array", items=self.body(module, items[0], depth=depth + 1) if items else None
            )
        if node.type in ("identifier", "shorthand_property_identifier"):
            return self.named(module, node, depth=depth)
        return self._scalar(module, node, depth)

    def named(self, module: Module, node: Node, *, depth: int = 0) -> Shape:
        """The shape of a name: its parameter's annotation, or the constant's value in an enclosing block."""
        name = module.text_of(node)
        holder = node.parent
        while holder is not None:
            if holder.type in _FUNCTIONS:
                for parameter, shape in self.parameters(module, holder).items():
                    if parameter == name:
                        return shape
            if holder.type in ("statement_block", "program"):
                found = self._local(module, holder, name, node, depth)
                if found is not None:
                    return found
            holder = holder.parent
        return Shape()

    def _local(
        self, module: Module, block: Node, name: str, before: Node, depth: int
    ) -> Shape | None:
        for statement in block.named_children:
            if statement.start_byte >= before.start_byte:
                return None
            if statement.type not in ("lexical_declaration", "variable_declaration"):
                continue
            for declarator in statement.named_children:
                target = declarator.child_by_field_name("name")
                if (
                    target is not None
                    and target.type == "identifier"
                    and module.text_of(target) == name
                ):
                    return self._declared(module, declarator, depth)
                shape = self._state(module, declarator, name)
                if shape is not None:
                    return shape
        return None

    def _declared(self, module: Module, declarator: Node, depth: int) -> Shape:
        declared = self._types.annotation(module, declarator.child_by_field_name("type"))
        if declared.type != "unknown":
            return declared
        value = declarator.child_by_field_name("value")
        return self.body(module, value, depth=depth + 1) if value is not None else Shape()

    def _state(self, module: Module, declarator: Node, name: str) -> Shape | None:
        """`title` out of `const [title, setTitle] = useState("")`."""
        pattern, value = (
            declarator.child_by_field_name("name"),
            declarator.child_by_field_name("value"),
        )
        if (
            pattern is None
            or pattern.type != "array_pattern"
            or value is None
            or value.type != "call_expression"
        ):
            return None
        if not pattern.named_child_count or module.text_of(pattern.named_children[0]) != name:
            return None
        return self.state_shape(module, value)

    def state_shape(self, module: Module, hook: Node) -> Shape:
        """The shape of a state hook: its type argument, else its first value."""
        arguments = hook.child_by_field_name("type_arguments")
        if arguments is not None and arguments.named_child_count:
            return self._types.shape(module, arguments.named_children[0])
        holder = hook.child_by_field_name("arguments")
        first = (
            holder.named_children[0] if holder is not None and holder.named_child_count else None
        )
        shape = self.body(module, first, depth=MAX_DEPTH - 2) if first is not None else Shape()
        return shape.model_copy(update={"sample": None})

    def parameters(self, module: Module, function: Node) -> dict[str, Shape]:
        """Parameter names and their declared shapes; a destructured object gives its members."""
        holder = function.child_by_field_name("parameters")
        single = function.child_by_field_name("parameter")
        if single is not None:
            return {module.text_of(single): Shape()}
        found: dict[str, Shape] = {}
        for parameter in holder.named_children if holder is not None else []:
            pattern = parameter.child_by_field_name("pattern") or parameter
            declared = self._types.annotation(module, parameter.child_by_field_name("type"))
            if pattern.type == "assignment_pattern":
                pattern = pattern.child_by_field_name("left") or pattern
            if pattern.type == "identifier":
                found[module.text_of(pattern)] = declared
            elif pattern.type == "object_pattern":
                for part in pattern.named_children[:MAX_FIELDS]:
                    name = module.text_of(part).partition("=")[0].partition(":")[0].strip()
                    member = declared.fields.get(name)
                    found[name] = member.shape if member is not None else Shape()
        return found

    def _object(self, module: Module, node: Node, depth: int) -> Shape:
        fields: dict[str, ShapeField] = {}
        for part in node.named_children[:MAX_FIELDS]:
            if part.type == "pair":
                key, value = (
                    key_text(module, part.child_by_field_name("key")),
                    part.child_by_field_name("value"),
                )
                if key and value is not None and value.type not in _FUNCTIONS:
                    fields[key] = field_at(module, part, self.body(module, value, depth=depth + 1))
            elif part.type == "shorthand_property_identifier":
                name = module.text_of(part)
                fields[name] = field_at(module, part, self.named(module, part, depth=depth + 1))
            elif part.type == "spread_element" and part.named_child_count:
                inner = self._types.looked_up(
                    module, self.body(module, part.named_children[0], depth=depth + 1)
                )
                fields |= inner.fields
        return Shape(type="object", fields=fields)

    def _scalar(self, module: Module, node: Node, depth: int) -> Shape:
        if node.type in ("template_string", "string"):
            value = self._literals.fresh().value(module, node)
            return Shape(type="text", sample=value if isinstance(value, str) and value else None)
        if node.type == "call_expression":
            return self._call(module, node)
        if node.type == "binary_expression":
            return self._binary(module, node, depth)
        if node.type == "ternary_expression":
            consequence = node.child_by_field_name("consequence")
            return (
                self.body(module, consequence, depth=depth + 1)
                if consequence is not None
                else Shape()
            )
        if node.type in ("true", "false") or (
            node.type == "unary_expression" and module.text_of(node)[:1] == "!"
        ):
            return Shape(type="boolean")
        value = (
            self._literals.fresh().value(module, node)
            if node.type in ("number", "unary_expression")
            else MISSING
        )
        if isinstance(value, (int, float)):
            return Shape(type="integer" if isinstance(value, int) else "float", sample=value)
        if node.type == "new_expression" and module.text_of(node).startswith("new Date"):
            return Shape(type="datetime")
        return Shape(type="null") if node.type == "null" else Shape()

    def _binary(self, module: Module, node: Node, depth: int) -> Shape:
        operator = node.child_by_field_name("operator")
        sign = module.text_of(operator) if operator is not None else ""
        if sign in ("===", "==", "!==", "!=", "<", ">", "<=", ">="):
            return Shape(type="boolean")
        left = node.child_by_field_name("left")
        if sign in ("||", "??", "+") and left is not None:
            shape = self.body(module, left, depth=depth + 1)
            right = node.child_by_field_name("right")
            known = shape.type not in ("unknown", "null") or right is None
            return shape if known or right is None else self.body(module, right, depth=depth + 1)
        return Shape(type="float") if sign in ("-", "*", "/", "%") else Shape()

    def _call(self, module: Module, node: Node) -> Shape:
        text = module.text_of(node.child_by_field_name("function") or node)[:200]
        if text in _CASTS:
            return Shape.model_validate({"type": _CASTS[text]})
        if text.endswith(".toISOString"):
            return Shape(type="datetime")
        if text in ("Date.now", "Math.round", "Math.floor", "Math.random"):
            return Shape(type="integer" if text != "Math.random" else "float")
        if text.endswith(("randomUUID", "uuidv4", "uuid", "nanoid")):
            return Shape(type="uuid" if "nanoid" not in text else "text")
        if text.endswith(
            (".trim", ".toString", ".toLowerCase", ".toUpperCase", ".join", ".toFixed", ".replace")
        ):
            return Shape(type="text")
        return (
            Shape(type="array")
            if text.endswith((".split", ".filter", ".map", ".slice"))
            else Shape()
        )
