"""The same passage once more: the proposal and a further wish go along, as a request of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from accounts.authentication import Principal
from studio import proposals
from studio.models import AIRequest, Chapter, Proposal, Work
from studio.proposals import ProposalStale
from studio.requests import asking, finishing, wishes
from studio.requests.asking import Asked


def refine(*, principal: Principal, proposal: Proposal, given: Mapping[str, Any]) -> Asked:
    """Raises ProposalStale where the passage has changed, and as asking does."""
    parent = finishing.row(proposal.request_id)
    if parent is None or parent.work_id is None:
        raise ProposalStale(0)
    work = Work.objects.visible_to(principal).get(pk=parent.work_id)
    wish = wishes.wish(
        principal=principal,
        work=work,
        given={
            "type": parent.request_type,
            "chapter": proposal.chapter_id,
            "instruction": given["instruction"],
            "agent": parent.agent_id,
            "model": given.get("model", ""),
            **_span(principal, proposal, parent),
        },
    )
    return asking.ask(principal=principal, wish=replace(wish, draft=proposal.text), parent=parent)


def _span(principal: Principal, proposal: Proposal, parent: AIRequest) -> dict[str, int]:
    """Where the passage stands now. Units: code points."""
    if proposal.chapter_id is None:
        return {}
    chapter = Chapter.objects.visible_to(principal).get(pk=proposal.chapter_id)
    start = proposals.stands(proposal, chapter)
    if start is None or proposal.accepted_hunks:
        raise ProposalStale(chapter.revision)
    return {"range_start": start, "range_end": start + len(parent.input_text)}
