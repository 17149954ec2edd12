"""Extract what the front end keeps by itself: methods of stores, contexts and hooks, and lists held as state."""

from __future__ import annotations

import re

from tree_sitter import Node

from taishang.generation.evidence.bodies import BodyReader
from taishang.generation.evidence.modules import Project
from taishang.generation.evidence.schemas import is_interface_kit
from taishang.generation.evidence.supabase import enclosing_function
from taishang.generation.evidence.syntax import Module, walk
from taishang.generation.evidence.typeshapes import TypeReader, key_text
from taishang.generation.ir import Fact, Shape, StoreValue

CONFIDENCE = 0.7
MAX_BODY_CHARACTERS = 20_000
MAX_METHODS_PER_FILE = 200
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_A-Za-z]+")
_PREFIXES = frozenset({"handle", "on", "do", "perform", "async", "try", "mock", "simulate", "fake"})
_NETWORK = re.compile(
    r"\bfetch\(|\baxios\b|\bsupabase\b|\bapiClient\b|\bapi\.(?:get|post|put|patch|delete)\b|\$fetch|\bhttp\."
)
_KEEPS = re.compile(
    r"\bset[A-Z]\w{0,60}\(|\bset\(|\bdispatch\(|\bstate\.|\bthis\.\w{1,60}\s?=|localStorage\.setItem|AsyncStorage\.setItem"
    r"|\.push\(|\.splice\(|\.unshift\(|\bsetState\("
)
_WAITS = re.compile(
    r"await new Promise|await (?:delay|sleep|wait|simulate\w{0,40})\(|new Promise\(\(?\s?resolve|setTimeout\("
)
_PRETENDS = re.compile(
    r"simulat|\bmock|\bfake\b|\bdummy\b|in a real app|in production|real api|api call|模拟|假数据|演示|示例数据",
    re.IGNORECASE,
)
_SETTER = re.compile(r"set[A-Z]")
_FUNCTION_VALUES = ("arrow_function", "function_expression", "function")
_NOT_DATA = frozenset(
    {
        "theme",
        "locale",
        "language",
        "token",
        "layout",
        "sidebar",
        "modal",
        "dialog",
        "toast",
        "toasts",
        "loading",
    }
)


def extract(project: Project) -> list[Fact]:
    """One fact per method that changes kept things or pretends to call a server, and one per listed state."""
    bodies, types = BodyReader(project), TypeReader(project)
    declared = _declared_methods(project, types)
    facts: list[Fact] = []
    for module in project.modules.values():
        if is_interface_kit(module.path):
            continue
        facts += _methods(project, module, bodies, declared)
        facts += _states(project, module, bodies)
        facts += _typed_states(project, module, types)
    return facts


def _declared_methods(project: Project, types: TypeReader) -> dict[str, dict[str, Shape]]:
    """Parameters by method name, as store and context types declare them."""
    found: dict[str, dict[str, Shape]] = {}
    for module in project.modules.values():
        for node in module.find("property_signature", "method_signature"):
            name = key_text(module, node.child_by_field_name("name"))
            function = node if node.type == "method_signature" else _function_type(node)
            if name and function is not None:
                parameters = _typed_parameters(module, function, types)
                if parameters:
                    found.setdefault(name, parameters)
    return found


def _function_type(node: Node) -> Node | None:
    annotation = node.child_by_field_name("type")
    inner = (
        annotation.named_children[0]
        if annotation is not None and annotation.named_child_count
        else None
    )
    return inner if inner is not None and inner.type == "function_type" else None


def _typed_parameters(module: Module, function: Node, types: TypeReader) -> dict[str, Shape]:
    holder = function.child_by_field_name("parameters")
    found = {}
    for parameter in holder.named_children[:20] if holder is not None else []:
        pattern = parameter.child_by_field_name("pattern")
        if pattern is not None and pattern.type == "identifier":
            shape = types.annotation(module, parameter.child_by_field_name("type"))
            found[module.text_of(pattern)] = shape
    return found


