"""Facts about calls: every request of the front end, resolved to method, path and whose server it is."""

from __future__ import annotations

from dataclasses import dataclass

from taishang.generation.evidence.clients import Request
from taishang.generation.evidence.modules import Project
from taishang.generation.evidence.ownership import Ownership
from taishang.generation.evidence.substitution import variants
from taishang.generation.evidence.symbols import Lit, Symbol
from taishang.generation.evidence.urls import Address, is_asset, query_of, read_address
from taishang.generation.evidence.values import Evaluator
from taishang.generation.evidence.wrappers import Template, Traffic, resolve_this, trace
from taishang.generation.ir import CallValue, Fact, FactKind, OtherValue

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
CERTAIN, GUESSED_METHOD, GUESSED_SEGMENT, UNRESOLVED = 0.95, 0.8, 0.6, 0.3


@dataclass(eq=False)
class Resolved:
    """One variant of one request: what is sent where, and which template it came from."""

    template: Template
    request: Request
    address: Address
    method: str
    certain_method: bool


def extract(project: Project) -> list[Fact]:
    """Every call the front end makes: own ones, external ones, and those that could not be resolved."""
    evaluator = Evaluator(project)
    traffic = trace(project, evaluator)
    resolved = [
        found for template in traffic.settled for found in resolve(evaluator, template, traffic)
    ]
    ownership = Ownership([found.address for found in resolved])
    facts: dict[tuple[str, int, str, str, str], Fact] = {}
    for found in resolved:
        fact = _fact(project, found, ownership)
        if fact is not None:
            facts.setdefault(_identity(fact), fact)
    for template in traffic.open:
        fact = _unresolved(project, template, read_address(template.request.url).why_not)
        facts.setdefault(_identity(fact), fact)
    return list(facts.values())


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
            known = {parameter.name for parameter in address.query}
            address.query += [p for p in query_of(query) if p.name not in known]
            found.append(Resolved(template, made, address, verb, certain))
    return found


def _verb(method: Symbol) -> tuple[str, bool]:
    if isinstance(method, Lit) and method.text.upper() in METHODS:
        return method.text.upper(), True
    return "GET", False


def _fact(project: Project, found: Resolved, ownership: Ownership) -> Fact | None:
    address = found.address
    if address.why_not:
        return _unresolved(project, found.template, address.why_not)
    if is_asset(address):
        return None
    external = ownership.external_host(address)
    value = CallValue(
        method=found.method,  # type: ignore[arg-type]
        path=address.path,
        parameters=address.parameters,
        query=address.query,
        client=found.request.client,
        url_base=address.url_base,
        external_host=external,
    )
    confidence = CERTAIN if found.certain_method else GUESSED_METHOD
    if not address.certain:
        confidence = GUESSED_SEGMENT
    kind: FactKind = "wrapper" if found.template.depth else "call"
    place = project.place(found.template.module, found.template.node, kind)
    return Fact(place=place, value=value, confidence=confidence)


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
