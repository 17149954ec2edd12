"""What the counts tell: the map of chapters and people, the names that mean several, the chapters of one person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Sum

from studio.models import Appearance, Chapter, Character

MOST_COLUMNS = 200
MOST_PEOPLE = 100


@dataclass(frozen=True, slots=True)
class Column:
    """One chapter, or neighbours that share a column; `chapter` is the first of them."""

    chapter: UUID
    title: str
    size: int


@dataclass(frozen=True, slots=True)
class Row:
    character: UUID
    name: str
    counts: list[int]

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class HeatMap:
    """People by chapters: counts, at most 200 columns."""

    columns: list[Column]
    rows: list[Row]

    @property
    def highest(self) -> int:
        return max((count for row in self.rows for count in row.counts), default=0)


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """A name that several people have: nobody is credited with its `count` places."""

    surface: str
    count: int
    chapters: list[tuple[UUID, str, int]] = field(default_factory=list)
    candidates: list[tuple[UUID, str]] = field(default_factory=list)


def heat_map(work_id: UUID) -> HeatMap:
    """Four queries at most, whatever the size of the work."""
    chapters = list(
        Chapter.objects.filter(work=work_id).alive().in_order().values_list("pk", "title")
    )
    width = -(-len(chapters) // MOST_COLUMNS) or 1
    place = {number: index // width for index, (number, _) in enumerate(chapters)}
    columns = [
        Column(chapters[start][0], chapters[start][1], len(chapters[start : start + width]))
        for start in range(0, len(chapters), width)
    ]
    people = Character.objects.filter(work=work_id, appearance_count__gt=0).alive().tracked()
    people = people.order_by("-appearance_count", "name")[:MOST_PEOPLE]
    rows = {row.pk: Row(row.pk, row.name, [0] * len(columns)) for row in people}
    counted = Appearance.objects.filter(work=work_id, character__in=list(rows))
    for character, chapter, count in counted.values_list("character", "chapter", "count"):
        if chapter in place and character is not None:
            rows[character].counts[place[chapter]] += count
    return HeatMap(columns, list(rows.values()))


def ambiguities(work_id: UUID) -> list[Ambiguity]:
    """Names that mean several, the most frequent first."""
    rows = Appearance.objects.filter(work=work_id, chapter__deleted_at__isnull=True).ambiguous()
    seen = list(
        rows.values_list("surface", "chapter_id", "chapter__title", "count", "candidates").order_by(
            "-count", "pk"
        )
    )
    people = _names(number for row in seen for number in row[4])
    found: dict[str, list[tuple[UUID, str, int]]] = defaultdict(list)
    whose: dict[str, Sequence[UUID]] = {}
    for surface, chapter, title, count, candidates in seen:
        found[str(surface)].append((chapter, title, count))
        whose[str(surface)] = candidates
    told = [
        Ambiguity(
            surface,
            sum(count for _, _, count in places),
            places,
            [(number, people[number]) for number in whose[surface] if number in people],
        )
        for surface, places in found.items()
    ]
    return sorted(told, key=lambda one: (-one.count, one.surface))


def chapters_of(character: Character) -> list[tuple[UUID, str, int, int]]:
    """Id, title, count and first position of each chapter that names somebody, in reading order."""
    counts = {
        chapter: (count, first)
        for chapter, count, first in Appearance.objects.filter(character=character).values_list(
            "chapter_id", "count", "first_position"
        )
    }
    rows = Chapter.objects.filter(pk__in=counts).alive().in_order().values_list("pk", "title")
    return [(number, title, *counts[number]) for number, title in rows]


def total(work_id: UUID) -> int:
    counted = Appearance.objects.filter(work=work_id, character__isnull=False)
    return int(counted.aggregate(all=Sum("count"))["all"] or 0)


def _names(numbers: object) -> dict[UUID, str]:
    wanted = set(numbers)  # type: ignore[call-overload]
    return dict(Character.objects.filter(pk__in=wanted).alive().values_list("pk", "name"))
