"""Extract the chains on a Supabase client: tables, sign-in, storage, remote functions, channels."""

from __future__ import annotations

from typing import Literal

from tree_sitter import Node

from taishang.generation.evidence.bodies import BodyReader
from taishang.generation.evidence.modules import Project
from taishang.generation.evidence.routes import is_handler
from taishang.generation.evidence.syntax import Module
from taishang.generation.evidence.typeshapes import key_text
from taishang.generation.ir import Fact, Reads, Shape, SupabaseValue

CONFIDENCE = 0.95
MAX_LINKS = 40
_OPERATIONS = ("insert", "update", "upsert", "delete", "select")
_FILTERS = frozenset(
    {
        "eq",
        "neq",
        "gt",
        "gte",
        "lt",
        "lte",
        "like",
        "ilike",
        "is",
        "in",
        "contains",
        "match",
        "filter",
        "overlaps",
    }
)
_STORAGE = frozenset(
    {
        "upload",
        "update",
        "download",
        "getPublicUrl",
        "createSignedUrl",
        "list",
        "remove",
        "move",
        "copy",
    }
)
_SINGLE = frozenset({"single", "maybeSingle"})
_MARKERS = ("supabase", "createClient", "createBrowserClient")
_FUNCTIONS = ("arrow_function", "function_expression")
_DECLARED_FUNCTIONS = (
    "function_declaration",
    "method_definition",
    "generator_function_declaration",
)
Link = tuple[str, list[Node]]
Area = Literal["table", "auth", "storage", "rpc", "function", "channel"]


def extract(project: Project) -> list[Fact]:
    """One fact per chain; the outermost call of a chain speaks for all of it.

    What a route handler asks its database for is no call of the front end: that one calls the handler.
    """
    bodies = BodyReader(project)
    facts = []
    for module in project.modules.values():
        if not any(marker in module.text for marker in _MARKERS) or is_handler(module.path):
            continue
        for node in module.find("call_expression"):
            if _continues(node):
                continue
            value = _read(module, node, bodies)
            if value is not None:
                place = project.place(module, node, "supabase")
                facts.append(Fact(place=place, value=value, confidence=CONFIDENCE))
    return facts


def _continues(node: Node) -> bool:
    """Whether another call is chained onto this one."""
    parent = node.parent
    return (
        parent is not None
        and parent.type == "member_expression"
        and parent.parent is not None
        and (parent.parent.type == "call_expression")
    )


def chain(module: Module, node: Node) -> tuple[str, list[Link]]:
    """The root's text and the links from left to right; a property without a call has no arguments."""
    links: list[Link] = []
    while len(links) <= MAX_LINKS:
        if node.type == "call_expression":
            function, holder = (
                node.child_by_field_name("function"),
                node.child_by_field_name("arguments"),
            )
            if function is None or function.type != "member_expression":
                break
            name = module.text_of(function.child_by_field_name("property") or function)
            links.append((name, list(holder.named_children) if holder is not None else []))
            node = function.child_by_field_name("object") or function
        elif node.type == "member_expression":
            links.append((module.text_of(node.child_by_field_name("property") or node), []))
            node = node.child_by_field_name("object") or node
        elif (
            node.type in ("await_expression", "parenthesized_expression", "non_null_expression")
            and node.named_children
        ):
            node = node.named_children[0]
        else:
            break
    return module.text_of(node)[:80], list(reversed(links))


def _read(module: Module, node: Node, bodies: BodyReader) -> SupabaseValue | None:
    root, links = chain(module, node)
    names = [name for name, _ in links]
    if not _is_client(module, root, names):
        return None
    names_known = dict(reversed(links))
    function = enclosing_function(module, node)
    if "auth" in names[:2] and names[-1] not in ("auth",):
        return _auth(module, links, bodies, function)
    if "storage" in names[:2]:
        return _storage(module, links, function)
    for name, area in (("rpc", "rpc"), ("channel", "channel"), ("invoke", "function")):
        if name in names_known:
            return _remote(module, area, names_known[name], bodies, function)
    if "from" in names_known:
        return _table(module, links, names_known, bodies, function)
    return None


def _is_client(module: Module, root: str, names: list[str]) -> bool:
    if "supabase" in root.lower() or root.endswith("createClient"):
        return True
    return (
        root in ("client", "db", "sb")
        and "supabase" in module.text
        and names[:1] in (["from"], ["auth"], ["rpc"])
    )


def _auth(
    module: Module, links: list[Link], bodies: BodyReader, function: str | None
) -> SupabaseValue | None:
    names = [name for name, _ in links]
    operation, arguments = links[names.index("auth") + 1]
    if operation in ("onAuthStateChange", "admin", "mfa"):
        return None
    body = bodies.body(module, arguments[0]) if arguments else None
    return SupabaseValue(
        area="auth", target="auth", operation=operation, body=body, function=function
    )


