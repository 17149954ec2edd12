"""The outline of a work: what stands where and what it is called. Numbers are counted here and stored nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from studio.models import Chapter, Volume, Work
from studio.prose import naming

CONTINUOUS, BY_VOLUME = "continuous", "volume"


@dataclass(frozen=True)
class Line:
    """A chapter of the outline with its place: `number` is None where it has none, `label` is what it is called."""

    chapter: Chapter
    volume: Volume | None
    number: int | None
    label: str


@dataclass(frozen=True)
class Outline:
    """Volumes and chapters of a work in reading order."""

    work: Work
    volumes: list[Volume]
    lines: list[Line]


def outline(work: Work) -> Outline:
    """The whole skeleton, without texts. Two queries."""
    volumes = list(Volume.objects.alive().filter(work=work).in_order())
    rows = Chapter.objects.alive().filter(work=work).defer("content", "synopsis", "summary")
    by_volume: dict[UUID | None, list[Chapter]] = {}
    for chapter in rows.order_by("order_index", "id"):
        by_volume.setdefault(chapter.volume_id, []).append(chapter)
    lines = list(_lines(work, volumes, by_volume))
    return Outline(work, volumes, lines)


def label_of(chapter: Chapter, work: Work) -> str:
    """What one chapter is called. Two queries."""
    found = {line.chapter.pk: line.label for line in outline(work).lines}
    return found.get(chapter.pk, chapter.title)


def pattern_of(work: Work) -> str:
    return str(work.settings.get("chapterNamingPattern") or naming.DEFAULT)


def _lines(
    work: Work, volumes: list[Volume], by_volume: dict[UUID | None, list[Chapter]]
) -> Iterator[Line]:
    pattern = pattern_of(work)
    anew = work.settings.get("numbering", CONTINUOUS) == BY_VOLUME
    number = volume_number = 0
    for volume in (None, *volumes):
        if volume is not None and volume.is_numbered:
            volume_number += 1
        if anew:
            number = 0
        shown = volume_number if volume is not None and volume.is_numbered else 0
        for chapter in by_volume.get(volume.pk if volume is not None else None, ()):
            if not chapter.is_numbered:
                yield Line(chapter, volume, None, chapter.title)
                continue
            number += 1
            name = naming.label(pattern, number=number, volume=shown, title=chapter.title)
            if "{title}" not in pattern and chapter.title:
                name = f"{name} {chapter.title}"
            yield Line(chapter, volume, number, name)
