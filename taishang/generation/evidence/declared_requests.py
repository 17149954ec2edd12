"""Requests that are declared instead of called: forms with an address, RTK Query endpoints."""

from __future__ import annotations

import re

from tree_sitter import Node

from taishang.generation.evidence.clients import VERBS, Request, as_json, under
from taishang.generation.evidence.modules import Project
from taishang.generation.evidence.symbols import (
    EMPTY,
    NOTHING,
    Closure,
    Form,
    Hole,
    Lit,
    Nothing,
    Package,
    Record,
    Result,
    Symbol,
    either,
    member,
)
from taishang.generation.evidence.syntax import Module, attributes_of, walk
from taishang.generation.evidence.values import Evaluator

API_PATH = re.compile(r"(^|/)(api|rest|v\d+|graphql|auth)(/|$)", re.I)
MAX_ENDPOINTS = 300
Declared = tuple[Request, Module, Node]


def declared_requests(project: Project, evaluator: Evaluator) -> list[Declared]:
    """Every declared request, in document order."""
    found: list[Declared] = []
    for module in project.modules.values():
        found += _markup_forms(module)
        found += _element_forms(module, evaluator)
    return found + _query_apis(project, evaluator)


def _markup_forms(module: Module) -> list[Declared]:
    if module.markup is None:
        return []
    found: list[Declared] = []
    for node in walk(module.markup):
        if node.type != "element":
            continue
        tag = node.named_children[0] if node.named_child_count else None
        if tag is None or not module.text_of(tag)[:6].lower().startswith("<form"):
            continue
        attributes = attributes_of(node, module.data)
        request = _form_request(Lit(attributes.get("action", "")), attributes.get("method", "get"))
        names = re.findall(
            r"""<(?:input|select|textarea)[^>]{0,400}?name=["']([\w.-]{1,80})""",
            module.text_of(node),
        )
        if request is not None:
            body = Form(tuple((name, Hole(name)) for name in dict.fromkeys(names)))
            found.append((Request(request.url, request.method, body, client="form"), module, node))
    return found


def _element_forms(module: Module, evaluator: Evaluator) -> list[Declared]:
    found: list[Declared] = []
    for node in module.find("jsx_opening_element"):
        name = node.child_by_field_name("name")
        if name is None or module.text_of(name) != "form":
            continue
        given: dict[str, Symbol] = {}
        for child in node.named_children:
            if child.type == "jsx_attribute" and child.named_child_count > 1:
                key = module.text_of(child.named_children[0])
                given[key] = evaluator.value(module, child.named_children[1])
        method = given.get("method", Lit("get"))
        request = _form_request(
            given.get("action", NOTHING), method.text if isinstance(method, Lit) else "get"
        )
        if request is not None:
            found.append((request, module, node))
    return found


def _form_request(action: Symbol, method: str) -> Request | None:
    """A form that posts, or that gets something of an API; a search page is no call."""
    if isinstance(action, (Nothing, Closure)) or action == EMPTY:
        return None
    verb = VERBS.get(method.lower())
    address = action.text if isinstance(action, Lit) else ""
    if verb is None or address.startswith(("#", "javascript:", "mailto:")):
        return None
    if verb == "GET" and not API_PATH.search(address):
        return None
    return Request(action, Lit(verb), Form(), client="form")


def _query_apis(project: Project, evaluator: Evaluator) -> list[Declared]:
    found: list[Declared] = []
    for module in project.modules.values():
        if "endpoints" not in module.text:
            continue
        for node in module.find("call_expression"):
            function = node.child_by_field_name("function")
            name = module.text_of(function).rpartition(".")[2] if function is not None else ""
            if name in {"createApi", "injectEndpoints"}:
                found += _endpoints(project, evaluator, module, node)
    return found[:MAX_ENDPOINTS]


def _endpoints(
    project: Project, evaluator: Evaluator, module: Module, call: Node
) -> list[Declared]:
    arguments = evaluator.arguments(module, call)
    options = arguments[0] if arguments else NOTHING
    builder = member(options, "endpoints")
    if not isinstance(builder, Closure):
        return []
    base = _base_of(member(options, "baseQuery")) or _any_base(project, evaluator, module)
    endpoints = evaluator.returns(builder.key)
    found: list[Declared] = []
    for _name, endpoint in endpoints.entries if isinstance(endpoints, Record) else ():
        made = _endpoint(evaluator, endpoint, base)
        if made is not None:
            found.append(made)
    return found


def _endpoint(evaluator: Evaluator, endpoint: Symbol, base: Symbol) -> Declared | None:
    """One `builder.query({ query: … })`; the request stands where its `query` function does."""
    if not isinstance(endpoint, Result) or not endpoint.arguments:
        return None
    query = member(endpoint.arguments[0], "query")
    if not isinstance(query, Closure) or query.key not in evaluator.nodes:
        return None
    module, node = evaluator.nodes[query.key]
    value = evaluator.returns(query.key)
    url = value if not isinstance(value, Record) else member(value, "url")
    method = (
        either([member(value, "method"), Lit("GET")]) if isinstance(value, Record) else Lit("GET")
    )
    body = member(value, "body") if isinstance(value, Record) else NOTHING
    params = member(value, "params") if isinstance(value, Record) else NOTHING
    method = Lit(method.text.upper()) if isinstance(method, Lit) else method
    return Request(under(base, url), method, as_json(body), params, NOTHING, "rtk"), module, node


def _base_of(query: Symbol) -> Symbol | None:
    known = isinstance(query, Result) and isinstance(query.callee, Package)
    if not known or not isinstance(query, Result) or not query.arguments:
        return None
    base = member(query.arguments[0], "baseUrl")
    return EMPTY if isinstance(base, Nothing) else base


def _any_base(project: Project, evaluator: Evaluator, near: Module) -> Symbol:
    """The base of the `fetchBaseQuery` in this module, else of the first in the project."""
    modules = [near, *(module for module in project.modules.values() if module is not near)]
    for module in modules:
        if "fetchBaseQuery(" not in module.text:
            continue
        for node in module.find("call_expression"):
            function = node.child_by_field_name("function")
            if function is not None and module.text_of(function) == "fetchBaseQuery":
                base = _base_of(evaluator.value(module, node))
                if base is not None:
                    return base
    return EMPTY
