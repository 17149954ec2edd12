"""Settle the models: names, columns, relations, owners, toggles."""

from __future__ import annotations

import re
from typing import Any

from taishang.generation.ir import (
    RENDER_THRESHOLD,
    Blueprint,
    EndpointSpec,
    EntitySpec,
    FieldSpec,
    RelationSpec,
    SeedSet,
)
from taishang.generation.render.naming import class_name, identifier, plural, words
from taishang.generation.render.plan import TEXTS, Column, Link, Model, Toggle
from taishang.generation.render.planning_relations import break_cycles, settle_related_names

MUST_SAY = frozenset({"name", "title", "subject", "label", "slug", "code", "key", "username"})
TYPED_DEFAULTS: dict[str, Any] = {
    "text": "", "long_text": "", "email": "", "url": "", "slug": "", "choice": "",
    "integer": 0, "big_integer": 0, "decimal": 0, "float": 0.0, "boolean": False,
}  # fmt: skip
COUNT_WORDS = frozenset({"count", "counts", "total", "number", "num"})
SOCIAL = frozenset(
    {"like", "follow", "subscribe", "bookmark", "favorite", "favourite", "save", "vote", "upvote", "star",
     "watch", "join", "downvote", "dislike"}
)  # fmt: skip
DEFAULT_LENGTH = 255
MOST_LENGTH = 4_000


def models(blueprint: Blueprint) -> list[Model]:
    """A model per entity that is sure enough, owners added, relations kept only where they lead."""
    kept = [entity for entity in blueprint.entities if entity.confidence >= RENDER_THRESHOLD]
    found: list[Model] = []
    for entity in kept:
        name = class_name(entity.name, taken=[model.class_name for model in found])
        module = identifier(name, kind="model", taken=[model.module for model in found])
        found.append(
            Model(
                spec=entity,
                class_name=name,
                module="model_base" if module == "base" else module,
                many=identifier(plural(identifier(name)), kind="rows"),
                owner=None,
                evidence=_files(entity),
            )
        )
    targets = {model.spec.name: model for model in found}
    for model in found:
        _fill(model, blueprint, targets)
    break_cycles(found)
    settle_related_names(found)
    return found


def _files(entity: EntitySpec) -> list[str]:
    items = [entity, *entity.fields, *entity.relations]
    return sorted({place.file for item in items for place in item.evidence.places})[:5]


def _fill(model: Model, blueprint: Blueprint, targets: dict[str, Model]) -> None:
    entity = model.spec
    taken = {"id", "pk"}
    wires = {entity.id_wire_name}
    owner_spec = _owner_spec(entity)
    opened = any(_opens_creation(endpoint, entity) for endpoint in blueprint.endpoints)
    if owner_spec is None and entity.audience != "catalogue":
        owner_spec = RelationSpec(
            key=f"relation:{entity.name}.owner",
            name="owner",
            wire_name="",
            kind="fk",
            target="User",
            read_only=True,
        )
        owner_spec.evidence.rule = "ownership"
    if owner_spec is not None and entity.audience != "catalogue":
        model.links.append(_owner_link(model, owner_spec, taken, wires, opened=opened))
    for relation in entity.relations:
        if relation is not owner_spec and relation.wire_name not in wires:
            _add_link(model, relation, targets, taken, wires)
    sent = _sent_keys(entity, blueprint.endpoints)
    longest = _longest(entity, blueprint.seeds)
    for spec in entity.fields:
        if spec.wire_name not in wires and spec.confidence >= RENDER_THRESHOLD:
            wires.add(spec.wire_name)
            model.columns.append(column_of(spec, taken, sent, longest.get(spec.wire_name, [])))
    _settle_order(model)
    _add_toggles(model, blueprint, taken)


def _opens_creation(endpoint: EndpointSpec, entity: EntitySpec) -> bool:
    public = endpoint.auth == "public" and endpoint.opened_by is not None
    return public and endpoint.entity == entity.name and endpoint.action == "create"


def _owner_spec(entity: EntitySpec) -> RelationSpec | None:
    wanted = entity.owner_field
    return next(
        (r for r in entity.relations if r.name == wanted and r.target == "User" and r.kind == "fk"),
        None,
    )


def _owner_link(
    model: Model, spec: RelationSpec, taken: set[str], wires: set[str], *, opened: bool
) -> Link:
    name = identifier(bare(spec.name), kind="user", taken=taken)
    taken |= {name, f"{name}_id"}
    shown = bool(spec.wire_name)
    if shown:
        wires.add(spec.wire_name)
    model.owner = name
    return Link(
        spec=spec,
        name=name,
        wire=spec.wire_name,
        kind="fk",
        target="User",
        null=opened,
        required=False,
        on_delete="cascade",
        related_name=spec.related_name,
        read_only=True,
        nested=_nested(spec, wires),
        shown=shown,
    )


