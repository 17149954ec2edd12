"""Requests through wrappers: what a function does with its parameters, met by what its callers give.

A request whose address or method hangs on a parameter belongs to no endpoint yet. It is carried to every
call of that function, with the arguments filled in, until nothing hangs on a parameter any more.
"""

from __future__ import annotations

import re
from dataclasses import replace

from tree_sitter import Node

from taishang.generation.evidence.clients import Request, request_of, under
from taishang.generation.evidence.declared_requests import declared_requests
from taishang.generation.evidence.elements import Elements
from taishang.generation.evidence.flow import guards_of, passed_tests
from taishang.generation.evidence.instances import constructed, instances_of
from taishang.generation.evidence.modules import Project
from taishang.generation.evidence.scopes import parameters_of
from taishang.generation.evidence.substitution import variants
from taishang.generation.evidence.surroundings import read_surroundings
from taishang.generation.evidence.symbols import (
    NOTHING,
    Apply,
    Closure,
    Hole,
    If,
    Items,
    Join,
    Lit,
    Or,
    Package,
    Param,
    Record,
    Result,
    Symbol,
    member,
    truth,
)
from taishang.generation.evidence.syntax import Module
from taishang.generation.evidence.traffic import (
    Edge,
    Template,
    Traffic,
    parameters_in,
    substitute_request,
)
from taishang.generation.evidence.urls import read_address
from taishang.generation.evidence.values import Evaluator

MAX_ROUNDS = 8
MAX_TEMPLATES = 6_000
MAX_EDGES = 300
ID_NAME = re.compile(r"(?:^|_)(?:id|uuid|guid|slug)$|(?:Id|Uuid|Slug)$")
SPECIAL_IDS = frozenset({"me", "self", "current", "latest", "all", "mine", "own"})
FETCHER_HOOKS = {"useSWR": 1, "useSWRImmutable": 1, "useSWRInfinite": 1, "useSWRMutation": 1}
ITERATIONS = frozenset({"map", "forEach", "flatMap"})
QUERY_HOOKS = frozenset(
    {"useQuery", "useMutation", "useInfiniteQuery", "useSuspenseQuery", "createQuery", "createMutation",
     "queryOptions", "prefetchQuery", "fetchQuery", "ensureQueryData"}
)  # fmt: skip


def trace(project: Project, evaluator: Evaluator) -> Traffic:
    """Find every request of the project and carry it through its wrappers."""
    edges: dict[str, list[Edge]] = {}
    templates: list[Template] = []
    read_surroundings(project, evaluator)
    for module in project.modules.values():
        for node in module.find("call_expression"):
            _read_call(evaluator, module, node, templates, edges)
    for request, module, node in declared_requests(project, evaluator):
        templates.append(Template(request, module, node, 0, (module.path, node.start_byte)))
    traffic = Traffic(instances=instances_of(project, evaluator), edges=edges)
    templates = [
        replace(template, request=request)
        for template in templates
        for request in constructed(evaluator, template.request, traffic.instances)
    ]
    elements = Elements(project, evaluator)
    seen: set[object] = set()
    for round_number in range(MAX_ROUNDS + 1):
        carried: list[Template] = []
        for template in templates:
            carried += _settle(evaluator, template, edges, elements, traffic, round_number)
        templates = [found for found in carried if _is_new(found, seen)][:MAX_TEMPLATES]
        if not templates:
            break
    traffic.settled = [t for t in traffic.settled if not t.literal_callers or t.other_callers]
    return traffic


def _read_call(
    evaluator: Evaluator,
    module: Module,
    node: Node,
    templates: list[Template],
    edges: dict[str, list[Edge]],
) -> None:
    function = node.child_by_field_name("function")
    if function is None or function.type in {"import", "super"}:
        return
    target, name = function.child_by_field_name("object"), function.child_by_field_name("property")
    receiver: Symbol | None = None
    method = ""
    if function.type == "member_expression" and target is not None and name is not None:
        receiver, method = evaluator.value(module, target), module.text_of(name)
    callee = evaluator.value(module, function)
    arguments = evaluator.arguments(module, node)
    request = request_of(callee, receiver, method, arguments)
    spoken = method or module.text_of(function)[:60]
    if request is not None:
        request = _with_default_base(evaluator, receiver or callee, request)
        origin = (module.path, node.start_byte)
        templates.append(Template(request, module, node, 0, origin))
        return
    if method in ITERATIONS and isinstance(receiver, Items) and arguments:
        callbacks = closures_in(arguments[0])
        called: list[tuple[Closure, tuple[Symbol, ...]]] = [
            (callback, (item,)) for callback in callbacks for item in receiver.values
        ]
    else:
        called = _called_closures(spoken, callee, arguments)
    for closure, given in called:
        edges.setdefault(closure.key, []).append(Edge(module, node, closure, given))


def _with_default_base(evaluator: Evaluator, client: Symbol, request: Request) -> Request:
    """The request below the base that was set for its client as a whole."""
    client = client.then if isinstance(client, If) else client
    root = replace(client, path=()) if isinstance(client, Package) else client
    base = evaluator.default_bases.get(root)
    return request if base is None else replace(request, url=under(base, request.url))


def _called_closures(
    name: str, callee: Symbol, arguments: tuple[Symbol, ...]
) -> list[tuple[Closure, tuple[Symbol, ...]]]:
    """The functions a call may reach, with their arguments; fetchers of hooks included."""
    if name in FETCHER_HOOKS and isinstance(callee, (Package, Result)) and len(arguments) > 1:
        key = _swr_key(arguments[0])
        return [(closure, (key, NOTHING)) for closure in closures_in(arguments[1])]
    if name in QUERY_HOOKS and arguments:
        return _query_function(arguments)
    return [(closure, arguments) for closure in closures_in(callee)]


