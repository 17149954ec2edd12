"""Symbolic values: what an expression can be known to hold without running it.

Values are immutable and compare by content, so that the same condition met twice is the same condition.
The functions here build them simplified; `substitute` fills in the arguments of a call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from typing import TypeAlias

MAX_PARTS = 60
MAX_SIZE = 400
MAX_TEXT = 8_000


@dataclass(frozen=True)
class Lit:
    """Known text. `kind` is text or number; `name` is the constant it was read from, if any."""

    text: str
    kind: str = "text"
    name: str = ""


@dataclass(frozen=True)
class Flag:
    value: bool


@dataclass(frozen=True)
class Nothing:
    """undefined, null, or an argument that was not given."""


@dataclass(frozen=True)
class Hole:
    """A value known only at run time, with the source text it stands for and where that is."""

    text: str
    file: str = ""
    start: int = 0


@dataclass(frozen=True)
class Env:
    """An environment variable, with its literal value where one is written down."""

    name: str
    value: str | None = None


@dataclass(frozen=True)
class Param:
    """A parameter of the function `function`; `path` leads into it (`options.method`)."""

    function: str
    index: int
    name: str
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class This:
    """A member of the instance whose class is `owner`."""

    owner: str
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class Join:
    parts: tuple[Symbol, ...]


@dataclass(frozen=True)
class Or:
    """The first of `options` that is there (`??` and `||`)."""

    options: tuple[Symbol, ...]


@dataclass(frozen=True)
class If:
    test: Symbol
    then: Symbol
    other: Symbol


@dataclass(frozen=True)
class Test:
    """A condition. `what` is truth, not, equal, starts, includes, and, or."""

    what: str
    operands: tuple[Symbol, ...]


@dataclass(frozen=True)
class Record:
    """An object. An entry without a key is a spread; later entries win."""

    entries: tuple[tuple[str | None, Symbol], ...]


@dataclass(frozen=True)
class Items:
    values: tuple[Symbol, ...]


@dataclass(frozen=True)
class Search:
    """A query string under construction (URLSearchParams)."""

    entries: tuple[tuple[str, Symbol], ...] = ()


@dataclass(frozen=True)
class Form:
    """A multipart body under construction (FormData)."""

    entries: tuple[tuple[str, Symbol], ...] = ()


@dataclass(frozen=True)
class Json:
    """`JSON.stringify(value)`."""

    value: Symbol


@dataclass(frozen=True)
class Apply:
    """A method that cannot be computed yet: `receiver.name(arguments)`."""

    name: str
    receiver: Symbol
    arguments: tuple[Symbol, ...] = ()


@dataclass(frozen=True)
class Closure:
    """A function of the project (`key` names it) with what its surroundings bound."""

    key: str
    bindings: tuple[tuple[tuple[str, int], Symbol], ...] = ()
    receiver: Symbol | None = None


@dataclass(frozen=True)
class Kind:
    """A class of the project."""

    key: str


@dataclass(frozen=True)
class Instance:
    """`new Kind(arguments)`."""

    key: str
    arguments: tuple[Symbol, ...] = ()


@dataclass(frozen=True)
class Package:
    """A name of a package or of the platform (specifier "" = global); `path` leads into it."""

    specifier: str
    name: str
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class Client:
    """A configured HTTP client of the library `library`."""

    library: str
    base: Symbol
    options: Symbol


@dataclass(frozen=True)
class Namespace:
    """A whole module."""

    path: str


@dataclass(frozen=True)
class Result:
    """What a call outside the project returned: `callee(arguments)`."""

    callee: Symbol
    arguments: tuple[Symbol, ...] = ()
    text: str = ""


Symbol: TypeAlias = (
    Lit
    | Flag
    | Nothing
    | Hole
    | Env
    | Param
    | This
    | Join
    | Or
    | If
    | Test
    | Record
    | Items
    | Search
    | Form
    | Json
    | Apply
    | Closure
    | Kind
    | Instance
    | Package
    | Client
    | Namespace
    | Result
)
NOTHING = Nothing()
EMPTY = Lit("")
Bindings = Mapping[tuple[str, int], Symbol]
THIS = -1
# The key of what a query or form was made from as a whole.
SPREAD = "..."


def join(parts: list[Symbol]) -> Symbol:
    """Concatenate texts; neighbouring anonymous literals melt into one."""
    flat: list[Symbol] = []
    for part in parts:
        flat += list(part.parts) if isinstance(part, Join) else [part]
    merged: list[Symbol] = []
    for part in flat:
        last = merged[-1] if merged else None
        if isinstance(part, Lit) and not part.name and isinstance(last, Lit):
            if len(last.text) + len(part.text) > MAX_TEXT:
                return Hole("…")
            merged[-1] = Lit(last.text + part.text, "text", last.name)
        elif part != EMPTY:
            merged.append(part)
    if not merged:
        return EMPTY
    return merged[0] if len(merged) == 1 else Join(tuple(merged[:MAX_PARTS]))


def either(options: list[Symbol]) -> Symbol:
    """`a ?? b`: drop what is certainly absent, stop at what is certainly there."""
    kept: list[Symbol] = []
    for option in options:
        for one in option.options if isinstance(option, Or) else (option,):
            if isinstance(one, Nothing) or one in kept:
                continue
            kept.append(one)
            if isinstance(one, (Lit, Join, Record, Items, Flag, Closure)):
                return kept[0] if len(kept) == 1 else Or(tuple(kept))
    if not kept:
        return NOTHING
    return kept[0] if len(kept) == 1 else Or(tuple(kept))


def choose(test: Symbol, then: Symbol, other: Symbol) -> Symbol:
    """`test ? then : other`, decided where the test is known."""
    decided = truth(test)
    if decided is not None:
        return then if decided else other
    if then == other:
        return then
    if isinstance(test, Test) and test.what == "not":
        return choose(test.operands[0], other, then)
    return If(test, _assume(then, test, holds=True), _assume(other, test, holds=False))


def _assume(value: Symbol, test: Symbol, *, holds: bool) -> Symbol:
    if isinstance(value, If) and value.test == test:
        return value.then if holds else value.other
    return value


def condition(value: Symbol) -> Symbol:
    """`value` as a test of its truth, so that it is never mistaken for the value itself."""
    return value if isinstance(value, (Test, Flag)) else Test("truth", (value,))


def equals(left: Symbol, right: Symbol) -> Symbol:
    """`left === right`; a comparison with null or undefined is a test of presence."""
    if isinstance(left, (Lit, Nothing)) and not isinstance(right, (Lit, Nothing)):
        left, right = right, left
    if isinstance(right, Nothing):
        return negate(condition(left))
    if isinstance(right, Flag) and isinstance(left, Test):
        return left if right.value else negate(left)
    return Test("equal", (left, right))


def negate(test: Symbol) -> Symbol:
    decided = truth(test)
    if decided is not None:
        return Flag(not decided)
    if isinstance(test, Test) and test.what == "not":
        return test.operands[0]
    return Test("not", (test,))


def truth(value: Symbol) -> bool | None:
    """Whether JavaScript takes `value` for true; None when it cannot be known."""
    if isinstance(value, Flag):
        return value.value
    if isinstance(value, Nothing):
        return False
    if isinstance(value, Lit):
        return bool(value.text) and not (value.kind == "number" and value.text == "0")
    if isinstance(value, (Record, Items, Closure, Kind, Instance, Client, Namespace, Search, Form)):
        return True
    if isinstance(value, Join):
        return True if any(isinstance(part, Lit) and part.text for part in value.parts) else None
    if isinstance(value, Test):
        return _test_truth(value)
    return None


def _test_truth(test: Test) -> bool | None:
    if test.what in {"truth", "not"}:
        inner = truth(test.operands[0])
        return inner if inner is None or test.what == "truth" else not inner
    if test.what in {"and", "or"}:
        known = [truth(operand) for operand in test.operands]
        decisive = test.what == "or"
        if decisive in known:
            return decisive
        return None if None in known else not decisive
    return _compare(test)


def _compare(test: Test) -> bool | None:
    left, right = test.operands[0], test.operands[-1]
    if test.what == "equal":
        return _equal(left, right)
    if not isinstance(right, Lit):
        return None
    known = _known_start(left)
    if test.what == "starts" and known is not None:
        text, complete = known
        if len(text) >= len(right.text) or complete:
            return text.startswith(right.text)
        return None if right.text.startswith(text) else False
    if test.what == "includes" and isinstance(left, Items) and _all_known(left):
        return any(_equal(value, right) for value in left.values)
    if test.what == "includes" and known is not None and right.text:
        return True if right.text in known[0] else (False if known[1] else None)
    return None


def _all_known(items: Items) -> bool:
    return all(isinstance(value, Lit) for value in items.values)


def _equal(left: Symbol, right: Symbol) -> bool | None:
    plain = (Lit, Flag, Nothing)
    if isinstance(left, plain) and isinstance(right, plain):
        if isinstance(left, Lit) and isinstance(right, Lit):
            return left.text == right.text
        return left == right
    constant = (Record, Items, Closure, Instance, Join)
    if isinstance(right, Nothing) and isinstance(left, constant):
        return False
    return None


def _known_start(value: Symbol) -> tuple[str, bool] | None:
    """(known beginning, whether it is all) of a text."""
    if isinstance(value, Lit):
        return value.text, True
    if isinstance(value, Join) and isinstance(value.parts[0], Lit):
        return value.parts[0].text, False
    return None


def member(value: Symbol, name: str) -> Symbol:
    """`value.name`, as far as it can be known."""
    if isinstance(value, Record):
        return _record_member(value, name)
    if isinstance(value, (Param, This, Package)):
        return replace(value, path=(*value.path, name)) if len(value.path) < 8 else Hole(name)
    if isinstance(value, If):
        return choose(value.test, member(value.then, name), member(value.other, name))
    if isinstance(value, Or):
        return either([member(option, name) for option in value.options])
    if isinstance(value, Items):
        return _item(value, name)
    if isinstance(value, Nothing):
        return NOTHING
    if isinstance(value, Hole):
        return Hole(f"{value.text}.{name}", value.file, value.start)
    return Apply("." + name, value)


def _record_member(record: Record, name: str) -> Symbol:
    found: list[Symbol] = []
    for key, content in reversed(record.entries):
        if key == name:
            return either([*found, content])
        if key is None:
            found.append(member(content, name))
    return either(found)


def _item(items: Items, name: str) -> Symbol:
    if name.isdigit() and int(name) < len(items.values):
        return items.values[int(name)]
    return NOTHING if name.isdigit() else Apply("." + name, items)


def size(value: Symbol) -> int:
    """How many parts a value has, counted up to a little over the limit."""
    count, stack = 0, [value]
    while stack and count <= MAX_SIZE:
        found = stack.pop()
        count += 1
        stack.extend(children(found))
    return count


def children(value: Symbol) -> list[Symbol]:
    """The values directly inside `value`."""
    if isinstance(value, Join):
        return list(value.parts)
    if isinstance(value, Or):
        return list(value.options)
    if isinstance(value, If):
        return [value.test, value.then, value.other]
    if isinstance(value, Test):
        return list(value.operands)
    if isinstance(value, (Record, Search, Form)):
        return [content for _key, content in value.entries]
    if isinstance(value, Items):
        return list(value.values)
    return _inner(value)


def _inner(value: Symbol) -> list[Symbol]:
    if isinstance(value, Json):
        return [value.value]
    if isinstance(value, Apply):
        return [value.receiver, *value.arguments]
    if isinstance(value, Instance):
        return list(value.arguments)
    if isinstance(value, Client):
        return [value.base, value.options]
    if isinstance(value, Result):
        return [value.callee, *value.arguments]
    if isinstance(value, Closure):
        bound = [content for _key, content in value.bindings]
        return bound if value.receiver is None else [*bound, value.receiver]
    return []


def contains(value: Symbol, accepts: Callable[[Symbol], bool]) -> bool:
    """Whether any part of `value` satisfies `accepts`; bounded like `size`."""
    count, stack = 0, [value]
    while stack and count <= 4 * MAX_SIZE:
        found = stack.pop()
        count += 1
        if accepts(found):
            return True
        stack.extend(children(found))
    return False


def follow(value: Symbol, path: tuple[str, ...]) -> Symbol:
    return reduce(member, path, value)
