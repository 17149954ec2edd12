"""Read what a path says: its prefix, its collection, its parent, its action."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from taishang.generation.building.words import parameter_name, snake, words
from taishang.generation.ir import PathParameter

HOLE = re.compile(r"\{([^{}/]*)\}")
DEFAULT_PREFIX = "/api"
_VERSION = re.compile(r"v\d{1,3}")
_SHARE = 0.5
RPC_VERBS = {
    "list": "list",
    "get": "get",
    "fetch": "get",
    "show": "get",
    "find": "get",
    "all": "list",
    "create": "create",
    "add": "create",
    "new": "create",
    "store": "create",
    "update": "update",
    "edit": "update",
    "delete": "delete",
    "remove": "delete",
    "destroy": "delete",
}
# Said alone they are verbs; before a noun they are a part of its name.
SINGLE_VERBS = frozenset({"new", "store", "show", "find", "all"})


def segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def is_hole(segment: str) -> bool:
    return "{" in segment


def is_prefix(segment: str) -> bool:
    """Whether a segment belongs to every path of an API: `api`, `v1`."""
    return segment.lower() in ("api", "rest") or _VERSION.fullmatch(segment) is not None


def has_words(path: str) -> bool:
    """Whether a path names anything beyond its prefix; one that does not came whole from a variable."""
    return any(not is_hole(part) and not is_prefix(part) for part in segments(path))


def shape_key(path: str) -> str:
    """The path with nameless holes and no outer slashes: equal for two spellings of one route."""
    return "/".join("{}" if is_hole(part) else part for part in segments(path))


def common_prefix(paths: Iterable[str]) -> str:
    """The leading `/api` or `/api/v1` that most paths share; "" when they share none."""
    counts: Counter[str] = Counter()
    total = 0
    for path in paths:
        total += 1
        parts = segments(path)
        taken = [part for part in parts[:1] if part.lower() in ("api", "rest")]
        if taken or (parts and _VERSION.fullmatch(parts[0])):
            follower = parts[len(taken)] if len(parts) > len(taken) else ""
            taken += [follower] if _VERSION.fullmatch(follower) else []
        counts["/" + "/".join(taken) if taken else ""] += 1
    if not counts:
        return ""
    best, number = min(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return best if number > total * _SHARE else ""


@dataclass(frozen=True)
class Route:
    """A path cut at its last collection. `tail` holds the static segments after the last hole.

    `collection` is the segment that names the things, `detail` whether one of them is addressed, `parent`
    the collection of the hole before it, `namespaces` the static segments in front of everything.
    """

    collection: str | None
    detail: bool = False
    parent: str | None = None
    parent_parameter: str | None = None
    tail: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    holes: int = 0
    verb: str | None = None


def read_route(path: str, *, prefix: str) -> Route:
    """The reading of `path` without its prefix; `tail` is empty when the last segment is a hole."""
    parts = segments(path)
    skipped = segments(prefix)
    if parts[: len(skipped)] == skipped:
        parts = parts[len(skipped) :]
    elif parts[:1] and parts[0].lower() == "api":
        parts = parts[1:]
    parts = [part for part in parts if _VERSION.fullmatch(part) is None]
    verb, parts = _spoken_verb(parts)
    return replace(_route(parts), verb=verb)


def _spoken_verb(parts: list[str]) -> tuple[str | None, list[str]]:
    """The verb that a path says aloud, and the path without it: `/posts/create`, `/delete-post/{id}`."""
    statics = [index for index, part in enumerate(parts) if not is_hole(part)]
    for index in reversed(statics):
        said = words(parts[index])
        verb = RPC_VERBS.get(said[0]) if said else None
        if verb is None:
            continue
        if len(said) > 1 and said[0] in SINGLE_VERBS:
            continue
        if len(said) > 1:
            return verb, [*parts[:index], "_".join(said[1:]), *parts[index + 1 :]]
        rest = [part for part in parts[:index] if words(part)[:1] != ["get"]]
        rest += parts[index + 1 :]
        return (verb, rest) if any(not is_hole(part) for part in rest[:index]) else (None, parts)
    return None, parts


def _route(parts: list[str]) -> Route:
    holes = [index for index, part in enumerate(parts) if is_hole(part)]
    if not holes:
        return Route(
            collection=parts[-1] if parts else None,
            namespaces=tuple(parts[:-1]),
            tail=tuple(parts[-1:]),
        )
    last = holes[-1]
    named = [index for index in range(last) if index not in holes]
    collection = named[-1] if named and named[-1] == last - 1 else None
    if last == len(parts) - 1:
        return _detail(parts, holes, collection)
    tail = tuple(parts[last + 1 :])
    return Route(
        collection=parts[collection] if collection is not None else None,
        detail=True,
        parent=parts[collection] if collection is not None else None,
        parent_parameter=_hole_name(parts[last]),
        tail=tail,
        namespaces=tuple(parts[: collection or 0]),
        holes=len(holes),
    )


def _detail(parts: list[str], holes: list[int], collection: int | None) -> Route:
    if collection is None:
        return Route(collection=None, detail=True, holes=len(holes))
    before = collection - 1
    nested = before in holes and before > 0 and not is_hole(parts[before - 1])
    return Route(
        collection=parts[collection],
        detail=True,
        parent=parts[before - 1] if nested else None,
        parent_parameter=_hole_name(parts[before]) if nested else None,
        namespaces=tuple(part for part in parts[:collection] if not is_hole(part)),
        holes=len(holes),
    )


def _hole_name(segment: str) -> str | None:
    found = HOLE.search(segment)
    return found.group(1) if found else None


def with_safe_holes(path: str, parameters: list[PathParameter]) -> tuple[str, list[PathParameter]]:
    """`path` with unique Python names in its holes, and its parameters in that order."""
    known = {parameter.name: parameter for parameter in parameters}
    safe: list[PathParameter] = []

    def renamed(found: re.Match[str]) -> str:
        old = found.group(1)
        name = hole_name(old, taken=[parameter.name for parameter in safe])
        before = known.get(old, PathParameter(name=old))
        safe.append(before.model_copy(update={"name": name}))
        return "{" + name + "}"

    return HOLE.sub(renamed, path), safe


def hole_name(name: str, *, taken: list[str]) -> str:
    """A Python name for a path parameter; the `id`s of a front end stay what they are called there."""
    return parameter_name(snake(name) or "key", taken=taken)
