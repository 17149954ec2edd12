"""Members of classes and of their instances: methods, fields, constructor parameters, inheritance."""

from __future__ import annotations

from tree_sitter import Node

from taishang.generation.evidence.evaluation import Evaluation
from taishang.generation.evidence.scopes import parameters_of
from taishang.generation.evidence.symbols import (
    NOTHING,
    THIS,
    Apply,
    Closure,
    Hole,
    Instance,
    Kind,
    Package,
    Param,
    Result,
    Symbol,
    This,
    either,
)
from taishang.generation.evidence.syntax import MAX_DEPTH, Module

MAX_ANCESTORS = 6
FIELDS = frozenset({"public_field_definition", "field_definition"})
FUNCTION_VALUES = frozenset({"arrow_function", "function_expression"})


def owner_of(node: Node) -> Node | None:
    """The class or object literal whose method `node` stands in."""
    found: Node | None = node.parent
    for _ in range(MAX_DEPTH):
        if found is None or found.type in {"function_declaration", "function_expression"}:
            return None
        if found.type == "class_body":
            return found.parent
        if found.type == "method_definition" and found.parent is not None:
            owner = found.parent
            return owner.parent if owner.type == "class_body" else owner
        found = found.parent
    return None


def method(evaluation: Evaluation, owner: str, name: str) -> Symbol | None:
    """The method `name` of the class `owner` or of an ancestor, bound to `this` of `owner`."""
    for key in ancestry(evaluation, owner):
        member = _members(evaluation, key).get(name)
        if member is None:
            continue
        module = evaluation.nodes[key][0]
        value = member.child_by_field_name("value")
        if member.type == "method_definition":
            closure = Closure(evaluation.key(module, member), (), This(owner))
            return evaluation.returns(closure.key) if _is_getter(member) else closure
        if value is not None and value.type in FUNCTION_VALUES:
            return Closure(evaluation.key(module, value), (), This(owner))
        return None
    return None


def instance_member(evaluation: Evaluation, instance: Instance, name: str) -> Symbol:
    """`instance.name`: a method bound to it, or what its field holds."""
    found = method(evaluation, instance.key, name)
    if isinstance(found, Closure):
        return Closure(found.key, found.bindings, instance)
    if found is not None:
        return evaluation.substitute(found, {(instance.key, THIS): instance})
    arguments = instance.arguments
    for key in ancestry(evaluation, instance.key):
        value = field_value(evaluation, key, name)
        bindings = _constructor_bindings(evaluation, key, arguments)
        if value is not None:
            return evaluation.substitute(value, {**bindings, (key, THIS): instance})
        arguments = _super_arguments(evaluation, key, bindings)
    return Apply("." + name, Result(Kind(instance.key), instance.arguments, "instance"))


def static_member(evaluation: Evaluation, kind: Kind, name: str) -> Symbol:
    """`Kind.name`: a static field or method."""
    found = method(evaluation, kind.key, name)
    if isinstance(found, Closure):
        return Closure(found.key, found.bindings, kind)
    value = field_value(evaluation, kind.key, name)
    return Hole(name) if value is None else value


def field_value(evaluation: Evaluation, owner: str, name: str) -> Symbol | None:
    """What the field holds, in terms of the constructor's parameters and `this`."""
    module, _node = evaluation.nodes[owner]
    members = _members(evaluation, owner)
    declared: Symbol | None = None
    field = members.get(name)
    if field is not None and field.type in FIELDS:
        value = field.child_by_field_name("value")
        declared = (
            evaluation.value(module, value)
            if value is not None
            else _typed(evaluation, module, field)
        )
    constructor = members.get("constructor")
    if constructor is None:
        return declared
    assigned = _assigned_field(evaluation, module, constructor, name)
    if assigned is not None:
        return assigned if declared is None else either([assigned, declared])
    injected = _parameter_property(evaluation, module, constructor, name)
    return injected if injected is not None else declared


def ancestry(evaluation: Evaluation, owner: str) -> list[str]:
    """The class itself and what it extends, nearest first."""
    found: list[str] = []
    key: str | None = owner
    while key is not None and key in evaluation.nodes and len(found) < MAX_ANCESTORS:
        found.append(key)
        key = _parent(evaluation, key)
        if key in found:
            break
    return found


