"""What the front end takes out of a reply, followed from the call through variables, callbacks and hooks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tree_sitter import Node

from taishang.generation.evidence.scopes import FUNCTIONS, Binding, Scopes
from taishang.generation.evidence.syntax import MAX_DEPTH, Module, walk
from taishang.generation.evidence.traffic import Edge, Template
from taishang.generation.evidence.values import Evaluator
from taishang.generation.evidence.wrappers import QUERY_HOOKS
from taishang.generation.ir import Reads

MAX_STEPS = 400
MAX_KEYS = 60
MAX_PATH = 5
MAX_CALLERS = 6
LIST_METHODS = frozenset(
    {"map", "filter", "forEach", "find", "findIndex", "reduce", "some", "every", "flatMap", "sort", "slice",
     "length", "concat", "reverse", "toSorted", "at"}
)  # fmt: skip
ITEM_METHODS = frozenset(
    {"map", "filter", "forEach", "find", "findIndex", "some", "every", "flatMap"}
)
KEEPS_LIST = frozenset({"filter", "sort", "slice", "reverse", "toSorted"})
NOT_KEYS = LIST_METHODS | frozenset(
    {"then", "catch", "finally", "toString", "trim", "split", "includes", "join", "push", "toFixed",
     "toLowerCase", "toUpperCase", "toLocaleString", "startsWith", "replace", "indexOf", "hasOwnProperty",
     "substring", "charAt", "padStart", "toLocaleDateString", "endsWith", "match", "keys", "values", "entries"}
)  # fmt: skip
SAME = frozenset(
    {"await_expression", "parenthesized_expression", "as_expression", "satisfies_expression",
     "non_null_expression", "type_assertion"}
)  # fmt: skip
BODY_METHODS = frozenset({"json", "body"})
OPAQUE_METHODS = frozenset({"text", "blob", "arrayBuffer", "formData"})
LIST_KEYS = frozenset(
    {
        "data",
        "results",
        "items",
        "rows",
        "records",
        "list",
        "content",
        "docs",
        "hits",
        "result",
        "payload",
        "entries",
        "objects",
    }
)
WRAPS_DATA = frozenset({"axios", "superagent", "wx"})
FAILED = re.compile(
    r"!\s{0,3}[\w.?]{1,60}\.ok\b|\.ok\s{0,3}===?\s{0,3}false|\.status\s{0,3}(?:>=|!==?)\s{0,3}\d{3}"
)
STATUS = re.compile(r"\.status\s{0,3}[!=]==?\s{0,3}(\d{3})\b")
AXIOS_ERROR = re.compile(r"response\??\.data\??\.(\w{1,40})")
WRAPPED_TYPES = re.compile(r"^(?:Promise|Observable|AxiosResponse|AxiosPromise)<([\s\S]{1,400})>$")
MEANINGLESS = frozenset(
    {
        "any",
        "unknown",
        "void",
        "never",
        "Response",
        "object",
        "{}",
        "AxiosResponse",
        "T",
        "undefined",
    }
)


@dataclass(frozen=True)
class Seen:
    """A value on its way: `kind` response, body or query; `path` into the body."""

    module: Module
    node: Node
    kind: str
    path: str = ""
    hops: int = 0


@dataclass
class Finding:
    """What was found for one call, before it becomes `Reads`."""

    keys: dict[str, None] = field(default_factory=dict)
    lists: dict[str, None] = field(default_factory=dict)
    errors: dict[str, None] = field(default_factory=dict)
    statuses: set[int] = field(default_factory=set)
    returned: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)


class ReplyReader:
    """Follows replies through one project. `edges` are the calls of each function."""

    def __init__(self, evaluator: Evaluator, edges: dict[str, list[Edge]]) -> None:
        self._evaluator = evaluator
        self._edges = edges
        self._origins: dict[tuple[str, int], Finding] = {}
        self._mentions: dict[tuple[str, int, int], dict[str, list[Node]]] = {}

    def read(self, template: Template, client: str, path: str) -> Reads:
        """The reads of one call; a wrapper's own unwrapping counts as the envelope."""
        envelope, errors, statuses = "", list[str](), set[int]()
        kind = "response"
        if template.depth:
            origin = self._origin(template, client)
            envelope = next((path for path in origin.returned if path not in {"", "?"}), "")
            errors, statuses = list(origin.errors), origin.statuses
            kind = _kind_of(origin.returned)
        start = Seen(template.module, template.node, kind)
        finding = self._follow(start, client)
        return _reads(finding, _Frame(envelope, errors, statuses, path))

    def _origin(self, template: Template, client: str) -> Finding:
        path, position = template.origin
        if template.origin not in self._origins:
            module = self._evaluator.project.modules[path]
            node = module.root.descendant_for_byte_range(position, position + 1)
            while node is not None and node.type != "call_expression":
                node = node.parent
            start = Seen(module, node or module.root, "response", "", MAX_CALLERS)
            self._origins[template.origin] = self._follow(start, client)
        return self._origins[template.origin]

    def _follow(self, start: Seen, client: str) -> Finding:
        finding = Finding()
        self._note_surroundings(start, finding)
        pending, done = [start], set[tuple[str, int, int, str, str]]()
        for _ in range(MAX_STEPS):
            if not pending:
                break
            seen = pending.pop()
            key = (seen.module.path, seen.node.start_byte, seen.node.end_byte, seen.kind, seen.path)
            if key not in done:
                done.add(key)
                pending.extend(self._step(seen, client, finding))
        return finding

    def _step(self, seen: Seen, client: str, finding: Finding) -> list[Seen]:
        """What happens to the value right where it stands."""
        parent = seen.node.parent
        if parent is None:
            return []
        if parent.type in SAME:
            if parent.type in {"as_expression", "satisfies_expression"} and not seen.path:
                finding.types.append(seen.module.text_of(parent.named_children[-1]))
            return [_at(seen, parent)]
        if parent.type == "member_expression":
            return self._member(seen, parent, client, finding)
        if parent.type == "variable_declarator":
            return self._declared(seen, parent, finding)
        step = STEPS.get(parent.type)
        return step(self, seen, parent, finding) if step else []

    def _member(self, seen: Seen, parent: Node, client: str, finding: Finding) -> list[Seen]:
        target, name_node = (
            parent.child_by_field_name("object"),
            parent.child_by_field_name("property"),
        )
        if target is None or name_node is None or target.id != seen.node.id:
            return []
        name = seen.module.text_of(name_node)
        call = (
            parent.parent
            if parent.parent is not None and parent.parent.type == "call_expression"
            else None
        )
        if name in {"then", "catch", "finally"} and call is not None:
            return self._promised(seen, call, name)
        if seen.kind == "response":
            return self._of_response(seen, parent, name, call, client)
        if seen.kind == "query":
            return [_at(seen, parent, kind="body")] if name == "data" else []
        return self._of_body(seen, parent, name, call, finding)

    def _of_response(
        self, seen: Seen, parent: Node, name: str, call: Node | None, client: str
    ) -> list[Seen]:
        if name in BODY_METHODS and call is not None:
            return [_at(seen, call, kind="body")]
        if client in WRAPS_DATA and name in {"data", "body"}:
            return [_at(seen, parent, kind="body")]
        plain = client in {"ofetch", "jquery", "angular"}
        return (
            self._of_body(_at(seen, seen.node, kind="body"), parent, name, call, Finding())
            if plain
            else []
        )

    def _of_body(
        self, seen: Seen, parent: Node, name: str, call: Node | None, finding: Finding
    ) -> list[Seen]:
        if name in LIST_METHODS:
            finding.lists[seen.path] = None
            if call is None:
                return []
            following = self._items(seen, call) if name in ITEM_METHODS else []
            return following + ([_at(seen, call)] if name in KEEPS_LIST else [])
        if name in NOT_KEYS or seen.path.count(".") >= MAX_PATH:
            return []
        path = f"{seen.path}.{name}" if seen.path else name
        self._note_key(seen, parent, path, finding)
        return [_at(seen, parent, path=path)]

    def _note_key(self, seen: Seen, node: Node, path: str, finding: Finding) -> None:
        if _in_failure(seen.module, node):
            finding.errors[path] = None
        elif len(finding.keys) < MAX_KEYS:
            finding.keys[path] = None

    def _items(self, seen: Seen, call: Node) -> list[Seen]:
        """The first parameter of `list.map(item => …)` is an item."""
        callback = _first_argument(call)
        if callback is None or callback.type not in FUNCTIONS:
            return []
        return self._bound(seen, callback, 0, f"{seen.path}[]", seen.kind)

    def _promised(self, seen: Seen, call: Node, name: str) -> list[Seen]:
        if name != "then":
            return [_at(seen, call)]
        callback = _first_argument(call)
        if callback is None or callback.type not in FUNCTIONS:
            return []
        return self._bound(seen, callback, 0, seen.path, seen.kind)

    def _bound(self, seen: Seen, function: Node, index: int, path: str, kind: str) -> list[Seen]:
        """Every use of a parameter of `function`."""
        scopes = self._evaluator.scopes(seen.module)
        scope = scopes.at(function.start_byte)
        found: list[Seen] = []
        for binding in scope.names.values():
            if (
                binding.kind == "parameter"
                and binding.index == index
                and binding.node.id == function.id
            ):
                inner = _extended(path, binding)
                found += self._uses(seen, scopes, binding, inner, kind)
        return found

    def _declared(self, seen: Seen, declarator: Node, finding: Finding) -> list[Seen]:
        value = declarator.child_by_field_name("value")
        if value is None or value.id != seen.node.id:
            return []
        annotation = declarator.child_by_field_name("type")
        if (
            annotation is not None
            and annotation.named_child_count
            and seen.kind == "body"
            and not seen.path
        ):
            finding.types.append(seen.module.text_of(annotation.named_children[0]))
        scopes = self._evaluator.scopes(seen.module)
        scope = scopes.at(declarator.start_byte)
        found: list[Seen] = []
        for binding in scope.names.values():
            if binding.node.id == declarator.id:
                found += self._binding(seen, scopes, binding, finding)
        return found

    def _binding(
        self, seen: Seen, scopes: Scopes, binding: Binding, finding: Finding
    ) -> list[Seen]:
        keys = [step.key for step in binding.steps if step.key]
        kind = seen.kind
        if keys and kind in {"response", "query"}:
            if keys[0] != "data":
                return []
            kind, keys = "body", keys[1:]
        path = seen.path
        for key in keys:
            path = f"{path}[]" if key.isdigit() else (f"{path}.{key}" if path else key)
            if not key.isdigit():
                self._note_key(seen, binding.node, path, finding)
        return self._uses(seen, scopes, binding, path, kind)

    def _uses(
        self, seen: Seen, scopes: Scopes, binding: Binding, path: str, kind: str
    ) -> list[Seen]:
        scope = binding.scope.node if binding.scope is not None else seen.module.root
        found = []
        for node in self._identifiers(seen.module, scope).get(binding.name, []):
            declared = node.parent is not None and node.parent.id == binding.node.id
            if not declared and scopes.lookup(binding.name, node.start_byte) is binding:
                found.append(Seen(seen.module, node, kind, path, seen.hops))
        return found

    def _identifiers(self, module: Module, scope: Node) -> dict[str, list[Node]]:
        key = (module.path, scope.start_byte, scope.end_byte)
        if key not in self._mentions:
            names: dict[str, list[Node]] = {}
            for node in walk(scope):
                if node.type in {"identifier", "shorthand_property_identifier"}:
                    names.setdefault(module.text_of(node), []).append(node)
            self._mentions[key] = names
        return self._mentions[key]

    def _argument(self, seen: Seen, parent: Node, finding: Finding) -> list[Seen]:
        """`setItems(data)`: the state it fills is the value from now on; `Array.isArray(data)` tells a list."""
        call = parent.parent
        function = call.child_by_field_name("function") if call is not None else None
        if call is None or function is None:
            return []
        name = seen.module.text_of(function)
        if name == "Array.isArray":
            finding.lists.setdefault(seen.path, None)
        if seen.kind != "body" or not re.fullmatch(r"set[A-Z]\w{0,60}", name):
            return []
        return self._state(seen, name)

    def _state(self, seen: Seen, setter: str) -> list[Seen]:
        scopes = self._evaluator.scopes(seen.module)
        binding = scopes.lookup(setter, seen.node.start_byte)
        if binding is None or binding.kind != "variable" or binding.scope is None:
            return []
        for other in binding.scope.names.values():
            steps = [step.key for step in other.steps]
            if other.node.id == binding.node.id and steps == ["0"]:
                return self._uses(seen, scopes, other, seen.path, "body")
        return []

    def _either(self, seen: Seen, parent: Node, finding: Finding) -> list[Seen]:
        """`data.items || []` is still the value, and says that it is a list."""
        operator, right = (
            parent.child_by_field_name("operator"),
            parent.child_by_field_name("right"),
        )
        sign = operator.type if operator is not None else ""
        if sign not in {"||", "??", "&&"}:
            return []
        if (
            right is not None
            and right.type == "array"
            and right.id != seen.node.id
            and seen.kind == "body"
        ):
            finding.lists.setdefault(seen.path, None)
        return [_at(seen, parent)]

    def _ternary(self, seen: Seen, parent: Node, _finding: Finding) -> list[Seen]:
        test = parent.child_by_field_name("condition")
        return [] if test is not None and test.id == seen.node.id else [_at(seen, parent)]

    def _spread(self, seen: Seen, parent: Node, finding: Finding) -> list[Seen]:
        if parent.parent is not None and parent.parent.type == "array" and seen.kind == "body":
            finding.lists.setdefault(seen.path, None)
        return []

    def _loop(self, seen: Seen, parent: Node, finding: Finding) -> list[Seen]:
        right = parent.child_by_field_name("right")
        if right is None or right.id != seen.node.id or seen.kind != "body":
            return []
        finding.lists.setdefault(seen.path, None)
        scopes = self._evaluator.scopes(seen.module)
        found: list[Seen] = []
        for binding in scopes.at(parent.start_byte).names.values():
            if binding.node.id == parent.id:
                found += self._uses(
                    seen, scopes, binding, _extended(f"{seen.path}[]", binding), "body"
                )
        return found

    def _assigned(self, seen: Seen, parent: Node, _finding: Finding) -> list[Seen]:
        left = parent.child_by_field_name("left")
        if left is None or left.type != "identifier" or left.id == seen.node.id:
            return []
        scopes = self._evaluator.scopes(seen.module)
        binding = scopes.lookup(seen.module.text_of(left), parent.start_byte)
        return (
            self._uses(seen, scopes, binding, seen.path, seen.kind) if binding is not None else []
        )

    def _index(self, seen: Seen, parent: Node, finding: Finding) -> list[Seen]:
        target, index = parent.child_by_field_name("object"), parent.child_by_field_name("index")
        if target is None or index is None or target.id != seen.node.id or seen.kind != "body":
            return []
        if index.type == "number":
            finding.lists.setdefault(seen.path, None)
            return [_at(seen, parent, path=f"{seen.path}[]")]
        return []

    def _returned(self, seen: Seen, parent: Node, finding: Finding) -> list[Seen]:
        """The value leaves its function: to the promise's next step, the hook, or the callers."""
        function = parent
        if parent.type == "return_statement":
            found = self._evaluator.scopes(seen.module).function_at(parent.start_byte)
            if found is None:
                return []
            function = found
        body = function.child_by_field_name("body")
        if parent.type == "arrow_function" and (body is None or body.id != seen.node.id):
            return []
        return self._left(seen, function, finding)

    def _left(self, seen: Seen, function: Node, finding: Finding) -> list[Seen]:
        holder = function.parent
        call = holder.parent if holder is not None and holder.type == "arguments" else None
        if call is not None and call.type == "call_expression":
            name = seen.module.text_of(call.child_by_field_name("function") or call)
            if name.endswith((".then", ".catch")):
                return [_at(seen, call)]
        finding.returned.append(seen.path if seen.kind == "body" else "?")
        self._note_return_type(seen, function, finding)
        if seen.hops >= MAX_CALLERS:
            return []
        found = self._hooked(seen, function)
        key = self._evaluator.key(seen.module, function)
        for edge in self._edges.get(key, [])[:MAX_CALLERS]:
            kind = "query" if _is_query_hook(edge) else seen.kind
            found.append(Seen(edge.module, edge.node, kind, seen.path, seen.hops + 1))
        return found

    def _note_return_type(self, seen: Seen, function: Node, finding: Finding) -> None:
        declared = function.child_by_field_name("return_type")
        if (
            declared is not None
            and declared.named_child_count
            and seen.kind == "body"
            and not seen.path
        ):
            finding.types.append(seen.module.text_of(declared.named_children[0]))

    def _hooked(self, seen: Seen, function: Node) -> list[Seen]:
        """`useQuery({ queryFn: () => … })`: the call of the hook carries the value as `data`."""
        pair = function.parent
        found: Node | None = pair
        if pair is None or pair.type not in {"pair", "arguments"}:
            return []
        for _ in range(4):
            if found is None or found.type == "call_expression":
                break
            found = found.parent
        name = found.child_by_field_name("function") if found is not None else None
        if found is None or name is None:
            return []
        called = seen.module.text_of(name).rpartition(".")[2]
        known = called in QUERY_HOOKS or called.startswith("useSWR")
        return [Seen(seen.module, found, "query", seen.path, seen.hops)] if known else []

    def _note_surroundings(self, start: Seen, finding: Finding) -> None:
        """Type arguments of the call, status codes tested, keys of errors caught around it."""
        arguments = start.node.child_by_field_name("type_arguments")
        if arguments is not None and arguments.named_child_count:
            finding.types.append(start.module.text_of(arguments.named_children[0]))
        function = self._evaluator.scopes(start.module).function_at(start.node.start_byte)
        if function is None or function.end_byte - function.start_byte > 20_000:
            return
        text = start.module.text_of(function)
        finding.statuses.update(int(code) for code in STATUS.findall(text))
        finding.errors.update(dict.fromkeys(AXIOS_ERROR.findall(text)))


