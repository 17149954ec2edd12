"""Readers: who they are without a name, what they like, what they read. Counters move only with rows.

A reader belongs to no workspace of the book; their row is written inside the publication's workspace, and nothing
else is done there.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Sum
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts import tenancy
from accounts.models import User
from studio.models import Chapter, Like, Publication, PublishedChapter, Read, ReadingDay, Work

SALT = "studio.reader"


def key_of(user: User | None, cookie: str) -> str:
    """What stands for a reader: a user's id, or a keyed hash of their cookie; never an address."""
    return (
        str(user.pk)
        if user is not None
        else salted_hmac(SALT, cookie, algorithm="sha256").hexdigest()
    )


def like(*, publication: Publication, chapter: PublishedChapter, reader_key: str) -> bool:
    """One like of one reader; the counters move only when it is new."""
    with tenancy.workspace(publication.workspace_id):
        try:
            with transaction.atomic():
                Like.objects.create(
                    workspace_id=publication.workspace_id,
                    publication_id=publication.pk,
                    chapter_id=chapter.chapter_id,
                    reader_key=reader_key,
                )
        except IntegrityError:
            return False
        _count(publication, chapter, 1)
    return True


def unlike(*, publication: Publication, chapter: PublishedChapter, reader_key: str) -> bool:
    """Take a like back; the counters move only when there was one."""
    with tenancy.workspace(publication.workspace_id):
        gone, _each = Like.objects.filter(
            publication_id=publication.pk, chapter_id=chapter.chapter_id, reader_key=reader_key
        ).delete()
        if gone:
            _count(publication, chapter, -1)
    return bool(gone)


def likes(
    *, publication: Publication, chapter: PublishedChapter, reader_key: str
) -> tuple[int, bool]:
    """How many like a chapter, and whether this reader does."""
    with tenancy.workspace(publication.workspace_id):
        rows = Like.objects.filter(publication_id=publication.pk, chapter_id=chapter.chapter_id)
        return rows.count(), rows.filter(reader_key=reader_key).exists()


def read(*, publication: Publication, chapter: PublishedChapter, reader_key: str) -> bool:
    """One reading of one reader a day."""
    with tenancy.workspace(publication.workspace_id):
        row = Read(
            workspace_id=publication.workspace_id,
            publication_id=publication.pk,
            chapter_id=chapter.chapter_id,
            reader_key=reader_key,
            day=timezone.localdate(),
        )
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            return False
    return True


def roll() -> int:
    """Sum up the readings of today and yesterday; run twice it changes nothing. Answers how many sums moved."""
    since = timezone.localdate() - timedelta(days=1)
    with tenancy.platform_scope(reason="readers are counted"):
        rows = (
            Read.objects.filter(day__gte=since, chapter__isnull=False)
            .values("workspace_id", "publication__work_id", "chapter_id", "day")
            .annotate(readers=Count("pk"))
        )
        known = {
            (one.chapter_id, one.day): one.readers
            for one in ReadingDay.objects.filter(day__gte=since)
        }
        moved: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            if known.get((row["chapter_id"], row["day"])) != row["readers"]:
                moved[row["workspace_id"]].append({**row})
    for workspace_id, changed in moved.items():
        with tenancy.workspace(workspace_id):
            _sum_up(workspace_id, changed)
    return sum(map(len, moved.values()))


def _count(publication: Publication, chapter: PublishedChapter, step: int) -> None:
    """The chapter first, then the work, as every save does."""
    Chapter.objects.filter(pk=chapter.chapter_id).update(like_count=F("like_count") + step)
    Work.objects.filter(pk=publication.work_id).update(like_count=F("like_count") + step)


def _sum_up(workspace_id: int, rows: list[dict[str, Any]]) -> None:
    ReadingDay.objects.bulk_create(
        [
            ReadingDay(
                workspace_id=workspace_id,
                work_id=row["publication__work_id"],
                chapter_id=row["chapter_id"],
                day=row["day"],
                readers=row["readers"],
            )
            for row in rows
        ],
        update_conflicts=True,
        unique_fields=["chapter", "day"],
        update_fields=["readers"],
    )
    for chapter_id in sorted({row["chapter_id"] for row in rows}):
        total = _total(chapter=chapter_id)
        Chapter.objects.filter(pk=chapter_id).update(view_count=total)
    for work_id in sorted({row["publication__work_id"] for row in rows}):
        Work.objects.filter(pk=work_id).update(reading_count=_total(work=work_id))


def _total(**of: UUID) -> int:
    return int(ReadingDay.objects.filter(**of).aggregate(all=Sum("readers"))["all"] or 0)
