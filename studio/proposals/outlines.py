"""An outline that was taken: the ticked chapters and their volumes come into being behind what there is."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from accounts.authentication import Principal
from studio import ordering
from studio.models import Chapter, Proposal, Volume, Work
from studio.ordering import Place


def create(
    *, principal: Principal, proposal: Proposal, chosen: Collection[int]
) -> tuple[UUID, ...]:
    """The ids of the chapters, in their order. What was taken before is not made twice."""
    work = Work.objects.get(pk=proposal.work_id)
    made: list[UUID] = []
    volumes: dict[int, Volume] = {}
    for number, entry in enumerate(proposal.hunks):
        if number not in chosen or number in proposal.accepted_hunks:
            continue
        at = entry["volume_number"]
        if entry["volume"] and at not in volumes:
            volumes[at] = _volume(principal, work, entry["volume"], entry["volume_synopsis"])
        chapter = ordering.add_chapter(
            work=work,
            principal=principal,
            title=entry["title"],
            synopsis=entry["synopsis"],
            stage=Chapter.Stage.OUTLINE,
            place=Place(volume_id=volumes[at].pk) if at in volumes else None,
        )
        made.append(chapter.pk)
    return tuple(made)


def _volume(principal: Principal, work: Work, title: str, synopsis: str) -> Volume:
    known = Volume.objects.alive().filter(work=work, title=title).in_order().first()
    if known is not None:
        return known
    return ordering.add_volume(work=work, principal=principal, title=title, synopsis=synopsis)
