"""The edits that a blueprint accepts, as closed types: no edit carries code, a path or SQL."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from taishang.generation.ir import Value

MAX_EDITS = 40
# A person's add up over the corrections of a job.
MAX_OWN_EDITS = 400
MAX_NOTE = 500
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,59}$")]
Plain = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Key = Annotated[str, StringConstraints(min_length=1, max_length=600)]
Note = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NOTE)]
FieldType = Literal[
    "text", "long_text", "choice", "integer", "big_integer", "decimal", "float", "boolean", "date", "time",
    "datetime", "email", "url", "uuid", "slug", "file", "json",
]  # fmt: skip


class Cite(Value):
    """An existing fact that an edit leans on, by its place."""

    file: str
    line: int


class BaseEdit(Value):
    """What every edit says of itself. `by` is set by the server, never read from a model's reply."""

    id: str = ""
    by: Literal["model", "person"] = "model"
    cites: list[Cite] = []
    reason: str = ""


class RenameEntity(BaseEdit):
    kind: Literal["rename_entity"]
    entity: Name
    name: Name


class RenameField(BaseEdit):
    kind: Literal["rename_field"]
    entity: Name
    field: Name
    name: Name


class SetType(BaseEdit):
    kind: Literal["set_type"]
    entity: Name
    field: Name
    type: FieldType


class SetChoices(BaseEdit):
    kind: Literal["set_choices"]
    entity: Name
    field: Name
    choices: Annotated[list[Plain], Field(min_length=1, max_length=100)]


class SetRequired(BaseEdit):
    kind: Literal["set_required"]
    entity: Name
    field: Name
    required: bool


class AddField(BaseEdit):
    kind: Literal["add_field"]
    entity: Name
    name: Name
    wire_name: Name | None = None
    type: FieldType = "text"
    choices: Annotated[list[Plain], Field(max_length=100)] = []
    required: bool = False


class AddRelation(BaseEdit):
    kind: Literal["add_relation"]
    entity: Name
    name: Name
    wire_name: Name | None = None
    target: Name
    relation: Literal["fk", "o2o", "m2m"] = "fk"


class MergeEntities(BaseEdit):
    kind: Literal["merge_entities"]
    entity: Name
    into: Name


class SetAudience(BaseEdit):
    kind: Literal["set_audience"]
    entity: Name
    audience: Literal["owner", "shared", "catalogue"]


class AnswerDecision(BaseEdit):
    kind: Literal["answer_decision"]
    key: Key
    answer: Plain


class AddNote(BaseEdit):
    kind: Literal["add_note"]
    key: Key
    note: Note


class DropItem(BaseEdit):
    kind: Literal["drop_item"]
    key: Key


class OpenEndpoint(BaseEdit):
    kind: Literal["open_endpoint"]
    key: Key


class ToggleEdit(BaseEdit):
    """Switches an earlier edit of the same list off (or on again) by its id."""

    kind: Literal["toggle_edit"]
    edit: Key
    on: bool


AnyEdit = (
    RenameEntity
    | RenameField
    | SetType
    | SetChoices
    | SetRequired
    | AddField
    | AddRelation
    | MergeEntities
    | SetAudience
    | AnswerDecision
    | AddNote
    | DropItem
    | OpenEndpoint
    | ToggleEdit
)
Edit = Annotated[AnyEdit, Field(discriminator="kind")]
_ADAPTER: TypeAdapter[AnyEdit] = TypeAdapter(Edit)
PERSON_ONLY = ("drop_item", "open_endpoint", "toggle_edit")


class Refusal(Value):
    """An edit that was not applied: its place in the list, a stable code and the reason in words."""

    index: int
    kind: str
    code: Literal[
        "malformed",
        "too_many",
        "unknown_target",
        "not_allowed",
        "no_evidence",
        "name_taken",
        "inconsistent",
        "switched_off",
    ]
    reason: str


def parse_edits(
    values: list[Any], *, by: Literal["model", "person"]
) -> tuple[list[AnyEdit], list[Refusal]]:
    """The well-formed edits among plain values, all marked as `by`; the rest refused.

    At most 40 are read of a model's or plugin's proposal, 400 of a person.
    """
    most = MAX_OWN_EDITS if by == "person" else MAX_EDITS
    edits: list[AnyEdit] = []
    refusals: list[Refusal] = []
    for index, value in enumerate(values):
        kind = str(value.get("kind", ""))[:40] if isinstance(value, dict) else ""
        if index >= most:
            reason = f"Only {most} edits are read."
            refusals.append(Refusal(index=index, kind=kind, code="too_many", reason=reason))
            break
        try:
            edit = _ADAPTER.validate_python(
                {**value, "by": by} if isinstance(value, dict) else value
            )
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in problem["loc"][-2:])
            reason = f"{where}: {problem['msg']}"[:300]
            refusals.append(Refusal(index=index, kind=kind, code="malformed", reason=reason))
        else:
            edits.append(edit)
    return edits, refusals
