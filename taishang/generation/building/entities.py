"""Find the things that the export keeps: tables, collections of paths, typed state, mock rows."""

from __future__ import annotations

from collections import Counter

from taishang.generation.building.catalogue import (
    ID_NAMES,
    TABLE_ORIGINS,
    Catalogue,
    bare_thing,
    has_key,
    is_shape_name,
)
from taishang.generation.building.drafts import Drafts, EntityDraft
from taishang.generation.building.operations import Operation
from taishang.generation.building.paths import Route, read_route
from taishang.generation.building.signin import action_of_path
from taishang.generation.building.words import (
    is_plural,
    match_key,
    singular,
    snake,
    vocabulary,
    words,
)
from taishang.generation.ir import ChatValue, Fact, MockValue, SchemaValue, Shape, StoreValue

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
    "performance report engine scanner diagnostics info latest current default explain"
)
_CRUD = {"GET": "list", "POST": "create", "PATCH": "update", "PUT": "update", "DELETE": "delete"}
_MIN_CHAT_FIELDS = 2
_MIN_ROW_FIELDS = 2
_UI_KEYS = frozenset({"icon", "href", "component", "className", "classname", "element", "render"})
_LABEL_KEYS = frozenset({"label", "value", "name", "key", "color", "id", "title", "text"})


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
    return not parts or parts[0] in ACTION_WORDS or parts[-1] in ACTION_WORDS


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
        operation.call.method for operation, route in found if not route.detail or route.tail
    }
    if details - {"GET", "HEAD", "OPTIONS"} or (details and "GET" in methods):
        return not is_action_word(segment) or is_plural(segment)
    if is_action_word(segment):
        return False
    if any(operation.subject for operation, _ in found):
        return True
    if any(_lists(operation, catalogue) for operation, _ in found) or details:
        return True
    if "GET" in methods and ("POST" in methods or is_plural(segment)):
        return True
    return "POST" in methods and (is_plural(segment) or catalogue.named_like(segment) is not None)


def _lists(operation: Operation, catalogue: Catalogue) -> bool:
    if operation.call.method != "GET":
        return False
    thing, many = catalogue.thing_in(operation.call.reads.type_name)
    return operation.call.reads.list_at is not None or (many and thing is not None)


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
            _chosen_name(type_name, segment), fact=first, type_name=type_name
        )
        drafts.alias(segment, known)
    elif type_name is not None and drafts.find(type_name) is None:
        drafts.type(type_name, known)
    known.wire_name = singular(segment) if not known.type_names else known.wire_name
    for operation, route in found:
        _use(known, operation, route)
    return known


def _chosen_name(type_name: str | None, segment: str) -> str:
    return type_name if type_name is not None and not is_shape_name(type_name) else segment


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
            and drafts.find(value.name) is None
        }
    )
    return fitting[0] if len(fitting) == 1 and len(key) > 3 else None


def from_types(drafts: Drafts, catalogue: Catalogue) -> None:
    """Add declared types that look like stored things; called for exports without any call."""
    for fact in catalogue:
        value = fact.value
        assert isinstance(value, SchemaValue)  # noqa: S101
        if value.shape.type != "object" or not has_key(value.shape):
            continue
        if is_shape_name(value.name) or drafts.is_user(value.name):
            continue
        drafts.add(value.name, fact=fact, type_name=value.name)


def from_references(drafts: Drafts, catalogue: Catalogue) -> None:
    """Add types with a key of their own that a known entity holds: they are rows too, not mere JSON."""
    todo = list(drafts)
    seen: set[str] = set()
    while todo:
        draft = todo.pop(0)
        for type_name in list(draft.type_names):
            if type_name in seen:
                continue
            seen.add(type_name)
            todo += _referenced(drafts, type_name, catalogue)


def _referenced(drafts: Drafts, type_name: str, catalogue: Catalogue) -> list[EntityDraft]:
    schema = catalogue.schema(type_name)
    added = []
    for field in schema.shape.fields.values() if schema is not None else []:
        inner = field.shape.items if field.shape.type == "array" else field.shape
        name = inner.name if inner is not None and inner.type == "reference" else None
        target = catalogue.schema(name) if name is not None else None
        if target is None or name is None or drafts.find(name) is not None or drafts.is_user(name):
            continue
        if target.shape.type == "object" and has_key(target.shape) and not is_shape_name(name):
            added.append(drafts.add(name, fact=catalogue.facts(name)[0], type_name=name))
    return added


def from_state(drafts: Drafts, facts: list[Fact], catalogue: Catalogue) -> None:
    """Add the things that stores and component state hold as lists of objects."""
    for fact in facts:
        value = fact.value
        if not isinstance(value, StoreValue):
            continue
        for name, shape in list(value.parameters.items())[:20]:
            type_name, rows = _listed_thing(shape, catalogue)
            if type_name is None and not rows:
                continue
            if drafts.is_user(type_name or singular(name)):
                continue
            subject = type_name or singular(value.subject or name)
            _hold(drafts, subject, fact, type_name, shape)


def _hold(drafts: Drafts, subject: str, fact: Fact, type_name: str | None, shape: Shape) -> None:
    known = drafts.find(type_name) if type_name is not None else drafts.find(subject)
    draft = known or drafts.add(subject, fact=fact, type_name=type_name)
    draft.note(fact)
    if type_name is None and shape.items is not None:
        for wire, seen in shape.items.fields.items():
            draft.sight(wire, seen, fact, "sent")


