"""What a file is made of: one statement reads the chapters, so that all of them are of one moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Profile, User
from laojun import files
from laojun.models import File
from studio import naming
from studio.exporting.book import Book, Chapter, ExportRefused, Volume
from studio.models import Chapter as ChapterRow
from studio.models import Publication, PublishedChapter, Work


class NothingToExport(ExportRefused):
    """No chapter is left to write."""

    code = "nothing_to_export"


def gather(
    *,
    work: Work,
    chapters: Sequence[str] = (),
    volume: str | None = None,
    published: bool = False,
    numbers: bool = True,
    author: str = "",
) -> Book:
    """A work, or the chosen part of it, as a book. Raises NothingToExport."""
    rows = ChapterRow.objects.alive().filter(work=work).in_order().select_related("volume")
    if volume:
        rows = rows.filter(volume_id=volume)
    if chapters:
        rows = rows.filter(pk__in=chapters)
    texts = _published(work) if published else None
    if texts is not None:
        rows = rows.filter(pk__in=texts).defer("content")
    names = {line.chapter.pk: line.label for line in naming.outline(work).lines} if numbers else {}
    found = _chapters(rows, names, texts)
    if not found[0]:
        raise NothingToExport
    publication = Publication.objects.filter(work=work).first()
    cover, cover_type = _cover(publication)
    owner = work.user
    return Book(
        identifier=f"urn:uuid:{work.pk}",
        title=work.title,
        author=author or (publication.author_name if publication else "") or _name(owner),
        language=work.language,
        modified=work.last_edited_at or timezone.now(),
        description=work.description,
        chapters=found[0],
        volumes=found[1],
        cover=cover,
        cover_type=cover_type,
    )


def _chapters(
    rows: QuerySet[ChapterRow], names: dict[UUID, str], texts: dict[UUID, tuple[str, str]] | None
) -> tuple[list[Chapter], list[Volume]]:
    volumes: list[Volume] = []
    places: dict[UUID, int] = {}
    chapters = []
    for row in rows:
        if row.volume is not None and row.volume.pk not in places:
            places[row.volume.pk] = len(volumes)
            volumes.append(Volume(row.volume.title, is_numbered=row.volume.is_numbered))
        title, text = texts[row.pk] if texts is not None else (row.title, row.content)
        place = places[row.volume.pk] if row.volume is not None else None
        chapters.append(Chapter(title, text, names.get(row.pk, ""), place, row.is_numbered))
    return chapters, volumes


def _published(work: Work) -> dict[UUID, tuple[str, str]]:
    rows: Any = PublishedChapter.objects.filter(work=work, state=PublishedChapter.State.PUBLISHED)
    return {
        pk: (title, text) for pk, title, text in rows.values_list("chapter_id", "title", "content")
    }


def _cover(publication: Publication | None) -> tuple[bytes, str]:
    if publication is None or publication.cover_file_id is None:
        return b"", ""
    stored = File.objects.filter(pk=publication.cover_file_id, state=File.State.STORED).first()
    return (files.read(stored), stored.mime_type) if stored else (b"", "")


def _name(owner: User) -> str:
    """What an author calls themselves; who says nothing is told by their sign-in."""
    profile = Profile.objects.filter(user=owner).first()
    return (profile.display_name if profile else "") or owner.get_username()
