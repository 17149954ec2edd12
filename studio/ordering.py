"""The order of a work: volumes, chapters, their places. Numbers follow from it and are stored nowhere.

Every change of structure first takes the work's turn (an advisory lock), then rows of chapters, then the work: a
save takes its chapter and then the work, so that neither waits for the other in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.authentication import Principal
from accounts.ids import uuid7
from laojun import audit
from studio import drafting, keeping, ranks
from studio.models import Chapter, Volume, Work

Ranked = TypeVar("Ranked", Chapter, Volume)
MAX_CHAPTERS = 10_000
MAX_VOLUMES = 200
TURN = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


class OrderConflict(Exception):
    """The place that was asked for is not there, or not in the same volume."""

    code = "order_conflict"


class TooMany(Exception):
    """The work holds as many as it can."""

    code = "limit_reached"

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.members = {"limit": most}


class OutlineStale(Exception):
    """Somebody changed the order meanwhile; `structure_revision` is the present one."""

    code = "version_stale"

    def __init__(self, current: int) -> None:
        super().__init__(current)
        self.members = {"structure_revision": current}


@dataclass(frozen=True)
class Place:
    """Where things go: into a volume (None: before all volumes), before or after one of it, else at its end."""

    volume_id: UUID | None = None
    before: UUID | None = None
    after: UUID | None = None


def add_volume(
    *,
    work: Work,
    principal: Principal,
    title: str = "",
    synopsis: str = "",
    is_numbered: bool = True,
    after: UUID | None = None,
) -> Volume:
    """Add a volume after another one, or at the end. Raises OrderConflict, TooMany."""
    with transaction.atomic():
        take_turn(work.pk)
        held = list(Volume.objects.filter(work=work).in_order())
        if sum(one.deleted_at is None for one in held) >= MAX_VOLUMES:
            raise TooMany(MAX_VOLUMES)
        made = Volume(
            workspace_id=work.workspace_id,
            work=work,
            title=title.strip(),
            synopsis=synopsis,
            is_numbered=is_numbered,
            order_index=_rank(held, None, after),
        )
        made.save(force_insert=True)
        moved(work.pk)
        _told(principal, "volume.created", "volume", made.pk, work=work)
    return made


def add_chapter(  # noqa: PLR0913 what is told of a chapter
    *,
    work: Work,
    principal: Principal,
    title: str = "",
    text: str = "",
    synopsis: str = "",
    stage: str = Chapter.Stage.DRAFT,
    is_numbered: bool = True,
    place: Place | None = None,
) -> Chapter:
    """Add a chapter; its text is saved by `drafting`. Raises OrderConflict, TooMany and what `drafting.save` raises."""
    place = place or Place()
    with transaction.atomic():
        take_turn(work.pk)
        if Chapter.objects.alive().filter(work=work).count() >= MAX_CHAPTERS:
            raise TooMany(MAX_CHAPTERS)
        held = _scope(work.pk, _volume(work, place.volume_id))
        made = Chapter(
            workspace_id=work.workspace_id,
            work=work,
            volume_id=place.volume_id,
            title=drafting.clean(title).strip(),
            synopsis=drafting.clean(synopsis),
            stage=stage,
            is_numbered=is_numbered,
            content_sha256=keeping.sha256_of(""),
            order_index=_rank(held, place.before, place.after),
        )
        made.save(force_insert=True)
        moved(work.pk, chapters=1)
        if text:
            drafting.save(
                chapter_id=made.pk,
                principal=principal,
                text=text,
                base_revision=made.revision,
                save_id=uuid7(),
            )
        _told(principal, "chapter.created", "chapter", made.pk, work=work)
    made.refresh_from_db()
    return made


def move(
    *,
    work: Work,
    principal: Principal,
    ids: Sequence[UUID],
    place: Place,
    seen: int | None = None,
) -> int:
    """Put chapters, in the order given, to a place. Answers the new structure revision.

    With `seen` nothing moves unless the structure is still the one seen. Raises OrderConflict, OutlineStale.
    """
    with transaction.atomic():
        take_turn(work.pk)
        check_seen(work.pk, seen)
        chosen = _editable(work, principal, ids)
        _volume(work, place.volume_id)
        rest = [one for one in _scope(work.pk, place.volume_id) if one.pk not in chosen]
        left, right = _gap(rest, place)
        _place(chosen, ids, left, right, rest, place.volume_id)
        revision = moved(work.pk)
        audit.record(
            actor=principal,
            action="work.arranged",
            target=("work", work.pk),
            after={"chapters": len(ids), "volume": place.volume_id and str(place.volume_id)},
        )
    return revision


@dataclass(frozen=True)
class Former:
    """Where a chapter stood: in which volume, behind which chapter of it (None: first)."""

    chapter: UUID
    volume: UUID | None
    behind: UUID | None


def formers(work: Work, ids: Sequence[UUID]) -> list[Former]:
    """Where these chapters stand now, in reading order."""
    rows = Chapter.objects.alive().filter(work=work).in_order().values_list("pk", "volume_id")
    found, last = list[Former](), dict[UUID | None, UUID]()
    for pk, volume in rows:
        if pk in ids:
            found.append(Former(pk, volume, last.get(volume)))
        last[volume] = pk
    return found


def put_back(*, work: Work, principal: Principal, places: Sequence[Former], seen: int) -> None:
    """Undo a move: nobody may have changed the order since. Raises OrderConflict, OutlineStale."""
    with transaction.atomic():
        take_turn(work.pk)
        check_seen(work.pk, seen)
        for one in places:
            place = Place(one.volume, after=one.behind)
            if one.behind is None:
                scope = [row for row in _scope(work.pk, one.volume) if row.deleted_at is None]
                first = next((row.pk for row in scope if row.pk != one.chapter), None)
                place = Place(one.volume, before=first)
            move(work=work, principal=principal, ids=[one.chapter], place=place)


def move_volume(
    *, volume: Volume, principal: Principal, before: UUID | None, after: UUID | None
) -> int:
    """Put a volume before or after another one. Raises OrderConflict."""
    with transaction.atomic():
        take_turn(volume.work_id)
        rest = list(Volume.objects.filter(work_id=volume.work_id).exclude(pk=volume.pk).in_order())
        rank = _rank(rest, before, after)
        Volume.objects.filter(pk=volume.pk).update(order_index=rank, updated_at=timezone.now())
        revision = moved(volume.work_id)
        audit.record(
            actor=principal, action="work.arranged", target=("work", volume.work_id), after={}
        )
    return revision


def mark(*, chapter: Chapter, principal: Principal, **marks: Any) -> None:
    """Set `target_words` and `is_numbered`, which leave text and revision alone."""
    changed = {name: value for name, value in marks.items() if getattr(chapter, name) != value}
    if not changed:
        return
    with transaction.atomic():
        take_turn(chapter.work_id)
        Chapter.objects.filter(pk=chapter.pk).update(**changed, updated_at=timezone.now())
        moved(chapter.work_id)
        audit.record(
            actor=principal,
            action="chapter.marked",
            target=("chapter", chapter.pk),
            after=changed,
        )


# The turn of a work


def take_turn(work_id: UUID) -> None:
    """Wait until nobody else changes the structure of this work; it is ours until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(TURN, [f"studio_structure:{work_id}"])


