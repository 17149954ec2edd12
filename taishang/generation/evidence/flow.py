"""Control flow, as far as values need it: branches, re-assignments, changes in place, returns."""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node

from taishang.generation.evidence.evaluation import Evaluation
from taishang.generation.evidence.scopes import Binding
from taishang.generation.evidence.symbols import (
    MAX_SIZE,
    NOTHING,
    Form,
    Hole,
    Items,
    Join,
    Lit,
    Nothing,
    Record,
    Search,
    Symbol,
    Test,
    choose,
    condition,
    equals,
    join,
    negate,
    size,
)
from taishang.generation.evidence.syntax import MAX_DEPTH, Module

MAX_RETURNS = 12
MAX_CHANGES = 40
BRANCHES = frozenset({"if_statement", "ternary_expression"})
LEAVES = frozenset({"return_statement", "throw_statement"})
CATCHES = frozenset({"catch_clause"})


@dataclass(frozen=True)
class Guard:
    """A condition under which a statement runs, and the branch that stands under it."""

    test: Symbol
    start: int
    end: int
    whole_start: int
    whole_end: int

    def holds_at(self, position: int) -> bool:
        return self.start <= position < self.end

    def excludes(self, position: int) -> bool:
        """Whether `position` stands in another branch of the same statement."""
        return self.whole_start <= position < self.whole_end and not self.holds_at(position)


def returned(evaluation: Evaluation, module: Module, function: Node) -> Symbol:
    """The value a function returns: its returns under their conditions, in order."""
    body = function.child_by_field_name("body")
    if body is None:
        return NOTHING
    if body.type != "statement_block":
        return evaluation.value(module, body)
    nodes = evaluation.scopes(module).returns_of(function)[:MAX_RETURNS]
    result: Symbol = NOTHING
    for index, node in enumerate(reversed(nodes)):
        value = (
            evaluation.value(module, node.named_children[0]) if node.named_child_count else NOTHING
        )
        guards = guards_of(evaluation, module, node, function)
        if index and _is_caught(node, function):
            continue
        result = _bounded(under(guards, value, result)) if index else value
    return result


def _bounded(value: Symbol) -> Symbol:
    """A value that has grown beyond the limit is no longer worth knowing."""
    return Hole("…") if size(value) > MAX_SIZE else value


def guards_of(evaluation: Evaluation, module: Module, node: Node, stop: Node) -> list[Guard]:
    """The conditions between `stop` and `node`, innermost first."""
    guards: list[Guard] = []
    child = node
    for _ in range(MAX_DEPTH):
        parent = child.parent
        if parent is None or parent.id == stop.id:
            break
        test = _branch_test(evaluation, module, parent, child)
        if test is not None:
            whole = parent.parent if parent.type == "switch_case" and parent.parent else parent
            guards.append(
                Guard(test, child.start_byte, child.end_byte, whole.start_byte, whole.end_byte)
                if parent.type in BRANCHES
                else Guard(
                    test, parent.start_byte, parent.end_byte, whole.start_byte, whole.end_byte
                )
            )
        child = parent
    return guards


def passed_tests(evaluation: Evaluation, module: Module, node: Node) -> list[Symbol]:
    """What does not hold at `node`, or an earlier `if (…) return` around it would have left."""
    tests: list[Symbol] = []
    child: Node | None = node
    while child is not None and len(tests) < MAX_RETURNS:
        before = child.prev_named_sibling if child.type.endswith("_statement") else None
        while before is not None:
            if before.type == "if_statement" and _always_leaves(before):
                test = evaluation.value(module, before.child_by_field_name("condition"))
                tests.append(negate(condition(test)))
            before = before.prev_named_sibling
        child = child.parent
    return tests


def _always_leaves(branch: Node) -> bool:
    inside = branch.child_by_field_name("consequence")
    if inside is None or branch.child_by_field_name("alternative") is not None:
        return False
    last = inside.named_children[-1] if inside.named_child_count else inside
    return last.type in LEAVES or inside.type in LEAVES


def under(guards: list[Guard], value: Symbol, otherwise: Symbol) -> Symbol:
    """`value` where every guard holds, else `otherwise`."""
    for guard in guards:
        value = choose(guard.test, value, otherwise)
    return value


def variable_at(evaluation: Evaluation, module: Module, binding: Binding, position: int) -> Symbol:
    """The value of a variable just before `position`: start value, assignments, changes in place."""
    node = binding.node.child_by_field_name("value")
    value = evaluation.value(module, node) if node is not None else NOTHING
    value = evaluation.stepped(module, value, binding.steps)
    scopes = evaluation.scopes(module)
    here = scopes.function_at(position)
    changed = False
    for change in binding.assignments[:MAX_CHANGES]:
        there = scopes.function_at(change.start_byte)
        same = (there.id if there else 0) == (here.id if here else 0)
        if same and change.end_byte <= position:
            value = _bounded(_assigned(evaluation, module, binding, change, value, position))
            changed = True
    if isinstance(value, Nothing) and binding.assignments and not changed:
        return Hole(binding.name, module.path, binding.node.start_byte)
    for change in binding.mutations[:MAX_CHANGES]:
        if change.end_byte <= position:
            value = _mutated(evaluation, module, change, value)
    return value


