"""Requests on their way through wrappers: a request as seen from a call, the calls, and all of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tree_sitter import Node

from taishang.generation.evidence.clients import Request
from taishang.generation.evidence.symbols import Closure, Instance, Param, Symbol, children
from taishang.generation.evidence.syntax import Module
from taishang.generation.evidence.values import Evaluator


@dataclass(eq=False)
class Template:
    """A request as seen from `node`; `depth` counts the wrappers between it and the network.

    `conditions` are the tests on parameters under which the wrappers make it.
    """

    request: Request
    module: Module
    node: Node
    depth: int = 0
    origin: tuple[str, int] = ("", 0)
    literal_callers: int = 0
    other_callers: int = 0
    conditions: tuple[Symbol, ...] = ()


@dataclass(frozen=True)
class Edge:
    """A call of a project function."""

    module: Module
    node: Node
    closure: Closure
    arguments: tuple[Symbol, ...]


@dataclass(eq=False)
class Traffic:
    """All requests of a project: resolved ones and those that stay open, in document order."""

    settled: list[Template] = field(default_factory=list)
    open: list[Template] = field(default_factory=list)
    instances: dict[str, list[Instance]] = field(default_factory=dict)
    edges: dict[str, list[Edge]] = field(default_factory=dict)


def substitute_request(
    evaluator: Evaluator, request: Request, bound: dict[tuple[str, int], Symbol]
) -> Request:
    """Fill arguments into every part of a request."""
    return replace(
        request,
        url=evaluator.substitute(request.url, bound),
        method=evaluator.substitute(request.method, bound),
        body=evaluator.substitute(request.body, bound),
        query=evaluator.substitute(request.query, bound),
        options=evaluator.substitute(request.options, bound),
    )


def parameters_in(value: Symbol) -> list[Param]:
    """Parameters inside a value, without those inside queries and functions."""
    found: list[Param] = []
    stack = [value]
    while stack and len(found) < 20:
        part = stack.pop()
        if isinstance(part, Param) and part not in found:
            found.append(part)
        elif not isinstance(part, Closure) and type(part).__name__ not in {"Search", "Form"}:
            stack.extend(reversed(children(part)))
    return found