def bare(name: str) -> str:
    """`author_id` names the column of `author`."""
    found = words(name)
    return "_".join(found[:-1]) if len(found) > 1 and found[-1] == "id" else name


def _nested(spec: RelationSpec, wires: set[str]) -> str | None:
    """The key that shows the embedded row: the relation's own, else the id's key without its ending."""
    if not spec.embedded or not spec.wire_name:
        return None
    bare = re.sub(r"(_id|Id|ID)$", "", spec.wire_name)
    wanted = bare if bare and bare != spec.wire_name else spec.wire_name
    if wanted != spec.wire_name:
        if wanted in wires:
            return None
        wires.add(wanted)
    return wanted


def _add_link(
    model: Model,
    spec: RelationSpec,
    targets: dict[str, Model],
    taken: set[str],
    wires: set[str],
) -> None:
    if spec.confidence < RENDER_THRESHOLD or not spec.wire_name:
        return
    target = "User" if spec.target == "User" else None
    if spec.target in targets:
        target = targets[spec.target].class_name
    if target is None:
        return
    name = identifier(bare(spec.name), kind="link", taken=taken)
    taken |= {name, f"{name}_id"}
    wires.add(spec.wire_name)
    set_null = spec.on_delete == "set_null"
    model.links.append(
        Link(
            spec=spec,
            name=name,
            wire=spec.wire_name,
            kind=spec.kind,
            target=target,
            null=(spec.null or set_null or target == "User") and spec.kind != "m2m",
            required=not spec.null and not set_null and target != "User" and spec.kind != "m2m",
            on_delete=spec.on_delete,
            related_name=spec.related_name,
            read_only=spec.read_only,
            nested=_nested(spec, wires),
        )
    )


def _sent_keys(entity: EntitySpec, endpoints: list[EndpointSpec]) -> set[str] | None:
    """Keys that every known creation sends, or None when no creation's body is known."""
    bodies = [
        {key for key, value in endpoint.request.fields.items() if not value.optional}
        for endpoint in endpoints
        if endpoint.entity == entity.name
        and endpoint.action == "create"
        and endpoint.request is not None
        and endpoint.request.fields
    ]
    return set.intersection(*bodies) if bodies else None


def _longest(entity: EntitySpec, seeds: list[SeedSet]) -> dict[str, list[Any]]:
    """The values that the seeds hold per key, so that the columns can take them."""
    found: dict[str, list[Any]] = {}
    for seed in seeds:
        for row in seed.rows if seed.entity == entity.name else []:
            for key, value in row.items():
                found.setdefault(key, []).append(value)
    return found


def column_of(spec: FieldSpec, taken: set[str], sent: set[str] | None, values: list[Any]) -> Column:
    name = identifier(spec.name, taken=taken)
    taken.add(name)
    # What a column is follows from what the front end calls it, not from a later rename.
    heard = identifier(spec.former_names[0]) if spec.former_names else name
    managed = _managed(spec, heard)
    kind = _settled_type(spec, values)
    required = spec.required and not spec.read_only and not managed
    required = required and (sent is None or spec.wire_name in sent)
    choices = _choices(spec, values) if kind == "choice" else []
    column = Column(
        spec=spec,
        name=name,
        wire=spec.wire_name,
        type=kind,
        null=spec.null or any(value is None for value in values),
        required=required,
        blank=not required or (kind in TEXTS and not MUST_SAY & set(words(heard))),
        choices=choices,
        max_length=_length(spec, kind, values),
        unique=spec.unique and kind not in ("json", "boolean"),
        managed=managed,
        read_only=spec.read_only or bool(managed),
        write_only=spec.write_only,
    )
    _give_default(column)
    return column


def _managed(spec: FieldSpec, name: str) -> str:
    if spec.type not in ("datetime", "date"):
        return ""
    found = set(words(name))
    if found & {"created", "joined", "registered"} and (spec.read_only or found & {"at", "on"}):
        return "created"
    if found & {"updated", "modified"} and (spec.read_only or found & {"at", "on"}):
        return "updated"
    return ""


def _settled_type(spec: FieldSpec, values: list[Any]) -> Any:
    texts = [value for value in values if isinstance(value, str) and value]
    if spec.type == "relation":
        return "text"
    if spec.type == "url" and any(
        not re.match(r"https?://[^\s]+\.[^\s]+$", text) for text in texts
    ):
        return "text"
    if spec.type == "email" and any("@" not in text for text in texts):
        return "text"
    if spec.type == "choice" and not spec.choices:
        return "text"
    if spec.type in ("text", "slug") and any(len(text) > MOST_LENGTH for text in texts):
        return "long_text"
    return "text" if spec.type == "slug" and texts else spec.type


