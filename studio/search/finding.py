"""Searching what is written: candidates from the index of grams, each compared exactly with the folded text.

The index is asked by a function of the search role, since row policies keep PostgreSQL from using it otherwise; it answers
ids alone, and texts come back through the ordinary policy. What the index has not seen yet is read directly, so a
word typed a second ago is found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection as database
from django.db.models import F, QuerySet

from accounts.authentication import Principal
from laojun import textindex
from studio.models import (
    Appearance,
    Chapter,
    ChapterTag,
    Character,
    Scene,
    SearchSegment,
    Work,
    WorldEntry,
)
from studio.prose.folding import MAX_QUERY, SEGMENT, fold, occurrences
from studio.search.indexing import FIELDS, KINDS

MOST_COUNTED = 1_000
MOST_SEGMENTS = 20_000
BATCH = 32
SNIPPETS = 3
AROUND = 30
PAGE = 20
# Chapters that wait for the index and are read directly, per search.
MOST_DIRTY = 50
WEIGHTS = {"title": 3, "name": 2, "aliases": 2}
ORDERS = ("reading", "rank")
Kind = SearchSegment.ObjectType


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for and where. `kinds` empty means everything."""

    text: str
    kinds: frozenset[str] = frozenset()
    volume: UUID | None = None
    character: UUID | None = None
    tag: UUID | None = None
    order: str = "reading"
    start: int = 0

    @property
    def needle(self) -> str:
        return fold(self.text)

    @property
    def is_narrowed(self) -> bool:
        """Whether only chapters can answer."""
        return bool(self.volume or self.character or self.tag)


@dataclass(slots=True)
class Place:
    """An occurrence: `offset` and `length` in code points of the field, and the line around it as it was written."""

    field: str
    offset: int
    length: int
    snippet: str = ""
    lead: int = 0


@dataclass(slots=True)
class Found:
    """A thing that holds the words: how often, and the first places."""

    kind: str
    object_id: UUID
    work_id: UUID
    label: str
    count: int = 0
    places: list[Place] = field(default_factory=list)
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Results:
    """One page. `count` is exact unless `is_more`; `behind` chapters are not indexed nor were they read."""

    found: list[Found]
    count: int
    is_more: bool
    following: int | None
    behind: int


def search(*, principal: Principal, works: Iterable[UUID], query: Query) -> Results:
    """What holds the words in these works, which the caller read through `visible_to`.

    Words of punctuation alone ask no index: they are looked for in one work only. Raises ValueError for an empty
    query or one over 50 code points.
    """
    needle = query.needle
    if not needle.strip() or len(needle) > MAX_QUERY:
        raise ValueError("query")
    named = list(works)
    chapters = _chapters(principal, named, query)
    dirty = list(chapters.filter(indexed_revision__lt=F("revision")).order_by("pk")[:MOST_DIRTY])
    behind = 0
    if len(dirty) == MOST_DIRTY:
        behind = chapters.filter(indexed_revision__lt=F("revision")).count() - MOST_DIRTY
    tally = _Tally(needle)
    for row in dirty:
        _read(row, tally)
    candidates = _matching(named, query)
    read = {row.pk for row in dirty}
    for piece in _segments(_in_reading_order(candidates, chapters, read)):
        if tally.is_full:
            break
        tally.take(piece)
    ordered = _labelled(principal, tally.found, chapters)
    if query.order == "rank":
        ordered.sort(key=lambda one: -one.weight)
    page = ordered[query.start : query.start + PAGE]
    _quote(page)
    more = len(ordered) > query.start + PAGE
    count = sum(one.count for one in ordered)
    return Results(
        page,
        min(count, MOST_COUNTED),
        tally.is_full or count > MOST_COUNTED,
        query.start + PAGE if more else None,
        max(0, behind),
    )