def _swr_key(key: Symbol) -> Symbol:
    if isinstance(key, If):
        known = [side for side in (key.then, key.other) if isinstance(side, (Lit, Join))]
        return known[0] if len(known) == 1 else key
    return key


def _query_function(arguments: tuple[Symbol, ...]) -> list[tuple[Closure, tuple[Symbol, ...]]]:
    options = arguments[0]
    function = member(options, "queryFn") if isinstance(options, Record) else NOTHING
    key = member(options, "queryKey") if isinstance(options, Record) else options
    if not isinstance(options, Record) and len(arguments) > 1:
        function = arguments[1]
    context = Record((("queryKey", key),))
    return [(closure, (context,)) for closure in closures_in(function)]


def closures_in(callee: Symbol) -> list[Closure]:
    """The functions that a called value may be."""
    if isinstance(callee, Closure):
        return [callee]
    if isinstance(callee, Or):
        return [option for option in callee.options if isinstance(option, Closure)]
    if isinstance(callee, If):
        return [side for side in (callee.then, callee.other) if isinstance(side, Closure)]
    return []


def _settle(
    evaluator: Evaluator,
    template: Template,
    edges: dict[str, list[Edge]],
    elements: Elements,
    traffic: Traffic,
    round_number: int,
) -> list[Template]:
    """File `template` as resolved or open, and return what its callers make of it."""
    state, parameters = standing(template.request)
    if state == "closed" or not parameters or round_number == MAX_ROUNDS:
        (traffic.open if state == "open" else traffic.settled).append(template)
        return []
    callers: list[Edge] = []
    for owner in sorted({p.function for p in parameters}, key=_nesting, reverse=True):
        callers = callers or [*edges.get(owner, []), *elements.of(owner)][:MAX_EDGES]
    carried: list[Template] = []
    for edge in callers:
        bound = evaluator.bind(edge.closure, edge.arguments)
        fixed = [evaluator.members(bound.get((p.function, p.index), p), p.path) for p in parameters]
        literal = any(_is_name(value) for value in fixed)
        template.literal_callers += literal
        template.other_callers += not literal
        if state == "open" or literal:
            carried += _carried(evaluator, template, edge, bound)
    if state == "open":
        if not carried and not callers:
            traffic.open.append(template)
    else:
        traffic.settled.append(template)
    return carried


def _is_name(value: Symbol) -> bool:
    """Whether an argument is written down and no id: it makes an address of its own."""
    return (
        isinstance(value, Lit)
        and value.kind == "text"
        and not value.text.isdigit()
        and value.text != ""
    )


def _nesting(key: str) -> tuple[str, int, int]:
    path, start, end = key.rsplit(":", 2)
    return path, int(start), -int(end)


def _carried(
    evaluator: Evaluator, template: Template, edge: Edge, bound: dict[tuple[str, int], Symbol]
) -> list[Template]:
    """The request as one caller makes it; none where the caller's arguments rule its branch out."""
    conditions = [evaluator.substitute(test, bound) for test in _conditions_of(evaluator, template)]
    if any(truth(test) is False for test in conditions):
        return []
    named = {key: _without_id(evaluator, key, value) for key, value in bound.items()}
    request = substitute_request(evaluator, template.request, named)
    pending = tuple(test for test in conditions if parameters_in(test))
    depth = template.depth + 1
    return [Template(request, edge.module, edge.node, depth, template.origin, conditions=pending)]


def _conditions_of(evaluator: Evaluator, template: Template) -> list[Symbol]:
    module, node = template.module, template.node
    tests = [guard.test for guard in guards_of(evaluator, module, node, module.root)]
    tests += passed_tests(evaluator, module, node)
    return [*template.conditions, *(test for test in tests if parameters_in(test))]


def _without_id(evaluator: Evaluator, key: tuple[str, int], value: Symbol) -> Symbol:
    """A number given for a parameter is an example of an id: the parameter's name tells more."""
    if not isinstance(value, Lit) or key[0] not in evaluator.nodes:
        return value
    module, function = evaluator.nodes[key[0]]
    patterns = parameters_of(function)
    if not 0 <= key[1] < len(patterns) or patterns[key[1]][0].type != "identifier":
        return value
    name = module.text_of(patterns[key[1]][0])
    example = ID_NAME.search(name) and value.text not in SPECIAL_IDS and "/" not in value.text
    known = example or value.text.isdigit()
    return Hole(name, module.path, function.start_byte) if known else value


def standing(request: Request) -> tuple[str, list[Param]]:
    """("open" | "soft" | "closed", parameters that the address or method hangs on)."""
    state, found = "closed", []
    for decisive, _rest in variants([request.url, request.method], []):
        url, method = decisive
        in_method = parameters_in(method)
        in_url = parameters_in(url)
        address = read_address(url)
        unclear = address.why_not or address.glued == "path" or starts_with_parameter(url)
        if in_method or (in_url and unclear):
            state = "open"
        elif in_url and state == "closed":
            state = "soft"
        found += [p for p in in_method + in_url if p not in found]
    return state, found


def starts_with_parameter(url: Symbol) -> bool:
    """Whether the first thing in an address is a parameter, so that callers say where it goes."""
    first = url.parts[0] if isinstance(url, Join) else url
    while isinstance(first, (Or, Apply)):
        first = first.options[0] if isinstance(first, Or) else first.receiver
    return isinstance(first, Param)


def _is_new(template: Template, seen: set[object]) -> bool:
    key = (template.module.path, template.node.start_byte, template.request)
    if key in seen:
        return False
    seen.add(key)
    return True
