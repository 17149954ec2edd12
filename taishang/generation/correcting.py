"""Corrections of a finished job: checked against what it has read before anything is started."""

from __future__ import annotations

from typing import Any

from accounts.authentication import Principal
from taishang.generation import reading, refine, submitting
from taishang.generation.ir import Blueprint
from taishang.generation.options import Options
from taishang.generation.refine import Refusal
from taishang.generation.submitting import Submission
from taishang.models import GenerationJob


class EditsRefused(Exception):
    """Some edits cannot be made. `members` lists each with its place, a code and the reason."""

    code = "edits_refused"

    def __init__(self, refusals: list[Refusal]) -> None:
        super().__init__(len(refusals))
        self.refusals = refusals
        self.members = {
            "errors": [
                {
                    "pointer": f"/edits/{refusal.index}",
                    "code": refusal.code,
                    "message": refusal.reason,
                    "params": {"kind": refusal.kind},
                }
                for refusal in refusals
            ]
        }


def revise(
    *,
    principal: Principal,
    parent: GenerationJob,
    edits: list[dict[str, Any]],
    options: Options | None = None,
) -> Submission:
    """Queue the corrected job.

    Raises EditsRefused, and what `submitting.revise` raises. Reads the parent's blueprint and facts.
    """
    return submitting.revise(
        principal=principal, parent=parent, edits=_checked(parent, edits), options=options
    )


def _checked(parent: GenerationJob, edits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The edits as they are stored. They are tried on top of those the parent already has."""
    if not edits:
        return []
    wanted, refusals = refine.parse_edits(edits, by="person")
    if refusals:
        raise EditsRefused(refusals)
    try:
        core = Blueprint.model_validate_json(reading.artifact(job=parent, kind="core_ir"))
        read = reading.reading(job=parent)
    except (reading.NotReady, reading.Expired) as error:
        raise submitting.NotRevisable from error
    proposed = refine.in_force(read.proposals, with_model=parent.options.get("refine") == "auto")
    earlier = [
        *(edit for one in proposed for edit in refine.parse_edits(one.edits, by="model")[0]),
        *refine.parse_edits(parent.edits, by="person")[0],
    ]
    _blueprint, refusals = refine.apply(blueprint=core, edits=[*earlier, *wanted], facts=read.facts)
    new = [
        refusal.model_copy(update={"index": refusal.index - len(earlier)})
        for refusal in refusals
        if refusal.index >= len(earlier)
    ]
    if new:
        raise EditsRefused(new)
    return [edit.model_dump(mode="json") for edit in wanted]