def _choices(spec: FieldSpec, values: list[Any]) -> list[str]:
    extra = sorted(
        {value for value in values if isinstance(value, str) and value} - set(spec.choices)
    )
    return list(dict.fromkeys([*spec.choices, *extra]))


def _length(spec: FieldSpec, kind: str, values: list[Any]) -> int | None:
    seen = max((len(value) for value in values if isinstance(value, str)), default=0)
    if kind in ("text", "url"):
        floor = 500 if kind == "url" else DEFAULT_LENGTH
        return min(MOST_LENGTH, max(spec.max_length or floor, seen))
    if kind == "choice":
        longest = max((len(choice) for choice in _choices(spec, values)), default=1)
        return max(32, longest)
    if kind == "slug":
        return spec.max_length or DEFAULT_LENGTH
    return None


def _give_default(column: Column) -> None:
    """What a row gets when nobody says: the stated default, else the type's empty value, else null."""
    spec = column.spec
    if column.managed:
        return
    if spec.default is not None and _fits(column, spec.default):
        column.default, column.has_default, column.required = spec.default, True, False
        return
    if column.required or column.null or column.unique:
        column.null = column.null or (column.unique and not column.required)
        return
    if column.type == "choice":
        column.default, column.has_default = column.choices[0], True
    elif column.type in TYPED_DEFAULTS:
        column.default, column.has_default = TYPED_DEFAULTS[column.type], True
    elif column.type != "json":
        column.null = True


def _fits(column: Column, value: Any) -> bool:
    kinds: dict[str, tuple[type, ...]] = {
        "boolean": (bool,), "integer": (int,), "big_integer": (int,), "float": (int, float),
        "decimal": (int, float), "text": (str,), "long_text": (str,), "email": (str,), "url": (str,),
        "slug": (str,),
    }  # fmt: skip
    if column.type == "choice":
        return value in column.choices
    if isinstance(value, bool) and column.type != "boolean":
        return False
    if isinstance(value, str) and len(value) > (column.max_length or MOST_LENGTH):
        return False
    return isinstance(value, kinds.get(column.type, ()))


def _settle_order(model: Model) -> None:
    names = {column.name for column in model.columns} | {"id"}
    by_wire = {column.wire: column.name for column in model.columns}
    for asked in model.spec.ordering:
        bare, sign = asked.lstrip("-"), "-" if asked.startswith("-") else ""
        name = bare if bare in names else by_wire.get(bare)
        if name:
            model.ordering.append(f"{sign}{name}")
    if not model.ordering:
        created = next((c.name for c in model.columns if c.managed == "created"), None)
        model.ordering = [created] if created else []
    model.ordering.append("id")
    model.ordering = list(dict.fromkeys(model.ordering))
    known = by_wire | {link.wire: link.name for link in model.links if link.kind != "m2m"}
    known |= {
        name: name for name in names | {link.name for link in model.links if link.kind != "m2m"}
    }
    for group in model.spec.unique_sets:
        if len(group) > 1 and all(name in known for name in group):
            model.unique_sets.append([known[name] for name in group])


def _add_toggles(model: Model, blueprint: Blueprint, taken: set[str]) -> None:
    for endpoint in blueprint.endpoints:
        if endpoint.entity != model.spec.name or endpoint.behaviour != "toggle":
            continue
        verb = identifier(endpoint.action, kind="toggle")
        if all(toggle.verb != verb for toggle in model.toggles):
            model.toggles.append(_toggle(model, verb, taken))


def _toggle(model: Model, verb: str, taken: set[str]) -> Toggle:
    stems = {_stem(word) for word in words(verb)} - {"toggl", "un", "status", "set"}
    booleans = [column for column in model.columns if column.type == "boolean"]
    fitting = [
        column for column in booleans if stems & {_stem(word) for word in words(column.name)}
    ]
    counts = [
        column.wire
        for column in model.columns
        if column.type in ("integer", "big_integer")
        and stems & {_stem(word) for word in words(column.name)}
    ]
    method = f"{verb}_row" if verb in ("list", "create", "update", "destroy", "retrieve") else verb
    social = bool(SOCIAL & set(words(verb))) and model.audience != "owner"
    if not social and (fitting or (len(booleans) == 1 and not SOCIAL & set(words(verb)))):
        return Toggle(verb=verb, method=method, column=(fitting or booleans)[0].name)
    users = identifier(f"{verb}_users", taken=taken)
    taken.add(users)
    flags = [column.wire for column in fitting]
    return Toggle(verb=verb, method=method, users=users, flag_wires=flags, count_wires=counts)


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "d", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
