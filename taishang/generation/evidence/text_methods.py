"""Methods of texts, lists and query strings, computed where their receiver is known."""

from __future__ import annotations

from taishang.generation.evidence.symbols import (
    Apply,
    Closure,
    If,
    Items,
    Join,
    Lit,
    Nothing,
    Or,
    Search,
    Symbol,
    Test,
    choose,
    either,
    join,
    member,
)

SAME = frozenset(
    {"toString", "valueOf", "trim", "href", "normalize", "toJSON", "catch", "finally", "flat"}
)
LEADING_SLASH = frozenset({r"/^\//", r"/^\/+/", r"/^[/]+/", r"/^\/*/"})
TRAILING_SLASH = frozenset({r"/\/$/", r"/\/+$/", r"/[/]+$/", r"/\/*$/", r"/\/$/g", r"/\/+$/g"})
PREDICATES = {"startsWith": "starts", "includes": "includes"}


def apply(name: str, receiver: Symbol, arguments: tuple[Symbol, ...] = ()) -> Symbol:
    """`receiver.name(arguments)`; a name that starts with a dot is a property."""
    if isinstance(receiver, If):
        then = apply(name, receiver.then, arguments)
        return choose(receiver.test, then, apply(name, receiver.other, arguments))
    if name.startswith("."):
        found = member(receiver, name[1:])
        return receiver if isinstance(found, Apply) and name[1:] in SAME else found
    if name in PREDICATES and arguments:
        return Test(PREDICATES[name], (receiver, arguments[0]))
    if isinstance(receiver, Or) and name not in {"push", "set", "append"}:
        return either([apply(name, option, arguments) for option in receiver.options])
    if isinstance(receiver, Nothing):
        return receiver
    if name in SAME:
        return _same(name, receiver)
    method = METHODS.get(name)
    found_value = method(receiver, arguments) if method else None
    return Apply(name, receiver, arguments) if found_value is None else found_value


def _same(name: str, receiver: Symbol) -> Symbol:
    if name == "trim" and isinstance(receiver, Lit):
        return Lit(receiver.text.strip(), receiver.kind, receiver.name)
    return receiver


def _concat(receiver: Symbol, arguments: tuple[Symbol, ...]) -> Symbol | None:
    if isinstance(receiver, Items):
        more = [item.values if isinstance(item, Items) else (item,) for item in arguments]
        return Items(receiver.values + tuple(value for values in more for value in values))
    return join([receiver, *arguments])


def _join(receiver: Symbol, arguments: tuple[Symbol, ...]) -> Symbol | None:
    if not isinstance(receiver, Items):
        return None
    separator = arguments[0] if arguments else Lit(",")
    parts: list[Symbol] = []
    for index, value in enumerate(receiver.values):
        parts += [separator, value] if index else [value]
    return join(parts)


def _filter(receiver: Symbol, _arguments: tuple[Symbol, ...]) -> Symbol | None:
    if not isinstance(receiver, Items):
        return None
    absent = (Nothing, Lit(""))
    return Items(tuple(v for v in receiver.values if not isinstance(v, Nothing) and v != absent[1]))


def _replace(receiver: Symbol, arguments: tuple[Symbol, ...]) -> Symbol | None:
    if len(arguments) < 2 or not isinstance(arguments[0], Lit):
        return None
    pattern, replacement = arguments[0], arguments[1]
    if pattern.kind == "regex":
        if pattern.text in LEADING_SLASH:
            return strip_slash(receiver, leading=True)
        if pattern.text in TRAILING_SLASH:
            return strip_slash(receiver, leading=False)
        plain = _plain_pattern(pattern.text)
        if not plain:
            return receiver
        pattern = Lit(plain)
    return _replace_text(receiver, pattern.text, replacement)


def _plain_pattern(regex: str) -> str:
    """The text a regular expression literal without special characters looks for, else ""."""
    body = regex[1 : regex.rfind("/")].replace("\\/", "/")
    return "" if set(body) & set("\\^$.*+?()[]{}|") else body


def _replace_text(receiver: Symbol, old: str, new: Symbol) -> Symbol | None:
    parts = receiver.parts if isinstance(receiver, Join) else (receiver,)
    if not old or not all(isinstance(part, Lit) or isinstance(receiver, Join) for part in parts):
        return None
    rebuilt: list[Symbol] = []
    for part in parts:
        if not isinstance(part, Lit) or old not in part.text:
            rebuilt.append(part)
            continue
        before, _, after = part.text.partition(old)
        rebuilt += [Lit(before, "text", part.name), new, Lit(after)]
    return join(rebuilt)


def strip_slash(value: Symbol, *, leading: bool) -> Symbol:
    """Remove slashes from one end, where that end is known."""
    if isinstance(value, Lit):
        text = value.text.lstrip("/") if leading else value.text.rstrip("/")
        return Lit(text, "text", value.name)
    if isinstance(value, Join):
        parts = list(value.parts)
        index = 0 if leading else -1
        parts[index] = strip_slash(parts[index], leading=leading)
        return join(parts)
    return value


def _upper(receiver: Symbol, _arguments: tuple[Symbol, ...]) -> Symbol | None:
    return Lit(receiver.text.upper()) if isinstance(receiver, Lit) else None


def _lower(receiver: Symbol, _arguments: tuple[Symbol, ...]) -> Symbol | None:
    return Lit(receiver.text.lower()) if isinstance(receiver, Lit) else None


def _slice(receiver: Symbol, arguments: tuple[Symbol, ...]) -> Symbol | None:
    numbers = [argument.text for argument in arguments if isinstance(argument, Lit)]
    if len(numbers) != len(arguments) or not all(text.lstrip("-").isdigit() for text in numbers):
        return None
    bounds = [int(text) if len(text) < 6 else None for text in numbers[:2]]
    if isinstance(receiver, Lit) and bounds:
        return Lit(receiver.text[bounds[0] : bounds[1] if len(bounds) > 1 else None])
    if isinstance(receiver, Join) and numbers == ["1"] and isinstance(receiver.parts[0], Lit):
        return join([Lit(receiver.parts[0].text[1:]), *receiver.parts[1:]])
    return None


def _bind(receiver: Symbol, _arguments: tuple[Symbol, ...]) -> Symbol | None:
    return receiver if isinstance(receiver, Closure) else None


def _query_text(receiver: Symbol, arguments: tuple[Symbol, ...]) -> Symbol | None:
    return receiver if isinstance(receiver, Search) and not arguments else None


METHODS = {
    "concat": _concat,
    "join": _join,
    "filter": _filter,
    "replace": _replace,
    "replaceAll": _replace,
    "toUpperCase": _upper,
    "toLowerCase": _lower,
    "slice": _slice,
    "substring": _slice,
    "bind": _bind,
    "sort": _query_text,
}
TEXT_METHODS = frozenset(METHODS) | SAME | frozenset(PREDICATES)
