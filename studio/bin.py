"""The bin: what is put there is gone from every list and number, and comes back with what left with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, Sum
from django.utils import timezone

from accounts import news, tenancy
from accounts.authentication import Principal
from laojun import audit
from studio import ordering
from studio.models import Chapter, Volume, Work

KEPT = timedelta(days=30)
NOTICE = timedelta(days=3)
ONE_DAY = timedelta(days=1)
LETTER = "work_leaves_bin"
TOTALS = ("word_count", "words_plain", "char_count")


class NotInBin(Exception):
    """It does not lie in the bin."""

    code = "in_no_bin"


class Published(Exception):
    """A published work is withdrawn first."""

    code = "published"


class TitleDiffers(Exception):
    """Deleting for good needs the title, typed."""

    code = "title_differs"


def bin_work(*, work: Work, principal: Principal) -> None:
    """Put a work with all it holds into the bin. Raises Published."""
    if work.is_published:
        raise Published
    now = timezone.now()
    Work.objects.filter(pk=work.pk, deleted_at__isnull=True).update(
        deleted_at=now, deleted_by=principal.user, updated_at=now, revision=F("revision") + 1
    )
    _told(principal, "work.binned", ("work", work.pk))


def restore_work(*, work: Work, principal: Principal) -> None:
    """Bring a work back as it was. Raises NotInBin."""
    binned = Work.objects.filter(pk=work.pk, deleted_at__isnull=False)
    now = timezone.now()
    if not binned.update(
        deleted_at=None, deleted_by=None, updated_at=now, revision=F("revision") + 1
    ):
        raise NotInBin
    _told(principal, "work.restored", ("work", work.pk))


def purge_work(*, work: Work, principal: Principal, title: str) -> None:
    """Delete a work of the bin for good, named versions too. Raises NotInBin, TitleDiffers."""
    if work.deleted_at is None:
        raise NotInBin
    if title != work.title:
        raise TitleDiffers
    _told(principal, "work.purged", ("work", work.pk), chapters=work.chapters_count)
    Work.objects.filter(pk=work.pk).delete()


def warn(*, now: datetime) -> int:
    """Tell owners which works leave the bin for good in three days; once for each. Answers how many."""
    last = now - KEPT + NOTICE
    with tenancy.platform_scope(reason="studio.warn_of_bin"):
        leaving = Work.objects.filter(deleted_at__gt=last - ONE_DAY, deleted_at__lte=last)
        for work in leaving.select_related("user"):
            news.tell(
                LETTER,
                user=work.user,
                link=("studio_bin", ""),
                workspace_id=work.workspace_id,
                dedup_key=f"bin:{work.pk}",
                work=work.title,
            )
        return leaving.count()


def warn_today() -> int:
    return warn(now=timezone.now())


def bin_chapters(*, principal: Principal, work_id: UUID, ids: Sequence[UUID]) -> int:
    """Put chapters into the bin; words and numbers close up. Answers how many went."""
    with transaction.atomic():
        ordering.take_turn(work_id)
        return _bin(principal, work_id, ids, timezone.now())


def bin_volume(*, volume: Volume, principal: Principal) -> None:
    """Put a volume with its chapters into the bin."""
    now = timezone.now()
    with transaction.atomic():
        ordering.take_turn(volume.work_id)
        inside = Chapter.objects.alive().filter(volume=volume).values_list("pk", flat=True)
        _bin(principal, volume.work_id, list(inside), now, told=False)
        Volume.objects.filter(pk=volume.pk).update(deleted_at=now, updated_at=now)
        ordering.moved(volume.work_id)
        _told(principal, "volume.binned", ("volume", volume.pk))


def restore_chapter(*, chapter: Chapter, principal: Principal) -> None:
    """Bring a chapter back behind the neighbour it stood behind. Raises NotInBin.

    Where its volume lies in the bin it comes back without it, at the end of the chapters without a volume.
    """
    with transaction.atomic():
        ordering.take_turn(chapter.work_id)
        held = Chapter.objects.without_text().select_for_update(of=("self",)).get(pk=chapter.pk)
        if held.deleted_at is None:
            raise NotInBin
        homeless = held.volume_id is not None and held.volume is not None and held.volume.deleted_at
        if homeless:
            held.volume_id = None
        neighbours = ordering.scope_of(held)
        place = ordering.end_key(neighbours) if homeless else None
        _bring_back(held, place or ordering.free_key(neighbours, held.order_index))
        _move_totals(held.work_id, _sums([held.pk]), 1)
        _told(principal, "chapter.restored", ("chapter", held.pk))


def restore_volume(*, volume: Volume, principal: Principal) -> int:
    """Bring a volume back with the chapters that left with it; answers how many. Raises NotInBin."""
    with transaction.atomic():
        ordering.take_turn(volume.work_id)
        if volume.deleted_at is None:
            raise NotInBin
        left = Chapter.objects.without_text().filter(volume=volume, deleted_at=volume.deleted_at)
        returning = list(left.order_by("order_index").select_for_update(of=("self",)))
        others = list(Volume.objects.alive().filter(work_id=volume.work_id))
        key = ordering.free_key(others, volume.order_index)
        Volume.objects.filter(pk=volume.pk).update(
            deleted_at=None, order_index=key, updated_at=timezone.now()
        )
        for one in returning:
            _bring_back(one, ordering.free_key(ordering.scope_of(one), one.order_index))
        _move_totals(volume.work_id, _sums([one.pk for one in returning]), 1)
        _told(principal, "volume.restored", ("volume", volume.pk), chapters=len(returning))
    return len(returning)


def _bin(
    principal: Principal,
    work_id: UUID,
    ids: Sequence[UUID],
    now: datetime,
    *,
    told: bool = True,
) -> int:
    rows = Chapter.objects.alive().filter(work_id=work_id, pk__in=ids).order_by("pk")
    held = list(rows.select_for_update(of=("self",)).values_list("pk", flat=True))
    sums = _sums(held)
    Chapter.objects.filter(pk__in=held).update(
        deleted_at=now, deleted_by=principal.user, updated_at=now
    )
    _move_totals(work_id, sums, -1)
    for pk in held if told else ():
        _told(principal, "chapter.binned", ("chapter", pk))
    return len(held)


def _bring_back(chapter: Chapter, key: str) -> None:
    Chapter.objects.filter(pk=chapter.pk).update(
        deleted_at=None,
        deleted_by=None,
        volume_id=chapter.volume_id,
        order_index=key,
        indexed_revision=0,
        counted_revision=0,
        updated_at=timezone.now(),
    )


def _sums(ids: Sequence[UUID]) -> dict[str, int]:
    rows = Chapter.objects.filter(pk__in=ids)
    sums = rows.aggregate(many=Count("pk"), **{name: Sum(name) for name in TOTALS})
    return {name: int(value or 0) for name, value in sums.items()}


def _move_totals(work_id: UUID, sums: dict[str, int], sign: int) -> None:
    Work.objects.filter(pk=work_id).update(
        total_words=F("total_words") + sign * sums["word_count"],
        words_plain=F("words_plain") + sign * sums["words_plain"],
        char_count=F("char_count") + sign * sums["char_count"],
    )
    ordering.moved(work_id, chapters=sign * sums["many"])


def _told(principal: Principal, action: str, target: tuple[str, Any], **facts: Any) -> None:
    audit.record(actor=principal, action=action, target=target, after=facts)
