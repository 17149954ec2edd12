"""Versions of a chapter: kept, named, brought back, and let go when their time is over."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts import news, tenancy
from accounts.authentication import Principal
from accounts.ids import uuid7
from laojun import audit, configs
from studio import drafting, keeping
from studio.models import Chapter, ChapterVersion
from studio.models.chapter import MAX_CHARACTERS

MAX_BYTES = "studio.versions.max_bytes_per_chapter"
MAX_LABEL = 200
BATCH = 1000
Kind = ChapterVersion.Kind
LETTER = "versions_shrunk"
CONFLICT = "conflict_kept"


def keep(
    *,
    chapter: Chapter,
    kind: str,
    text: str,
    principal: Principal | None = None,
    tab_id: str = "",
    device: str = "",
    label: str = "",
    **facts: Any,
) -> ChapterVersion:
    """Store a text as a version; the chapter stays as it is.

    The same text is never stored twice in a row: the newest version is answered instead. `facts` are further
    columns of the row. Raises drafting.InvalidText and drafting.TooLarge.
    """
    text = drafting.clean(text)
    if len(text) > MAX_CHARACTERS:
        raise drafting.TooLarge(max_characters=MAX_CHARACTERS, characters=len(text))
    with transaction.atomic():
        held = Chapter.objects.without_text().select_for_update(of=("self",)).get(pk=chapter.pk)
        newest = held.versions.newest().first()
        if newest is not None and newest.sha256 == keeping.sha256_of(text):
            return _renewed(newest, kind, label, held.workspace_id)
        made = keeping.version_of(
            held,
            kind=kind,
            text=text,
            number=held.version_seq + 1,
            at=timezone.now(),
            by=principal,
            tab_id=tab_id,
            device=device,
            label=label,
            **facts,
        )
        Chapter.objects.filter(pk=held.pk).update(version_seq=F("version_seq") + 1)
        made.save(force_insert=True)
        if kind == Kind.CONFLICT and principal is not None and principal.user is not None:
            news.tell(
                CONFLICT,
                user=principal.user,
                link=("studio_versions", f"{held.work_id}/{held.pk}"),
                workspace_id=held.workspace_id,
                dedup_key=f"conflict:{held.pk}",
                chapter=held.title or "–",
            )
    return made


def restore(
    *,
    version: ChapterVersion,
    principal: Principal,
    base_revision: int,
    save_id: UUID | None = None,
    tab_id: str = "",
    device: str = "",
    fence: int | None = None,
) -> drafting.Saved:
    """Write the version's text as a new revision. The text before it and the version itself stay for ever.

    Raises what `drafting.save` raises.
    """
    with transaction.atomic():
        saved = drafting.save(
            chapter_id=version.chapter_id,
            principal=principal,
            base_revision=base_revision,
            save_id=save_id or uuid7(),
            text=version.content,
            kind=Kind.RESTORE,
            tab_id=tab_id,
            device=device,
            fence=fence,
            origin={"source_version": version.version_number},
        )
        _one(version).update(valid_until=None, updated_at=timezone.now())
        audit.record(
            actor=principal,
            action="version.restored",
            target=("chapter", version.chapter_id),
            after={"version": version.version_number},
        )
    return saved


def name(*, version: ChapterVersion, principal: Principal, label: str) -> ChapterVersion:
    """Give a version a name, by which it stays for ever; without one its time runs again from now."""
    label = label.strip()[:MAX_LABEL]
    now = timezone.now()
    until = keeping.expiry(version.change_type, label, now, version.workspace_id)
    _one(version).update(label=label, is_kept=bool(label), valid_until=until, updated_at=now)
    version.label, version.is_kept, version.valid_until = label, bool(label), until
    audit.record(
        actor=principal,
        action="version.named",
        target=("chapter", version.chapter_id),
        after={"version": version.version_number, "is_kept": bool(label)},
    )
    return version


def nearest_before(chapter: Chapter, revision: int) -> ChapterVersion | None:
    """The newest version that is not younger than a revision: the base of a merge whose own is lost."""
    older = chapter.versions.filter(revision__lte=revision)
    return older.exclude(change_type=Kind.CONFLICT).order_by("-revision", "-version_number").first()


# Letting go


def expire(*, now: datetime, dry_run: bool = False) -> int:
    """Let go of versions whose time is over, in batches; answers how many (or with `dry_run` how many would go).

    The newest of a chapter always stays. Runs in the platform scope.
    """
    with tenancy.platform_scope(reason="studio.expire_versions"):
        due = ChapterVersion.objects.due(now)
        if dry_run:
            return due.count()
        gone = _delete_in_batches(due)
    return gone + _shrink()


def _delete_in_batches(due: Any) -> int:
    gone = 0
    while rows := list(due.order_by("created_at", "id").values_list("pk", "created_at")[:BATCH]):
        doomed = ChapterVersion.objects.filter(
            pk__in=[pk for pk, _at in rows],
            created_at__gte=rows[0][1],
            created_at__lte=rows[-1][1],
        )
        gone += doomed.delete()[0]
    return gone


def _shrink() -> int:
    """Where the versions of a chapter hold too many bytes, the oldest that may go do so first."""
    most = configs.value(MAX_BYTES)
    gone = 0
    with tenancy.platform_scope(reason="studio.shrink_versions"):
        sums = ChapterVersion.objects.values("chapter_id").annotate(held=Sum("bytes"))
        for chapter_id, held in sums.filter(held__gt=most).values_list("chapter_id", "held"):
            gone += _shrink_one(chapter_id, held - most)
    return gone


def _shrink_one(chapter_id: UUID, excess: int) -> int:
    rows = ChapterVersion.objects.filter(chapter_id=chapter_id)
    newest = rows.order_by("-version_number").values("version_number")[:1]
    expirable = rows.filter(valid_until__isnull=False, version_number__lt=Subquery(newest))
    chosen = []
    for pk, size in expirable.order_by("version_number").values_list("pk", "bytes"):
        if excess <= 0:
            break
        chosen.append(pk)
        excess -= size
    if not chosen:
        return 0
    _tell(chapter_id, len(chosen))
    return int(rows.filter(pk__in=chosen).delete()[0])


def _tell(chapter_id: UUID, removed: int) -> None:
    chapter = Chapter.objects.without_text().select_related("work__user").get(pk=chapter_id)
    news.tell(
        LETTER,
        user=chapter.work.user,
        link=("work", chapter.work_id),
        workspace_id=chapter.workspace_id,
        dedup_key=f"versions:{chapter_id}",
        chapter=chapter.title or "–",
        count=removed,
    )


def storage() -> dict[str, int]:
    """Rows and bytes of all versions. Runs in the platform scope."""
    rows = ChapterVersion.objects.aggregate(bytes=Coalesce(Sum("bytes"), 0))
    return {"bytes": int(rows["bytes"]), "versions": ChapterVersion.objects.count()}


def _one(version: ChapterVersion) -> Any:
    """The row itself; the time lets the planner open one month."""
    return ChapterVersion.objects.filter(pk=version.pk, created_at=version.created_at)


def _renewed(newest: ChapterVersion, kind: str, label: str, workspace_id: int) -> ChapterVersion:
    """The text stands already: it takes the new name, and stays at least as long as the new kind would."""
    now = timezone.now()
    until = keeping.expiry(kind, label or newest.label, now, workspace_id)
    if newest.valid_until is None:
        until = None
    newest.label, newest.valid_until = label or newest.label, until
    newest.is_kept = bool(newest.label)
    _one(newest).update(
        label=newest.label, is_kept=newest.is_kept, valid_until=until, updated_at=now
    )
    return newest
