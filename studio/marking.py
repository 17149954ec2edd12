"""Several chapters at once: their stage, a tag on all of them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from accounts.authentication import Principal
from accounts.ids import uuid7
from studio import drafting, ordering, tags
from studio.models import Chapter, Tag, Work

MOST = 500


def set_stage(*, principal: Principal, work: Work, ids: Sequence[UUID], stage: str) -> int:
    """Answers how many chapters have another stage now; each is one revision. Raises OrderConflict."""
    with transaction.atomic():
        chosen = [one for one in _chosen(principal, work, ids) if one.stage != stage]
        for chapter in chosen:
            drafting.save(
                chapter_id=chapter.pk,
                principal=principal,
                base_revision=chapter.revision,
                save_id=uuid7(),
                stage=stage,
            )
    return len(chosen)


def add_tag(*, principal: Principal, work: Work, ids: Sequence[UUID], tag: Tag) -> int:
    """Put a tag on chapters beside those that they carry; answers how many. Raises OrderConflict, FieldRefused."""
    with transaction.atomic():
        chosen = _chosen(principal, work, ids)
        seen = Tag.objects.visible_to(principal)
        for chapter in chosen:
            carried = seen.filter(
                chapter_tags__chapter=chapter, chapter_tags__position__isnull=True
            )
            tags.put_on(chapter=chapter, tags={*carried, tag}, by=principal)
    return len(chosen)


def _chosen(principal: Principal, work: Work, ids: Sequence[UUID]) -> list[Chapter]:
    """The chapters, held so that their revisions stand still."""
    rows = Chapter.objects.editable_by(principal).filter(work=work, pk__in=ids).without_text()
    found = list(rows.order_by("pk").select_for_update(of=("self",)))
    if not found or len(found) != len(set(ids)) or len(found) > MOST:
        raise ordering.OrderConflict
    return found
