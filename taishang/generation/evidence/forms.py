"""Extract forms: what a person types in, under which names and types, and what it is submitted to."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from taishang.generation.evidence.bodies import BodyReader
from taishang.generation.evidence.modules import Project
from taishang.generation.evidence.schemas import is_interface_kit
from taishang.generation.evidence.supabase import enclosing_function
from taishang.generation.evidence.syntax import Module, walk
from taishang.generation.evidence.typeshapes import TypeReader, field_at, key_text
from taishang.generation.evidence.validators import ValidatorReader
from taishang.generation.ir import Fact, FormValue, Shape, ShapeField

CONFIDENCE = 0.8
MAX_INPUTS = 80
_TYPES = {
    "email": "email",
    "number": "float",
    "range": "float",
    "date": "date",
    "datetime-local": "datetime",
    "time": "time",
    "checkbox": "boolean",
    "file": "file",
    "url": "url",
}
_IGNORED_TYPES = frozenset({"hidden", "submit", "button", "reset", "search", "image"})
_CONTROLS = {
    "input": "text",
    "textarea": "long_text",
    "select": "text",
    "checkbox": "boolean",
    "switch": "boolean",
    "radiogroup": "text",
    "formfield": "unknown",
    "controller": "unknown",
    "textinput": "text",
    "datepicker": "date",
    "field": "text",
}
_NOT_SUBMITTED_TO = (
    "set", "toast", "console", "router", "navigate", "prevent", "alert", "reset", "push", "on", "close", "use", "stop",
    "dispatch", "log", "error", "success", "setTimeout", "trim", "parse", "validate", "Date", "String", "Number", "new",
)  # fmt: skip
_HOLDERS = (
    "Form",
    "Page",
    "Dialog",
    "Modal",
    "Screen",
    "View",
    "Card",
    "Section",
    "Component",
    "Panel",
    "Sheet",
    "Drawer",
)


class FormReader:
    """Reads the forms of one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._bodies = BodyReader(project)
        self._types = TypeReader(project)
        self._validators = ValidatorReader(project)

    def facts(self, module: Module) -> list[Fact]:
        found = []
        for node in module.find("jsx_element"):
            if _tag(module, node).lower() in ("form", "formik"):
                found += self._fact(module, node, self._inputs(module, node))
        for node in module.find("call_expression"):
            name = module.text_of(node.child_by_field_name("function") or node)
            if name in ("useForm", "useFormik") or name.endswith(".useForm"):
                found += self._fact(module, node, self._hooked(module, node))
        return found

    def _fact(self, module: Module, node: Node, fields: dict[str, ShapeField]) -> list[Fact]:
        if not fields:
            return []
        holder = enclosing_function(module, node)
        value = FormValue(
            subject=subject_of(holder or module.path.rpartition("/")[2].partition(".")[0]),
            submit=self._submit(module, node),
            shape=Shape(type="object", fields=fields),
        )
        place = self._project.place(module, node, "form")
        return [Fact(place=place, value=value, confidence=CONFIDENCE)]

    def _inputs(self, module: Module, form: Node) -> dict[str, ShapeField]:
        fields: dict[str, ShapeField] = {}
        for element, tag in _elements(module, form):
            base = _CONTROLS.get(tag.lower())
            if base is None or len(fields) >= MAX_INPUTS:
                continue
            attributes = _attributes(module, element)
            name = self._input_name(module, attributes)
            kind = _TYPES.get(_text(module, attributes.get("type")), base)
            if not name or _text(module, attributes.get("type")) in _IGNORED_TYPES:
                continue
            shape = self._input_shape(module, element, kind, attributes)
            seen = field_at(module, element, shape, optional="required" not in attributes)
            before = fields.get(name)
            if before is None or before.shape.type == "unknown":
                fields[name] = seen
        return fields

    def _input_name(self, module: Module, attributes: dict[str, Node | None]) -> str:
        """The name of an input: `name`, `register("…")`, the state that it shows, else its `id`."""
        for key in ("name", "v-model", "formControlName"):
            name = _text(module, attributes.get(key))
            if name:
                return name.rpartition(".")[2]
        registered = attributes.get("...")
        if registered is not None:
            text = module.text_of(registered)
            quoted = text.replace("'", '"').split('"')
            if "register(" in text and len(quoted) > 2:
                return quoted[1].rpartition(".")[2]
        for key in ("value", "checked", "selected", "defaultValue"):
            shown = attributes.get(key)
            name = _shown_name(module, shown) if shown is not None else ""
            if name:
                return name
        return _text(module, attributes.get("id"))

    def _input_shape(
        self, module: Module, element: Node, kind: str, attributes: dict[str, Node | None]
    ) -> Shape:
        length = _text(module, attributes.get("maxLength"))
        holder = element.parent if element.type == "jsx_opening_element" else element
        choices = []
        if holder is not None and kind == "text":
            choices = [
                _text(module, _attributes(module, option).get("value"))
                for option, tag in _elements(module, holder)
                if tag in ("option", "SelectItem", "Select.Item", "MenuItem", "RadioGroupItem")
            ]
        choices = [choice for choice in dict.fromkeys(choices) if choice]
        return Shape.model_validate(
            {
                "type": "choice" if choices else kind,
                "choices": choices,
                "max_length": int(length)
                if length.isdigit() and len(length) < 6 and kind != "long_text"
                else None,
            }
        )

    def _hooked(self, module: Module, node: Node) -> dict[str, ShapeField]:
        """The fields of `useForm<T>({resolver, defaultValues})` and `useFormik({initialValues, …})`."""
        arguments = node.child_by_field_name("arguments")
        options = (
            arguments.named_children[0]
            if arguments is not None and arguments.named_child_count
            else None
        )
        pairs = {
            key_text(module, pair.child_by_field_name("key")): pair.child_by_field_name("value")
            for pair in (
                options.named_children if options is not None and options.type == "object" else []
            )
        }
        for key in ("resolver", "validationSchema"):
            schema = self._resolved(module, pairs.get(key))
            if schema.fields:
                return schema.fields
        typed = node.child_by_field_name("type_arguments")
        if typed is not None and typed.named_child_count:
            shape = self._types.looked_up(
                module, self._types.shape(module, typed.named_children[0])
            )
            if shape.fields:
                return shape.fields
        initial = pairs.get("defaultValues") or pairs.get("initialValues")
        fields = self._bodies.body(module, initial).fields if initial is not None else {}
        return {
            key: seen.model_copy(
                update={"optional": True, "shape": seen.shape.model_copy(update={"sample": None})}
            )
            for key, seen in fields.items()
        }

    def _resolved(self, module: Module, node: Node | None) -> Shape:
        if node is not None and node.type == "call_expression":
            holder = node.child_by_field_name("arguments")
            text = module.text_of(node.child_by_field_name("function") or node)
            if text.endswith("Resolver") and holder is not None and holder.named_child_count:
                node = holder.named_children[0]
        if node is None:
            return Shape()
        if node.type == "identifier":
            found = self._validators.constant(module, module.text_of(node))
        else:
            found = self._validators.shape(module, node)
        return found[0] if found is not None else Shape()

    def _submit(self, module: Module, node: Node) -> str | None:
        """The function that a form's data goes to: what the handler calls with them, else the handler."""
        handler = self._handler(module, node)
        if handler is None:
            return None
        function = self._function_named(module, handler)
        for call in walk(function) if function is not None else []:
            if call.type != "call_expression":
                continue
            name = module.text_of(call.child_by_field_name("function") or call).rpartition(".")[2]
            arguments = call.child_by_field_name("arguments")
            if (
                arguments is None
                or not arguments.named_child_count
                or name.startswith(_NOT_SUBMITTED_TO)
            ):
                continue
            if name.isidentifier() and name not in (
                "fetch",
                "stringify",
                "json",
                "then",
                "catch",
                "mutate",
                "append",
            ):
                return name[:120]
        return handler

    def _handler(self, module: Module, node: Node) -> str | None:
        if node.type == "jsx_element":
            submit = _attributes(module, node.named_children[0]).get("onSubmit")
            text = module.text_of(submit).strip("{}") if submit is not None else ""
        else:
            text = "onSubmit"
        name = text.rpartition("(")[2].strip("() ") if "handleSubmit(" in text else text
        return name[:120] if name.isidentifier() else None

    def _function_named(self, module: Module, name: str) -> Node | None:
        for node in module.find("variable_declarator", "function_declaration"):
            named = node.child_by_field_name("name")
            if named is not None and module.text_of(named) == name:
                return node
        return None