STEPS = {
    "arguments": ReplyReader._argument,
    "binary_expression": ReplyReader._either,
    "ternary_expression": ReplyReader._ternary,
    "spread_element": ReplyReader._spread,
    "for_in_statement": ReplyReader._loop,
    "assignment_expression": ReplyReader._assigned,
    "subscript_expression": ReplyReader._index,
    "return_statement": ReplyReader._returned,
    "arrow_function": ReplyReader._returned,
}


def _kind_of(returned: list[str]) -> str:
    """What a wrapper gives back: the response, the body, or (a hook) an object that carries the body."""
    if "?" in returned:
        return "response"
    return "body" if returned else "query"


def _at(seen: Seen, node: Node, *, kind: str | None = None, path: str | None = None) -> Seen:
    return Seen(
        seen.module,
        node,
        seen.kind if kind is None else kind,
        seen.path if path is None else path,
        seen.hops,
    )


def _extended(path: str, binding: Binding) -> str:
    for step in binding.steps:
        if step.key and step.key != "..." and not step.key.isdigit():
            path = f"{path}.{step.key}" if path else step.key
    return path


def _first_argument(call: Node) -> Node | None:
    arguments = call.child_by_field_name("arguments")
    return (
        arguments.named_children[0]
        if arguments is not None and arguments.named_child_count
        else None
    )


