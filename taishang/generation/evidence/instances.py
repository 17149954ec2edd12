"""Requests of classes: one per distinct instance of the class whose fields they use."""

from __future__ import annotations

from taishang.generation.evidence.clients import Request
from taishang.generation.evidence.modules import Project
from taishang.generation.evidence.symbols import THIS, Closure, Instance, Symbol, This, contains
from taishang.generation.evidence.traffic import Traffic, parameters_in, substitute_request
from taishang.generation.evidence.values import Evaluator

MAX_INSTANCES = 8


def instances_of(project: Project, evaluator: Evaluator) -> dict[str, list[Instance]]:
    """Every `new Class(…)` of the project, by class and by each of its ancestors."""
    found: dict[str, list[Instance]] = {}
    for module in project.modules.values():
        for node in module.find("new_expression"):
            value = evaluator.value(module, node)
            if isinstance(value, Instance) and value not in found.setdefault(value.key, []):
                found[value.key].append(value)
    return found


def constructed(
    evaluator: Evaluator, request: Request, instances: dict[str, list[Instance]]
) -> list[Request]:
    """The request once per way its class is made: arguments, or defaults, for the constructor's parameters."""
    parameters = [*parameters_in(request.url), *parameters_in(request.method)]
    for function in sorted({each.function for each in parameters}):
        module, node = evaluator.nodes[function]
        owner = node.parent.parent if node.parent is not None else None
        name = node.child_by_field_name("name")
        if name is None or owner is None or module.text_of(name) != "constructor":
            continue
        key = evaluator.key(module, owner)
        made: list[Request] = []
        for instance in instances.get(key, [])[:MAX_INSTANCES] or [Instance(key)]:
            bound = evaluator.bind(Closure(function), instance.arguments)
            filled = substitute_request(evaluator, request, bound)
            if filled not in made:
                made.append(filled)
        return made
    return [request]


def resolve_this(evaluator: Evaluator, request: Request, traffic: Traffic) -> list[Request]:
    """The request once per distinct instance of the class whose fields it uses."""
    owner = _owner_in(request)
    if owner is None:
        return [request]
    instances = traffic.instances.get(owner, [])[:MAX_INSTANCES] or [Instance(owner)]
    resolved: list[Request] = []
    for instance in instances:
        made = substitute_request(evaluator, request, {(owner, THIS): instance})
        if all((made.url, made.method) != (other.url, other.method) for other in resolved):
            resolved.append(made)
    return resolved


def _owner_in(request: Request) -> str | None:
    found: list[str] = []

    def accepts(part: Symbol) -> bool:
        if isinstance(part, This) and not found:
            found.append(part.owner)
        return False

    contains(request.url, accepts)
    contains(request.method, accepts)
    return found[0] if found else None
