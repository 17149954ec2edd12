"""Make a blueprint consistent: drop what is too doubtful or too much, into the list of the unresolved."""

from __future__ import annotations

from typing import TypeVar

from taishang.generation.building.paths import shape_key
from taishang.generation.building.words import function_name, snake
from taishang.generation.ir import (
    MAX_ENDPOINTS,
    MAX_ENTITIES,
    MAX_FIELDS,
    MAX_WARNINGS,
    RENDER_THRESHOLD,
    Blueprint,
    EndpointSpec,
    EntitySpec,
    Item,
    PathParameter,
    RelationSpec,
    Unresolved,
    Warning,
)

AnyItem = TypeVar("AnyItem", bound=Item)
_DOUBT = "The evidence for it is too weak."
_LIMIT = "There are more of its kind than the limit allows."
_ID_TYPES = {"bigint": "integer", "uuid": "uuid", "text": "text"}


def settle(blueprint: Blueprint) -> Blueprint:
    """`blueprint` within its limits, with every reference resolved and every name unique."""
    left: list[Unresolved] = []
    entities = [
        _settled_entity(entity, left) for entity in _kept(blueprint.entities, MAX_ENTITIES, left)
    ]
    names = {entity.name for entity in entities} | {"User"}
    entities = _with_unique_reverses(
        [
            entity.model_copy(
                update={"relations": [each for each in entity.relations if each.target in names]}
            )
            for entity in entities
        ]
    )
    by_name = {entity.name: entity for entity in entities}
    endpoints = _unique(_kept(blueprint.endpoints, MAX_ENDPOINTS, left), left)
    return blueprint.model_copy(
        update={
            "entities": entities,
            "endpoints": [_settled_endpoint(each, by_name) for each in endpoints],
            "seeds": [seed for seed in blueprint.seeds if seed.entity in by_name],
            "unresolved": sorted(
                [*blueprint.unresolved, *left], key=lambda unresolved: unresolved.key
            ),
            "warnings": _limited(blueprint.warnings),
        }
    )


def _limited(warnings: list[Warning]) -> list[Warning]:
    if len(warnings) <= MAX_WARNINGS:
        return warnings
    more = len(warnings) - MAX_WARNINGS + 1
    return [
        *warnings[: MAX_WARNINGS - 1],
        Warning(code="more_warnings", detail=f"and {more} more"),
    ]


def _kept(items: list[AnyItem], limit: int, left: list[Unresolved]) -> list[AnyItem]:
    """The items that are sure enough, the surest `limit` of them, in their order."""
    sure = []
    for item in items:
        if item.confidence >= RENDER_THRESHOLD:
            sure.append(item)
        else:
            left.append(_unresolved(item, _DOUBT))
    if len(sure) <= limit:
        return sure
    ranked = sorted(range(len(sure)), key=lambda index: (-sure[index].confidence, index))
    kept = set(ranked[:limit])
    left += [_unresolved(item, _LIMIT) for index, item in enumerate(sure) if index not in kept]
    return [item for index, item in enumerate(sure) if index in kept]


def _unresolved(item: Item, why: str) -> Unresolved:
    return Unresolved(
        key=item.key, what=item.key.replace(":", " ", 1), why=why, evidence=item.evidence
    )


def _settled_entity(entity: EntitySpec, left: list[Unresolved]) -> EntitySpec:
    fields = _kept(entity.fields, MAX_FIELDS, left)
    relations: list[RelationSpec] = _kept(entity.relations, MAX_FIELDS, left)
    return entity.model_copy(update={"fields": fields, "relations": relations})


def _with_unique_reverses(entities: list[EntitySpec]) -> list[EntitySpec]:
    """Reverse names are attributes of the target, so they must differ from its own and from each other."""
    taken: dict[str, set[str]] = {
        entity.name: {item.name for item in entity.members} for entity in entities
    }
    found = []
    for entity in entities:
        relations = []
        for relation in entity.relations:
            names = taken.setdefault(relation.target, set())
            name, number = relation.related_name, 2
            if name in names:
                name = f"{snake(entity.name)}_{relation.name}_set"
            base = name
            while name in names:
                name, number = f"{base}_{number}", number + 1
            names.add(name)
            relations.append(relation.model_copy(update={"related_name": name}))
        found.append(entity.model_copy(update={"relations": relations}))
    return found


def _unique(endpoints: list[EndpointSpec], left: list[Unresolved]) -> list[EndpointSpec]:
    seen: set[tuple[str, str]] = set()
    kept = []
    for each in endpoints:
        key = (each.method, shape_key(each.path))
        if key in seen:
            left.append(_unresolved(each, "Another endpoint answers the same method and path."))
        else:
            seen.add(key)
            kept.append(each)
    return kept


def _settled_endpoint(endpoint: EndpointSpec, entities: dict[str, EntitySpec]) -> EndpointSpec:
    entity = entities.get(endpoint.entity or "")
    parent = entities.get(endpoint.parent or "")
    typed = _typed(endpoint.parameters, entity, parent)
    needs_entity = endpoint.behaviour in ("crud", "toggle")
    lost = needs_entity and entity is None
    return endpoint.model_copy(
        update={
            "behaviour": "recorded" if lost else endpoint.behaviour,
            "action": _lost_action(endpoint) if lost else endpoint.action,
            "entity": entity.name if entity is not None else None,
            "parent": parent.name if parent is not None else None,
            "parameters": typed,
        }
    )


def _lost_action(endpoint: EndpointSpec) -> str:
    return function_name(f"{endpoint.action}_{shape_key(endpoint.path).replace('/', '_')}")


def _typed(
    parameters: list[PathParameter], entity: EntitySpec | None, parent: EntitySpec | None
) -> list[PathParameter]:
    """Path parameters with the type of the key that they fill: the last one the entity's, before it the parent's."""
    found = []
    for index, parameter in enumerate(parameters):
        last = index == len(parameters) - 1
        owner = entity if last and (parent is None or len(parameters) > 1) else parent
        kind = _ID_TYPES.get(owner.id_type if owner is not None else "", parameter.type)
        found.append(parameter.model_copy(update={"type": kind}))
    return found
