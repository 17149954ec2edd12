"""Apply edits to a blueprint one by one; an edit that may not or cannot be applied changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from taishang.generation.ir import Blueprint, Fact
from taishang.generation.refine.changes import CHANGES, Impossible
from taishang.generation.refine.consistency import problems
from taishang.generation.refine.edits import (
    PERSON_ONLY,
    AnswerDecision,
    AnyEdit,
    MergeEntities,
    Refusal,
    SetAudience,
    ToggleEdit,
)

_WIDTH = {"owner": 0, "catalogue": 1, "shared": 2}
Code = Literal[
    "unknown_target",
    "not_allowed",
    "no_evidence",
    "name_taken",
    "inconsistent",
    "switched_off",
]


class Refused(Exception):
    """An edit that the rules forbid."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def apply(
    *, blueprint: Blueprint, edits: list[AnyEdit], facts: list[Fact]
) -> tuple[Blueprint, list[Refusal]]:
    """`blueprint` with the edits that pass, in order, and the refusals of the others.

    A model's edit must cite a fact by file and line, may not lower access, and is limited to what changes
    shape and names; a person's edit may also drop items, open endpoints and switch earlier edits off. Each
    edit must leave a sound blueprint, alone and after all before it.
    """
    places = _places(blueprint, facts)
    switched = {
        edit.edit: edit.on for edit in edits if isinstance(edit, ToggleEdit) and edit.by == "person"
    }
    current, refusals = blueprint, []
    for index, edit in enumerate(edits):
        try:
            if edit.id and switched.get(edit.id) is False:
                raise Refused("switched_off", "A person switched this edit off.")
            _may(edit, current, places)
            current = _changed(current, edit)
        except Refused as refused:
            refusals.append(
                Refusal(index=index, kind=edit.kind, code=refused.code, reason=refused.reason)
            )
    return current, refusals


def _places(blueprint: Blueprint, facts: list[Fact]) -> set[tuple[str, int]]:
    """Every line that something was read at: where a fact begins, and where each item comes from."""
    items = [
        *blueprint.endpoints,
        *blueprint.entities,
        *(member for entity in blueprint.entities for member in entity.members),
    ]
    read = [*(fact.place for fact in facts), *(p for item in items for p in item.evidence.places)]
    return {(place.file, place.line) for place in read}


def _changed(blueprint: Blueprint, edit: AnyEdit) -> Blueprint:
    if isinstance(edit, ToggleEdit):
        return blueprint
    change: Callable[[Blueprint, Any], Blueprint] = CHANGES[edit.kind]
    try:
        changed = change(blueprint, edit)
    except Impossible as error:
        raise Refused(error.code, str(error)) from error
    before = set(problems(blueprint))
    new = [problem for problem in problems(changed) if problem not in before]
    if new:
        raise Refused("inconsistent", new[0])
    return changed


def _may(edit: AnyEdit, blueprint: Blueprint, places: set[tuple[str, int]]) -> None:
    if edit.by == "person":
        return
    if edit.kind in PERSON_ONLY:
        raise Refused("not_allowed", f"{edit.kind} is a person's decision.")
    if not any((cite.file, cite.line) in places for cite in edit.cites):
        raise Refused("no_evidence", "The edit cites no fact of the export.")
    if isinstance(edit, SetAudience):
        _may_widen(blueprint, edit.entity, edit.audience)
    if isinstance(edit, MergeEntities):
        into = blueprint.entity(edit.into)
        if into is not None:
            _may_widen(blueprint, edit.entity, into.audience)
    if isinstance(edit, AnswerDecision) and edit.key.startswith(("access:", "host:", "role:")):
        raise Refused("not_allowed", "Who may see what is a person's decision.")


def _may_widen(blueprint: Blueprint, name: str, audience: str) -> None:
    entity = blueprint.entity(name)
    if entity is not None and _WIDTH[audience] > _WIDTH[entity.audience]:
        raise Refused("not_allowed", "A wider audience is a person's decision.")