def _in_failure(module: Module, node: Node) -> bool:
    """Whether `node` stands in a branch for failed replies, or in a catch."""
    child: Node | None = node
    for _ in range(MAX_DEPTH):
        parent = child.parent if child is not None else None
        if parent is None or parent.type in FUNCTIONS:
            return False
        if parent.type == "if_statement" and child is not None:
            taken = parent.child_by_field_name("consequence")
            test = parent.child_by_field_name("condition")
            failed = test is not None and FAILED.search(module.text_of(test)[:300])
            if taken is not None and taken.id == child.id and failed:
                return True
        if parent.type == "catch_clause":
            return True
        child = parent
    return False


def _is_query_hook(edge: Edge) -> bool:
    name = edge.node.child_by_field_name("function")
    called = edge.module.text_of(name).rpartition(".")[2] if name is not None else ""
    return called in QUERY_HOOKS or called.startswith("useSWR")


@dataclass(frozen=True)
class _Frame:
    """What surrounds a call's own reads: the wrapper's envelope and errors, and the path called."""

    envelope: str
    errors: list[str]
    statuses: set[int]
    path: str


def _reads(finding: Finding, frame: _Frame) -> Reads:
    envelope = frame.envelope
    keys = [_joined(envelope, key) for key in finding.keys]
    found = {key.rpartition(".")[2] for key in finding.errors} | set(frame.errors)
    list_at = _list_at(finding, frame.path)
    if list_at is not None and envelope:
        list_at = f"{envelope}.{list_at}" if list_at else envelope
    return Reads(
        keys=([envelope] if envelope else []) + keys,
        list_at=list_at,
        envelope=envelope or None,
        type_name=_type_name(finding.types),
        error_keys=sorted(found)[:MAX_KEYS],
        statuses=sorted(finding.statuses | frame.statuses),
    )


def _list_at(finding: Finding, path: str) -> str | None:
    """Where the reply's own list stands; a list inside one object is just one of its fields."""
    last = next((part for part in reversed(path.split("/")) if part and "{" not in part), "")
    words = {last.lower().replace("-", "_"), last.lower().replace("-", "_").rstrip("s")}
    for candidate in sorted(finding.lists, key=lambda one: (one.count("."), one)):
        name = candidate.rpartition(".")[2]
        known = all(part in LIST_KEYS for part in candidate.split(".")) if candidate else True
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
        if "[]" not in candidate and (known or (snake in words and "." not in candidate)):
            return candidate
    return None


def _joined(envelope: str, key: str) -> str:
    if not envelope:
        return key
    return f"{envelope}{key}" if key.startswith("[]") else f"{envelope}.{key}"


def _type_name(types: list[str]) -> str | None:
    for text in types:
        inner = text.strip()
        for _ in range(3):
            found = WRAPPED_TYPES.match(inner)
            inner = found.group(1).strip() if found else inner
        if inner not in MEANINGLESS and not re.fullmatch(r"T[A-Z]?\w{0,12}|[A-Z]", inner):
            return re.sub(r"\s+", " ", inner)[:200]
    return None
