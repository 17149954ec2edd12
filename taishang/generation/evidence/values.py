"""Static evaluation: what an expression holds, over constants, imports, branches, functions and classes.

Nothing is executed. Evaluation is demand-driven and remembered; whatever cannot be known is a hole that
keeps its source text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from tree_sitter import Node

from taishang.generation.evidence import classes, flow
from taishang.generation.evidence.modules import Link, Project
from taishang.generation.evidence.platform import (
    CALLED_AT_ONCE,
    call_platform,
    construct_platform,
    make_client,
    platform_name,
)
from taishang.generation.evidence.scopes import Binding, Scopes, Step
from taishang.generation.evidence.substitution import rebuild
from taishang.generation.evidence.symbols import (
    NOTHING,
    THIS,
    Apply,
    Bindings,
    Client,
    Closure,
    Env,
    Flag,
    Hole,
    If,
    Instance,
    Items,
    Join,
    Kind,
    Lit,
    Namespace,
    Nothing,
    Or,
    Package,
    Param,
    Record,
    Result,
    Search,
    Symbol,
    Test,
    This,
    choose,
    condition,
    either,
    equals,
    join,
    member,
    negate,
)
from taishang.generation.evidence.syntax import Module
from taishang.generation.evidence.text_methods import TEXT_METHODS, apply

MAX_NESTING = 60
MAX_CALLS = 8
WRAPPED = frozenset(
    {
        "parenthesized_expression",
        "as_expression",
        "satisfies_expression",
        "non_null_expression",
        "await_expression",
        "type_assertion",
        "spread_element",
        "jsx_expression",
        "instantiation_expression",
    }
)
FUNCTION_VALUES = frozenset(
    {"arrow_function", "function_expression", "function_declaration", "generator_function",
     "generator_function_declaration", "method_definition"}
)  # fmt: skip
TEXTS = (Lit, Join, Param, This, Or, If, Env, Items, Apply, Search, Hole, Nothing)
SHARED = (Client, Instance, Closure, Result, Package)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


class Evaluator:
    """Evaluates expressions of one project."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.nodes: dict[str, tuple[Module, Node]] = {}
        self.contexts: dict[Symbol, tuple[Module, Node]] = {}
        self.default_bases: dict[Symbol, Symbol] = {}
        self.component_members: dict[str, tuple[Module, Node]] = {}
        self._scopes: dict[str, Scopes] = {}
        self._values: dict[tuple[str, int, int, str], Symbol] = {}
        self._returns: dict[str, Symbol] = {}
        self._active: set[object] = set()
        self._calls = 0

    def scopes(self, module: Module) -> Scopes:
        if module.path not in self._scopes:
            self._scopes[module.path] = Scopes(module)
        return self._scopes[module.path]

    def key(self, module: Module, node: Node) -> str:
        """A name for a function or class node, by which it can be found again."""
        key = f"{module.path}:{node.start_byte}:{node.end_byte}"
        self.nodes.setdefault(key, (module, node))
        return key

    def value(self, module: Module, node: Node | None) -> Symbol:
        """What `node` evaluates to, in terms of the parameters of the functions around it."""
        if node is None:
            return NOTHING
        key = (module.path, node.start_byte, node.end_byte, node.type)
        if key in self._values:
            return self._values[key]
        if key in self._active or len(self._active) > MAX_NESTING:
            return self.hole(module, node)
        self._active.add(key)
        try:
            found = self._evaluate(module, node)
        finally:
            self._active.discard(key)
        self._values[key] = found
        return found

    def hole(self, module: Module, node: Node) -> Hole:
        return Hole(module.text_of(node)[:120], module.path, node.start_byte)

    def arguments(self, module: Module, call: Node) -> tuple[Symbol, ...]:
        """Values of a call's arguments; a spread ends what can be counted."""
        arguments = call.child_by_field_name("arguments")
        if arguments is None or arguments.type != "arguments":
            return ()
        nodes = [node for node in arguments.named_children if node.type != "comment"]
        return tuple(self.value(module, node) for node in nodes[:12])

    def returns(self, key: str) -> Symbol:
        """What the function `key` returns, in terms of its parameters."""
        if key in self._returns:
            return self._returns[key]
        if ("returns", key) in self._active or key not in self.nodes:
            return Hole("result")
        self._active.add(("returns", key))
        try:
            found = flow.returned(self, *self.nodes[key])
        finally:
            self._active.discard(("returns", key))
        self._returns[key] = found
        return found

    def call(self, callee: Symbol, arguments: tuple[Symbol, ...], text: str = "call") -> Symbol:
        """What calling `callee` gives."""
        if isinstance(callee, Closure) and self._calls < MAX_CALLS:
            self._calls += 1
            try:
                return self.substitute(self.returns(callee.key), self.bind(callee, arguments))
            finally:
                self._calls -= 1
        if platform_name(callee) in CALLED_AT_ONCE and arguments:
            return self.call(arguments[0], ())
        if platform_name(callee) in {"useContext", "use", "inject"} and arguments:
            provided = self.contexts.get(arguments[0])
            if provided is not None:
                return self.value(*provided)
        known = call_platform(callee, arguments)
        return Result(callee, arguments, text) if known is None else known

    def bind(
        self, closure: Closure, arguments: tuple[Symbol, ...]
    ) -> dict[tuple[str, int], Symbol]:
        """The parameters of `closure` with their arguments; those not given are Nothing."""
        bindings = dict(closure.bindings)
        for index in range(max(len(arguments), 8)):
            value = arguments[index] if index < len(arguments) else NOTHING
            bindings[closure.key, index] = value
        if closure.receiver is not None:
            bindings[closure.key, THIS] = closure.receiver
        return bindings

    def substitute(self, value: Symbol, bindings: Bindings) -> Symbol:
        """Fill parameters (and `this`) into a value and simplify it."""
        receivers = [content for (_key, index), content in bindings.items() if index == THIS]
        captured = tuple(bindings.items())

        def leaf(part: Symbol) -> Symbol | None:
            if isinstance(part, Param):
                bound = bindings.get((part.function, part.index))
                return None if bound is None else self.members(bound, part.path)
            if isinstance(part, This) and receivers:
                return self.members(receivers[-1], part.path)
            if isinstance(part, Closure) and captured:
                merged = {**bindings, **dict(part.bindings)}
                return Closure(part.key, tuple(merged.items())[:24], part.receiver)
            return None

        return rebuild(value, leaf)

    def members(self, value: Symbol, path: tuple[str, ...]) -> Symbol:
        """`value.a.b`, through instances, classes and modules too."""
        for name in path:
            value = self.member(value, name)
        return value

    def member(self, value: Symbol, name: str) -> Symbol:
        if isinstance(value, Instance):
            return classes.instance_member(self, value, name)
        if isinstance(value, Kind):
            return classes.static_member(self, value, name)
        if isinstance(value, This) and not value.path:
            return self._own_member(value, name)
        if isinstance(value, Namespace):
            return self._exported(value.path, name)
        if isinstance(value, Or):
            return either([self.member(option, name) for option in value.options])
        if isinstance(value, Record):
            return self._record_member(value, name)
        return apply("." + name, value)

    def _own_member(self, value: This, name: str) -> Symbol:
        """A method, or a field that is the same for every instance: a client, a service, a function."""
        method = classes.method(self, value.owner, name)
        if method is not None:
            return method
        key = ("field", value.owner, name)
        if key in self._active:
            return member(value, name)
        self._active.add(key)
        try:
            field = classes.field_value(self, value.owner, name)
        finally:
            self._active.discard(key)
        if isinstance(field, Or):
            field = next((option for option in field.options if isinstance(option, SHARED)), field)
        return field if isinstance(field, SHARED) else member(value, name)

    def _record_member(self, record: Record, name: str) -> Symbol:
        if all(key is not None for key, _content in record.entries):
            return member(record, name)
        entries = tuple(
            (name, self.member(content, name)) if key is None else (key, content)
            for key, content in record.entries
        )
        found = [content for key, content in reversed(entries) if key == name]
        return either(found)

    def _exported(self, path: str, name: str) -> Symbol:
        module = self.project.modules.get(path)
        found = self.project.exported(module, name) if module is not None else None
        return self.declared(*found) if found else Hole(name)

    def declared(self, module: Module, node: Node) -> Symbol:
        """The value of a declaration found through imports."""
        if node.type == "program":
            return Namespace(module.path)
        if node.type == "variable_declarator":
            name = node.child_by_field_name("name")
            if name is None or name.type != "identifier":
                return self.hole(module, node)
            text, position = module.text_of(name), node.end_byte
            if self.scopes(module).lookup(text, position) is None:
                return self.value(module, node.child_by_field_name("value"))
            return self._named(self.variable(module, text, position), name, module)
        return self.value(module, node)

    def variable(self, module: Module, name: str, position: int) -> Symbol:
        """The value of `name` at a byte position of `module`."""
        binding = self.scopes(module).lookup(name, position)
        if binding is None:
            return self._imported(module, name)
        if binding.kind == "function":
            return Closure(self.key(module, binding.node))
        if binding.kind == "class":
            return Kind(self.key(module, binding.node))
        if binding.kind == "parameter":
            return self._parameter(module, binding)
        if binding.kind == "variable":
            return self._renamed(flow.variable_at(self, module, binding, position), binding, module)
        return Hole(name, module.path, binding.node.start_byte)

    def stepped(self, module: Module, value: Symbol, steps: tuple[Step, ...]) -> Symbol:
        """Follow a destructuring into `value`."""
        for step in steps:
            if step.key == "...":
                continue
            if step.key:
                value = self.member(value, step.key)
            if step.default is not None:
                value = either([value, self.value(module, step.default)])
        return value

    def _parameter(self, module: Module, binding: Binding) -> Symbol:
        key = self.key(module, binding.node)
        value: Symbol = Param(key, binding.index, binding.name)
        if binding.default is not None:
            value = either([value, self.value(module, binding.default)])
        return self.stepped(module, value, binding.steps)

    def _renamed(self, value: Symbol, binding: Binding, module: Module) -> Symbol:
        """What stays unknown is called by the variable that holds it."""
        if isinstance(value, (Hole, Apply)):
            return Hole(binding.name, module.path, binding.node.start_byte)
        if isinstance(value, Result):
            return replace(value, text=binding.name)
        return self._named(value, binding.node.child_by_field_name("name"), module)

    def _named(self, value: Symbol, name: Node | None, module: Module) -> Symbol:
        """An address literal remembers the constant it stands in."""
        address = isinstance(value, Lit) and value.text.startswith(("http:", "https:", "//"))
        if not address or name is None or name.type != "identifier" or not isinstance(value, Lit):
            return value
        return value if value.name else replace(value, name=module.text_of(name))

    def _imported(self, module: Module, name: str) -> Symbol:
        found = self.project.definition(module, name)
        if found is not None:
            return self.declared(*found)
        link = self.project.origin(module, name)
        if link is None:
            return Package("", name) if name != "undefined" else NOTHING
        if self.project.resolve(module, link.specifier) is not None:
            return Hole(name, module.path)
        return _package(link, name)

    def _evaluate(self, module: Module, node: Node) -> Symbol:
        if node.type in WRAPPED:
            inner = next((child for child in node.named_children if child.type != "comment"), None)
            return self.value(module, inner)
        if node.type in FUNCTION_VALUES:
            return Closure(self.key(module, node))
        method = EVALUATIONS.get(node.type)
        return method(self, module, node) if method else self.hole(module, node)

    def _string(self, module: Module, node: Node) -> Symbol:
        return Lit(unescape(module.text_of(node)[1:-1]))

    def _number(self, module: Module, node: Node) -> Symbol:
        return Lit(module.text_of(node), "number")

    def _regex(self, module: Module, node: Node) -> Symbol:
        return Lit(module.text_of(node), "regex")

    def _template(self, module: Module, node: Node) -> Symbol:
        parts: list[Symbol] = []
        for child in node.named_children:
            if child.type == "template_substitution":
                inner = child.named_children[0] if child.named_child_count else None
                parts.append(self.value(module, inner))
            else:
                parts.append(Lit(unescape(module.text_of(child))))
        return join(parts)

    def _identifier(self, module: Module, node: Node) -> Symbol:
        return self.variable(module, module.text_of(node), node.start_byte)

    def _this(self, module: Module, node: Node) -> Symbol:
        owner = classes.owner_of(node)
        if owner is None:
            return self.hole(module, node)
        if owner.type == "object":
            return self.value(module, owner)
        return This(self.key(module, owner))

    def _member(self, module: Module, node: Node) -> Symbol:
        target, name = node.child_by_field_name("object"), node.child_by_field_name("property")
        if target is None or name is None:
            return self.hole(module, node)
        key = module.text_of(name)
        if module.text_of(target) in {"process.env", "import.meta.env", "Deno.env"}:
            return Env(key, self.project.inventory.base_variables.get(key))
        if target.type == "this" and key in self.component_members:
            return self.value(*self.component_members[key])
        found = self.member(self.value(module, target), key)
        return self._readable(found, module, node)

    def _subscript(self, module: Module, node: Node) -> Symbol:
        target, index = node.child_by_field_name("object"), node.child_by_field_name("index")
        name = self.value(module, index)
        if target is not None and isinstance(name, If):
            whole = self.value(module, target)
            sides = [
                self.member(whole, side.text) if isinstance(side, Lit) else self.hole(module, node)
                for side in (name.then, name.other)
            ]
            return choose(name.test, sides[0], sides[1])
        if target is None or not isinstance(name, Lit):
            return self.hole(module, node)
        if module.text_of(target) in {"process.env", "import.meta.env"}:
            return Env(name.text, self.project.inventory.base_variables.get(name.text))
        return self._readable(self.member(self.value(module, target), name.text), module, node)

    def _readable(self, value: Symbol, module: Module, node: Node) -> Symbol:
        """A member of something unknown is called by its source text."""
        opaque = isinstance(value, Apply) and isinstance(value.receiver, (Hole, Result, Apply))
        if not opaque or (isinstance(value, Apply) and _promised(value)):
            return value
        return self.hole(module, node)

    def _binary(self, module: Module, node: Node) -> Symbol:
        left = self.value(module, node.child_by_field_name("left"))
        right = self.value(module, node.child_by_field_name("right"))
        operator = node.child_by_field_name("operator")
        maker = BINARY.get(operator.type if operator is not None else "")
        return maker(left, right) if maker else self.hole(module, node)

    def _unary(self, module: Module, node: Node) -> Symbol:
        operator = node.child_by_field_name("operator")
        if operator is not None and operator.type == "!":
            return negate(condition(self.value(module, node.child_by_field_name("argument"))))
        return self.hole(module, node)

    def _ternary(self, module: Module, node: Node) -> Symbol:
        return choose(
            condition(self.value(module, node.child_by_field_name("condition"))),
            self.value(module, node.child_by_field_name("consequence")),
            self.value(module, node.child_by_field_name("alternative")),
        )

    def _object(self, module: Module, node: Node) -> Symbol:
        entries: list[tuple[str | None, Symbol]] = []
        for child in node.named_children:
            if child.type == "spread_element":
                entries.append((None, self.value(module, child)))
            elif child.type == "shorthand_property_identifier":
                entries.append((module.text_of(child), self._identifier(module, child)))
            elif child.type == "pair":
                entries += self._pair(module, child)
            elif child.type == "method_definition":
                name = child.child_by_field_name("name")
                if name is not None:
                    entries.append((module.text_of(name), Closure(self.key(module, child))))
        return Record(tuple(entries))

    def _pair(self, module: Module, node: Node) -> list[tuple[str | None, Symbol]]:
        key = node.child_by_field_name("key")
        value = self.value(module, node.child_by_field_name("value"))
        if key is None:
            return []
        if key.type == "computed_property_name":
            name = self.value(module, key.named_children[0]) if key.named_child_count else NOTHING
            return [(name.text, value)] if isinstance(name, Lit) else []
        text = module.text_of(key)
        return [(text[1:-1] if key.type == "string" else text, value)]

    def _array(self, module: Module, node: Node) -> Symbol:
        children = [child for child in node.named_children if child.type != "comment"]
        return Items(tuple(self.value(module, child) for child in children[:40]))

    def _enum(self, module: Module, node: Node) -> Symbol:
        body = node.child_by_field_name("body")
        entries: list[tuple[str | None, Symbol]] = []
        for child in body.named_children if body is not None else []:
            name = child.child_by_field_name("name")
            if child.type == "enum_assignment" and name is not None:
                value = self.value(module, child.child_by_field_name("value"))
                entries.append((module.text_of(name).strip("\"'"), value))
        return Record(tuple(entries))

    def _class(self, module: Module, node: Node) -> Symbol:
        return Kind(self.key(module, node))

    def _call(self, module: Module, node: Node) -> Symbol:
        function = node.child_by_field_name("function")
        if function is None:
            return self.hole(module, node)
        arguments = self.arguments(module, node)
        text = module.text_of(node)[:120]
        target, name = (
            function.child_by_field_name("object"),
            function.child_by_field_name("property"),
        )
        if function.type == "member_expression" and target is not None and name is not None:
            return self._method_call(module, node, self.value(module, target), module.text_of(name))
        return self.call(self.value(module, function), arguments, text)

    def _method_call(self, module: Module, node: Node, receiver: Symbol, name: str) -> Symbol:
        arguments = self.arguments(module, node)
        if name in TEXT_METHODS and isinstance(receiver, TEXTS):
            return apply(name, receiver, arguments)
        method = self.member(receiver, name)
        if isinstance(receiver, Client) and name in {"create", "extend"}:
            made = make_client(Apply("." + name, receiver), arguments)
            return receiver if made is None else made
        if isinstance(method, (Closure, Package, This, Param, Or)):
            return self.call(method, arguments, module.text_of(node)[:120])
        if isinstance(receiver, (Result, Hole)) and not _promised(Apply(name, receiver)):
            return Result(method, arguments, module.text_of(node)[:120])
        return apply(name, receiver, arguments)

    def _new(self, module: Module, node: Node) -> Symbol:
        callee = self.value(module, node.child_by_field_name("constructor"))
        arguments = self.arguments(module, node)
        if isinstance(callee, Kind):
            return Instance(callee.key, arguments)
        known = construct_platform(callee, arguments)
        return Result(callee, arguments, module.text_of(node)[:120]) if known is None else known

    def _assignment(self, module: Module, node: Node) -> Symbol:
        return self.value(module, node.child_by_field_name("right"))


