"""Find which fields point at other things."""

from __future__ import annotations

from dataclasses import dataclass

from taishang.generation.building.catalogue import Catalogue
from taishang.generation.building.drafts import (
    OWNER_WORDS,
    Drafts,
    EntityDraft,
    Sighting,
)
from taishang.generation.building.fields import seen_evidence
from taishang.generation.building.words import (
    field_name,
    match_key,
    plural,
    relation_stem,
    singular,
    snake,
    vocabulary,
    words,
)
from taishang.generation.ir import (
    Evidence,
    RelationSpec,
    SchemaValue,
    Shape,
    merged_confidence,
)

USER = "User"
_USER_TABLES = ("auth.users", "users", "user", "profiles", "profile")
_PERSON_ROLES = vocabulary(
    "user owner author creator assignee reviewer approver sender receiver recipient member organizer host customer "
    "client student teacher instructor manager employee patient doctor seller buyer follower admin uploader reporter"
)
RULE_NESTED = "nested-path"
RULE_OWNER = "owner"


@dataclass(frozen=True)
class Target:
    name: str
    many: bool = False
    embedded: bool = False


def relations_of(draft: EntityDraft, drafts: Drafts, catalogue: Catalogue) -> list[RelationSpec]:
    """The relations that the fields of `draft` show, with unique names, in the order of the fields."""
    found: list[RelationSpec] = []
    twins: dict[str, RelationSpec] = {}
    for wire in list(draft.sightings):
        target = target_of(draft, wire, drafts, catalogue)
        if target is None:
            continue
        stem = relation_stem(wire) if not target.many else wire
        if stem in twins and not target.many:
            continue
        name = field_name(stem, taken=[relation.name for relation in found])
        relation = _relation(draft, wire, name, target)
        twins[stem] = relation
        found.append(relation)
    return found


def target_of(draft: EntityDraft, wire: str, drafts: Drafts, catalogue: Catalogue) -> Target | None:
    """What the field `wire` points at, or None when it holds a plain value."""
    seen = draft.sightings[wire]
    for each in seen:
        target = _by_type(each.shape, drafts, catalogue) or _by_reference(draft, wire, each, drafts)
        if target is not None:
            return target
    return _by_name(draft, wire, seen, drafts)


def _by_type(shape: Shape, drafts: Drafts, catalogue: Catalogue) -> Target | None:
    many = shape.type == "array"
    inner = shape.items if many else shape
    if inner is None or inner.type != "reference" or inner.name is None:
        return None
    name = inner.name
    if catalogue.resolve(inner).type not in ("object", "unknown"):
        return None
    if drafts.is_user(name):
        return Target(USER, many=many, embedded=True)
    known = drafts.find(name)
    if known is not None and (name in known.type_names or not catalogue.facts(name)):
        return Target(known.name, many=many, embedded=True)
    is_person = match_key(name) in ("author", "owner", "creator")
    return Target(USER, many=many, embedded=True) if is_person and known is None else None


def _by_reference(draft: EntityDraft, wire: str, seen: Sighting, drafts: Drafts) -> Target | None:
    value = seen.fact.value
    if not isinstance(value, SchemaValue) or wire not in value.references:
        return None
    table = value.references[wire]
    known = drafts.find(table.split(".")[-1])
    if table in ("auth.users", "User") or known is None or drafts.is_user(table):
        is_user = table.lower() in _USER_TABLES or drafts.is_user(table)
        return Target(USER) if is_user else None
    return Target(known.name) if known is not draft or wire != "id" else None


