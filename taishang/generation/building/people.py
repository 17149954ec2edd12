"""The fields that the front end shows for the signed-in person."""

from __future__ import annotations

from taishang.generation.building.catalogue import ID_NAMES, TABLE_ORIGINS, Catalogue
from taishang.generation.building.drafts import Drafts, EntityDraft
from taishang.generation.building.fields import columns
from taishang.generation.building.operations import Operation
from taishang.generation.building.words import vocabulary, words
from taishang.generation.ir import AuthSpec, FieldSpec, SchemaValue, ShapeField

_SKIPPED = frozenset({*ID_NAMES, "email"})
_SECRET_WORDS = vocabulary(
    "password passwd confirm confirmation token tokens terms captcha hash salt remember otp refresh access jwt"
)
_SCALARS = vocabulary(
    "text long_text choice integer big_integer decimal float boolean date time datetime email url uuid slug json"
)


def user_fields(
    spec: AuthSpec,
    operations: list[tuple[Operation, str]],
    drafts: Drafts,
    catalogue: Catalogue,
) -> list[FieldSpec]:
    """Columns of the account beyond e-mail and password, out of the user type and the sign-up form."""
    person = EntityDraft(name="User", wire_name="user")
    for fact in catalogue:
        value = fact.value
        if (
            isinstance(value, SchemaValue)
            and drafts.is_user(value.name)
            and value.shape.type == "object"
        ):
            for wire, seen in value.shape.fields.items():
                person.sight(wire, seen, fact, "declared")
    for operation, action in operations:
        body = catalogue.resolve(operation.call.body) if operation.call.body is not None else None
        for wire, seen in (
            body.fields.items() if body is not None and action in ("register", "update_me") else []
        ):
            person.sight(
                wire, seen.model_copy(update={"optional": True}), operation.facts[0], "sent"
            )
        if action == "me":
            for wire in _read_of_person(operation):
                person.sight(wire, ShapeField(optional=True), operation.facts[0], "read")
    wires = [wire for wire in person.sightings if _is_kept(wire, person, spec, catalogue)]
    specs, _ = columns(person, wires, catalogue, taken={"id", "email", "password"})
    return [
        each.model_copy(update={"required": False, "null": each.default is None, "unique": False})
        for each in specs
    ]


def _is_kept(wire: str, person: EntityDraft, spec: AuthSpec, catalogue: Catalogue) -> bool:
    if (
        wire in _SKIPPED
        or wire in (spec.password_field, "email")
        or set(words(wire)) & _SECRET_WORDS
    ):
        return False
    seen = person.sightings[wire]
    if any(getattr(each.fact.value, "origin", "") in TABLE_ORIGINS for each in seen):
        shape = catalogue.resolve(seen[0].shape)
        return shape.type in _SCALARS
    return True


def _read_of_person(operation: Operation) -> list[str]:
    found = []
    for path in operation.call.reads.keys:
        parts = [part.removesuffix("[]") for part in path.split(".")]
        if parts and parts[0] in ("user", "data", operation.call.reads.envelope):
            parts = parts[1:]
        if parts and parts[0] in ("user",):
            parts = parts[1:]
        if (
            len(parts) == 1
            and parts[0].isidentifier()
            and parts[0] not in ("length", "success", "message", "error")
        ):
            found.append(parts[0])
    return list(dict.fromkeys(found))
