"""What each edit does to a blueprint. Whether it may is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from taishang.generation.ir import (
    Blueprint,
    EndpointSpec,
    EntitySpec,
    Evidence,
    FieldSpec,
    Place,
    RelationSpec,
    Unresolved,
    Warning,
)
from taishang.generation.refine.edits import (
    AddField,
    AddNote,
    AddRelation,
    AnswerDecision,
    BaseEdit,
    DropItem,
    MergeEntities,
    OpenEndpoint,
    RenameEntity,
    RenameField,
    SetAudience,
    SetChoices,
    SetRequired,
    SetType,
)

USER = "User"
RULE = "edit"
OWNER_RULE = "owner"
_NUMBERS = ("integer", "big_integer", "decimal", "float")


class Impossible(Exception):
    """An edit about something that is not there, or a name that is taken."""

    def __init__(self, code: Literal["unknown_target", "name_taken"], reason: str) -> None:
        super().__init__(reason)
        self.code: Literal["unknown_target", "name_taken"] = code


def _entity(blueprint: Blueprint, name: str) -> EntitySpec:
    found = blueprint.entity(name)
    if found is None:
        raise Impossible("unknown_target", f"There is no entity {name}.")
    return found


def _field(entity: EntitySpec, name: str) -> FieldSpec:
    found = next((field for field in entity.fields if field.name == name), None)
    if found is None:
        raise Impossible("unknown_target", f"{entity.name} has no field {name}.")
    return found


def _with_entity(blueprint: Blueprint, old: str, new: EntitySpec) -> Blueprint:
    entities = [new if entity.name == old else entity for entity in blueprint.entities]
    return blueprint.model_copy(update={"entities": entities})


def _with_field(blueprint: Blueprint, entity: EntitySpec, name: str, new: FieldSpec) -> Blueprint:
    fields = [new if field.name == name else field for field in entity.fields]
    return _with_entity(blueprint, entity.name, entity.model_copy(update={"fields": fields}))


def _cited(edit: BaseEdit) -> Evidence:
    places = [
        Place(file=cite.file, line=cite.line, end_line=cite.line, kind="other", excerpt="")
        for cite in edit.cites
    ]
    return Evidence(places=places, rule=None if places else RULE)


def _snake(name: str) -> str:
    return "".join(
        f"_{c.lower()}" if c.isupper() and index else c.lower() for index, c in enumerate(name)
    )


def rename_entity(blueprint: Blueprint, edit: RenameEntity) -> Blueprint:
    entity = _entity(blueprint, edit.entity)
    if blueprint.entity(edit.name) is not None or edit.name == USER:
        raise Impossible("name_taken", f"{edit.name} is taken.")
    renamed = entity.model_copy(
        update={
            "name": edit.name,
            "plural": f"{_snake(edit.name)}s",
            "former_names": [*entity.former_names, entity.name],
        }
    )
    return _redirected(_with_entity(blueprint, edit.entity, renamed), edit.entity, edit.name)


def _redirected(blueprint: Blueprint, old: str, new: str) -> Blueprint:
    """`blueprint` with every reference to the entity `old` pointing at `new`."""

    def relation(spec: RelationSpec) -> RelationSpec:
        return spec.model_copy(update={"target": new}) if spec.target == old else spec

    def endpoint(spec: EndpointSpec) -> EndpointSpec:
        changes = {key: new for key in ("entity", "parent") if getattr(spec, key) == old}
        return spec.model_copy(update=changes) if changes else spec

    return blueprint.model_copy(
        update={
            "entities": [
                entity.model_copy(
                    update={"relations": [relation(each) for each in entity.relations]}
                )
                for entity in blueprint.entities
            ],
            "endpoints": [endpoint(each) for each in blueprint.endpoints],
            "seeds": [
                seed.model_copy(update={"entity": new}) if seed.entity == old else seed
                for seed in blueprint.seeds
            ],
        }
    )


def rename_field(blueprint: Blueprint, edit: RenameField) -> Blueprint:
    """The Python name changes; the wire name is the front end's and stays."""
    entity = _entity(blueprint, edit.entity)
    field = _field(entity, edit.field)
    if any(item.name == edit.name for item in entity.members):
        raise Impossible("name_taken", f"{entity.name} has a {edit.name} already.")
    update = {"name": edit.name, "former_names": [*field.former_names, field.name]}
    changed = _with_field(blueprint, entity, edit.field, field.model_copy(update=update))
    renamed = _entity(changed, edit.entity)
    sets = [
        [edit.name if name == edit.field else name for name in names]
        for names in renamed.unique_sets
    ]
    return _with_entity(changed, renamed.name, renamed.model_copy(update={"unique_sets": sets}))