def check_seen(work_id: UUID, seen: int | None) -> None:
    """Raises OutlineStale. Only what holds the work's turn may trust the answer."""
    if seen is None:
        return
    current = Work.objects.values_list("structure_revision", flat=True).get(pk=work_id)
    if current != seen:
        raise OutlineStale(current)


def moved(work_id: UUID, *, chapters: int = 0) -> int:
    """The structure changed: the last write of every such deed. Answers the new revision."""
    Work.objects.filter(pk=work_id).update(
        structure_revision=F("structure_revision") + 1,
        chapters_count=F("chapters_count") + chapters,
        updated_at=timezone.now(),
    )
    return int(Work.objects.values_list("structure_revision", flat=True).get(pk=work_id))


# Places


def _volume(work: Work, volume_id: UUID | None) -> UUID | None:
    """The volume, if it is one of this work. Raises OrderConflict."""
    if volume_id is not None:
        known = Volume.objects.alive().filter(work=work, pk=volume_id)
        if not known.exists():
            raise OrderConflict
    return volume_id


def _scope(work_id: UUID, volume_id: UUID | None) -> list[Chapter]:
    """All that stand, or stood, in a volume: what lies in the bin keeps its place among the others."""
    rows = Chapter.objects.filter(work_id=work_id, volume_id=volume_id)
    return list(rows.only("id", "order_index", "deleted_at").order_by("order_index", "id"))