def _methods(
    project: Project, module: Module, bodies: BodyReader, declared: dict[str, dict[str, Shape]]
) -> list[Fact]:
    facts = []
    for node, function in _named_functions(module)[:MAX_METHODS_PER_FILE]:
        name = _name_of(module, node)
        text = module.text_of(function)
        if (
            not name
            or len(text) > MAX_BODY_CHARACTERS
            or name[0].isupper()
            or _NETWORK.search(text)
        ):
            continue
        simulated = _is_simulated(module, node, text)
        verb, subject = verb_and_subject(name)
        if not simulated and (not _KEEPS.search(text) or _holds_component(module, function)):
            continue
        if not verb or subject.lower() in _NOT_DATA or verb == "use":
            continue
        value = StoreValue(
            store=enclosing_function(module, node)
            or module.path.rpartition("/")[2].partition(".")[0],
            method=name,
            verb=verb,
            subject=subject,
            parameters=_parameters(module, name, function, bodies, declared),
            simulated=simulated,
        )
        facts.append(
            Fact(place=project.place(module, node, "store"), value=value, confidence=CONFIDENCE)
        )
    return facts


def _named_functions(module: Module) -> list[tuple[Node, Node]]:
    """(the node that names it, the function) for every function with a name."""
    found: list[tuple[Node, Node]] = [
        (node, node) for node in module.find("function_declaration", "method_definition")
    ]
    for node in module.find("variable_declarator", "pair"):
        value = node.child_by_field_name("value")
        value = _unwrapped(value)
        if value is not None and value.type in _FUNCTION_VALUES:
            found.append((node, value))
    return sorted(found, key=lambda pair: pair[0].start_byte)


def _unwrapped(value: Node | None) -> Node | None:
    """The function inside `useCallback(…)`, `createAsyncThunk("…", …)`, `action(…)`."""
    if value is None or value.type != "call_expression":
        return value
    holder = value.child_by_field_name("arguments")
    for argument in holder.named_children[:2] if holder is not None else []:
        if argument.type in _FUNCTION_VALUES:
            return argument
    return value


def _name_of(module: Module, node: Node) -> str:
    named = node.child_by_field_name("name") or node.child_by_field_name("key")
    return key_text(module, named) if named is not None and named.type != "array_pattern" else ""


def _holds_component(module: Module, function: Node) -> bool:
    """Whether a function renders markup: a component, not a method."""
    text = module.text_of(function)
    return (
        "return (" in text
        and "<" in text
        and any(node.type.startswith("jsx_") for node in walk(function))
    )


def _is_simulated(module: Module, node: Node, text: str) -> bool:
    if _PRETENDS.search(module.path.rpartition("/")[2]):
        return "async" in text[:200] or _WAITS.search(text) is not None
    before = module.lines[max(0, module.line_of(node) - 4) : module.line_of(node) - 1]
    said = _PRETENDS.search("\n".join([*before, text]))
    waits = _WAITS.search(text)
    return bool(waits and ("await" in text or said))


def verb_and_subject(name: str) -> tuple[str, str]:
    """`handleAddTask` is the verb `add` about `Task`; the prefix of a handler says nothing."""
    parts = _WORD.findall(name)
    while len(parts) > 1 and parts[0].lower() in _PREFIXES:
        parts = parts[1:]
    if parts and parts[0].lower() in ("sign", "log") and len(parts) > 1:
        return parts[0].lower(), "".join(parts[1:])
    return (parts[0].lower(), "".join(parts[1:])) if parts else ("", "")


