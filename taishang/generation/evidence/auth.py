"""Extract traces of how the front end signs in: headers, stored tokens, cookies, guards, roles."""

from __future__ import annotations

import re

from tree_sitter import Node

from taishang.generation.evidence.modules import Project
from taishang.generation.evidence.syntax import Module
from taishang.generation.evidence.typeshapes import key_text
from taishang.generation.ir import AuthValue, Fact

CONFIDENCE = 0.8
MAX_FACTS_PER_FILE = 60
_SCHEME = re.compile(r"[`'\"](Bearer|Token|JWT)\s")
_TOKEN_KEY = re.compile(r"token|jwt|session", re.IGNORECASE)
_ROLE_NAMES = frozenset({"role", "roles", "userRole", "user_role", "accountType", "userType"})
_FLAGS = frozenset({"isAdmin", "is_admin", "isStaff", "is_staff", "isSuperuser"})
_GUARDS = re.compile(
    r"^(?:Protected|Private|Require|Auth|Guarded)\w{0,20}(?:Route|Guard|Auth|Layout)$"
)
_ROLE_WORD = re.compile(r"[A-Za-z][\w-]{1,30}")


def extract(project: Project) -> list[Fact]:
    """One fact per trace; each line speaks once for each kind of trace."""
    facts: list[Fact] = []
    for module in project.modules.values():
        found = [
            *_headers(project, module),
            *_storage(project, module),
            *_cookies(project, module),
            *_roles(project, module),
            *_guards(project, module),
        ]
        facts += found[:MAX_FACTS_PER_FILE]
    return facts


def _fact(project: Project, module: Module, node: Node, value: AuthValue) -> Fact:
    return Fact(place=project.place(module, node, "auth"), value=value, confidence=CONFIDENCE)


def _headers(project: Project, module: Module) -> list[Fact]:
    if "uthorization" not in module.text and "Bearer" not in module.text:
        return []
    facts = []
    for node in module.find("pair", "assignment_expression", "template_string"):
        text = module.text_of(node)
        if len(text) > 400:
            continue
        found = _SCHEME.search(text)
        if found is not None and (node.type == "template_string" or "uthorization" in text):
            scheme = "bearer" if found.group(1) == "Bearer" else "token"
            value = AuthValue.model_validate(
                {"what": "header", "detail": found.group(1), "scheme": scheme}
            )
            facts.append(_fact(project, module, node, value))
    return facts


def _storage(project: Project, module: Module) -> list[Fact]:
    facts = []
    for node in module.find("call_expression"):
        function, holder = (
            node.child_by_field_name("function"),
            node.child_by_field_name("arguments"),
        )
        called = module.text_of(function)[:80] if function is not None else ""
        if (
            not called.endswith(
                (".setItem", ".getItem", "Cookies.set", "setItemAsync", "getItemAsync")
            )
            or holder is None
        ):
            continue
        first = holder.named_children[0] if holder.named_child_count else None
        key = module.text_of(first)[:80].strip("'\"`") if first is not None else ""
        if _TOKEN_KEY.search(key):
            value = AuthValue(what="token_storage", detail=key, scheme="unknown")
            facts.append(_fact(project, module, node, value))
    return facts


def _cookies(project: Project, module: Module) -> list[Fact]:
    if "credentials" not in module.text and "withCredentials" not in module.text:
        return []
    facts = []
    for node in module.find("pair", "assignment_expression"):
        key = node.child_by_field_name("key") or node.child_by_field_name("left")
        value = node.child_by_field_name("value") or node.child_by_field_name("right")
        name = module.text_of(key).rpartition(".")[2].strip("'\"") if key is not None else ""
        text = module.text_of(value).strip("'\"`") if value is not None else ""
        if (name == "credentials" and text in ("include", "same-origin")) or (
            name == "withCredentials" and text == "true"
        ):
            trace = AuthValue(what="cookies", detail=f"{name}: {text}", scheme="cookie")
            facts.append(_fact(project, module, node, trace))
    return facts


def _roles(project: Project, module: Module) -> list[Fact]:
    """`user.role === "admin"`, `roles.includes("editor")`, `user.isAdmin`."""
    facts = []
    for node in module.find("binary_expression"):
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = node.child_by_field_name("operator")
        if (
            left is None
            or right is None
            or operator is None
            or module.text_of(operator) not in ("===", "==", "!==", "!=")
        ):
            continue
        name = module.text_of(left)[:120].rpartition(".")[2]
        if name in _ROLE_NAMES and right.type == "string":
            facts += _role(project, module, node, name, key_text(module, right))
    for node in module.find("member_expression"):
        name = module.text_of(node.child_by_field_name("property") or node)
        if name in _FLAGS:
            facts += _role(project, module, node, name, "admin")
    return facts


def _role(project: Project, module: Module, node: Node, field: str, role: str) -> list[Fact]:
    if _ROLE_WORD.fullmatch(role) is None or role in (
        "user",
        "assistant",
        "system",
        "button",
        "dialog",
        "option",
    ):
        return []
    value = AuthValue(what="role", detail=field, roles=[role])
    return [_fact(project, module, node, value)]


def _guards(project: Project, module: Module) -> list[Fact]:
    facts = []
    for node in module.find("jsx_opening_element"):
        name = node.child_by_field_name("name")
        if name is not None and _GUARDS.match(module.text_of(name)[:60]):
            facts.append(
                _fact(project, module, node, AuthValue(what="guard", detail=module.text_of(name)))
            )
    return facts
