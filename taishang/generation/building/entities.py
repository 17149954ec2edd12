"""Find the things that the export keeps: tables, collections of paths, typed state, mock rows."""

from __future__ import annotations

import re
from collections import Counter

from taishang.generation.building.catalogue import (
    LIST_KEYS,
    TABLE_ORIGINS,
    Catalogue,
    has_key,
    is_shape_name,
)
from taishang.generation.building.drafts import Drafts, EntityDraft
from taishang.generation.building.offline import TOGGLE_VERBS
from taishang.generation.building.operations import Operation
from taishang.generation.building.paths import HOLE, Route, read_route
from taishang.generation.building.signin import action_of_path
from taishang.generation.building.words import (
    is_plural,
    match_key,
    singular,
    vocabulary,
    words,
)
from taishang.generation.ir import SchemaValue

PLUMBING_TABLES = vocabulary(
    "account session verification_token verificationtoken migration schema_migration django_migration refresh_token "
    "password_reset_token authenticator"
)
ACTION_WORDS = vocabulary(
    "stats statistics analytics metrics insights health dashboard summary overview search export import download "
    "upload trends predict prediction generate analyze analyse analysis check scan send validate verify calculate "
    "compute preview status count counts me bulk batch sync test run start stop pause resume execute process detect "
    "refresh reset chat completions recommend recommendations suggest suggestions config ping version forecast "
    "simulate optimize translate transcribe summarize convert parse train evaluate login logout register checkout "
    "webhook callback submit activate deactivate enable disable approve reject cancel confirm risk timeline history "
    "performance report engine scanner diagnostics info latest current default explain public mine my active recent "
    "popular featured trending archived pending all shared today upcoming top own by"
)
FIRST_VERBS = vocabulary(
    "get fetch create add update edit delete remove send resend revoke recalculate calculate reset force disable enable "
    "mark set clear assign unassign invite accept decline reject approve toggle change move copy duplicate merge apply "
    "submit cancel close open reopen archive restore publish unpublish generate regenerate analyze predict run start "
    "stop check verify validate upload download import export sync search find list load request confirm complete "
    "retry trigger execute process train seed make build explain detect scan test"
)
TYPE_SUFFIXES = frozenset({"model", "dto", "entity", "interface", "type"})
STATE_WORDS = vocabulary("accepted declined completed done read seen respond")
_SAID = {"list": "GET", "get": "GET", "create": "POST"}
_SCALARS = re.compile(r"^(?:Array<)?(?:string|number|boolean)\b")
_CRUD = {"GET": "list", "POST": "create", "PATCH": "update", "PUT": "update", "DELETE": "delete"}


def from_tables(drafts: Drafts, catalogue: Catalogue) -> None:
    for fact in catalogue:
        value = fact.value
        assert isinstance(value, SchemaValue)  # noqa: S101
        if value.origin not in TABLE_ORIGINS or value.shape.type != "object":
            continue
        if drafts.is_user(value.name) or singular(value.name) in PLUMBING_TABLES:
            continue
        drafts.add(_table_name(value.name), fact=fact, type_name=value.name)


def _table_name(name: str) -> str:
    return name.split(".")[-1]


def from_operations(
    drafts: Drafts, operations: list[Operation], catalogue: Catalogue, *, prefix: str
) -> None:
    """Add an entity for each path segment that is used as a collection, named by its type where known."""
    routes = {
        operation.key: read_route(operation.call.path, prefix=prefix)
        for operation in operations
        if action_of_path(operation, prefix=prefix) is None
    }
    by_segment: dict[str, list[tuple[Operation, Route]]] = {}
    for operation in operations:
        route = routes.get(operation.key)
        segment = collection_of(route) if route is not None else None
        if route is not None and segment is not None:
            by_segment.setdefault(match_key(segment), []).append((operation, route))
    for key in sorted(by_segment):
        found = by_segment[key]
        segment = collection_of(found[0][1]) or key
        if _is_collection(segment, found, drafts, catalogue):
            _add_collection(drafts, segment, found, catalogue)


def collection_of(route: Route) -> str | None:
    """The segment that a path addresses as a collection, its own or a nested one."""
    if not route.tail:
        return route.collection
    return route.tail[0] if len(route.tail) == 1 else None


def is_action_word(segment: str) -> bool:
    parts = words(segment)
    if not parts or {parts[0], parts[-1]} & (ACTION_WORDS | TOGGLE_VERBS):
        return True
    return len(parts) > 1 and parts[0] in FIRST_VERBS


def _is_verb(segment: str) -> bool:
    """`/tasks/complete/{id}` does something to a task; nobody keeps completes."""
    return words(segment) in [[verb] for verb in FIRST_VERBS | STATE_WORDS]


def _is_collection(
    segment: str,
    found: list[tuple[Operation, Route]],
    drafts: Drafts,
    catalogue: Catalogue,
) -> bool:
    if drafts.find(segment) is not None:
        return True
    details = {
        operation.call.method for operation, route in found if route.detail and not route.tail
    }
    methods = {
        _SAID.get(route.verb or "", operation.call.method)
        for operation, route in found
        if not route.detail or route.tail
    }
    if details and not methods and _is_verb(segment) and found[0][1].namespaces:
        return False
    if details and (methods or details - {"GET", "HEAD", "OPTIONS"}):
        return not is_action_word(segment) or (is_plural(segment) and len(words(segment)) == 1)
    if is_action_word(segment):
        return False
    if details:
        return not all(_is_lookup(route, operation) for operation, route in found)
    return _is_listed(segment, found, methods, catalogue)


