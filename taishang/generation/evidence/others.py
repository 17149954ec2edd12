"""List what talks to a server in another way than plain HTTP, so that nothing is dropped in silence."""

from __future__ import annotations

import re
from typing import Literal

from tree_sitter import Node

from taishang.generation.evidence.modules import Project
from taishang.generation.evidence.syntax import Module
from taishang.generation.ir import Fact, OtherValue

CONFIDENCE = 0.9
MAX_FACTS_PER_FILE = 60
What = Literal["graphql", "trpc", "websocket", "eventsource", "firebase", "server_action"]
_REASONS: dict[What, str] = {
    "graphql": "GraphQL operations name no REST path; write a resolver or call REST instead.",
    "trpc": "A tRPC procedure is bound to its own server; it names no method and path.",
    "websocket": "A socket is a conversation, not a request; a REST back end cannot answer it.",
    "eventsource": "A stream of events needs a long-lived reply that this back end does not give.",
    "firebase": "Firebase calls go to Google's servers through its own library.",
    "server_action": "A server action runs inside the front end's own server and has no address.",
}
_FIRESTORE = frozenset(
    {
        "collection",
        "doc",
        "addDoc",
        "setDoc",
        "updateDoc",
        "deleteDoc",
        "getDocs",
        "getDoc",
        "onSnapshot",
        "httpsCallable",
    }
)
_FIRE_AUTH = frozenset(
    {
        "signInWithEmailAndPassword",
        "createUserWithEmailAndPassword",
        "signInWithPopup",
        "onAuthStateChanged",
    }
)
_SOCKETS: dict[str, What] = {"WebSocket": "websocket", "EventSource": "eventsource"}
_OPERATION = re.compile(r"\b(query|mutation|subscription)\s+([A-Za-z_]\w{0,80})")
_TRPC = re.compile(r"\.(useQuery|useMutation|useInfiniteQuery|query|mutate)$")


def extract(project: Project) -> list[Fact]:
    facts: list[Fact] = []
    for module in project.modules.values():
        found = [
            *_graphql(project, module),
            *_calls(project, module),
            *_sockets(project, module),
            *_actions(project, module),
        ]
        facts += found[:MAX_FACTS_PER_FILE]
    return facts


def _fact(project: Project, module: Module, node: Node, what: What, name: str) -> Fact:
    value = OtherValue(what=what, name=name[:120], why=_REASONS[what])
    return Fact(place=project.place(module, node, "other"), value=value, confidence=CONFIDENCE)


def _graphql(project: Project, module: Module) -> list[Fact]:
    if "gql" not in module.text and "graphql" not in module.text.lower():
        return []
    facts = []
    for node in module.find("template_string"):
        holder = node.parent
        tagged = holder is not None and module.text_of(holder).lstrip().startswith(
            ("gql", "graphql")
        )
        found = _OPERATION.search(module.text_of(node)[:4_000])
        if tagged and found is not None:
            facts.append(
                _fact(project, module, node, "graphql", f"{found.group(1)} {found.group(2)}")
            )
    return facts


def _calls(project: Project, module: Module) -> list[Fact]:
    fire = "firebase/" in module.text
    facts = []
    for node in module.find("call_expression"):
        function = node.child_by_field_name("function")
        called = module.text_of(function)[:160] if function is not None else ""
        name = called.rpartition(".")[2]
        if fire and name in _FIRESTORE | _FIRE_AUTH:
            facts.append(
                _fact(project, module, node, "firebase", _firebase_name(module, node, name))
            )
        elif (
            called.startswith(("trpc.", "api."))
            and _TRPC.search(called)
            and "trpc" in module.text.lower()
        ):
            facts.append(_fact(project, module, node, "trpc", called))
        elif called in ("io", "socketIOClient") and "socket.io" in module.text:
            facts.append(_fact(project, module, node, "websocket", "socket.io"))
    return facts


def _firebase_name(module: Module, node: Node, name: str) -> str:
    holder = node.child_by_field_name("arguments")
    texts = (
        [module.text_of(part)[1:-1] for part in holder.named_children if part.type == "string"]
        if holder
        else []
    )
    return f"{name} {texts[0]}" if texts else name


def _sockets(project: Project, module: Module) -> list[Fact]:
    facts = []
    for node in module.find("new_expression"):
        constructor = node.child_by_field_name("constructor")
        what = _SOCKETS.get(module.text_of(constructor)) if constructor is not None else None
        if what is not None:
            holder = node.child_by_field_name("arguments")
            facts.append(
                _fact(
                    project,
                    module,
                    node,
                    what,
                    module.text_of(holder)[1:80].rstrip(")") if holder else what,
                )
            )
    return facts


def _actions(project: Project, module: Module) -> list[Fact]:
    """Exported functions of a module that opens with "use server"."""
    first = next((child for child in module.root.named_children if child.type != "comment"), None)
    if first is None or module.text_of(first).strip("'\"; ") != "use server":
        return []
    facts = []
    for node in module.find("function_declaration", "variable_declarator"):
        holder = (
            node.parent
            if node.type == "function_declaration"
            else node.parent and node.parent.parent
        )
        name = node.child_by_field_name("name")
        if holder is not None and holder.type == "export_statement" and name is not None:
            facts.append(_fact(project, module, node, "server_action", module.text_of(name)))
    return facts