def _parameters(
    module: Module,
    name: str,
    function: Node,
    bodies: BodyReader,
    declared: dict[str, dict[str, Shape]],
) -> dict[str, Shape]:
    found = bodies.parameters(module, function)
    known = declared.get(name, {})
    if known and all(shape.type == "unknown" for shape in found.values()):
        found = {**known}
    found = {
        key: _payload(shape)
        for key, shape in found.items()
        if key not in ("e", "event", "ev", "state", "set", "get")
    }
    if any(shape.type in ("reference", "object") for shape in found.values()):
        return found
    added = _added_row(module, function, bodies)
    return {**found, "added": added} if added is not None else found


def _payload(shape: Shape) -> Shape:
    """`PayloadAction<Post>` is read by name only, and then says nothing."""
    return (
        Shape()
        if shape.type == "reference" and shape.name in ("PayloadAction", "FormEvent", "ChangeEvent")
        else shape
    )


def _added_row(module: Module, function: Node, bodies: BodyReader) -> Shape | None:
    """The row that a method adds to a list: `[...tasks, {title}]`, `tasks.push({…})`."""
    for node in walk(function):
        item: Node | None = None
        if node.type == "array" and any(
            child.type == "spread_element" for child in node.named_children
        ):
            item = next(
                (child for child in node.named_children if child.type != "spread_element"), None
            )
        elif node.type == "call_expression":
            called = node.child_by_field_name("function")
            holder = node.child_by_field_name("arguments")
            if (
                called is not None
                and holder is not None
                and module.text_of(called).endswith((".push", ".unshift"))
            ):
                item = holder.named_children[0] if holder.named_child_count else None
        if item is not None and item.type in ("object", "identifier"):
            shape = bodies.body(module, item)
            if shape.type in ("object", "reference"):
                return shape
    return None


def _states(project: Project, module: Module, bodies: BodyReader) -> list[Fact]:
    """`const [posts, setPosts] = useState<Post[]>([])`: a list of things held by a component or hook."""
    facts = []
    for node in module.find("variable_declarator"):
        pattern, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if (
            pattern is None
            or pattern.type != "array_pattern"
            or value is None
            or value.type != "call_expression"
        ):
            continue
        names = [module.text_of(part) for part in pattern.named_children[:2]]
        if len(names) != 2 or not _SETTER.match(names[1]) or names[0].lower() in _NOT_DATA:
            continue
        shape = bodies.state_shape(module, value)
        if (
            shape.type == "array"
            and shape.items is not None
            and shape.items.type in ("reference", "object")
        ):
            facts.append(_state_fact(project, module, node, names[0], names[1], shape))
    return facts


def _typed_states(project: Project, module: Module, types: TypeReader) -> list[Fact]:
    """Lists that a store's or context's type declares beside its methods."""
    facts = []
    for node in module.find("interface_declaration", "type_alias_declaration"):
        body = node.child_by_field_name("body") or node.child_by_field_name("value")
        name = module.text_of(node.child_by_field_name("name") or node)
        if (
            body is None
            or "Props" in name
            or not name.endswith(("Store", "State", "Context", "ContextType", "Slice", "Value"))
        ):
            continue
        for member in body.named_children:
            if member.type != "property_signature":
                continue
            annotation = member.child_by_field_name("type")
            shape = types.annotation(module, annotation)
            if (
                shape.type == "array"
                and shape.items is not None
                and shape.items.type == "reference"
            ):
                key = key_text(module, member.child_by_field_name("name"))
                facts.append(
                    _state_fact(
                        project,
                        module,
                        member,
                        key,
                        f"set{key[:1].upper()}{key[1:]}",
                        shape,
                        store=name,
                    )
                )
    return facts


def _state_fact(
    project: Project,
    module: Module,
    node: Node,
    name: str,
    setter: str,
    shape: Shape,
    store: str | None = None,
) -> Fact:
    value = StoreValue(
        store=store
        or enclosing_function(module, node)
        or module.path.rpartition("/")[2].partition(".")[0],
        method=setter,
        verb="set",
        subject=name,
        parameters={name: shape},
    )
    return Fact(place=project.place(module, node, "store"), value=value, confidence=CONFIDENCE)