def _assigned(
    evaluation: Evaluation,
    module: Module,
    binding: Binding,
    change: Node,
    value: Symbol,
    position: int,
) -> Symbol:
    stop = binding.scope.node if binding.scope is not None else module.root
    guards = guards_of(evaluation, module, change, stop)
    if any(guard.excludes(position) for guard in guards):
        return value
    new = evaluation.value(module, change.child_by_field_name("right"))
    if change.type == "augmented_assignment_expression":
        operator = change.child_by_field_name("operator")
        if operator is not None and operator.type == "+=":
            new = join([value, new])
    return under([guard for guard in guards if not guard.holds_at(position)], new, value)


def _mutated(evaluation: Evaluation, module: Module, change: Node, value: Symbol) -> Symbol:
    if change.type != "call_expression":
        return _property_set(evaluation, module, change, value)
    function = change.child_by_field_name("function")
    name = function.child_by_field_name("property") if function is not None else None
    arguments = evaluation.arguments(module, change)
    method = module.text_of(name) if name is not None else ""
    target = function.child_by_field_name("object") if function is not None else None
    if method == "push" and isinstance(value, Items):
        return Items((value.values + arguments)[:MAX_CHANGES])
    if method not in {"append", "set"} or len(arguments) < 2 or not isinstance(arguments[0], Lit):
        return value
    key = arguments[0].text
    if target is not None and module.text_of(target).endswith(".searchParams"):
        return with_query(value, key, arguments[1])
    if isinstance(value, Search):
        return Search(_put(value.entries, key, arguments[1]))
    if isinstance(value, Form):
        return Form(_put(value.entries, key, arguments[1]))
    return Record((*value.entries, (key, arguments[1]))) if isinstance(value, Record) else value


def _put(
    entries: tuple[tuple[str, Symbol], ...], key: str, value: Symbol
) -> tuple[tuple[str, Symbol], ...]:
    kept = tuple(entry for entry in entries if entry[0] != key)
    return (*kept, (key, value))[:MAX_CHANGES]


def with_query(url: Symbol, key: str, value: Symbol) -> Symbol:
    """`url` with one more query parameter."""
    if isinstance(url, Join) and isinstance(url.parts[-1], Search):
        search = Search(_put(url.parts[-1].entries, key, value))
        return Join((*url.parts[:-1], search))
    return join([url, Lit("?"), Search(((key, value),))])


def _property_set(evaluation: Evaluation, module: Module, change: Node, value: Symbol) -> Symbol:
    left = change.child_by_field_name("left")
    if left is None or not isinstance(value, Record):
        return value
    name = left.child_by_field_name("property") or left.child_by_field_name("index")
    target = left.child_by_field_name("object")
    if name is None or target is None or target.type not in {"identifier", "non_null_expression"}:
        return value
    key = module.text_of(name).strip("\"'")
    new = evaluation.value(module, change.child_by_field_name("right"))
    return Record((*value.entries, (key, new)))


def _branch_test(
    evaluation: Evaluation, module: Module, parent: Node, child: Node
) -> Symbol | None:
    """The condition under which control passes from `parent` into `child`; None when always."""
    if parent.type in BRANCHES:
        test = condition(evaluation.value(module, parent.child_by_field_name("condition")))
        if _is_field(parent, "consequence", child):
            return test
        return negate(test) if _is_field(parent, "alternative", child) else None
    if parent.type in {"switch_case", "switch_default"}:
        switch = parent.parent.parent if parent.parent is not None else None
        if switch is None or switch.type != "switch_statement":
            return None
        subject = evaluation.value(module, switch.child_by_field_name("value"))
        if parent.type == "switch_case":
            return equals(subject, evaluation.value(module, parent.child_by_field_name("value")))
        return _no_case(evaluation, module, parent, subject)
    return None


def _no_case(
    evaluation: Evaluation, module: Module, default: Node, subject: Symbol
) -> Symbol | None:
    cases = default.parent.named_children if default.parent is not None else []
    tests = [
        negate(equals(subject, evaluation.value(module, case.child_by_field_name("value"))))
        for case in cases[:MAX_RETURNS]
        if case.type == "switch_case"
    ]
    return Test("and", tuple(tests)) if tests else None


def _is_field(parent: Node, name: str, child: Node) -> bool:
    found = parent.child_by_field_name(name)
    return found is not None and found.id == child.id


def _is_caught(node: Node, function: Node) -> bool:
    found: Node | None = node
    for _ in range(MAX_DEPTH):
        found = found.parent if found is not None else None
        if found is None or found.id == function.id:
            return False
        if found.type in CATCHES:
            return True
    return False
