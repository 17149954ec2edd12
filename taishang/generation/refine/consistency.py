"""Say what is wrong with a blueprint: every reference must resolve, every name be unique and legal."""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Iterable

from taishang.generation.ir import (
    MAX_ENDPOINTS,
    MAX_ENTITIES,
    MAX_FIELDS,
    Blueprint,
    EndpointSpec,
    EntitySpec,
)

USER = "User"
_RESERVED = frozenset({"pk", "objects", "check", "save", "delete", "clean", "id"})


def problems(blueprint: Blueprint) -> list[str]:
    """What a renderer could not work with, in words; empty for a sound blueprint."""
    found: list[str] = []
    names = {entity.name for entity in blueprint.entities}
    if len(blueprint.entities) > MAX_ENTITIES or len(blueprint.endpoints) > MAX_ENDPOINTS:
        found.append("too many entities or endpoints")
    found += [
        f"two entities are called {name}"
        for name in _twice(entity.name for entity in blueprint.entities)
    ]
    for entity in blueprint.entities:
        found += _entity_problems(entity, names)
    keys = [f"{endpoint.method} {_shape(endpoint.path)}" for endpoint in blueprint.endpoints]
    found += [f"two endpoints answer {key}" for key in _twice(keys)]
    for endpoint in blueprint.endpoints:
        found += _endpoint_problems(endpoint, names)
    found += [
        f"seed rows for unknown {seed.entity}"
        for seed in blueprint.seeds
        if seed.entity not in names
    ]
    return found


def _entity_problems(entity: EntitySpec, names: set[str]) -> list[str]:
    found = [] if _is_class_name(entity.name) else [f"{entity.name} is no class name"]
    members = [
        *(field.name for field in entity.fields),
        *(relation.name for relation in entity.relations),
    ]
    wires = [
        *(field.wire_name for field in entity.fields),
        *(relation.wire_name for relation in entity.relations),
    ]
    found += [f"{entity.name}.{name} exists twice" for name in _twice(members)]
    found += [f"{entity.name} shows {wire} twice" for wire in _twice(wires)]
    found += [
        f"{entity.name}.{name} is no field name" for name in members if not _is_field_name(name)
    ]
    found += [
        f"{entity.name}.{relation.name} points at unknown {relation.target}"
        for relation in entity.relations
        if relation.target not in names | {USER}
    ]
    if len(entity.fields) > MAX_FIELDS:
        found.append(f"{entity.name} has too many fields")
    if entity.audience == "owner" and entity.owner_field not in {
        relation.name for relation in entity.relations
    }:
        found.append(f"{entity.name} has no owner")
    found += [
        f"{entity.name}.{field.name} has no choices"
        for field in entity.fields
        if field.type == "choice" and not field.choices
    ]
    return found


def _endpoint_problems(endpoint: EndpointSpec, names: set[str]) -> list[str]:
    found = []
    if endpoint.entity is not None and endpoint.entity not in names:
        found.append(f"{endpoint.key} is about unknown {endpoint.entity}")
    if endpoint.behaviour in ("crud", "toggle") and endpoint.entity is None:
        found.append(f"{endpoint.key} is about no entity")
    return found


def _twice(values: Iterable[str]) -> list[str]:
    return sorted(value for value, number in Counter(values).items() if number > 1)


def _shape(path: str) -> str:
    return "/".join("{}" if "{" in part else part for part in path.split("/") if part)


def _is_class_name(name: str) -> bool:
    return (
        name.isidentifier()
        and name.isascii()
        and name[0].isupper()
        and name != USER
        and not keyword.iskeyword(name)
    )


def _is_field_name(name: str) -> bool:
    plain = name.isidentifier() and name.isascii() and not keyword.iskeyword(name)
    return (
        plain
        and name not in _RESERVED
        and "__" not in name
        and not name.startswith("_")
        and not name.endswith("_")
    )
