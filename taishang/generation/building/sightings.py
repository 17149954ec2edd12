"""Lay every fact that shows a field beside the entity it belongs to."""

from __future__ import annotations

from taishang.generation.building.catalogue import (
    ENVELOPE_COMPANIONS,
    ID_NAMES,
    TABLE_ORIGINS,
    Catalogue,
)
from taishang.generation.building.drafts import Drafts, EntityDraft, Way
from taishang.generation.building.holdings import body_home
from taishang.generation.building.operations import Operation
from taishang.generation.building.words import match_key, vocabulary, words
from taishang.generation.ir import (
    MAX_FIELDS,
    ChatValue,
    Fact,
    FormValue,
    MockValue,
    Reads,
    Shape,
    ShapeField,
)

_READS = ("list", "retrieve")
_WRITES = ("create", "update", "replace")
_SCREEN_ONLY = vocabulary(
    "confirm confirmation captcha recaptcha terms agree csrf honeypot remember otp"
)
_READ_NOISE = ENVELOPE_COMPANIONS | vocabulary(
    "length map filter token access refresh then catch json blob headers body ok push slice sort find results result "
    "to string some every reduce foreach includes join concat flat keys values entries split trim"
)
_SAMPLED_ROWS = 50


def from_declarations(drafts: Drafts, catalogue: Catalogue) -> None:
    for draft in drafts:
        for type_name in draft.type_names:
            declared = catalogue.facts(type_name)
            tables = [fact for fact in declared if _is_table(fact)]
            for fact in [*tables, *(fact for fact in declared if fact not in tables)]:
                draft.note(fact)
                shape = getattr(fact.value, "shape", Shape())
                for wire, seen in shape.fields.items():
                    draft.sight(wire, seen, fact, "declared")


def _is_table(fact: Fact) -> bool:
    return getattr(fact.value, "origin", "") in TABLE_ORIGINS


def from_operation(
    draft: EntityDraft, operation: Operation, action: str, catalogue: Catalogue
) -> None:
    """The fields that one CRUD call sends and reads."""
    fact = operation.facts[0]
    if action in _WRITES and operation.call.body is not None:
        body = unwrapped(catalogue.resolve(operation.call.body), draft, catalogue)
        for wire, seen in body.fields.items():
            if not set(words(wire)) & _SCREEN_ONLY:
                way: Way = "sent" if action == "create" else "changed"
                draft.sight(wire, seen, fact, way)
    if action in _READS or not draft.type_names:
        _from_reads(draft, operation, catalogue)


def _from_reads(draft: EntityDraft, operation: Operation, catalogue: Catalogue) -> None:
    """What the screens take out of a row, and what the declared type of this one answer adds to it."""
    fact = operation.facts[0]
    thing, _ = catalogue.thing_in(operation.call.reads.type_name)
    schema = catalogue.schema(thing) if thing is not None else None
    if (
        schema is not None
        and thing not in draft.type_names
        and _is_larger(draft, set(schema.shape.fields))
    ):
        for wire, seen in schema.shape.fields.items():
            draft.sight(
                wire,
                seen.model_copy(update={"optional": True}),
                catalogue.facts(schema.name)[0],
                "read",
            )
    for wire, inner in read_fields(operation.call.reads).items():
        known = (draft.type_names and wire in draft.sightings) or draft.is_called(wire)
        if not known and (operation.origin == "supabase" or not set(words(wire)) <= _READ_NOISE):
            draft.sight(wire, ShapeField(shape=_read_shape(inner), optional=True), fact, "read")


def _is_larger(draft: EntityDraft, fields: set[str]) -> bool:
    """Whether a type has most of the fields that are known of a thing: `UserWithRoles` has those of `User`."""
    known = set(draft.sightings)
    return bool(known) and len(known & fields) >= 0.6 * min(len(known), len(fields))


def _read_shape(inner: list[str]) -> Shape:
    """An object where members are read, JSON where a list's are, else unknown."""
    if not inner:
        return Shape()
    if any(part.startswith("[]") for part in inner):
        return Shape(type="json")
    names = [part.partition(".")[0].removesuffix("[]") for part in inner]
    return Shape(
        type="object", fields={name: ShapeField() for name in dict.fromkeys(names) if name}
    )


def fit_store_body(operation: Operation, drafts: Drafts, catalogue: Catalogue) -> None:
    """Give a store method's arguments the names of the fields they set; other arguments are not sent.

    A method's parameter is no wire name: `renameTask(taskId, newName)` sets `name`.
    """
    draft = drafts.find(operation.subject) if operation.origin == "store" else None
    body = operation.call.body
    if draft is None or not draft.type_names or body is None:
        return
    resolved = catalogue.resolve(body)
    fields = {}
    for wire, seen in resolved.fields.items():
        parts = words(wire)
        known = _spelled_like(draft, wire) or _spelled_like(
            draft, " ".join(parts[1:] if parts[:1] == ["new"] else parts)
        )
        if known is not None and known not in ID_NAMES:
            fields[known] = seen
    fitted = Shape(type="object", fields=fields) if fields else None
    operation.call = operation.call.model_copy(update={"body": fitted})


