"""Turn the sightings of a field into its column."""

from __future__ import annotations

from typing import Any

from taishang.generation.building.catalogue import Catalogue
from taishang.generation.building.drafts import EntityDraft, Sighting
from taishang.generation.building.operations import evidence
from taishang.generation.building.typerules import decide
from taishang.generation.building.words import field_name, snake, vocabulary, words
from taishang.generation.ir import (
    Evidence,
    Fact,
    FieldSpec,
    Shape,
    TypeName,
    Warning,
    merged_confidence,
)

TEXT_CHARACTERS = 255
MAX_CHOICES = 100
_STAMPS = vocabulary(
    "created_at updated_at created_on updated_on date_created date_updated created modified last_modified "
    "created_date updated_date modified_at date_joined created_time updated_time inserted_at"
)
_COUNTERS = vocabulary(
    "likes views comments votes shares followers following downloads clicks replies"
)
_EMPTY: dict[str, Any] = {
    "boolean": False,
    "text": "",
    "long_text": "",
    "slug": "",
    "email": "",
    "url": "",
}


def columns(
    draft: EntityDraft, wires: list[str], catalogue: Catalogue, *, taken: set[str]
) -> tuple[list[FieldSpec], list[Warning]]:
    """The columns for `wires`, in that order, with unique Python names outside `taken`."""
    created = _created_with(draft)
    specs, warnings = [], []
    names = set(taken)
    for wire in wires:
        spec, warning = _column(draft, wire, catalogue, created=created, taken=names)
        names.add(spec.name)
        specs.append(spec)
        warnings += [warning] if warning is not None else []
    return specs, warnings


def _created_with(draft: EntityDraft) -> set[str]:
    """The wire names that a create call, a form or a store method sends; empty when none is known."""
    return {
        wire
        for wire, seen in draft.sightings.items()
        if any(each.way in ("sent", "form") for each in seen)
    }


def _column(
    draft: EntityDraft, wire: str, catalogue: Catalogue, *, created: set[str], taken: set[str]
) -> tuple[FieldSpec, Warning | None]:
    seen = draft.sightings[wire]
    shapes = [resolved_with_sample(each.shape, catalogue) for each in seen]
    kind, conflict = decide(wire, shapes)
    choices = choices_of(shapes) if kind == "choice" else []
    if kind == "choice" and not choices:
        kind = "text"
    name = field_name(wire, taken=taken)
    stamp = snake(wire) in _STAMPS and kind in ("datetime", "date")
    null, required, default = _presence(wire, seen, kind, created=created, stamp=stamp)
    if required and draft.may_lack(wire):
        null, required, default = _absent(wire, kind, null=null, default=default)
    facts = [each.fact for each in seen]
    spec = FieldSpec(
        key=f"field:{snake(draft.name)}.{name}",
        confidence=merged_confidence(facts),
        evidence=seen_evidence(seen),
        name=name,
        wire_name=wire,
        type=kind,
        null=null,
        required=required,
        default=default if kind != "choice" or default in choices else None,
        choices=choices,
        max_length=_max_length(kind, shapes, choices),
        write_only=bool({"password", "passwd", "hash", "salt", "secret"} & set(words(wire))),
        read_only=stamp,
    )
    return spec, _conflict_warning(draft, wire, kind, facts) if conflict else None


def seen_evidence(seen: list[Sighting]) -> Evidence:
    facts = [each.fact.model_copy(update={"place": each.place}) for each in seen]
    return evidence(facts)


def resolved_with_sample(shape: Shape, catalogue: Catalogue) -> Shape:
    resolved = catalogue.resolve(shape)
    if resolved.sample is None and shape.sample is not None:
        return resolved.model_copy(update={"sample": shape.sample})
    return resolved


def choices_of(shapes: list[Shape]) -> list[str]:
    found: list[str] = []
    for shape in shapes:
        found += [choice for choice in shape.choices if choice not in found]
    samples = [shape.sample for shape in shapes if isinstance(shape.sample, str) and shape.sample]
    found += [sample for sample in dict.fromkeys(samples) if found and sample not in found]
    return found[:MAX_CHOICES]


def _presence(
    wire: str, seen: list[Sighting], kind: TypeName, *, created: set[str], stamp: bool
) -> tuple[bool, bool, Any]:
    """(null, required, default) of a column."""
    default = next((each.default for each in seen if each.default is not None), None)
    if stamp:
        return False, False, None
    null = any(each.null for each in seen)
    sent = [each for each in seen if each.way in ("sent", "form")]
    if sent:
        required = not all(each.optional for each in sent)
    else:
        declared = [each for each in seen if each.way in ("declared", "stated")]
        required = bool(declared) and not created and not any(each.optional for each in declared)
    if default is not None or null or kind in ("boolean", "json"):
        required = False
    if required:
        return False, True, None
    return _absent(wire, kind, null=null, default=default)


def _absent(wire: str, kind: TypeName, *, null: bool, default: Any) -> tuple[bool, bool, Any]:
    if not _fits(kind, default):
        default = None
    if default is None and not null:
        default = _EMPTY.get(kind)
        if kind in ("integer", "big_integer") and words(wire)[-1:] and words(wire)[-1] in _COUNTERS:
            default = 0
    return null or default is None, False, default


def _fits(kind: TypeName, default: Any) -> bool:
    if kind == "boolean":
        return isinstance(default, bool)
    if kind in ("integer", "big_integer"):
        return isinstance(default, int) and not isinstance(default, bool)
    if kind in ("decimal", "float"):
        return isinstance(default, (int, float)) and not isinstance(default, bool)
    if kind == "json":
        return isinstance(default, (list, dict))
    return kind in ("text", "long_text", "slug", "choice", "email", "url") and isinstance(
        default, str
    )


def _max_length(kind: TypeName, shapes: list[Shape], choices: list[str]) -> int | None:
    if kind not in ("text", "choice", "slug", "email", "url"):
        return None
    stated = [shape.max_length for shape in shapes if shape.max_length]
    samples = [len(shape.sample) for shape in shapes if isinstance(shape.sample, str)]
    length = max(stated) if stated else (500 if kind == "url" else TEXT_CHARACTERS)
    return max([length, *samples, *(len(choice) for choice in choices)])


def _conflict_warning(draft: EntityDraft, wire: str, kind: str, facts: list[Fact]) -> Warning:
    return Warning(
        code="type_conflict",
        detail=f"{draft.name}.{wire} is shown with different types; it is kept as {kind}.",
        file=facts[0].place.file,
        line=facts[0].place.line,
    )
