"""Taking a proposal: the passage is found again, or it is refused; the text changes by the one way that texts change."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts import tenancy
from accounts.authentication import Principal
from accounts.ids import uuid7
from laojun import audit
from studio import drafting
from studio.models import AIRequest, Chapter, Proposal
from studio.proposals import outlines
from studio.proposals.offering import applied
from studio.proposals.refusals import ProposalClosed, ProposalStale, UnknownHunk
from studio.prose import rebasing

OPEN = (Proposal.State.OPEN, Proposal.State.PARTLY)


@dataclass(frozen=True)
class Accepted:
    """What taking a proposal did. `changes` turn the chapter's former text into the present one.

    Shapes: `changes` `[{start, end, text}]`, offsets in code points of the former text; `created` are new chapters.
    """

    proposal: Proposal
    revision: int | None = None
    content_sha256: str = ""
    is_moved: bool = False
    changes: tuple[dict[str, Any], ...] = ()
    created: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class _Passage:
    """What a proposal replaces now, and by what. Units: code points."""

    start: int
    old: str
    new: str
    is_moved: bool = False


def accept(
    *,
    principal: Principal,
    proposal: Proposal,
    chapter: Chapter | None,
    hunks: Collection[int] | None = None,
    span: tuple[int, int] | None = None,
) -> Accepted:
    """Take all changes, or those with these numbers. `chapter` is the one that was seen, at its revision.

    With `span` the author says what the whole proposal replaces: the way for one whose passage has changed.
    Raises ProposalClosed, ProposalStale, UnknownHunk, and what saving raises.
    """
    held = _held(proposal, stale=span is not None)
    chosen = _chosen(held, hunks)
    if chapter is None:
        created = outlines.create(principal=principal, proposal=held, chosen=chosen)
        return _written(principal, held, chosen, Accepted(held, created=created))
    request = _request(held)
    base = request.input_text if request else ""
    passage = _placed(held, chapter, base, chosen) if span is None else _put(chapter, held, span)
    content = chapter.content
    end = passage.start + len(passage.old)
    saved = drafting.save(
        chapter_id=chapter.pk,
        principal=principal,
        text=content[: passage.start] + passage.new + content[end:],
        base_revision=chapter.revision,
        save_id=uuid7(),
        kind="ai",
        origin=origin_of(request) if request else None,
    )
    held.applied_revision = saved.revision
    _anchor(held, content, passage, revision=saved.revision)
    change = {"start": passage.start, "end": end, "text": passage.new}
    if span is not None:
        chosen = set(range(len(held.hunks)))
    done = Accepted(held, saved.revision, saved.content_sha256, passage.is_moved, (change,))
    return _written(principal, held, chosen, done)


def discard(*, principal: Principal, proposal: Proposal) -> Proposal:
    """Refuse what is still open of a proposal; what was taken stays taken. Raises ProposalClosed."""
    held = _held(proposal, stale=True)
    part = held.accepted_hunks
    held.state = Proposal.State.ACCEPTED if part else Proposal.State.DISCARDED
    held.decided_by, held.decided_at = principal.user, timezone.now()
    held.save(update_fields=["state", "decided_by", "decided_at", "updated_at"])
    _record(principal, held, "proposal.discarded")
    return held


def stands(proposal: Proposal, chapter: Chapter) -> int | None:
    """Where the passage of a proposal is in the chapter as it is now; None when it must be placed anew."""
    request = _request(proposal)
    given = request.input_text if request else ""
    base = applied(given, proposal.hunks, set(proposal.accepted_hunks))
    if chapter.revision == proposal.anchor_revision and proposal.start_position is not None:
        return proposal.start_position
    return rebasing.place(
        chapter.content,
        base,
        start=proposal.start_position or 0,
        around=(proposal.anchor_prefix, proposal.anchor_suffix),
    )


def _held(proposal: Proposal, *, stale: bool = False) -> Proposal:
    """The proposal, locked, when it may still be decided."""
    held = Proposal.objects.select_for_update(of=("self",)).get(pk=proposal.pk)
    if held.state in OPEN or (stale and held.state == Proposal.State.STALE):
        return held
    if held.state == Proposal.State.STALE:
        raise ProposalStale(held.base_revision or 0)
    raise ProposalClosed(held.state)


def _chosen(proposal: Proposal, hunks: Collection[int] | None) -> set[int]:
    every = set(range(len(proposal.hunks)))
    if hunks is None:
        return every
    chosen = set(hunks)
    if not chosen or not chosen <= every:
        raise UnknownHunk(", ".join(map(str, sorted(chosen - every))))
    if chosen <= set(proposal.accepted_hunks):
        raise ProposalClosed(proposal.state)
    return chosen | set(proposal.accepted_hunks)


def origin_of(request: AIRequest) -> dict[str, Any]:
    """Who wrote a text, as its version remembers it."""
    return {
        "agent_id": request.agent_id,
        "ai_request_id": request.pk,
        "model_id": str(request.context.get("model", "")),
    }


def _request(proposal: Proposal) -> AIRequest | None:
    """What was asked, with the passage as it was then."""
    rows = AIRequest.objects.filter(pk=proposal.request_id, created_at=proposal.request_at)
    return rows.first()


def _placed(proposal: Proposal, chapter: Chapter, base: str, chosen: set[int]) -> _Passage:
    at = stands(proposal, chapter)
    if at is None:
        _mark_stale(proposal)
        raise ProposalStale(chapter.revision)
    old = applied(base, proposal.hunks, set(proposal.accepted_hunks))
    new = applied(base, proposal.hunks, chosen)
    return _Passage(at, old, new, is_moved=at != proposal.start_position)


def _put(chapter: Chapter, proposal: Proposal, span: tuple[int, int]) -> _Passage:
    start, end = span
    if not 0 <= start <= end <= len(chapter.content):
        raise UnknownHunk("range")
    return _Passage(start, chapter.content[start:end], proposal.text, is_moved=True)


def _anchor(proposal: Proposal, content: str, passage: _Passage, *, revision: int) -> None:
    """What is left to be decided is found from here on by the text as it is now."""
    proposal.start_position = passage.start
    proposal.end_position = passage.start + len(passage.new)
    before, after = rebasing.margins(content, passage.start, passage.start + len(passage.old))
    proposal.anchor_prefix, proposal.anchor_suffix = before, after
    proposal.anchor_quote = passage.new[:200]
    proposal.anchor_revision = revision
    proposal.anchor_state = (
        Proposal.AnchorState.MOVED if passage.is_moved else Proposal.AnchorState.ANCHORED
    )


def _written(
    principal: Principal, proposal: Proposal, chosen: set[int], done: Accepted
) -> Accepted:
    whole = len(chosen) == len(proposal.hunks)
    proposal.state = Proposal.State.ACCEPTED if whole else Proposal.State.PARTLY
    proposal.accepted_hunks = sorted(chosen)
    proposal.decided_by, proposal.decided_at = principal.user, timezone.now()
    proposal.save()
    _record(principal, proposal, "proposal.accepted")
    return done


def _mark_stale(proposal: Proposal) -> None:
    """Kept although the refusal rolls everything else back."""
    mark = partial(_stale, proposal.workspace_id, proposal.pk)
    afterwards = audit.current_facts().afterwards
    if afterwards is None:
        mark()
    else:
        afterwards.append(mark)


def _stale(workspace_id: int, number: UUID) -> None:
    with tenancy.workspace(workspace_id):
        rows = Proposal.objects.filter(pk=number, state__in=OPEN)
        rows.update(state=Proposal.State.STALE, updated_at=timezone.now())


def _record(principal: Principal, proposal: Proposal, action: str) -> None:
    audit.record(
        actor=principal,
        action=action,
        target=("proposal", proposal.pk),
        details={"hunks": proposal.accepted_hunks, "revision": proposal.applied_revision},
    )