def set_type(blueprint: Blueprint, edit: SetType) -> Blueprint:
    entity = _entity(blueprint, edit.entity)
    field = _field(entity, edit.field)
    text = edit.type in ("text", "slug", "email", "url", "choice")
    changes: dict[str, Any] = {
        "type": edit.type,
        "choices": field.choices if edit.type == "choice" else [],
        "max_length": (field.max_length or 255) if text else None,
        "default": field.default if _fits(edit.type, field.default) else None,
        "null": field.null or (not field.required and not _fits(edit.type, field.default)),
    }
    return _with_field(blueprint, entity, edit.field, field.model_copy(update=changes))


def _fits(kind: str, default: Any) -> bool:
    if kind == "boolean":
        return isinstance(default, bool)
    if kind in _NUMBERS:
        return isinstance(default, (int, float)) and not isinstance(default, bool)
    return isinstance(default, str) and kind in ("text", "long_text", "slug", "email", "url")


def set_choices(blueprint: Blueprint, edit: SetChoices) -> Blueprint:
    entity = _entity(blueprint, edit.entity)
    field = _field(entity, edit.field)
    choices = list(dict.fromkeys(edit.choices))
    changes: dict[str, Any] = {
        "type": "choice",
        "choices": choices,
        "max_length": max([255, *(len(choice) for choice in choices)]),
        "default": field.default if field.default in choices else None,
        "null": field.null or (not field.required and field.default not in choices),
    }
    return _with_field(blueprint, entity, edit.field, field.model_copy(update=changes))


def set_required(blueprint: Blueprint, edit: SetRequired) -> Blueprint:
    entity = _entity(blueprint, edit.entity)
    field = _field(entity, edit.field)
    null = False if edit.required else field.null or field.default is None
    changed = field.model_copy(update={"required": edit.required, "null": null})
    return _with_field(blueprint, entity, edit.field, changed)


def add_field(blueprint: Blueprint, edit: AddField) -> Blueprint:
    entity = _entity(blueprint, edit.entity)
    wire = edit.wire_name or edit.name
    _free(entity, edit.name, wire)
    name = _snake(edit.name)
    field = FieldSpec(
        key=f"field:{_snake(entity.name)}.{name}",
        evidence=_cited(edit),
        name=name,
        wire_name=wire,
        type=edit.type,
        required=edit.required,
        null=not edit.required,
        choices=edit.choices,
        max_length=255 if edit.type in ("text", "slug", "email", "url", "choice") else None,
    )
    changed = entity.model_copy(update={"fields": [*entity.fields, field]})
    return _with_entity(blueprint, entity.name, changed)


def _free(entity: EntitySpec, name: str, wire: str) -> None:
    items = entity.members
    if any(item.name == name or item.wire_name == wire for item in items):
        raise Impossible("name_taken", f"{entity.name} has a {name} already.")


def add_relation(blueprint: Blueprint, edit: AddRelation) -> Blueprint:
    entity = _entity(blueprint, edit.entity)
    if edit.target != USER:
        _entity(blueprint, edit.target)
    wire = edit.wire_name or edit.name
    _free(entity, edit.name, wire)
    relation = RelationSpec(
        key=f"relation:{_snake(entity.name)}.{edit.name}",
        evidence=_cited(edit),
        name=edit.name,
        wire_name=wire,
        kind=edit.relation,
        target=edit.target,
        null=edit.relation != "m2m",
        on_delete="set_null" if edit.relation != "m2m" else "cascade",
        related_name=f"{edit.name}_{_snake(entity.name)}_set",
    )
    changed = entity.model_copy(update={"relations": [*entity.relations, relation]})
    return _with_entity(blueprint, entity.name, changed)


def merge_entities(blueprint: Blueprint, edit: MergeEntities) -> Blueprint:
    gone, kept = _entity(blueprint, edit.entity), _entity(blueprint, edit.into)
    if gone.name == kept.name:
        raise Impossible("unknown_target", "An entity cannot be merged with itself.")
    names = {item.name for item in kept.members}
    wires = {item.wire_name for item in kept.members}
    fields = [
        each for each in gone.fields if each.name not in names and each.wire_name not in wires
    ]
    relations = [
        each
        for each in gone.relations
        if each.name not in names and each.wire_name not in wires and each.name != gone.owner_field
    ]
    optional = [each.model_copy(update={"required": False, "null": True}) for each in fields]
    merged = kept.model_copy(
        update={
            "fields": [*kept.fields, *optional],
            "relations": [*kept.relations, *relations],
            "confidence": max(kept.confidence, gone.confidence),
        }
    )
    without = blueprint.model_copy(
        update={"entities": [each for each in blueprint.entities if each.name != gone.name]}
    )
    redirected = _redirected(_with_entity(without, kept.name, merged), gone.name, kept.name)
    return _with_one_seed_set(redirected, kept.name)


def _with_one_seed_set(blueprint: Blueprint, name: str) -> Blueprint:
    own = [seed for seed in blueprint.seeds if seed.entity == name]
    if len(own) < 2:
        return blueprint
    rows = [row for seed in own for row in seed.rows]
    first = own[0].model_copy(update={"rows": rows})
    seeds = [first if seed is own[0] else seed for seed in blueprint.seeds if seed not in own[1:]]
    return blueprint.model_copy(update={"seeds": seeds})


