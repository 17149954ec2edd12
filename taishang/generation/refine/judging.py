"""Everybody's edits in their order, and what became of each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from taishang.generation.ir import Blueprint, Fact, Proposal, Value
from taishang.generation.refine.edits import AnyEdit, Refusal, parse_edits
from taishang.generation.refine.revising import apply


class Verdict(Value):
    """One edit: who proposed it (a plugin's or model's name, or nobody for a person), and why it was refused, if it was."""

    id: str
    author: str
    is_model: bool
    edit: dict[str, Any]
    code: str = ""
    why_not: str = ""

    @property
    def is_accepted(self) -> bool:
        return not self.code


def judge(
    *,
    blueprint: Blueprint,
    proposals: Iterable[Proposal],
    own: list[dict[str, Any]],
    facts: list[Fact],
) -> tuple[Blueprint, list[Verdict]]:
    """`blueprint` with what passes of the proposals, then of a person's own edits, and a verdict on each."""
    authors: list[tuple[str, bool]] = []
    edits: list[AnyEdit] = []
    verdicts: list[Verdict] = []
    for author, is_model, values in _given(proposals, own):
        read, malformed = parse_edits(values, by="model" if author else "person")
        verdicts += [_refused(author, is_model, refusal, values) for refusal in malformed]
        edits += read
        authors += [(author, is_model)] * len(read)
    changed, refusals = apply(blueprint=blueprint, edits=edits, facts=facts)
    refused = {refusal.index: refusal for refusal in refusals}
    for index, (edit, (author, is_model)) in enumerate(zip(edits, authors, strict=True)):
        refusal = refused.get(index)
        verdicts.append(
            Verdict(
                id=edit.id,
                author=author,
                is_model=is_model,
                edit=edit.model_dump(mode="json", exclude={"id", "by"}),
                code=refusal.code if refusal else "",
                why_not=refusal.reason if refusal else "",
            )
        )
    return changed, verdicts


def in_force(proposals: Iterable[Proposal], *, with_model: bool) -> list[Proposal]:
    """Those that count: a model's only where one is wanted."""
    return [one for one in proposals if with_model or not one.model]


def _given(
    proposals: Iterable[Proposal], own: list[dict[str, Any]]
) -> Iterable[tuple[str, bool, list[dict[str, Any]]]]:
    for proposal in proposals:
        yield proposal.plugin or proposal.model, bool(proposal.model), proposal.edits
    yield "", False, own


def _refused(author: str, is_model: bool, refusal: Refusal, values: list[Any]) -> Verdict:  # noqa: FBT001
    value = values[refusal.index]
    given = value if isinstance(value, dict) else {"kind": refusal.kind}
    kept = {name: given[name] for name in ("kind", "reason") if isinstance(given.get(name), str)}
    return Verdict(
        id="",
        author=author,
        is_model=is_model,
        edit=kept,
        code=refusal.code,
        why_not=refusal.reason,
    )
