"""Requests of classes: one per distinct instance of the class whose fields they use."""

from __future__ import annotations

from taishang.generation.evidence.clients import Request
from taishang.generation.evidence.modules import Project
from taishang.generation.evidence.symbols import THIS, Instance, Symbol, This, contains
from taishang.generation.evidence.traffic import Traffic, substitute_request
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
