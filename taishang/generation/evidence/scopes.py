"""Which declaration a name means at a place of a module: blocks, functions, parameters, re-assignments."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from tree_sitter import Node

from taishang.generation.evidence.syntax import MAX_DEPTH, Module

FUNCTIONS = (
    "function_declaration",
    "generator_function_declaration",
    "function_expression",
    "generator_function",
    "arrow_function",
    "method_definition",
)
CLASSES = ("class_declaration", "abstract_class_declaration", "class")
BLOCKS = (
    "statement_block",
    "for_statement",
    "for_in_statement",
    "catch_clause",
    "switch_body",
    "class_body",
)
MAX_PATTERN = 200
PENDING = ""


@dataclass(frozen=True)
class Step:
    """One step of a destructuring: a key, an index, or the rest; with the default beside it."""

    key: str
    default: Node | None = None


@dataclass(eq=False)
class Binding:
    """A declared name. `kind` is variable, parameter, function, class or other.

    `steps` lead from the declared value (or the parameter `index` of `node`) to the name.
    """

    kind: str
    name: str
    node: Node
    steps: tuple[Step, ...] = ()
    index: int = 0
    default: Node | None = None
    scope: Scope | None = None
    assignments: list[Node] = field(default_factory=list)
    mutations: list[Node] = field(default_factory=list)


@dataclass(eq=False)
class Scope:
    """A stretch of the file with names of its own."""

    node: Node
    start: int
    end: int
    parent: Scope | None
    names: dict[str, Binding] = field(default_factory=dict)


class Scopes:
    """The scopes of one module, in document order."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.scopes = self._nest(module)
        self._starts = [scope.start for scope in self.scopes]
        self._declare_functions()
        self._declare_variables()
        self._collect_changes()
        self._returns = self._collect_returns()

    def returns_of(self, function: Node) -> list[Node]:
        """The return statements of a function itself, not of functions inside it."""
        return self._returns.get(function.start_byte, [])

    def at(self, position: int) -> Scope:
        """The innermost scope around a byte position."""
        scope: Scope | None = self.scopes[max(0, bisect_right(self._starts, position) - 1)]
        while scope is not None and scope.parent is not None and scope.end <= position:
            scope = scope.parent
        return scope or self.scopes[0]

    def lookup(self, name: str, position: int) -> Binding | None:
        """The binding of `name` as seen from a byte position, or None for globals and imports."""
        scope: Scope | None = self.at(position)
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return None

    def function_at(self, position: int) -> Node | None:
        """The innermost function whose parameters or body contain a position."""
        scope: Scope | None = self.at(position)
        while scope is not None:
            if scope.node.type in FUNCTIONS:
                return scope.node
            scope = scope.parent
        return None

    @staticmethod
    def _nest(module: Module) -> list[Scope]:
        scopes = [Scope(module.root, -1, len(module.data) + 1, None)]
        stack = [scopes[0]]
        for node in module.find(*FUNCTIONS, *BLOCKS, *CLASSES):
            while stack[-1].end <= node.start_byte:
                stack.pop()
            scope = Scope(node, node.start_byte, node.end_byte, stack[-1])
            scopes.append(scope)
            stack.append(scope)
        return scopes

    def _declare_functions(self) -> None:
        for scope in self.scopes[1:]:
            node = scope.node
            if node.type in FUNCTIONS:
                self._declare_parameters(scope)
            name = node.child_by_field_name("name")
            if name is None or scope.parent is None or node.type == "method_definition":
                continue
            is_function = node.type in FUNCTIONS
            home = scope.parent if node.type.endswith("declaration") else scope
            binding = Binding(
                "function" if is_function else "class", self.module.text_of(name), node
            )
            home.names.setdefault(binding.name, binding)

    def _declare_parameters(self, scope: Scope) -> None:
        for index, (pattern, default) in enumerate(parameters_of(scope.node)):
            for name, steps in self._pattern(pattern):
                scope.names[name] = Binding(
                    "parameter", name, scope.node, steps, index, default, scope
                )

    def _declare_variables(self) -> None:
        for node in self.module.find("variable_declarator"):
            pattern = node.child_by_field_name("name")
            scope = self.at(node.start_byte)
            for name, steps in self._pattern(pattern) if pattern is not None else []:
                scope.names.setdefault(name, Binding("variable", name, node, steps, scope=scope))
        for node in self.module.find("for_in_statement", "catch_clause"):
            target = node.child_by_field_name("left") or node.child_by_field_name("parameter")
            scope = self.at(node.start_byte)
            for name, steps in self._pattern(target) if target is not None else []:
                scope.names.setdefault(name, Binding("other", name, node, steps, scope=scope))

    def _collect_changes(self) -> None:
        for node in self.module.find("assignment_expression", "augmented_assignment_expression"):
            left = node.child_by_field_name("left")
            if left is None:
                continue
            root = root_identifier(left)
            binding = (
                self.lookup(self.module.text_of(root), node.start_byte)
                if root is not None
                else None
            )
            if binding is not None:
                (binding.assignments if left.type == "identifier" else binding.mutations).append(
                    node
                )
        for node in self.module.find("call_expression"):
            function = node.child_by_field_name("function")
            name = function.child_by_field_name("property") if function is not None else None
            if name is None or self.module.text_of(name) not in {
                "append",
                "set",
                "push",
                "open",
                "send",
            }:
                continue
            root = root_identifier(function) if function is not None else None
            binding = (
                self.lookup(self.module.text_of(root), node.start_byte)
                if root is not None
                else None
            )
            if binding is not None:
                binding.mutations.append(node)

    def _collect_returns(self) -> dict[int, list[Node]]:
        found: dict[int, list[Node]] = {}
        for node in self.module.find("return_statement"):
            function = self.function_at(node.start_byte)
            if function is not None:
                found.setdefault(function.start_byte, []).append(node)
        return found

    def _pattern(self, pattern: Node) -> list[tuple[str, tuple[Step, ...]]]:
        """The names of a pattern and how each is reached."""
        found: list[tuple[str, tuple[Step, ...]]] = []
        stack: list[tuple[Node, tuple[Step, ...]]] = [(pattern, ())]
        while stack and len(found) < MAX_PATTERN:
            node, steps = stack.pop()
            if node.type in {"identifier", "shorthand_property_identifier_pattern"}:
                name = self.module.text_of(node)
                found.append(
                    (name, steps if node.type == "identifier" else _shorthand(steps, name))
                )
            else:
                stack.extend(reversed(self._parts(node, steps)))
        return found

    def _parts(self, node: Node, steps: tuple[Step, ...]) -> list[tuple[Node, tuple[Step, ...]]]:
        if node.type == "object_pattern":
            return [(child, steps) for child in node.named_children]
        if node.type == "array_pattern":
            return [(child, (*steps, Step(str(i)))) for i, child in enumerate(array_slots(node))]
        if node.type == "pair_pattern":
            return self._pair(node, steps)
        if node.type in {"object_assignment_pattern", "assignment_pattern"}:
            return self._defaulted(node, steps)
        if node.type == "rest_pattern" and node.named_child_count:
            return [(node.named_children[0], (*steps, Step("...")))]
        return []

    def _pair(self, node: Node, steps: tuple[Step, ...]) -> list[tuple[Node, tuple[Step, ...]]]:
        key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
        if key is None or value is None:
            return []
        name = self.module.text_of(key).strip("\"'")
        if value.type == "assignment_pattern":
            left, right = value.child_by_field_name("left"), value.child_by_field_name("right")
            return [(left, (*steps, Step(name, right)))] if left is not None else []
        return [(value, (*steps, Step(name)))]

    def _defaulted(
        self, node: Node, steps: tuple[Step, ...]
    ) -> list[tuple[Node, tuple[Step, ...]]]:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None:
            return []
        if left.type == "shorthand_property_identifier_pattern":
            return [(left, (*steps, Step(PENDING, right)))]
        last = Step(steps[-1].key, right) if steps else Step("", right)
        return [(left, (*steps[:-1], last))]