def _editable(work: Work, principal: Principal, ids: Sequence[UUID]) -> dict[UUID, Chapter]:
    rows = Chapter.objects.editable_by(principal).filter(work=work, pk__in=ids)
    found = {one.pk: one for one in rows.only("id", "order_index", "volume_id", "work_id")}
    if len(found) != len(ids) or not ids:
        raise OrderConflict
    return found


def _gap(rest: Sequence[Ranked], place: Place) -> tuple[str | None, str | None]:
    """The keys on both sides of a place. Raises OrderConflict where its neighbour is elsewhere."""
    wanted = place.before or place.after
    if wanted is None:
        return (rest[-1].order_index if rest else None), None
    alive = [at for at, one in enumerate(rest) if one.pk == wanted and one.deleted_at is None]
    if not alive:
        raise OrderConflict
    at = alive[0] if place.before else alive[0] + 1
    left = rest[at - 1].order_index if at else None
    right = rest[at].order_index if at < len(rest) else None
    return left, right


def _rank(held: list[Ranked], before: UUID | None, after: UUID | None) -> str:
    """A free key at a place; a scope whose keys grew too long is spread anew first."""
    left, right = _gap(held, Place(before=before, after=after))
    key = _between(left, right)
    if key is not None:
        return key
    _spread(held)
    left, right = _gap(held, Place(before=before, after=after))
    return ranks.between(left, right)


def _between(left: str | None, right: str | None) -> str | None:
    """A key, or None where there is none, or none short enough: a key of the bin may stand on another one."""
    if left is not None and left == right:
        return None
    key = ranks.between(left, right)
    return key if len(key) <= ranks.MAX_LENGTH else None


def _place(
    chosen: dict[UUID, Chapter],
    ids: Sequence[UUID],
    left: str | None,
    right: str | None,
    rest: list[Chapter],
    volume_id: UUID | None,
) -> None:
    """Write the places of what moves, and of its whole scope where keys would grow too long."""
    keys: list[str] = []
    for _one in ids:
        key = _between(keys[-1] if keys else left, right)
        if key is None:
            break
        keys.append(key)
    if len(keys) < len(ids):
        at = sum(left is not None and one.order_index <= left for one in rest)
        every = [*rest[:at], *(chosen[pk] for pk in ids), *rest[at:]]
        for one, key in zip(every, ranks.spread(len(every)), strict=True):
            one.order_index = key
        Chapter.objects.bulk_update(rest, ["order_index"], batch_size=1000)
    else:
        for pk, key in zip(ids, keys, strict=True):
            chosen[pk].order_index = key
    now = timezone.now()
    for pk in ids:
        chosen[pk].volume_id, chosen[pk].updated_at = volume_id, now
    Chapter.objects.bulk_update(chosen.values(), ["order_index", "volume_id", "updated_at"])


def _spread(held: list[Ranked]) -> None:
    for one, key in zip(held, ranks.spread(len(held)), strict=True):
        one.order_index = key
    if held:
        rows: QuerySet[Any] = type(held[0])._default_manager.all()
        rows.bulk_update(held, ["order_index"], batch_size=1000)


def end_key(held: Sequence[Chapter]) -> str:
    """The key after all that stand, or stood, there."""
    return ranks.between(held[-1].order_index if held else None, None)


def free_key(held: Iterable[Chapter] | Iterable[Volume], wanted: str) -> str:
    """`wanted`, or where somebody alive took it the next key after it."""
    taken = sorted(one.order_index for one in held if one.deleted_at is None)
    if wanted not in taken:
        return wanted
    after = [key for key in taken if key > wanted]
    return ranks.between(wanted, after[0] if after else None)


def scope_of(chapter: Chapter) -> list[Chapter]:
    return _scope(chapter.work_id, chapter.volume_id)


def _told(principal: Principal, action: str, kind: str, pk: UUID, *, work: Work) -> None:
    audit.record(actor=principal, action=action, target=(kind, pk), after={"work": str(work.pk)})
