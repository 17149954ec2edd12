"""A model's text as changes to a passage, each of which can be taken alone."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from studio.models import AIRequest, Proposal
from studio.prose import differences, reports
from studio.prose.differences import Hunk


def offer(*, request: AIRequest, variant: int, text: str, is_partial: bool) -> None:
    """Keep one variant of an answer, in the caller's transaction. Once for each variant, however often it is told."""
    is_outline = request.request_type == AIRequest.Type.OUTLINE
    hunks = _outline(text) if is_outline else [_told(one) for one in _hunks(request, text)]
    if not hunks:
        return
    row = Proposal(
        workspace_id=request.workspace_id,
        work_id=request.work_id,
        chapter_id=None if is_outline else request.chapter_id,
        request_id=request.pk,
        request_at=request.created_at,
        variant=variant,
        base_revision=request.base_revision,
        text=text,
        hunks=hunks,
        is_partial=is_partial,
        start_position=request.range_start,
        end_position=request.range_end,
        anchor_quote=request.anchor_quote,
        anchor_prefix=request.anchor_prefix,
        anchor_suffix=request.anchor_suffix,
        anchor_revision=request.anchor_revision,
        anchor_state=request.anchor_state,
    )
    Proposal.objects.bulk_create([row], ignore_conflicts=True)


def offered(request: AIRequest) -> int:
    """How many variants of an answer there are."""
    return Proposal.objects.filter(request_id=request.pk).count()


def of_request(request: AIRequest) -> UUID | None:
    """The first variant's proposal."""
    rows = Proposal.objects.filter(request_id=request.pk).order_by("variant")
    return rows.values_list("pk", flat=True).first()


def applied(base: str, hunks: Collection[dict[str, Any]], chosen: Collection[int]) -> str:
    """The passage with the chosen changes, numbered from 0."""
    return differences.apply(base, [_read(one) for at, one in enumerate(hunks) if at in chosen])


def _hunks(request: AIRequest, text: str) -> list[Hunk]:
    return differences.compare(request.input_text, text)


def _outline(text: str) -> list[dict[str, Any]]:
    """Every chapter of an outline with its volume. Shapes: `{volume, volume_synopsis, volume_number, title, synopsis}`."""
    try:
        volumes = reports.outline(text)
    except reports.Unreadable:
        return []
    return [
        {
            "volume_number": number,
            "volume": volume["title"],
            "volume_synopsis": volume["synopsis"],
            "title": chapter["title"],
            "synopsis": chapter["synopsis"],
        }
        for number, volume in enumerate(volumes)
        for chapter in volume["chapters"]
    ]


def _told(hunk: Hunk) -> dict[str, Any]:
    return {
        "old_start": hunk.old_start,
        "old_end": hunk.old_end,
        "new_start": hunk.new_start,
        "new_end": hunk.new_end,
        "old": list(hunk.old),
        "new": list(hunk.new),
    }


def _read(told: dict[str, Any]) -> Hunk:
    return Hunk(
        told["old_start"],
        told["old_end"],
        told["new_start"],
        told["new_end"],
        tuple(told["old"]),
        tuple(told["new"]),
    )