class _Tally:
    """Occurrences of one needle, thing by thing."""

    def __init__(self, needle: str) -> None:
        self.needle = needle
        self.total = 0
        self.found: dict[tuple[str, UUID], Found] = {}

    @property
    def is_full(self) -> bool:
        return self.total > MOST_COUNTED

    def take(self, piece: SearchSegment) -> None:
        for place in occurrences(self.needle, piece.folded):
            if place >= SEGMENT:
                break
            self.add(
                piece.object_type, piece.object_id, piece.work_id, piece.field, piece.start + place
            )

    def add(self, kind: str, number: UUID, work: UUID, field: str, offset: int) -> None:
        kind = Kind.CHAPTER if kind == Kind.SYNOPSIS else kind
        one = self.found.setdefault((kind, number), Found(kind, number, work, ""))
        one.count += 1
        one.weight = max(one.weight, WEIGHTS.get(field, 1))
        self.total += 1
        place = Place(field, offset, len(self.needle))
        one.places.append(place)
        if len(one.places) > SNIPPETS:
            one.places.sort(key=_first)
            one.places.pop()


def _first(place: Place) -> tuple[int, int]:
    return -WEIGHTS.get(place.field, 1), place.offset


def _matching(works: Sequence[UUID], query: Query) -> list[tuple[UUID, str, UUID]]:
    """Id, kind and thing of the segments whose grams hold all of the query's."""
    kinds = sorted(_kinds(query))
    asked = textindex.all_of(textindex.pieces(query.text), prefix=True)
    if not asked:
        return _scanned(works, query, kinds)
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT id, object_type, object_id"
            " FROM studio_segments_matching(%s::uuid[], %s::tsquery, %s::text[], %s)",
            [list(works), asked, kinds, MOST_SEGMENTS],
        )
        return cursor.fetchall()


def _scanned(works: Sequence[UUID], query: Query, kinds: list[str]) -> list[tuple[UUID, str, UUID]]:
    """For punctuation: every segment of the one work that holds it."""
    if len(works) != 1:
        return []
    rows = SearchSegment.objects.filter(
        work_id=works[0], object_type__in=kinds, folded__contains=query.needle
    )
    rows = rows.order_by("object_type", "object_id", "segment")
    return list(rows.values_list("pk", "object_type", "object_id")[:MOST_SEGMENTS])


def _in_reading_order(
    candidates: Sequence[tuple[UUID, str, UUID]], chapters: QuerySet[Chapter], read: set[UUID]
) -> list[UUID]:
    """The segments to compare: of chapters those that may be seen and were not read, as they are read."""
    of_chapters = {Kind.CHAPTER.value, Kind.SYNOPSIS.value}
    numbers = {thing for _, kind, thing in candidates if kind in of_chapters} - read
    ordered = chapters.filter(pk__in=numbers).in_order() if numbers else chapters.none()  # type: ignore[attr-defined]
    ranks = {number: rank for rank, number in enumerate(ordered.values_list("pk", flat=True), 1)}
    kept = [
        (ranks[thing] if kind in of_chapters else 0, number)
        for number, kind, thing in candidates
        if kind not in of_chapters or thing in ranks
    ]
    kept.sort(key=lambda one: one[0])
    return [number for _, number in kept]


def _segments(numbers: Sequence[UUID]) -> Iterator[SearchSegment]:
    """The segments of these ids in their order, a few at a time."""
    rows = SearchSegment.objects.only(
        "object_type", "object_id", "work_id", "field", "start", "folded"
    )
    for start in range(0, len(numbers), BATCH):
        some = rows.in_bulk(numbers[start : start + BATCH])
        yield from (some[number] for number in numbers[start : start + BATCH] if number in some)


def _kinds(query: Query) -> set[str]:
    wanted = set(query.kinds or set(Kind.values))
    if query.is_narrowed:
        wanted &= {Kind.CHAPTER}
    if Kind.CHAPTER in wanted:
        wanted.add(Kind.SYNOPSIS)
    return {str(kind) for kind in wanted}