def unescape(text: str) -> str:
    """The common escapes of string literals; unknown ones lose their backslash."""
    if "\\" not in text:
        return text
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found.group(1), found.group(1)), text)


def _package(link: Link, name: str) -> Package:
    return Package(link.specifier, link.name if link.name not in {"default", "*"} else "default")


def _disjunction(left: Symbol, right: Symbol) -> Symbol:
    """`a || b`: a test when both are tests, else the first value that is there."""
    if isinstance(left, (Test, Flag)) and isinstance(right, (Test, Flag)):
        return Test("or", (left, right))
    return right if left == Lit("") else either([left, right])


def _conjunction(left: Symbol, right: Symbol) -> Symbol:
    if isinstance(right, (Test, Flag)):
        return Test("and", (condition(left), right))
    return choose(condition(left), right, NOTHING)


def _promised(value: Apply) -> bool:
    return value.name in {"then", "catch", "finally"}


BINARY: dict[str, Callable[[Symbol, Symbol], Symbol]] = {
    "+": lambda left, right: join([left, right]),
    "??": lambda left, right: either([left, right]),
    "||": lambda left, right: _disjunction(left, right),
    "&&": lambda left, right: _conjunction(left, right),
    "===": equals,
    "==": equals,
    "!==": lambda left, right: negate(equals(left, right)),
    "!=": lambda left, right: negate(equals(left, right)),
}
EVALUATIONS: dict[str, Callable[[Evaluator, Module, Node], Symbol]] = {
    "string": Evaluator._string,
    "number": Evaluator._number,
    "regex": Evaluator._regex,
    "template_string": Evaluator._template,
    "true": lambda _self, _module, _node: Flag(value=True),
    "false": lambda _self, _module, _node: Flag(value=False),
    "null": lambda _self, _module, _node: NOTHING,
    "undefined": lambda _self, _module, _node: NOTHING,
    "identifier": Evaluator._identifier,
    "this": Evaluator._this,
    "member_expression": Evaluator._member,
    "subscript_expression": Evaluator._subscript,
    "binary_expression": Evaluator._binary,
    "unary_expression": Evaluator._unary,
    "ternary_expression": Evaluator._ternary,
    "object": Evaluator._object,
    "array": Evaluator._array,
    "enum_declaration": Evaluator._enum,
    "class": Evaluator._class,
    "class_declaration": Evaluator._class,
    "abstract_class_declaration": Evaluator._class,
    "call_expression": Evaluator._call,
    "new_expression": Evaluator._new,
    "assignment_expression": Evaluator._assignment,
}
