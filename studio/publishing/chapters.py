"""Chapters for readers: one revision frozen, now or at a set time, and taken away again.

Locks: chapter, then its published row. Every move is a conditional UPDATE on the state it leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts import news, tenancy
from accounts.authentication import Principal
from laojun import audit
from studio import versions
from studio.models import Chapter, Publication, PublishedChapter

State = PublishedChapter.State
LETTER = "chapter_came_out"
FARTHEST = timedelta(days=366)
BATCH = 200


class NotOpen(Exception):
    """The work is not open to readers."""

    code = "publication_closed"


class AlreadyLive(Exception):
    """Readers have exactly this text."""

    code = "already_live"


class WrongMove(Exception):
    """A chapter in this state cannot go there. `state` is the present one."""

    code = "publication_state"

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.members = {"state": state}


class BadTime(ValueError):
    """A time to publish lies ahead, and within a year."""


@dataclass(frozen=True)
class Published:
    """The frozen chapter, and how many later ones changed their public number."""

    row: PublishedChapter
    shifted: int


def publish(*, principal: Principal, chapter: Chapter, at: datetime | None = None) -> Published:
    """Freeze the chapter as it is now, for readers at once or from `at` on (to the minute).

    Raises NotOpen, AlreadyLive, WrongMove, BadTime.
    """
    now = timezone.now()
    at = _minute(at, now) if at is not None else None
    with transaction.atomic():
        held = Chapter.objects.select_for_update(of=("self",)).get(pk=chapter.pk)
        publication = _open_publication(held)
        row = _row(held, publication)
        if at is None and row.state == State.PUBLISHED and row.source_revision == held.revision:
            raise AlreadyLive
        if at is not None and row.state not in {State.DRAFT, State.SCHEDULED}:
            raise WrongMove(row.state)
        before = _order(publication)
        frozen = {
            "state": State.PUBLISHED if at is None else State.SCHEDULED,
            "scheduled_for": at,
            "title": held.title,
            "content": held.content,
            "word_count": held.word_count,
            "source_revision": held.revision,
            "slug": publication.slug,
            "updated_at": now,
        }
        if at is None:
            frozen["published_at"] = row.published_at or now
        PublishedChapter.objects.filter(pk=row.pk, state=row.state).update(**frozen)
        versions.keep(
            chapter=held,
            kind="published",
            text=held.content,
            principal=principal,
            title=held.title,
            revision=held.revision,
        )
        _reorder(publication)
        action = "chapter.published" if at is None else "chapter.scheduled"
        _told(principal, action, held, revision=held.revision)
        shifted = _shifted(before, _order(publication))
    row.refresh_from_db()
    return Published(row, shifted)


def withdraw(*, principal: Principal, chapter: Chapter) -> PublishedChapter:
    """Take a chapter from readers, or a scheduled one off its schedule. Raises WrongMove."""
    moves = {State.PUBLISHED: State.WITHDRAWN, State.SCHEDULED: State.DRAFT}
    with transaction.atomic():
        row = PublishedChapter.objects.select_for_update().filter(chapter=chapter).first()
        if row is None or State(row.state) not in moves:
            raise WrongMove(row.state if row else State.DRAFT)
        PublishedChapter.objects.filter(pk=row.pk, state=row.state).update(
            state=moves[State(row.state)], scheduled_for=None, updated_at=timezone.now()
        )
        _told(principal, "chapter.withdrawn", chapter)
    row.refresh_from_db()
    return row


def publish_due() -> int:
    """Bring out what is due, each chapter once, whatever stood still meanwhile; answers how many."""
    now = timezone.now()
    with tenancy.platform_scope(reason="scheduled chapters come out"):
        due = PublishedChapter.objects.filter(
            state=State.SCHEDULED,
            scheduled_for__lte=now,
            publication__withdrawn_at__isnull=True,
            chapter__deleted_at__isnull=True,
        )
        rows = list(due.values_list("pk", "workspace_id", "chapter_id", "publication_id")[:BATCH])
    count = 0
    for pk, workspace_id, chapter_id, publication_id in rows:
        with tenancy.workspace(workspace_id):
            still = PublishedChapter.objects.filter(pk=pk, state=State.SCHEDULED)
            moved = still.filter(scheduled_for__lte=now).update(
                state=State.PUBLISHED, scheduled_for=None, published_at=now, updated_at=now
            )
            if moved:
                publication = Publication.objects.select_related("work__user").get(
                    pk=publication_id
                )
                _reorder(publication)
                _tell(publication, pk)
                audit.record(
                    actor=audit.Actor.system("studio"),
                    action="chapter.published",
                    target=("chapter", chapter_id),
                )
            count += moved
    return count


def _tell(publication: Publication, row_id: UUID) -> None:
    title = PublishedChapter.objects.values_list("title", flat=True).get(pk=row_id)
    news.tell(
        LETTER,
        user=publication.work.user,
        link=("studio_publication", publication.work_id),
        workspace_id=publication.workspace_id,
        chapter=title or "–",
        work=publication.work.title,
    )


def _minute(at: datetime, now: datetime) -> datetime:
    at = at.replace(second=0, microsecond=0)
    if not now < at <= now + FARTHEST:
        raise BadTime
    return at


def _open_publication(chapter: Chapter) -> Publication:
    found = Publication.objects.live().filter(work_id=chapter.work_id).first()
    if found is None:
        raise NotOpen
    return found


def _row(chapter: Chapter, publication: Publication) -> PublishedChapter:
    """The chapter's published row, made when it has none; the chapter's lock keeps it single."""
    found = PublishedChapter.objects.select_for_update().filter(chapter=chapter).first()
    return found or PublishedChapter.objects.create(
        workspace_id=chapter.workspace_id,
        work_id=chapter.work_id,
        publication=publication,
        chapter=chapter,
        slug=publication.slug,
    )


def _reorder(publication: Publication) -> None:
    """The places of published chapters follow the work's: a volume's key, then the chapter's."""
    rows = PublishedChapter.objects.filter(publication=publication).select_related(
        "chapter__volume"
    )
    changed = []
    for row in rows.defer("content", "chapter__content"):
        volume = row.chapter.volume
        key = f"{volume.order_index if volume else ''}!{row.chapter.order_index}"
        if key != row.order_key:
            row.order_key = key
            changed.append(row)
    PublishedChapter.objects.bulk_update(changed, ["order_key"], batch_size=1000)


def _order(publication: Publication) -> dict[object, int]:
    """The public number of every live chapter."""
    rows = PublishedChapter.objects.live().filter(publication=publication)
    ids = rows.order_by("order_key", "pk").values_list("pk", flat=True)
    return {pk: number for number, pk in enumerate(ids, 1)}


def _shifted(before: dict[object, int], after: dict[object, int]) -> int:
    return sum(after.get(pk, number) != number for pk, number in before.items())


def _told(principal: Principal, action: str, chapter: Chapter, **details: object) -> None:
    audit.record(actor=principal, action=action, target=("chapter", chapter.pk), details=details)
