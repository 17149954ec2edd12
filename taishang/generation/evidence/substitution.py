"""Rebuild symbolic values: fill in parameters, and part them into the variants of their conditions."""

from __future__ import annotations

from collections.abc import Callable

from taishang.generation.evidence.symbols import (
    MAX_SIZE,
    Apply,
    Client,
    Closure,
    Flag,
    Form,
    Hole,
    If,
    Instance,
    Items,
    Join,
    Json,
    Lit,
    Or,
    Record,
    Result,
    Search,
    Symbol,
    Test,
    children,
    choose,
    either,
    equals,
    join,
    negate,
    size,
)
from taishang.generation.evidence.text_methods import apply

MAX_VARIANTS = 8
MAX_NESTING = 120
NO = Flag(value=False)
Leaf = Callable[[Symbol], Symbol | None]


def rebuild(value: Symbol, leaf: Leaf, nesting: int = 0) -> Symbol:
    """Replace each part for which `leaf` has an answer and simplify what stands around it.

    A value larger than the limit comes back as a hole: it is no longer worth knowing.
    """
    if nesting == 0 and size(value) > MAX_SIZE:
        return Hole("…")
    replaced = leaf(value)
    if replaced is not None:
        return replaced
    if nesting > MAX_NESTING:
        return Hole("…")

    def again(part: Symbol) -> Symbol:
        return rebuild(part, leaf, nesting + 1)

    maker = MAKERS.get(type(value))
    return maker(value, again) if maker else value


def _test(value: Test, again: Callable[[Symbol], Symbol]) -> Symbol:
    operands = tuple(again(operand) for operand in value.operands)
    if value.what == "equal":
        return equals(operands[0], operands[1])
    if value.what == "not":
        return negate(operands[0])
    return Test(value.what, operands)


def _apply(value: Apply, again: Callable[[Symbol], Symbol]) -> Symbol:
    return apply(value.name, again(value.receiver), tuple(again(part) for part in value.arguments))


def _closure(value: Closure, again: Callable[[Symbol], Symbol]) -> Symbol:
    bindings = tuple((key, again(content)) for key, content in value.bindings)
    receiver = again(value.receiver) if value.receiver is not None else None
    return Closure(value.key, bindings, receiver)


MAKERS: dict[type, Callable[..., Symbol]] = {
    Join: lambda value, again: join([again(part) for part in value.parts]),
    Or: lambda value, again: either([again(part) for part in value.options]),
    If: lambda value, again: choose(again(value.test), again(value.then), again(value.other)),
    Test: _test,
    Record: lambda value, again: Record(tuple((key, again(part)) for key, part in value.entries)),
    Search: lambda value, again: Search(tuple((key, again(part)) for key, part in value.entries)),
    Form: lambda value, again: Form(tuple((key, again(part)) for key, part in value.entries)),
    Items: lambda value, again: Items(tuple(again(part) for part in value.values)),
    Json: lambda value, again: Json(again(value.value)),
    Apply: _apply,
    Closure: _closure,
    Instance: lambda value, again: Instance(value.key, tuple(again(p) for p in value.arguments)),
    Client: lambda value, again: Client(value.library, again(value.base), again(value.options)),
    Result: lambda value, again: Result(
        again(value.callee), tuple(again(part) for part in value.arguments), value.text
    ),
}


def variants(
    decisive: list[Symbol], others: list[Symbol]
) -> list[tuple[list[Symbol], list[Symbol]]]:
    """Part values into the cases of the conditions inside `decisive`, paired, never multiplied.

    One condition decides the same way everywhere, in `others` too. At most eight cases come back.
    """
    pending = [(decisive, others)]
    finished: list[tuple[list[Symbol], list[Symbol]]] = []
    while pending and len(finished) + len(pending) <= MAX_VARIANTS * 2:
        values, rest = pending.pop()
        test = _first_test(values)
        if test is None:
            finished.append((values, rest))
            continue
        for holds in (False, True):
            cases = [
                [_assume(value, test, holds=holds) for value in side] for side in (values, rest)
            ]
            pending.append((cases[0], cases[1]))
    return finished[:MAX_VARIANTS]


def _first_test(values: list[Symbol]) -> Symbol | None:
    stack = list(reversed(values))
    while stack:
        value = stack.pop()
        if isinstance(value, If):
            return value.test
        if not isinstance(value, Closure):
            stack.extend(reversed(children(value)))
    return None


def _assume(value: Symbol, test: Symbol, *, holds: bool) -> Symbol:
    def leaf(part: Symbol) -> Symbol | None:
        if part == test:
            return Flag(holds)
        excluded = holds and isinstance(part, Test) and _other_case(part, test)
        return NO if excluded else None

    return rebuild(value, leaf)


def _other_case(part: Test, test: Symbol) -> bool:
    """Whether `part` compares the same thing as `test` with another literal."""
    if not isinstance(test, Test) or test.what != "equal" or part.what != "equal":
        return False
    same = part.operands[0] == test.operands[0]
    return same and isinstance(part.operands[1], Lit) and part.operands[1] != test.operands[1]