def _is_listed(
    segment: str, found: list[tuple[Operation, Route]], methods: set[str], catalogue: Catalogue
) -> bool:
    """Whether a path of which no single row is ever addressed holds rows."""
    if methods == {"GET"} and _is_single(found, catalogue):
        return False
    if any(operation.subject for operation, _ in found):
        return True
    other = _listed_name(found)
    if other is not None and not is_plural(segment) and not related(segment, other):
        return "POST" in methods
    if any(_lists(operation, catalogue) for operation, _ in found):
        return True
    if "GET" in methods and ("POST" in methods or is_plural(segment)):
        return True
    return "POST" in methods and (is_plural(segment) or catalogue.named_like(segment) is not None)


def _is_lookup(route: Route, operation: Operation) -> bool:
    """`/settings/category/{category}` picks settings by a value; it is no collection of categories."""
    holes = HOLE.findall(operation.call.path)
    segment = route.collection or ""
    stem = match_key(segment)
    named = bool(holes) and match_key(holes[-1]).removesuffix("id") in (
        stem,
        stem.removeprefix("by"),
    )
    return named and bool(route.namespaces) and not is_plural(segment)


def _lists(operation: Operation, catalogue: Catalogue) -> bool:
    if operation.call.method != "GET":
        return False
    thing, many = catalogue.thing_in(operation.call.reads.type_name)
    if thing is not None:
        return many
    return operation.call.reads.list_at is not None and not _SCALARS.search(
        operation.call.reads.type_name or ""
    )


def related(one: str, two: str) -> bool:
    """Whether one name is a part of the other: `user-drawings` and `drawings`."""
    first, second = match_key(one), match_key(two)
    return first in second or second in first


def _listed_name(found: list[tuple[Operation, Route]]) -> str | None:
    """The plural under which a reply keeps its list, when it names the rows: `tickets`."""
    for operation, _ in found:
        key = (operation.call.reads.list_at or "").rpartition(".")[2]
        if operation.call.method == "GET" and key and key not in LIST_KEYS and is_plural(key):
            return key
    return None


def _is_single(found: list[tuple[Operation, Route]], catalogue: Catalogue) -> bool:
    """Whether the declared type of every answer is one object: `/users/{id}/profile`, `/stats`."""
    things = [catalogue.thing_in(operation.call.reads.type_name) for operation, _ in found]
    return all(thing is not None and not many for thing, many in things)


def _add_collection(
    drafts: Drafts,
    segment: str,
    found: list[tuple[Operation, Route]],
    catalogue: Catalogue,
) -> EntityDraft:
    type_name = _type_of(segment, found, catalogue, drafts)
    first = found[0][0].facts[0]
    known = drafts.find(segment)
    if known is None:
        typed = drafts.find(type_name) if type_name is not None else None
        known = typed or drafts.add(
            _chosen_name(type_name, segment, found), fact=first, type_name=type_name
        )
        drafts.alias(segment, known)
    elif type_name is not None and drafts.find(type_name) is None:
        drafts.type(type_name, known)
    known.wire_name = singular(segment) if not known.type_names else known.wire_name
    for operation, route in found:
        _use(known, operation, route)
    return known


def _chosen_name(type_name: str | None, segment: str, found: list[tuple[Operation, Route]]) -> str:
    if type_name is not None and not is_shape_name(type_name):
        bare = "_".join(words(type_name)[:-1])
        suffixed = words(type_name)[-1] in TYPE_SUFFIXES and match_key(bare) == match_key(segment)
        return bare if suffixed else type_name
    listed = _listed_name(found)
    return listed if listed is not None and not is_plural(segment) else segment


def _use(draft: EntityDraft, operation: Operation, route: Route) -> None:
    for fact in operation.facts:
        draft.note(fact)
    use = _CRUD.get(operation.call.method)
    if use is not None:
        draft.uses.add(use)
    if (route.parent is not None and operation.call.method == "POST") or route.parent is not None:
        draft.parents.append(route.parent)


def _type_of(
    segment: str,
    found: list[tuple[Operation, Route]],
    catalogue: Catalogue,
    drafts: Drafts,
) -> str | None:
    """The declared type of a collection's rows: as the calls say, else by name, else by a unique suffix."""
    votes: Counter[str] = Counter()
    for operation, _ in found:
        thing, many = catalogue.thing_in(operation.call.reads.type_name)
        if thing is not None and _may_be_row(thing, segment, catalogue):
            votes[thing] += 2 if many else 1
    if votes:
        return min(votes, key=lambda name: (-votes[name], name))
    return catalogue.named_like(segment) or _by_suffix(segment, catalogue, drafts)


def _may_be_row(type_name: str, segment: str, catalogue: Catalogue) -> bool:
    schema = catalogue.schema(type_name)
    if schema is None or match_key("User") == match_key(type_name) != match_key(segment):
        return False
    related = match_key(segment) in match_key(type_name) or match_key(type_name) in match_key(
        segment
    )
    return related or has_key(schema.shape) or not is_shape_name(type_name)


def _by_suffix(segment: str, catalogue: Catalogue, drafts: Drafts) -> str | None:
    key = match_key(segment)
    fitting = sorted(
        {
            value.name
            for value in (fact.value for fact in catalogue)
            if isinstance(value, SchemaValue)
            and value.shape.type == "object"
            and has_key(value.shape)
            and match_key(value.name).endswith(key)
            and "with" not in words(value.name)
            and drafts.find(value.name) is None
        }
    )
    return fitting[0] if len(fitting) == 1 and len(key) > 3 else None
