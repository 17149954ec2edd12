"""Facts about calls: every request of the front end, resolved to method, path and whose server it is."""

from __future__ import annotations

from taishang.generation.evidence.callers import (
    Mentions,
    enclosing_name,
    is_before_sign_in,
    sends_cookies,
    sends_token,
)
from taishang.generation.evidence.clients import Request
from taishang.generation.evidence.instances import resolve_this
from taishang.generation.evidence.modules import Project
from taishang.generation.evidence.ownership import Ownership
from taishang.generation.evidence.payloads import PayloadReader
from taishang.generation.evidence.replies import ReplyReader
from taishang.generation.evidence.routing import Resolved, Routing
from taishang.generation.evidence.substitution import variants
from taishang.generation.evidence.symbols import (
    SPREAD,
    Hole,
    Join,
    Lit,
    Or,
    Param,
    Record,
    Search,
    Symbol,
    children,
)
from taishang.generation.evidence.traffic import Template, Traffic
from taishang.generation.evidence.urls import Address, is_asset, query_of, read_address
from taishang.generation.evidence.values import Evaluator
from taishang.generation.evidence.wrappers import trace
from taishang.generation.ir import CallValue, Fact, FactKind, OtherValue, QueryParameter

MAX_SPREADS = 4
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
READING = frozenset({"GET", "HEAD"})
STUCK = "a value is stuck to the last segment of the path; a slash may be missing"
CERTAIN, GUESSED_METHOD, GUESSED_SEGMENT, UNRESOLVED = 0.95, 0.8, 0.6, 0.3


def extract(project: Project) -> list[Fact]:
    """Every call the front end makes: own ones, external ones, and those that could not be resolved."""
    return CallReader(project).facts()


class CallReader:
    """Reads the calls of one project."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.evaluator = Evaluator(project)
        self.traffic = trace(project, self.evaluator)
        self._payloads = PayloadReader(project, self.evaluator, self.traffic.edges)
        self._replies = ReplyReader(self.evaluator, self.traffic.edges)
        self._mentions = Mentions(project)

    def facts(self) -> list[Fact]:
        """One fact per place, method and path."""
        calls = [resolve(self.evaluator, each, self.traffic) for each in self.traffic.settled]
        resolved = [found for call in calls for found in call]
        pending = [
            found
            for template in self.traffic.open
            for found in resolve(self.evaluator, template, self.traffic)
        ]
        ownership = Ownership([[found.address for found in call] for call in calls])
        routing = Routing(self.project, resolved + pending, ownership)
        facts: dict[tuple[str, int, str, str, str], Fact] = {}
        for fact in routing.facts():
            facts.setdefault(_identity(fact), fact)
        for found in resolved:
            fact_found = self._fact(found, ownership, routing)
            if fact_found is not None:
                facts.setdefault(_identity(fact_found), fact_found)
        for found in pending:
            if not routing.is_forward(found):
                fact = _unresolved(self.project, found.template, found.address.why_not)
                facts.setdefault(_identity(fact), fact)
        return list(facts.values())

    def _fact(self, found: Resolved, ownership: Ownership, routing: Routing) -> Fact | None:
        address, template = found.address, found.template
        if routing.is_forward(found):
            return None
        if address.why_not:
            return _unresolved(self.project, template, address.why_not)
        if address.glued == "path" and found.method not in READING:
            return _unresolved(self.project, template, STUCK)
        if is_asset(address):
            return None
        kind: FactKind = "wrapper" if template.depth else "call"
        return Fact(
            place=self.project.place(template.module, template.node, kind),
            value=self._value(found, ownership, routing),
            confidence=_confidence(found),
        )

    def _value(self, found: Resolved, ownership: Ownership, routing: Routing) -> CallValue:
        request = found.request
        external = ownership.external_host(found.address) or routing.behind_handler(found)
        method, address, via = found.method, found.address, None
        if external is None:
            method, address, via = routing.proxies.follow(found.method, found.address)
        for spread in _spread_in(request.url, request.query):
            _add_query(address, self._payloads.query(spread))
        name, owner = enclosing_name(found.template.module, found.template.node)
        body, media_type = self._payloads.read(request.body)
        if method in READING:
            body, media_type = None, "none"
        return CallValue(
            method=method,
            path=address.path,
            parameters=address.parameters,
            query=address.query,
            body=body,
            media_type=media_type,
            reads=self._replies.read(found.template, request.client, address.path),
            client=request.client,
            function=name or None,
            url_base=address.url_base,
            external_host=external,
            via=via,
            called=not name or self._mentions.is_used(name, owner),
            sends_token=sends_token(request.options, []),
            sends_cookies=sends_cookies(request.options),
            before_sign_in=is_before_sign_in(address.path),
        )


def _confidence(found: Resolved) -> float:
    if not found.address.certain:
        return GUESSED_SEGMENT
    return CERTAIN if found.certain_method else GUESSED_METHOD


def resolve(evaluator: Evaluator, template: Template, traffic: Traffic) -> list[Resolved]:
    """The variants of a template: per instance of a class, per outcome of its conditions."""
    found: list[Resolved] = []
    for request in resolve_this(evaluator, template.request, traffic):
        decisive = [request.url, request.method]
        for (url, method), (body, query, options) in variants(
            decisive, [request.body, request.query, request.options]
        ):
            verb, certain = _verb(method)
            made = Request(url, method, body, query, options, request.client)
            address = read_address(url)
            _add_query(address, query_of(query))
            found.append(Resolved(template, made, address, verb, certain))
    return found


def _add_query(address: Address, more: list[QueryParameter]) -> None:
    known = {parameter.name for parameter in address.query}
    address.query += [parameter for parameter in more if parameter.name not in known]


def _spread_in(url: Symbol, query: Symbol) -> list[Symbol]:
    """Objects handed over whole as the query: `new URLSearchParams(filters)`, `params: filters`."""
    found: list[Symbol] = [query] if isinstance(query, (Param, Hole)) else []
    stack = [url, query]
    while stack and len(found) < MAX_SPREADS:
        value = stack.pop()
        if isinstance(value, Search):
            found += [content for key, content in value.entries if key == SPREAD]
        if isinstance(value, Record):
            found += [content for key, content in value.entries if key is None]
        if isinstance(value, (Join, Or)):
            stack.extend(children(value))
    return found


def _verb(method: Symbol) -> tuple[str, bool]:
    if isinstance(method, Lit) and method.text.upper() in METHODS:
        return method.text.upper(), True
    return "GET", False


def _unresolved(project: Project, template: Template, why: str) -> Fact:
    name = template.module.text_of(template.node)[:80].split("\n")[0]
    value = OtherValue(what="unresolved_call", name=name, why=why or "the method is not known")
    place = project.place(template.module, template.node, "other")
    return Fact(place=place, value=value, confidence=UNRESOLVED)


def _identity(fact: Fact) -> tuple[str, int, str, str, str]:
    value = fact.value
    place = fact.place
    if isinstance(value, CallValue):
        return place.file, place.line, value.method, value.path, value.external_host or ""
    return place.file, place.line, "", "", ""
