"""Turn drafts into entities: columns, relations, owner, key."""

from __future__ import annotations

from taishang.generation.building.catalogue import TABLE_ORIGINS, Catalogue
from taishang.generation.building.drafts import OWNER_WORDS, Drafts, EntityDraft
from taishang.generation.building.fields import columns
from taishang.generation.building.keys import key_of
from taishang.generation.building.operations import evidence
from taishang.generation.building.relations import (
    USER,
    nested_relation,
    owner_relation,
    relations_of,
    target_of,
)
from taishang.generation.building.words import field_name, plural, snake
from taishang.generation.ir import (
    ChatValue,
    EntitySpec,
    Fact,
    FieldSpec,
    RelationSpec,
    SchemaValue,
    Warning,
    merged_confidence,
)

_WRITES = {"create", "update", "delete"}


def entity_specs(drafts: Drafts, catalogue: Catalogue) -> tuple[list[EntitySpec], list[Warning]]:
    """All entities in the order of their names, and what contradicted itself in them."""
    specs: list[EntitySpec] = []
    warnings: list[Warning] = []
    for draft in drafts:
        spec, found = _entity(draft, drafts, catalogue)
        specs.append(spec)
        warnings += found
    return _with_written_parts(specs), warnings


def _entity(
    draft: EntityDraft, drafts: Drafts, catalogue: Catalogue
) -> tuple[EntitySpec, list[Warning]]:
    id_wire, id_type, as_string = key_of(draft, catalogue)
    draft_without_key = {wire: seen for wire, seen in draft.sightings.items() if wire != id_wire}
    kept = EntityDraft(**{**draft.__dict__, "sightings": draft_without_key})
    relations = relations_of(kept, drafts, catalogue)
    relations += _nested(kept, drafts, relations)
    pointing = {relation.wire_name for relation in relations}
    wires = [
        wire
        for wire in kept.sightings
        if wire not in pointing and target_of(kept, wire, drafts, catalogue) is None
    ]
    taken = {relation.name for relation in relations} | {id_wire, "id"}
    fields, warnings = columns(kept, wires, catalogue, taken=taken)
    spec = EntitySpec(
        key=f"entity:{snake(draft.name)}",
        confidence=merged_confidence(draft.facts),
        evidence=evidence(draft.facts),
        name=draft.name,
        plural=plural(snake(draft.name)),
        wire_name=draft.wire_name,
        audience="owner" if draft.uses & _WRITES else "catalogue",
        id_type=id_type,
        id_as_string=as_string,
        id_wire_name=id_wire,
        fields=fields,
        relations=relations,
    )
    return _owned(_with_uniques(spec, draft)), warnings


def _nested(
    draft: EntityDraft, drafts: Drafts, relations: list[RelationSpec]
) -> list[RelationSpec]:
    found: list[RelationSpec] = []
    for name in draft.parents:
        parent = drafts.named(name) or drafts.find(name)
        if parent is None or parent.name == draft.name:
            continue
        if all(each.target != parent.name for each in [*relations, *found]):
            elsewhere = bool(draft.created_below - {parent.name})
            found.append(nested_relation(draft, parent, null=elsewhere))
    return found


def _with_uniques(spec: EntitySpec, draft: EntityDraft) -> EntitySpec:
    by_wire = {item.wire_name: item.name for item in spec.members}
    single: set[str] = set()
    sets: list[list[str]] = []
    for columns_ in _unique_columns(draft.facts):
        names = [by_wire[column] for column in columns_ if column in by_wire]
        if len(names) != len(columns_) or not names:
            continue
        if len(names) == 1:
            single.add(names[0])
        elif names not in sets:
            sets.append(names)
    stated = {
        field_name(wire)
        for fact in draft.facts
        if isinstance(fact.value, ChatValue) and fact.value.statement == "unique"
        for wire in fact.value.fields
    }
    fields = [_unique(each) if each.name in single | stated else each for each in spec.fields]
    relations = [
        each.model_copy(update={"kind": "o2o"})
        if each.name in single and each.kind == "fk"
        else each
        for each in spec.relations
    ]
    return spec.model_copy(update={"fields": fields, "relations": relations, "unique_sets": sets})


def _unique(field: FieldSpec) -> FieldSpec:
    """Left out, a unique value is null: two rows without one are no duplicates."""
    free = {} if field.required else {"null": True, "default": None}
    return field.model_copy(update={"unique": True, **free})


def _unique_columns(facts: list[Fact]) -> list[list[str]]:
    return [
        columns_
        for fact in facts
        if isinstance(fact.value, SchemaValue) and fact.value.origin in TABLE_ORIGINS
        for columns_ in fact.value.unique
    ]


def _owned(spec: EntitySpec) -> EntitySpec:
    """`spec` with the relation to its owner named, or added, when people write its rows."""
    owners = [
        relation
        for relation in spec.relations
        if relation.target == USER and relation.kind != "m2m" and _is_owner_name(relation.name)
    ]
    owners.sort(key=lambda relation: _owner_rank(relation.name))
    if owners:
        owner = owners[0].model_copy(
            update={"read_only": True, "null": False, "on_delete": "cascade"}
        )
        relations = [owner if each.name == owner.name else each for each in spec.relations]
        return spec.model_copy(
            update={"relations": relations, "owner_field": owner.name, "audience": "owner"}
        )
    if spec.audience == "catalogue":
        return spec
    taken = [item.name for item in spec.members]
    wires = {item.wire_name for item in spec.members}
    owner = owner_relation(spec.name, taken=taken, wire=_free_wire("owner", wires))
    return spec.model_copy(
        update={"relations": [*spec.relations, owner], "owner_field": owner.name}
    )


def _free_wire(wire: str, taken: set[str]) -> str:
    while wire in taken:
        wire = f"{wire}_user"
    return wire


def _is_owner_name(name: str) -> bool:
    return name.removesuffix("_value") in OWNER_WORDS or name.removesuffix("_id") in OWNER_WORDS


def _owner_rank(name: str) -> int:
    ranks = {word: rank for rank, word in enumerate(OWNER_WORDS)}
    return ranks.get(name.removesuffix("_id"), len(OWNER_WORDS))


def _with_written_parts(specs: list[EntitySpec]) -> list[EntitySpec]:
    """Give rows that are kept inside owned rows an owner too, or nobody could write them."""
    by_name = {spec.name: spec for spec in specs}
    changed = True
    while changed:
        changed = False
        for spec in list(by_name.values()):
            if spec.audience != "owner":
                continue
            for relation in spec.relations:
                inner = by_name.get(relation.target)
                if (
                    inner is None
                    or inner.audience == "owner"
                    or not (relation.embedded and relation.kind == "m2m")
                ):
                    continue
                by_name[inner.name] = _owned(inner.model_copy(update={"audience": "owner"}))
                changed = True
    return [by_name[spec.name] for spec in specs]