def _storage(module: Module, links: list[Link], function: str | None) -> SupabaseValue | None:
    bucket = next(
        (first_text(module, arguments) for name, arguments in links if name == "from"), ""
    )
    operation = next((name for name, _ in links if name in _STORAGE), None)
    if operation is None:
        return None
    return SupabaseValue(
        area="storage", target=bucket or "files", operation=operation, function=function
    )


def _remote(
    module: Module, area: str, arguments: list[Node], bodies: BodyReader, function: str | None
) -> SupabaseValue:
    body = bodies.body(module, arguments[1]) if len(arguments) > 1 else None
    if area == "function" and body is not None and "body" in body.fields:
        body = body.fields["body"].shape
    return SupabaseValue.model_validate(
        {
            "area": area,
            "target": first_text(module, arguments) or "unknown",
            "operation": "subscribe" if area == "channel" else "call",
            "body": body,
            "function": function,
        }
    )


def _table(
    module: Module,
    links: list[Link],
    known: dict[str, list[Node]],
    bodies: BodyReader,
    function: str | None,
) -> SupabaseValue | None:
    table = first_text(module, known["from"])
    operation = next((name for name in _OPERATIONS if name in known), None)
    if not table or operation is None:
        return None
    selected = first_text(module, known.get("select", []))
    columns, embedded = read_columns(selected)
    body: Shape | None = None
    if operation in ("insert", "update", "upsert") and known[operation]:
        body = bodies.body(module, known[operation][0])
    return SupabaseValue(
        area="table",
        target=table,
        operation=operation,
        columns=columns,
        embedded=embedded,
        filters=_filters(module, links),
        body=body.items if body is not None and body.type == "array" and body.items else body,
        single=any(name in _SINGLE for name, _ in links),
        order=[first_text(module, arguments) for name, arguments in links if name == "order"],
        reads=Reads(),
        function=function,
    )


def _filters(module: Module, links: list[Link]) -> list[str]:
    found = []
    for name, arguments in links:
        if name == "match" and arguments and arguments[0].type == "object":
            found += [
                key_text(module, pair.child_by_field_name("key"))
                for pair in arguments[0].named_children
            ]
        elif name in _FILTERS:
            found.append(first_text(module, arguments))
    return [column for column in dict.fromkeys(found) if column.isidentifier()]


def read_columns(text: str) -> tuple[list[str], dict[str, str]]:
    """Columns and embedded tables of a select: `id, author:profiles(name)` embeds profiles as author."""
    columns: list[str] = []
    embedded: dict[str, str] = {}
    depth = start = 0
    parts: list[str] = []
    for index, character in enumerate(text[:4_000] + ","):
        depth += (character == "(") - (character == ")")
        if character == "," and depth <= 0:
            parts.append(text[start:index].strip())
            start = index + 1
    for part in parts:
        head, bracket, _ = part.partition("(")
        alias, _, table = head.strip().rpartition(":")
        name = (table or head).split("!")[0].strip()
        if bracket and name:
            embedded[(alias or name).strip()] = name
        elif name.isidentifier():
            columns.append((alias or name).strip())
    return [column for column in columns if column.isidentifier()], embedded


def first_text(module: Module, arguments: list[Node]) -> str:
    first = arguments[0] if arguments else None
    if first is None:
        return ""
    if first.type == "string":
        return key_text(module, first)
    if first.type == "template_string" and not any(
        part.type == "template_substitution" for part in first.named_children
    ):
        return " ".join(module.text_of(first)[1:-1].split())
    return ""


def enclosing_function(module: Module, node: Node) -> str | None:
    """The name of the function that `node` stands in; the nearest one that has a name."""
    holder = node.parent
    inside = False
    while holder is not None:
        inside = inside or holder.type in _FUNCTIONS
        name = _function_name(module, holder, inside=inside)
        if name:
            return name[:120]
        holder = holder.parent
    return None


def _function_name(module: Module, holder: Node, *, inside: bool) -> str:
    named, value = holder.child_by_field_name("name"), holder.child_by_field_name("value")
    if holder.type in _DECLARED_FUNCTIONS and named is not None:
        return module.text_of(named)
    if not inside or value is None or value.type not in (*_FUNCTIONS, "call_expression"):
        return ""
    if holder.type == "variable_declarator" and named is not None and named.type == "identifier":
        return module.text_of(named)
    is_member = holder.type == "pair" and value.type in _FUNCTIONS
    return key_text(module, holder.child_by_field_name("key")) if is_member else ""