def _shorthand(steps: tuple[Step, ...], name: str) -> tuple[Step, ...]:
    """In `{ name = default }` the name is the key too, and the default waits for it."""
    if steps and steps[-1].key == PENDING:
        return (*steps[:-1], Step(name, steps[-1].default))
    return (*steps, Step(name))


def array_slots(node: Node) -> list[Node]:
    """The elements of an array pattern; holes count, so that indexes stay true."""
    slots: list[Node] = []
    empty = True
    for child in node.children[1:-1]:
        if child.type == ",":
            if empty:
                slots.append(child)
            empty = True
        elif child.is_named and child.type != "comment":
            slots.append(child)
            empty = False
    return slots


def parameters_of(function: Node) -> list[tuple[Node, Node | None]]:
    """(pattern, default) of each parameter."""
    single = function.child_by_field_name("parameter")
    if single is not None:
        return [(single, None)]
    found: list[tuple[Node, Node | None]] = []
    parameters = function.child_by_field_name("parameters")
    for node in parameters.named_children if parameters is not None else []:
        if node.type in {"required_parameter", "optional_parameter"}:
            pattern = node.child_by_field_name("pattern")
            if pattern is not None and pattern.type != "this":
                found.append((pattern, node.child_by_field_name("value")))
        elif node.type == "assignment_pattern":
            left = node.child_by_field_name("left")
            if left is not None:
                found.append((left, node.child_by_field_name("right")))
        elif node.type != "comment":
            found.append((node, None))
    return found


def root_identifier(node: Node) -> Node | None:
    """The identifier a chain of members starts with."""
    found: Node | None = node
    for _ in range(MAX_DEPTH):
        if found is None or found.type == "identifier":
            return found
        if found.type in {"member_expression", "subscript_expression"}:
            found = found.child_by_field_name("object")
        elif found.type == "call_expression":
            found = found.child_by_field_name("function")
        elif found.type == "non_null_expression" and found.named_child_count:
            found = found.named_children[0]
        else:
            return None
    return None