def _listed_thing(shape: Shape, catalogue: Catalogue) -> tuple[str | None, bool]:
    inner = shape.items if shape.type == "array" else None
    if inner is None:
        return None, False
    if inner.type == "reference" and inner.name is not None:
        target = catalogue.schema(inner.name)
        if target is not None and target.shape.type == "object" and not _is_copy(target.shape):
            return inner.name, False
        return None, False
    return None, inner.type == "object" and has_key(inner) and not _is_copy(inner)


def _is_copy(shape: Shape) -> bool:
    return is_interface_copy(set(shape.fields))


def is_interface_copy(keys: set[str]) -> bool:
    """Whether rows with these keys are texts of the screen (menus, options) and not data."""
    return bool(keys & _UI_KEYS) or keys <= _LABEL_KEYS - {"id"} or keys <= {"id", "label", "value"}


def from_mocks(
    drafts: Drafts, facts: list[Fact], catalogue: Catalogue, *, mock_only: bool
) -> list[Fact]:
    """Give mock rows to their entities, or make entities of them; the facts that fitted nowhere come back."""
    left = []
    for fact in facts:
        value = fact.value
        if isinstance(value, MockValue):
            keys = {key for row in value.rows[:50] for key in row}
            draft = _home_of(drafts, value, keys, fact, catalogue)
            if draft is None and mock_only and _is_data(value, keys, fact):
                draft = _home_of(drafts, value, keys, fact, catalogue, make=True)
            if draft is None:
                left.append(fact)
            else:
                draft.note(fact)
                draft.mocks.append(fact)
    return left


def _is_data(value: MockValue, keys: set[str], fact: Fact) -> bool:
    if is_interface_copy(keys) or len(keys) < _MIN_ROW_FIELDS:
        return False
    return bool(keys & set(ID_NAMES)) or fact.confidence >= 0.8


def _home_of(
    drafts: Drafts,
    value: MockValue,
    keys: set[str],
    fact: Fact,
    catalogue: Catalogue,
    *,
    make: bool = False,
) -> EntityDraft | None:
    type_name = value.type_name.removesuffix("[]") if value.type_name else None
    if drafts.is_user(type_name) or drafts.is_user(_mock_subject(value.name)):
        return drafts.find("AppUser")
    if type_name is not None and drafts.find(type_name) is not None:
        return drafts.find(type_name)
    if make:
        declared = type_name if type_name and catalogue.schema(type_name) else None
        chosen = declared if declared and not is_shape_name(declared) else None
        return drafts.add(chosen or _mock_subject(value.name), fact=fact, type_name=declared)
    if type_name is None:
        return drafts.find(_mock_subject(value.name)) or _by_fields(drafts, keys, catalogue, fact)
    return None


def _mock_subject(name: str) -> str:
    ignored = {
        "mock",
        "initial",
        "default",
        "sample",
        "dummy",
        "fake",
        "demo",
        "data",
        "list",
        "seed",
        "all",
        "test",
    }
    parts = [part for part in words(name) if part not in ignored]
    return singular("_".join(parts or words(name)))


def _by_fields(
    drafts: Drafts, keys: set[str], catalogue: Catalogue, fact: Fact
) -> EntityDraft | None:
    """The entity whose declared fields hold at least 60 % of these keys, and are held by them so."""
    best: tuple[float, str] | None = None
    for draft in drafts:
        declared: set[str] = set()
        for type_name in draft.type_names:
            schema = catalogue.schema(type_name)
            declared |= set(schema.shape.fields) if schema is not None else set()
        common = len(declared & keys)
        if common >= 3 and common >= 0.6 * len(keys) and common >= 0.6 * len(declared):
            best = max(best or (0.0, ""), (common / len(declared), draft.name))
    found = drafts.named(best[1]) if best is not None else None
    if found is not None and isinstance(fact.value, MockValue):
        drafts.merges.append((found.name, fact.value.name, fact))
    return found


def from_bodies(
    drafts: Drafts, facts: list[Fact], catalogue: Catalogue, verbs: frozenset[str]
) -> None:
    """Add the things that a store method or form submits as an object of two fields or more."""
    for fact in facts:
        value = fact.value
        if (
            not isinstance(value, StoreValue)
            or value.verb.lower() not in verbs
            or not value.subject
        ):
            continue
        if drafts.find(value.subject) is not None or drafts.is_user(value.subject):
            continue
        if snake(value.subject) in (
            "form",
            "data",
            "file",
            "image",
            "files",
            "query",
            "filter",
            "filters",
        ):
            continue
        for shape in value.parameters.values():
            body = catalogue.resolve(shape)
            if body.type == "object" and len(body.fields) >= _MIN_ROW_FIELDS:
                type_name = shape.name if shape.type == "reference" else None
                drafts.add(value.subject, fact=fact, type_name=type_name)
                break


def body_home(drafts: Drafts, type_name: str) -> EntityDraft | None:
    """The entity that a body type such as `CreatePostInput` is about."""
    return drafts.find(type_name) or drafts.find(bare_thing(type_name))


def from_chat(drafts: Drafts, facts: list[Fact]) -> None:
    """Add what the chat alone describes, when it states two fields or more."""
    for fact in facts:
        value = fact.value
        if isinstance(value, ChatValue) and value.statement == "fields":
            known = drafts.find(value.subject)
            if (
                known is None
                and len(value.fields) >= _MIN_CHAT_FIELDS
                and not drafts.is_user(value.subject)
            ):
                known = drafts.add(value.subject, fact=fact)
            if known is not None:
                known.note(fact)