def _by_name(draft: EntityDraft, wire: str, seen: list[Sighting], drafts: Drafts) -> Target | None:
    parts = words(wire)
    many = len(parts) > 1 and parts[-1] == "ids"
    if len(parts) < 2 or parts[-1] not in ("id", "ids", "uuid"):
        return _by_plain_name(draft, wire, seen)
    stem = "_".join(parts[:-1])
    if match_key(stem) in (match_key(draft.name), match_key(draft.wire_name)):
        return None
    person = parts[-2] == "user" or (len(parts) == 2 and parts[0] in _PERSON_ROLES)
    if (person and drafts.find(stem) is None) or drafts.is_user(stem):
        return Target(USER, many=many)
    if stem in ("parent", "reply_to", "parent_" + snake(draft.name)):
        return Target(draft.name)
    known = drafts.find(stem) or drafts.find(parts[-2])
    if known is None or (known.name == draft.name and not many):
        return None
    return Target(known.name, many=many)


def _by_plain_name(draft: EntityDraft, wire: str, seen: list[Sighting]) -> Target | None:
    """`author: {…}` read as an object, or `created_by` that no sample shows to be a person's name."""
    stem = snake(wire)
    if stem not in OWNER_WORDS:
        return None
    shapes = [each.shape for each in seen]
    if any(shape.type == "object" for shape in shapes):
        return Target(USER, embedded=True)
    texts = [shape for shape in shapes if isinstance(shape.sample, str) and " " in shape.sample]
    declared_text = any(shape.type == "text" for shape in shapes)
    if texts or (declared_text and not stem.endswith("_by")) or stem == "author":
        return None
    return Target(USER)


def _relation(draft: EntityDraft, wire: str, name: str, target: Target) -> RelationSpec:
    seen = draft.sightings[wire]
    facts = [each.fact for each in seen]
    left_out = draft.may_lack(wire) or target.name == draft.name
    null = left_out or any(each.null or each.optional for each in seen)
    return RelationSpec(
        key=f"relation:{snake(draft.name)}.{name}",
        confidence=merged_confidence(facts),
        evidence=seen_evidence(seen),
        name=name,
        wire_name=wire,
        kind="m2m" if target.many else "fk",
        target=target.name,
        null=null and not target.many,
        on_delete="set_null" if null and not target.many else "cascade",
        related_name=related_name(draft, name, target.name),
        embedded=target.embedded,
    )


def related_name(draft: EntityDraft, name: str, target: str) -> str:
    """A reverse name that is unique per target: the plural of the entity, told apart by the field."""
    base = plural(snake(draft.name))
    plain = name in (snake(target), "user", "owner", singular(target))
    return base if plain and target != draft.name else f"{name}_{base}"


def nested_relation(draft: EntityDraft, parent: EntityDraft, *, null: bool) -> RelationSpec:
    """The reference that a nested path implies: `/posts/{id}/comments` says that a comment has a post.

    It is `null` for rows that are also created by a path which names no post.
    """
    name = field_name(snake(parent.wire_name), taken=[])
    camel = any(wire != wire.lower() for wire in draft.sightings)
    parts = words(parent.wire_name)
    wire = (
        parts[0] + "".join(part.capitalize() for part in parts[1:]) + "Id"
        if camel
        else f"{name}_id"
    )
    facts = [fact for fact in draft.facts if fact.kind in ("call", "route", "store", "supabase")]
    return RelationSpec(
        key=f"relation:{snake(draft.name)}.{name}",
        confidence=0.9,
        evidence=Evidence(places=[fact.place for fact in facts[:3]], rule=RULE_NESTED),
        name=name,
        wire_name=wire,
        kind="fk",
        target=parent.name,
        null=null,
        related_name=plural(snake(draft.name)),
        read_only=True,
    )


def owner_relation(draft_name: str, *, taken: list[str], wire: str = "owner") -> RelationSpec:
    name = field_name("owner", taken=taken)
    return RelationSpec(
        key=f"relation:{snake(draft_name)}.{name}",
        evidence=Evidence(rule=RULE_OWNER),
        name=name,
        wire_name=wire,
        kind="fk",
        target=USER,
        related_name=f"owned_{plural(snake(draft_name))}",
        read_only=True,
    )
