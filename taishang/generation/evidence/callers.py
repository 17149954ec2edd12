"""Around a call: the function it stands in, whether anybody uses that, and what headers it sends."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

from tree_sitter import Node

from taishang.generation.evidence.modules import Project
from taishang.generation.evidence.scopes import FUNCTIONS
from taishang.generation.evidence.symbols import (
    Closure,
    Flag,
    Lit,
    Nothing,
    Record,
    Symbol,
    children,
    member,
)
from taishang.generation.evidence.syntax import MAX_DEPTH, Module

WORD = re.compile(r"[A-Za-z_$][\w$]*(?:\??\.[A-Za-z_$][\w$]*)*")
TOKEN_HEADERS = frozenset({"authorization", "x-access-token", "x-auth-token", "x-token", "token"})
SIGN_IN_PATH = re.compile(
    r"/(log-?in|sign-?in|sign-?up|register|token|refresh|forgot|reset|verify|otp|oauth|session)s?\b",
    re.I,
)
MAX_STACK = 200


class Mentions:
    """How often names are written in the whole project, qualified (`api.list`) and bare."""

    def __init__(self, project: Project) -> None:
        self._bare: Counter[str] = Counter()
        self._pairs: Counter[str] = Counter()
        chains: Counter[str] = Counter()
        for module in project.modules.values():
            chains.update(WORD.findall(module.text))
        for chain, count in chains.items():
            parts = chain.replace("?", "").split(".")
            for part in parts:
                self._bare[part] += count
            for pair in pairwise(parts):
                self._pairs[".".join(pair)] += count

    def is_used(self, name: str, owner: str) -> bool:
        """Whether `name` (a member of `owner`, or a function) is mentioned beyond its definition."""
        if name[:1].isupper():
            return True
        if owner and self._pairs[f"{owner}.{name}"]:
            return True
        if owner and owner != "this":
            return bool(self._pairs[f"this.{name}"]) or not self._bare[owner]
        return self._bare[name] > 1


def enclosing_name(module: Module, node: Node) -> tuple[str, str]:
    """(function, owner): the named function around `node`, and the object or class it is a member of."""
    found: Node | None = node
    name = ""
    for _ in range(MAX_DEPTH):
        if found is None:
            break
        if found.type in FUNCTIONS:
            name = _name_of(module, found)
            if name:
                return name, _owner_of(module, found)
        found = found.parent
    return "", ""


def _name_of(module: Module, function: Node) -> str:
    own = function.child_by_field_name("name")
    if own is not None:
        return module.text_of(own)
    parent = function.parent
    for _ in range(4):
        if parent is None:
            return ""
        if parent.type in {
            "variable_declarator",
            "public_field_definition",
            "field_definition",
            "pair",
        }:
            key = parent.child_by_field_name("name") or parent.child_by_field_name("key")
            key = key or parent.child_by_field_name("property")
            text = module.text_of(key) if key is not None else ""
            return (
                text
                if re.fullmatch(r"[\w$]+", text) and text not in {"queryFn", "mutationFn"}
                else ""
            )
        if parent.type not in {
            "call_expression",
            "arguments",
            "as_expression",
            "parenthesized_expression",
        }:
            return ""
        parent = parent.parent
    return ""


def _owner_of(module: Module, function: Node) -> str:
    parent = function if function.type == "method_definition" else function.parent
    if parent is None:
        return ""
    holder = parent.parent
    if holder is None or holder.type not in {"object", "class_body"}:
        return ""
    if holder.type == "class_body":
        return "this"
    above = holder.parent
    for _ in range(3):
        if above is None:
            return ""
        if above.type in {"variable_declarator", "pair"}:
            key = above.child_by_field_name("name") or above.child_by_field_name("key")
            return module.text_of(key) if key is not None else ""
        above = above.parent
    return ""


def sends_token(options: Symbol, headers_of: list[Symbol]) -> bool:
    """Whether an authorization header is among the options' headers."""
    return any(_has_token(value) for value in [member(options, "headers"), *headers_of])


def _has_token(headers: Symbol) -> bool:
    stack, seen = [headers], 0
    while stack and seen < MAX_STACK:
        value = stack.pop()
        seen += 1
        if isinstance(value, Record) and any(
            key is not None and key.lower() in TOKEN_HEADERS and not isinstance(content, Nothing)
            for key, content in value.entries
        ):
            return True
        if not isinstance(value, Closure):
            stack.extend(children(value))
    return False


def sends_cookies(options: Symbol) -> bool:
    """`credentials: "include"` or `withCredentials: true`."""
    credentials, flag = member(options, "credentials"), member(options, "withCredentials")
    return (isinstance(credentials, Lit) and credentials.text == "include") or flag == Flag(
        value=True
    )


def is_before_sign_in(path: str) -> bool:
    """Whether the path is one that people call before they are signed in."""
    return bool(SIGN_IN_PATH.search(path))
