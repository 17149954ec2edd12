"""Tags of chapters: made, renamed, merged, deleted, put on chapters. Chapters copy the names in the same transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.db import connection as database
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.authentication import Principal
from studio import recording
from studio.models import Chapter, ChapterTag, Tag, Work
from studio.recording import FieldRefused

MOST_TAGS = 500
MOST_ON_A_CHAPTER = 50
# Readable as a chip's border on both papers: at least 3:1 each.
COLORS = ("#A8321C", "#B7791F", "#2F855A", "#2B7A9E", "#6B5FB5", "#A3477F", "#6F7681", "#8A6D3B")
# The names of ten thousand chapters are copied in a fraction of a second: no task is needed.
COPY = """
    UPDATE studio_chapters c SET tags = names.tags
    FROM (
        SELECT one.id, COALESCE(array_agg(DISTINCT t.name ORDER BY t.name) FILTER (WHERE t.id IS NOT NULL), '{}')
            AS tags
        FROM unnest(%s::uuid[]) AS one (id)
        LEFT JOIN studio_chapter_tags ct ON ct.chapter_id = one.id
        LEFT JOIN studio_tags t ON t.id = ct.tag_id
        GROUP BY one.id
    ) names
    WHERE c.id = names.id AND c.tags IS DISTINCT FROM names.tags::varchar(50)[]
"""


def of_work(principal: Principal, work: Work) -> QuerySet[Any]:
    """The tags that chapters of a work may carry, each with `chapters`: how many of its chapters do."""
    rows = Tag.objects.visible_to(principal).filter(Q(work=work) | Q(work__isnull=True))
    mine = Q(chapter_tags__work=work, chapter_tags__chapter__deleted_at__isnull=True)
    return rows.annotate(chapters=Count("chapter_tags__chapter", filter=mine, distinct=True))


def create(*, work: Work, given: Mapping[str, Any], is_own: bool, by: Principal) -> Tag:
    """A tag of the work, or one's own for all works. Raises NameTaken, LimitReached, FieldRefused."""
    home: dict[str, Any] = {"user": by.user} if is_own else {"work": work}
    recording.require_room(Tag.objects.filter(**home), MOST_TAGS)
    tag = Tag(workspace_id=work.workspace_id, **home, **_clean(given))
    recording.insert(tag, by=by)
    return tag


def change(*, tag: Tag, given: Mapping[str, Any], by: Principal) -> Tag:
    """The caller holds the row locked. Raises NameTaken, FieldRefused."""
    if "name" in recording.update(tag, _clean(given), by=by):
        copy(_chapters(tag))
    return tag


def merge(*, tag: Tag, other: Tag, by: Principal) -> Tag:
    """Put `tag` on whatever carries `other`, then delete that one. Raises FieldRefused."""
    if tag.pk == other.pk or (tag.work_id, tag.user_id) != (other.work_id, other.user_id):
        raise FieldRefused("tag_id", _("Choose another tag of the same place."))
    chapters = _chapters(other)
    taken = set(ChapterTag.objects.filter(tag=tag).values_list("chapter_id", "position"))
    for row in ChapterTag.objects.filter(tag=other):
        if (row.chapter_id, row.position) in taken:
            row.delete()
    ChapterTag.objects.filter(tag=other).update(tag=tag)
    recording.erase(other, by=by)
    copy(chapters)
    return tag


def remove(*, tag: Tag, by: Principal) -> None:
    chapters = _chapters(tag)
    ChapterTag.objects.filter(tag=tag).delete()
    recording.erase(tag, by=by)
    copy(chapters)


def put_on(*, chapter: Chapter, tags: Collection[Tag], by: Principal) -> None:
    """The chapter as a whole carries exactly these of the tags its reader sees; those of passages and other people stay."""
    if len(tags) > MOST_ON_A_CHAPTER:
        raise FieldRefused("tags", _("At most %(most)s tags.") % {"most": MOST_ON_A_CHAPTER})
    wanted = {tag.pk for tag in tags}
    seen = Tag.objects.visible_to(by).values("pk")
    rows = ChapterTag.objects.filter(chapter=chapter, position__isnull=True)
    rows.filter(tag__in=seen).exclude(tag__in=wanted).delete()
    there = set(rows.values_list("tag_id", flat=True))
    ChapterTag.objects.bulk_create(
        ChapterTag(
            workspace_id=chapter.workspace_id, work_id=chapter.work_id, chapter=chapter, tag_id=one
        )
        for one in sorted(wanted - there)
    )
    copy([chapter.pk])
    chapter.refresh_from_db(fields=["tags"])
    recording.note_tags(chapter, by=by)


def copy(chapters: Collection[UUID]) -> None:
    """Write the names of their tags into chapters; one statement."""
    if chapters:
        with database.cursor() as cursor:
            cursor.execute(COPY, [list(chapters)])


def _chapters(tag: Tag) -> list[UUID]:
    return list(ChapterTag.objects.filter(tag=tag).values_list("chapter_id", flat=True).distinct())


def _clean(given: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(given)
    if "name" in values:
        values["name"] = values["name"].strip()
        if not values["name"]:
            raise FieldRefused("name", _("Give a name."))
    return values