def unwrapped(body: Shape, draft: EntityDraft, catalogue: Catalogue) -> Shape:
    """The object inside `{post: {…}}`; any other body as it is. A list of rows stands for one of them."""
    if body.type == "array" and body.items is not None:
        body = catalogue.resolve(body.items)
    if len(body.fields) == 1:
        key, only = next(iter(body.fields.items()))
        inner = catalogue.resolve(only.shape)
        if inner.type == "object" and inner.fields and match_key(key) == match_key(draft.wire_name):
            return inner
    return body


def read_fields(reads: Reads) -> dict[str, list[str]]:
    """The keys of one row with what is read inside each, out of the dotted paths from a reply's root."""
    found: dict[str, list[str]] = {}
    for path in reads.keys:
        key, _, rest = _inside(path, reads).partition(".")
        listed = key.endswith("[]")
        key = key.removesuffix("[]")
        if key:
            inner = found.setdefault(key, [])
            inner += [f"[]{rest}"] if listed else [rest] if rest else []
    return found


def _inside(path: str, reads: Reads) -> str:
    """`path` below the list or the envelope; "" when it stands beside them."""
    if reads.list_at:
        before = f"{reads.list_at}[]."
        return path.removeprefix(before) if path.startswith(before) else ""
    if reads.list_at == "":
        return path.removeprefix("[].")
    if reads.envelope:
        before = f"{reads.envelope}."
        return path.removeprefix(before) if path.startswith(before) else ""
    return path.removeprefix("[].")


def from_forms(
    drafts: Drafts, facts: list[Fact], homes: dict[str, EntityDraft], catalogue: Catalogue
) -> None:
    """Forms strengthen the entity that they name, or that their submit function writes."""
    for fact in facts:
        value = fact.value
        if not isinstance(value, FormValue):
            continue
        draft = homes.get(value.submit or "") or body_home(drafts, value.subject or "")
        if draft is None:
            draft = _by_inputs(drafts, set(value.shape.fields))
        if draft is None:
            continue
        draft.note(fact)
        shape = catalogue.resolve(value.shape)
        for wire, seen in shape.fields.items():
            if wire in draft.sightings or not draft.type_names:
                draft.sight(wire, seen, fact, "form")


def _by_inputs(drafts: Drafts, inputs: set[str]) -> EntityDraft | None:
    """The entity with nearly all of these inputs, when there is exactly one and there are three inputs."""
    if len(inputs) < 3:
        return None
    fitting = [draft for draft in drafts if len(inputs & set(draft.sightings)) >= 0.8 * len(inputs)]
    return fitting[0] if len(fitting) == 1 else None


def from_rows(draft: EntityDraft, *, known_type: bool) -> None:
    for fact in draft.mocks:
        if not isinstance(fact.value, MockValue):
            continue
        rows = fact.value.rows[:_SAMPLED_ROWS]
        keys = list(dict.fromkeys(key for row in rows for key in row))
        for wire in keys[:MAX_FIELDS]:
            if known_type and wire not in draft.sightings and wire not in ID_NAMES:
                continue
            for row in rows:
                if wire in row:
                    seen = ShapeField(
                        shape=_row_shape(row[wire]),
                        null=row[wire] is None,
                        optional=any(wire not in other for other in rows),
                    )
                    draft.sight(wire, seen, fact, "row")


def _row_shape(value: object) -> Shape:
    if isinstance(value, dict):
        return Shape(type="json")
    if isinstance(value, list):
        items = Shape(type="object") if any(isinstance(item, dict) for item in value) else None
        return Shape(type="array", items=items)
    return Shape(type="unknown", sample=value)


def from_statements(drafts: Drafts, facts: list[Fact], catalogue: Catalogue) -> None:
    """What the chat says adds to fields that the export shows, or fills an entity that only it describes."""
    for fact in facts:
        value = fact.value
        if not isinstance(value, ChatValue) or value.statement not in (
            "fields",
            "choices",
            "required",
        ):
            continue
        draft = drafts.find(value.subject)
        if draft is None:
            continue
        only_chat = all(each.kind == "chat" for each in draft.facts)
        for wire, shape in value.fields.items():
            known = _spelled_like(draft, wire)
            if known is not None or only_chat:
                seen = ShapeField(shape=shape, optional=value.statement != "required")
                draft.sight(known or wire, seen, fact, "stated")


def _spelled_like(draft: EntityDraft, wire: str) -> str | None:
    plain = "".join(words(wire))
    return next((known for known in draft.sightings if "".join(words(known)) == plain), None)