def set_audience(blueprint: Blueprint, edit: SetAudience) -> Blueprint:
    entity = _entity(blueprint, edit.entity)
    changed = entity.model_copy(update={"audience": edit.audience})
    if edit.audience == "owner" and entity.owner_field is None:
        owner = RelationSpec(
            key=f"relation:{_snake(entity.name)}.owner",
            evidence=Evidence(rule=OWNER_RULE),
            name="owner",
            wire_name="owner",
            kind="fk",
            target=USER,
            related_name=f"owned_{entity.plural}",
            read_only=True,
        )
        relations = [*entity.relations, owner]
        changed = changed.model_copy(update={"relations": relations, "owner_field": "owner"})
    return _with_entity(blueprint, entity.name, changed)


def answer_decision(blueprint: Blueprint, edit: AnswerDecision) -> Blueprint:
    decision = next((each for each in blueprint.decisions if each.key == edit.key), None)
    if decision is None or edit.answer not in [decision.chosen, *decision.alternatives]:
        raise Impossible("unknown_target", "There is no such question or answer.")
    others = [each for each in [decision.chosen, *decision.alternatives] if each != edit.answer]
    answered = decision.model_copy(update={"chosen": edit.answer, "alternatives": others})
    decisions = [answered if each.key == edit.key else each for each in blueprint.decisions]
    changed = blueprint.model_copy(update={"decisions": decisions})
    if not edit.key.startswith("access:endpoint:") or edit.answer != "open":
        return changed
    return _opened(changed, edit.key.removeprefix("access:"), edit.key)


def _opened(blueprint: Blueprint, key: str, by: str) -> Blueprint:
    if all(endpoint.key != key for endpoint in blueprint.endpoints):
        raise Impossible("unknown_target", "There is no such endpoint.")
    opened = {"auth": "public", "opened_by": by}
    endpoints = [
        each.model_copy(update=opened) if each.key == key else each for each in blueprint.endpoints
    ]
    return blueprint.model_copy(update={"endpoints": endpoints})


def open_endpoint(blueprint: Blueprint, edit: OpenEndpoint) -> Blueprint:
    return _opened(blueprint, edit.key, f"access:{edit.key}")


def add_note(blueprint: Blueprint, edit: AddNote) -> Blueprint:
    note = Warning(code="note", detail=f"{edit.key}: {edit.note}")
    return blueprint.model_copy(update={"warnings": [*blueprint.warnings, note]})


def drop_item(blueprint: Blueprint, edit: DropItem) -> Blueprint:
    """Drop an entity (with what is about it), an endpoint, a field, a relation or seed rows, and say so."""
    entity = next((each for each in blueprint.entities if each.key == edit.key), None)
    changed = (
        _without_entity(blueprint, entity.name)
        if entity is not None
        else _without_part(blueprint, edit.key)
    )
    if changed == blueprint:
        raise Impossible("unknown_target", "There is no such item.")
    dropped = Unresolved(
        key=edit.key, what=edit.key.replace(":", " ", 1), why="A person dropped it."
    )
    return changed.model_copy(update={"unresolved": [*changed.unresolved, dropped]})


def _without_entity(blueprint: Blueprint, name: str) -> Blueprint:
    return blueprint.model_copy(
        update={
            "entities": [
                each.model_copy(
                    update={"relations": [rel for rel in each.relations if rel.target != name]}
                )
                for each in blueprint.entities
                if each.name != name
            ],
            "endpoints": [
                each.model_copy(update={"parent": None}) if each.parent == name else each
                for each in blueprint.endpoints
                if each.entity != name
            ],
            "seeds": [each for each in blueprint.seeds if each.entity != name],
        }
    )


def _without_part(blueprint: Blueprint, key: str) -> Blueprint:
    return blueprint.model_copy(
        update={
            "entities": [
                each.model_copy(
                    update={
                        "fields": [part for part in each.fields if part.key != key],
                        "relations": [part for part in each.relations if part.key != key],
                    }
                )
                for each in blueprint.entities
            ],
            "endpoints": [each for each in blueprint.endpoints if each.key != key],
            "seeds": [each for each in blueprint.seeds if each.key != key],
        }
    )


CHANGES: dict[str, Callable[[Blueprint, Any], Blueprint]] = {
    "rename_entity": rename_entity,
    "rename_field": rename_field,
    "set_type": set_type,
    "set_choices": set_choices,
    "set_required": set_required,
    "add_field": add_field,
    "add_relation": add_relation,
    "merge_entities": merge_entities,
    "set_audience": set_audience,
    "answer_decision": answer_decision,
    "add_note": add_note,
    "drop_item": drop_item,
    "open_endpoint": open_endpoint,
}
