"""Two chapters out of one, and one out of two. Both former texts stay as versions."""

from __future__ import annotations

from django.db import transaction

from accounts.authentication import Principal
from accounts.ids import uuid7
from laojun import audit
from studio import bin, drafting, ordering
from studio.models import Chapter
from studio.ordering import OrderConflict, Place


def split(
    *,
    chapter: Chapter,
    principal: Principal,
    at: int,
    base_revision: int,
    title: str = "",
    fence: int | None = None,
) -> Chapter:
    """Move the text from code point `at` on into a new chapter right behind. Raises what `drafting.save` raises."""
    with transaction.atomic():
        ordering.take_turn(chapter.work_id)
        held = drafting.locked(chapter.pk, principal)
        if held.revision != base_revision:
            raise drafting.Stale(held)
        if not 0 <= at <= len(held.content):
            raise OrderConflict
        head, tail = held.content[:at], held.content[at:]
        made = ordering.add_chapter(
            work=held.work,
            principal=principal,
            title=title,
            text=tail,
            place=Place(volume_id=held.volume_id, after=held.pk),
        )
        _write(held, principal, head, fence)
        audit.record(
            actor=principal,
            action="chapter.split",
            target=("chapter", held.pk),
            after={"new": str(made.pk), "at": at},
        )
    return made


def merge_next(
    *,
    chapter: Chapter,
    principal: Principal,
    base_revision: int,
    fence: int | None = None,
) -> drafting.Saved:
    """Put the text of the next chapter of the volume behind this one's; the emptied one goes to the bin, whole.

    Raises OrderConflict where none follows, and what `drafting.save` raises.
    """
    with transaction.atomic():
        ordering.take_turn(chapter.work_id)
        following = _next(chapter, principal)
        held = drafting.locked(chapter.pk, principal)
        if held.revision != base_revision:
            raise drafting.Stale(held)
        parts = [part for part in (held.content, following.content) if part]
        saved = _write(held, principal, "\n".join(parts), fence)
        bin.bin_chapters(principal=principal, work_id=held.work_id, ids=[following.pk])
        audit.record(
            actor=principal,
            action="chapter.merged",
            target=("chapter", held.pk),
            after={"with": str(following.pk)},
        )
    return saved


def _next(chapter: Chapter, principal: Principal) -> Chapter:
    rows = Chapter.objects.editable_by(principal).filter(
        work_id=chapter.work_id, volume_id=chapter.volume_id
    )
    found = rows.filter(order_index__gt=chapter.order_index).order_by("order_index").first()
    if found is None:
        raise OrderConflict
    return found


def _write(chapter: Chapter, principal: Principal, text: str, fence: int | None) -> drafting.Saved:
    return drafting.save(
        chapter_id=chapter.pk,
        principal=principal,
        text=text,
        base_revision=chapter.revision,
        save_id=uuid7(),
        kind="manual",
        fence=fence,
    )
