"""What plugins and a model proposed for a job, in words: what each change is, who wanted it, why it was refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from taishang.generation import reading
from taishang.generation.ir import Proposal
from taishang.generation.refine import Verdict
from taishang.models import GenerationJob

SENTENCES: Mapping[str, Any] = {
    "rename_entity": gettext_lazy("%(entity)s is called %(name)s."),
    "rename_field": gettext_lazy("%(entity)s.%(field)s is called %(name)s."),
    "set_type": gettext_lazy("%(entity)s.%(field)s is of the type %(type)s."),
    "set_choices": gettext_lazy("%(entity)s.%(field)s is one of: %(choices)s."),
    "set_required": gettext_lazy("Whether %(entity)s.%(field)s is required: %(required)s."),
    "add_field": gettext_lazy("%(entity)s also has %(name)s (%(type)s)."),
    "add_relation": gettext_lazy("%(entity)s refers to %(target)s by %(name)s."),
    "merge_entities": gettext_lazy("%(entity)s and %(into)s are one."),
    "set_audience": gettext_lazy("Who sees %(entity)s: %(audience)s."),
    "answer_decision": gettext_lazy("%(key)s: %(answer)s."),
    "add_note": gettext_lazy("A note on %(key)s: %(note)s"),
    "drop_item": gettext_lazy("%(key)s is left out."),
    "open_endpoint": gettext_lazy("%(key)s is open to everyone."),
    "toggle_edit": gettext_lazy("An earlier change is switched on or off: %(edit)s."),
}
REASONS: Mapping[str, Any] = {
    "malformed": gettext_lazy("it is no change that is known here"),
    "too_many": gettext_lazy("too many were proposed"),
    "unknown_target": gettext_lazy("there is nothing of this name"),
    "not_allowed": gettext_lazy("only a person may decide this"),
    "no_evidence": gettext_lazy("it names no line that was read"),
    "name_taken": gettext_lazy("the name is taken"),
    "inconsistent": gettext_lazy("the result would not fit together"),
}
OFF = "switched_off"


@dataclass(frozen=True)
class Proposed:
    """The edits of one author. `cost` None is unknown; plugins cost nothing."""

    author: str
    is_model: bool
    cost: str | None
    currency: str
    rows: list[Row]


@dataclass(frozen=True)
class Row:
    """One edit. `places` are what it leans on, as the review page links them."""

    id: str
    words: str
    reason: str
    places: list[dict[str, Any]]
    is_on: bool
    is_off: bool
    why_not: str


def of_job(job: GenerationJob) -> list[Proposed]:
    """Everybody but the person, in the order of asking; empty once the artifacts are kept no longer."""
    if not job.stage_timings.get("refine", {}).get("counts"):
        return []
    try:
        verdicts = [one for one in reading.verdicts(job=job) if one.author]
        if not verdicts:
            return []
        proposals = {one.plugin or one.model: one for one in reading.reading(job=job).proposals}
    except (reading.NotReady, reading.Expired):
        return []
    authors = dict.fromkeys(one.author for one in verdicts)
    return [
        _proposed(proposals.get(author), [one for one in verdicts if one.author == author])
        for author in authors
    ]


def _proposed(proposal: Proposal | None, verdicts: list[Verdict]) -> Proposed:
    first = verdicts[0]
    return Proposed(
        first.author,
        first.is_model,
        _amount(proposal.cost) if proposal else None,
        proposal.currency if proposal else "",
        [_row(one) for one in verdicts],
    )


def _row(verdict: Verdict) -> Row:
    return Row(
        verdict.id,
        _words(verdict.edit),
        str(verdict.edit.get("reason") or ""),
        list(verdict.edit.get("cites") or []),
        verdict.is_accepted,
        verdict.code == OFF,
        str(REASONS.get(verdict.code, verdict.why_not)),
    )


def _amount(cost: str | None) -> str | None:
    return None if cost is None else f"{Decimal(cost).normalize():f}"


def _words(edit: Mapping[str, Any]) -> str:
    sentence = SENTENCES.get(str(edit.get("kind")))
    shown = {name: _shown(value) for name, value in edit.items()}
    try:
        return str(sentence) % shown if sentence else str(edit.get("kind", ""))
    except KeyError:
        return str(edit["kind"])


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
