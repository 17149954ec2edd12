"""Which part of a result to take: the items a person chose, and what those cannot do without."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from taishang.generation.ir import Blueprint, EntitySpec, Value


class Selection(Value):
    """Keys of endpoints and models, and paths of files whose items are meant. Empty means everything."""

    endpoints: list[str] = Field(default=[], max_length=1000)
    models: list[str] = Field(default=[], max_length=200)
    files: list[str] = Field(default=[], max_length=5000)

    @property
    def is_everything(self) -> bool:
        return not (self.endpoints or self.models or self.files)


class Closure(Value):
    """The chosen items with all that they need; `added` are the keys that nobody chose."""

    endpoints: list[str]
    models: list[str]
    added: list[str]


class UnknownItem(Exception):
    """The selection names something that the result does not hold."""

    code = "validation_error"

    def __init__(self, keys: list[str]) -> None:
        super().__init__(", ".join(keys[:10]))
        self.keys = keys


def closure(*, blueprint: Blueprint, difference: dict[str, Any], selection: Selection) -> Closure:
    """Follow endpoints to their entities, entities to what they refer to; sign-in always comes along.

    Raises UnknownItem.
    """
    endpoints = {one.key: one for one in blueprint.endpoints}
    entities = {one.key: one for one in blueprint.entities}
    if selection.is_everything:
        return Closure(endpoints=sorted(endpoints), models=sorted(entities), added=[])
    chosen = _chosen(difference, selection)
    unknown = sorted(chosen - set(endpoints) - set(entities))
    if unknown:
        raise UnknownItem(unknown)
    taken = [one for key, one in endpoints.items() if key in chosen or one.behaviour == "auth"]
    names = {one.name for key, one in entities.items() if key in chosen}
    names |= {name for one in taken for name in (one.entity, one.parent) if name}
    models = _with_targets(blueprint, names)
    keys = {one.key for one in taken} | {one.key for one in models}
    return Closure(
        endpoints=sorted(one.key for one in taken),
        models=sorted(one.key for one in models),
        added=sorted(keys - chosen),
    )


def part(*, blueprint: Blueprint, taken: Closure) -> Blueprint:
    """The blueprint of the chosen items alone."""
    models = set(taken.models)
    entities = [one for one in blueprint.entities if one.key in models]
    names = {one.name for one in entities}
    endpoints = set(taken.endpoints)
    return blueprint.model_copy(
        update={
            "entities": entities,
            "endpoints": [one for one in blueprint.endpoints if one.key in endpoints],
            "seeds": [one for one in blueprint.seeds if one.entity in names],
        }
    )


def joined(*, head: Blueprint, addition: Blueprint) -> Blueprint:
    """Both blueprints in one; where they name the same item, the addition's is taken."""
    return addition.model_copy(
        update={
            "entities": _union(head.entities, addition.entities),
            "endpoints": _union(head.endpoints, addition.endpoints),
            "seeds": _union(head.seeds, addition.seeds),
        }
    )


def _chosen(difference: dict[str, Any], selection: Selection) -> set[str]:
    wanted = set(selection.files)
    known = {*(one["key"] for one in difference["endpoints"])}
    known |= {one["key"] for one in difference["models"]}
    from_files = {
        key for entry in difference["files"] if entry["path"] in wanted for key in entry["items"]
    }
    return {*selection.endpoints, *selection.models, *(from_files & known)}


def _with_targets(blueprint: Blueprint, names: set[str]) -> list[EntitySpec]:
    found: dict[str, EntitySpec] = {}
    pending = sorted(names)
    while pending:
        entity = blueprint.entity(pending.pop())
        if entity is not None and entity.name not in found:
            found[entity.name] = entity
            pending += [relation.target for relation in entity.relations]
    return [one for one in blueprint.entities if one.name in found]


def _union(first: list[Any], second: list[Any]) -> list[Any]:
    by_key = {one.key: one for one in first} | {one.key: one for one in second}
    return [by_key[key] for key in sorted(by_key)]