def _chapters(principal: Principal, works: Sequence[UUID], query: Query) -> QuerySet[Chapter]:
    rows = Chapter.objects.visible_to(principal).filter(work__in=works)
    if Kind.CHAPTER not in _kinds(query):
        return rows.none()
    if query.volume is not None:
        rows = rows.filter(volume=query.volume)
    if query.character is not None:
        there = Appearance.objects.filter(character=query.character)
        rows = rows.filter(pk__in=there.values("chapter"))
    if query.tag is not None:
        rows = rows.filter(pk__in=ChapterTag.objects.filter(tag=query.tag).values("chapter"))
    return rows


def _read(row: Chapter, tally: _Tally) -> None:
    """A chapter that the index has not seen in its present form."""
    for name in ("title", "content", "synopsis"):
        for place in occurrences(tally.needle, fold(getattr(row, name))):
            tally.add(Kind.CHAPTER, row.pk, row.work_id, name, place)


def _labelled(
    principal: Principal,
    hits: dict[tuple[str, UUID], Found],
    chapters: QuerySet[Chapter],
) -> list[Found]:
    """What of it this person may see, with names, works and people first and then chapters in reading order."""
    ordered: list[Found] = []
    for model, kind in KINDS.items():
        numbers = [number for found, number in hits if found == kind]
        if numbers:
            rows = model.objects.visible_to(principal).filter(pk__in=numbers)  # type: ignore[attr-defined]
            for row in rows.order_by("pk"):
                ordered.append(_named(hits[kind, row.pk], str(row)))
    numbers = [number for found, number in hits if found == Kind.CHAPTER]
    if numbers:
        rows = chapters.filter(pk__in=numbers).without_text()  # type: ignore[attr-defined]
        for row in rows.in_order():
            ordered.append(_named(hits[Kind.CHAPTER, row.pk], row.title))
    return ordered


def _named(one: Found, label: str) -> Found:
    one.label = label
    one.places.sort(key=_first)
    return one


def _quote(page: Sequence[Found]) -> None:
    """The line around each place, in the words as they were written. One query for each kind and field."""
    wanted: defaultdict[tuple[str, str], list[tuple[UUID, Place]]] = defaultdict(list)
    for one in page:
        for place in one.places:
            wanted[one.kind, place.field].append((one.object_id, place))
    for (kind, name), places in wanted.items():
        _cut(kind, name, places)


TABLES = {
    Kind.WORK: Work,
    Kind.CHAPTER: Chapter,
    Kind.CHARACTER: Character,
    Kind.SCENE: Scene,
    Kind.WORLDVIEW: WorldEntry,
}


def _cut(kind: str, name: str, places: list[tuple[UUID, Place]]) -> None:
    if name == "aliases":
        expression = "array_to_string(row.aliases, E'\\n')"
    elif name in {"title", "content", "synopsis"} or name in FIELDS[kind]:
        expression = f'row."{name}"'
    else:
        raise ValueError(name)
    table = TABLES[Kind(kind)]._meta.db_table
    # Table and column are names of this module, never words of a request.
    statement = f"""
        SELECT wanted.place, substr({expression}, wanted.start, wanted.size)
        FROM unnest(%s::uuid[], %s::int[], %s::int[]) WITH ORDINALITY
            AS wanted (id, start, size, place)
        JOIN {table} row ON row.id = wanted.id
    """
    begins = [max(0, place.offset - AROUND) for _, place in places]
    sizes = [
        place.offset + place.length + AROUND - begin
        for (_, place), begin in zip(places, begins, strict=True)
    ]
    with database.cursor() as cursor:
        cursor.execute(
            statement, [[number for number, _ in places], [begin + 1 for begin in begins], sizes]
        )
        for number, words in cursor.fetchall():
            place = places[number - 1][1]
            _fit(place, words or "", place.offset - begins[number - 1])


def _fit(place: Place, words: str, lead: int) -> None:
    """The snippet within its line: `lead` code points stand before the words that were found."""
    before, after = words[:lead], words[lead + place.length :]
    before = before.rsplit("\n", 1)[-1]
    after = after.split("\n", 1)[0]
    place.snippet = before + words[lead : lead + place.length] + after
    place.lead = len(before)
