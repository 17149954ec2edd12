"""Find the things that a front end keeps by itself: typed state, mock rows, bodies, chat statements."""

from __future__ import annotations

from taishang.generation.building.catalogue import (
    ID_NAMES,
    Catalogue,
    bare_thing,
    has_key,
    is_shape_name,
)
from taishang.generation.building.drafts import Drafts, EntityDraft
from taishang.generation.building.words import match_key, singular, snake, words
from taishang.generation.ir import (
    ChatValue,
    Fact,
    FormValue,
    MockValue,
    SchemaValue,
    Shape,
    StoreValue,
)

_MIN_CHAT_FIELDS = 2
_MIN_ROW_FIELDS = 2
_UI_KEYS = frozenset({"icon", "href", "component", "className", "classname", "element", "render"})
_LABEL_KEYS = frozenset({"label", "value", "name", "key", "color", "id", "title", "text"})


def from_types(drafts: Drafts, catalogue: Catalogue) -> None:
    """Add declared types that look like stored things; called for exports without any call."""
    for fact in catalogue:
        value = fact.value
        assert isinstance(value, SchemaValue)  # noqa: S101
        if value.shape.type != "object" or not has_key(value.shape):
            continue
        if is_shape_name(value.name) or drafts.is_user(value.name):
            continue
        whole = _whole_of(value, catalogue)
        draft = drafts.add(whole or value.name, fact=fact, type_name=whole or value.name)
        if whole is not None:
            drafts.alias(value.name, draft)


def _whole_of(part: SchemaValue, catalogue: Catalogue) -> str | None:
    """The larger type that `part` is a view of: `Section` with two fields of `TaskSection`."""
    fields = set(part.shape.fields)
    found = {
        value.name
        for value in (fact.value for fact in catalogue)
        if isinstance(value, SchemaValue)
        and value.shape.type == "object"
        and len(fields) < len(value.shape.fields)
        and fields <= set(value.shape.fields)
        and match_key(value.name) != match_key(part.name)
        and match_key(value.name).endswith(match_key(part.name))
        and not is_shape_name(value.name)
    }
    return found.pop() if len(found) == 1 else None


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
            if drafts.is_user(type_name or singular(name)) or is_shape_name(type_name or "item"):
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
    name = getattr(fact.value, "name", None) or getattr(fact.value, "subject", "")
    if found is not None and name:
        drafts.merges.append((found.name, name, fact))
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
                twin = _by_fields(drafts, set(body.fields), catalogue, fact)
                if twin is not None:
                    drafts.alias(value.subject, twin)
                else:
                    drafts.add(value.subject, fact=fact, type_name=type_name)
                break


def from_submissions(drafts: Drafts, facts: list[Fact], submits: set[str]) -> None:
    """Add what a form gives to a function that only pretends to send it."""
    for fact in facts:
        value = fact.value
        if not isinstance(value, FormValue) or value.submit not in submits or not value.subject:
            continue
        inputs = {word for wire in value.shape.fields for word in words(wire)}
        if (
            len(value.shape.fields) < _MIN_ROW_FIELDS
            or "password" in inputs
            or drafts.is_user(value.subject)
        ):
            continue
        if not any(drafts.find(name) for name in (value.subject, _verbless(value.submit))):
            draft = drafts.add(value.subject, fact=fact)
            drafts.alias(_verbless(value.submit), draft)


def _verbless(name: str) -> str:
    return "_".join(words(name)[1:])


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