def extract(project: Project) -> list[Fact]:
    """One fact per form with named inputs."""
    reader = FormReader(project)
    facts: list[Fact] = []
    for module in project.modules.values():
        if not is_interface_kit(module.path):
            facts += reader.facts(module)
    return facts


def subject_of(name: str) -> str | None:
    """What a form is about, by the component it stands in: `CreatePostForm` is about `Post`."""
    stem = name
    for ending in _HOLDERS * 2:
        stem = stem.removesuffix(ending) or stem
    for beginning in ("Create", "Add", "New", "Edit", "Update", "Submit", "use"):
        stem = stem.removeprefix(beginning) or stem
    return stem or None


def _elements(module: Module, root: Node) -> Iterator[tuple[Node, str]]:
    for node in walk(root):
        if node.type in ("jsx_self_closing_element", "jsx_opening_element"):
            name = node.child_by_field_name("name")
            yield node, module.text_of(name) if name is not None else ""


def _tag(module: Module, element: Node) -> str:
    opening = element.named_children[0] if element.named_child_count else element
    name = opening.child_by_field_name("name")
    return module.text_of(name) if name is not None else ""


def _attributes(module: Module, element: Node) -> dict[str, Node | None]:
    """Attribute name → its value's node (None for a bare attribute); `...` is the first spread."""
    found: dict[str, Node | None] = {}
    for child in element.named_children:
        if child.type == "jsx_attribute" and child.named_child_count:
            name = module.text_of(child.named_children[0])
            found[name] = child.named_children[1] if child.named_child_count > 1 else None
        elif child.type == "jsx_expression":
            found.setdefault("...", child)
    return found


def _text(module: Module, node: Node | None) -> str:
    """The text of a literal attribute; "" for expressions that are no literal."""
    if node is None:
        return ""
    if node.type == "jsx_expression" and node.named_child_count:
        node = node.named_children[0]
    text = module.text_of(node)[:200]
    if node.type == "string":
        return text[1:-1]
    return text if node.type == "number" else ""


def _shown_name(module: Module, node: Node) -> str:
    inner = (
        node.named_children[0] if node.type == "jsx_expression" and node.named_child_count else node
    )
    while inner.type == "binary_expression":
        inner = inner.child_by_field_name("left") or inner.named_children[0]
    if inner.type == "member_expression":
        return module.text_of(inner.child_by_field_name("property") or inner)
    return module.text_of(inner) if inner.type == "identifier" else ""