def _parent(evaluation: Evaluation, owner: str) -> str | None:
    module, node = evaluation.nodes[owner]
    heritage = next(
        (child for child in node.named_children if child.type == "class_heritage"), None
    )
    if heritage is None or not heritage.named_child_count:
        return None
    clause = heritage.named_children[0]
    value = clause.child_by_field_name("value") if clause.type == "extends_clause" else clause
    parent = evaluation.value(module, value)
    return parent.key if isinstance(parent, Kind) else None


def _members(evaluation: Evaluation, owner: str) -> dict[str, Node]:
    module, node = evaluation.nodes[owner]
    body = node.child_by_field_name("body")
    members: dict[str, Node] = {}
    for child in body.named_children if body is not None else []:
        name = child.child_by_field_name("name") or child.child_by_field_name("property")
        if name is not None and child.type in {*FIELDS, "method_definition"}:
            members.setdefault(module.text_of(name), child)
    return members


def _is_getter(node: Node) -> bool:
    return any(child.type == "get" for child in node.children[:4])


def _assigned_field(
    evaluation: Evaluation, module: Module, constructor: Node, name: str
) -> Symbol | None:
    body = constructor.child_by_field_name("body")
    for statement in body.named_children if body is not None else []:
        assignment = statement.named_children[0] if statement.named_child_count else None
        if assignment is None or assignment.type != "assignment_expression":
            continue
        left = assignment.child_by_field_name("left")
        if left is not None and module.text_of(left) == f"this.{name}":
            return evaluation.value(module, assignment.child_by_field_name("right"))
    return None


def _parameter_property(
    evaluation: Evaluation, module: Module, constructor: Node, name: str
) -> Symbol | None:
    """`constructor(private http: HttpClient)` declares and fills a field."""
    parameters = constructor.child_by_field_name("parameters")
    for index, node in enumerate(parameters.named_children if parameters is not None else []):
        pattern = node.child_by_field_name("pattern")
        is_field = any(
            child.type in {"accessibility_modifier", "readonly"} for child in node.children
        )
        if not is_field or pattern is None or module.text_of(pattern) != name:
            continue
        given = Param(evaluation.key(module, constructor), index, name)
        typed = _typed(evaluation, module, node)
        return given if typed is None else either([given, typed])
    return None


def _typed(evaluation: Evaluation, module: Module, node: Node) -> Symbol | None:
    """An instance of the declared type, for what a framework injects."""
    annotation = node.child_by_field_name("type")
    named = (
        annotation.named_children[0]
        if annotation is not None and annotation.named_child_count
        else None
    )
    if named is None or named.type != "type_identifier":
        return None
    kind = evaluation.variable(module, module.text_of(named), node.start_byte)
    if isinstance(kind, Kind):
        return Instance(kind.key)
    return Result(kind, (), module.text_of(named)) if isinstance(kind, Package) else None


def _constructor_bindings(
    evaluation: Evaluation, owner: str, arguments: tuple[Symbol, ...]
) -> dict[tuple[str, int], Symbol]:
    module = evaluation.nodes[owner][0]
    constructor = _members(evaluation, owner).get("constructor")
    if constructor is None:
        return {}
    key = evaluation.key(module, constructor)
    count = len(parameters_of(constructor))
    return {(key, i): arguments[i] if i < len(arguments) else NOTHING for i in range(count)}


def _super_arguments(
    evaluation: Evaluation, owner: str, bindings: dict[tuple[str, int], Symbol]
) -> tuple[Symbol, ...]:
    module = evaluation.nodes[owner][0]
    constructor = _members(evaluation, owner).get("constructor")
    body = constructor.child_by_field_name("body") if constructor is not None else None
    for statement in body.named_children if body is not None else []:
        call = statement.named_children[0] if statement.named_child_count else None
        function = call.child_by_field_name("function") if call is not None else None
        if call is not None and function is not None and function.type == "super":
            given = evaluation.arguments(module, call)
            return tuple(evaluation.substitute(value, bindings) for value in given)
    return ()
