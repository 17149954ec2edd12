"""Who is named where, counted chapter by chapter with the names of the whole work.

A count is kept only if the names are still those it was made with after the chapter's row was written, and so
locked: names that change meanwhile either show then, or make the chapter due after this run.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from studio.models import Appearance, Chapter, Character
from studio.models.character import MAX_NAME
from studio.prose.names import Named, Names, digest


@dataclass(slots=True)
class _Count:
    first: int
    count: int = 0
    candidates: list[UUID] = field(default_factory=list)


def people_of(work_id: UUID) -> list[Named]:
    """The tracked people of a work as they are found in its text."""
    rows = Character.objects.filter(work=work_id).alive().tracked()
    return [
        Named(str(row.pk), (row.name, *row.aliases), tuple(row.exclusions), row.case_sensitive)
        for row in rows.only("name", "aliases", "exclusions", "case_sensitive")
    ]


def names_of(work_id: UUID) -> Names:
    return Names(people_of(work_id))


def count(chapter: Chapter, names: Names) -> bool:
    """Count a chapter anew; only one does so at a time. Whether `names` still held: else it stays due."""
    counts = _counts(chapter.content, names)
    Appearance.objects.filter(chapter=chapter).delete()
    Appearance.objects.bulk_create(
        Appearance(
            workspace_id=chapter.workspace_id,
            work_id=chapter.work_id,
            chapter=chapter,
            character_id=character,
            surface=surface and surface[:MAX_NAME],
            count=kept.count,
            first_position=kept.first,
            candidates=kept.candidates,
            names_hash=names.digest,
        )
        for (character, surface), kept in counts.items()
    )
    Chapter.objects.filter(pk=chapter.pk).update(counted_revision=chapter.revision)
    if digest(people_of(chapter.work_id)) == names.digest:
        return True
    Chapter.objects.filter(pk=chapter.pk).update(counted_revision=0)
    return False


def sum_up(work_id: UUID) -> None:
    """Counts and first appearances of the work's people from its chapters that are not in the bin; two statements."""
    alive = Appearance.objects.filter(character=OuterRef("pk"), chapter__deleted_at__isnull=True)
    total = alive.order_by().values("character").annotate(all=Sum("count")).values("all")
    first = alive.order_by(
        F("chapter__volume__order_index").asc(nulls_first=True),
        "chapter__volume_id",
        "chapter__order_index",
        "chapter_id",
    )
    people: QuerySet[Any] = Character.objects.filter(work=work_id).annotate(
        now_count=Coalesce(Subquery(total), 0),
        now_chapter=Subquery(first.values("chapter_id")[:1]),
        now_position=Subquery(first.values("first_position")[:1]),
    )
    moved = [row for row in people if _moved(row)]
    for row in moved:
        Character.objects.filter(pk=row.pk).update(
            appearance_count=row.now_count,
            first_appearance_chapter_id=row.now_chapter,
            first_appearance_position=row.now_position,
        )


def _moved(row: Character) -> bool:
    now = (row.now_count, row.now_chapter, row.now_position)  # type: ignore[attr-defined]
    kept = (
        row.appearance_count,
        row.first_appearance_chapter_id,
        row.first_appearance_position,
    )
    return now != kept


def _counts(text: str, names: Names) -> dict[tuple[str | None, str | None], _Count]:
    """Counts by person, and by surface where several are meant."""
    counts: defaultdict[tuple[str | None, str | None], _Count] = defaultdict(lambda: _Count(-1))
    for hit in names.hits(text):
        owners = hit.owners
        kept = counts[(owners[0], None) if len(owners) == 1 else (None, hit.surface)]
        kept.count += 1
        if kept.first < 0:
            kept.first = hit.start
        if len(owners) > 1:
            kept.candidates = [UUID(owner) for owner in owners]
    return counts
