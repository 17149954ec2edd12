"""The world of a work: entries made, changed, moved in their tree, binned with or without what lies below them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection as database
from django.utils.translation import gettext as _

from accounts.authentication import Principal
from studio import recording
from studio.models import Character, Work, WorldEntry, WorldEntryCharacter
from studio.models.worldview import MAX_DEPTH
from studio.recording import FieldRefused, StoryRefused
from studio.search import indexing

MOST_ENTRIES = 5_000
MAX_TEXT = 100_000


class Cycle(StoryRefused):
    """An entry cannot lie below itself."""

    code = "cycle"


class TooDeep(StoryRefused):
    """The tree has at most nine levels; `limit` is the depth of the lowest."""

    code = "depth"


def create(*, work: Work, given: Mapping[str, Any], by: Principal) -> WorldEntry:
    """Raises LimitReached, TooDeep, FieldRefused."""
    recording.require_room(WorldEntry.objects.filter(work=work).alive(), MOST_ENTRIES)
    values, cast = _split(given)
    parent: WorldEntry | None = values.get("parent")
    _lock(work.pk)
    depth = 0 if parent is None else _depth_of(parent) + 1
    if depth > MAX_DEPTH:
        raise TooDeep(limit=MAX_DEPTH)
    entry = WorldEntry(workspace_id=work.workspace_id, work=work, depth=depth, **values)
    recording.insert(entry, by=by)
    if cast is not None:
        _cast(entry, cast)
    indexing.note(entry)
    return entry


def change(*, entry: WorldEntry, given: Mapping[str, Any], by: Principal) -> WorldEntry:
    """Everything but the place; the caller holds the row locked. Raises FieldRefused."""
    values, cast = _split(given)
    changed = recording.update(entry, values, by=by)
    if cast is not None:
        _cast(entry, cast)
    if changed:
        indexing.note(entry)
    return entry


def place(*, entry: WorldEntry, parent: WorldEntry | None, by: Principal) -> WorldEntry:
    """Move an entry with all below it. Moves in one work come one after another. Raises Cycle, TooDeep."""
    _lock(entry.work_id)
    tree = _Tree(entry.work_id)
    branch = tree.branch(entry.pk)
    if parent is not None and parent.pk in branch:
        raise Cycle
    depth = 0 if parent is None else tree.depth(parent.pk) + 1
    if depth + max(branch.values()) > MAX_DEPTH:
        raise TooDeep(limit=MAX_DEPTH)
    recording.update(entry, {"parent": parent}, by=by)
    _set_depths({number: depth + below for number, below in branch.items()})
    entry.refresh_from_db(fields=["depth", "version"])
    return entry


def discard(*, entry: WorldEntry, with_branch: bool, by: Principal) -> int:
    """Into the bin, with what lies below it or after lifting that one level. Answers how many entries went."""
    _lock(entry.work_id)
    tree = _Tree(entry.work_id)
    branch = tree.branch(entry.pk)
    gone = [entry]
    if with_branch:
        below = WorldEntry.objects.filter(pk__in=branch.keys() - {entry.pk}).alive()
        gone += below.select_for_update()
    else:
        WorldEntry.objects.filter(parent=entry).alive().update(parent=entry.parent_id)
        _set_depths({number: entry.depth + below - 1 for number, below in branch.items() if below})
    for row in gone:
        recording.discard(row, by=by)
        indexing.note(row)
    return len(gone)


def restore(*, entry: WorldEntry, by: Principal) -> WorldEntry:
    """Out of the bin with what left together with it, below its parent if that is there still."""
    _lock(entry.work_id)
    left_at = entry.deleted_at
    parent = entry.parent
    if parent is not None and parent.deleted_at is not None:
        parent = entry.parent = None
        entry.save(update_fields=["parent", "updated_at"])
    branch = _Tree(entry.work_id, binned=True).branch(entry.pk)
    rows = WorldEntry.objects.binned().filter(pk__in=branch.keys() - {entry.pk})
    if left_at is not None:
        # What left together left within moments.
        moments = timedelta(minutes=1)
        rows = rows.filter(deleted_at__range=(left_at - moments, left_at + moments))
    below = list(rows)
    for row in [entry, *below]:
        recording.restore(row, by=by)
        indexing.note(row)
    depth = 0 if parent is None else _depth_of(parent) + 1
    _set_depths({row.pk: depth + branch[row.pk] for row in [entry, *below]})
    entry.refresh_from_db(fields=["depth", "version"])
    return entry


def in_tree_order(rows: Iterable[WorldEntry]) -> list[WorldEntry]:
    """Every entry after its parent, siblings by rank and title."""
    below: defaultdict[UUID | None, list[WorldEntry]] = defaultdict(list)
    known = {row.pk: row for row in rows}
    for row in known.values():
        below[row.parent_id if row.parent_id in known else None].append(row)
    ordered: list[WorldEntry] = []
    waiting = _sorted(below[None])
    while waiting:
        row = waiting.pop()
        ordered.append(row)
        waiting += _sorted(below[row.pk])
    return ordered


def _sorted(rows: list[WorldEntry]) -> list[WorldEntry]:
    """Last first, as a stack wants them."""
    return sorted(rows, key=lambda row: (row.order_index, row.title, row.pk), reverse=True)


class _Tree:
    """The parents of a work's entries; one query."""

    def __init__(self, work_id: UUID, *, binned: bool = False) -> None:
        rows = WorldEntry.objects.filter(work=work_id)
        rows = rows if binned else rows.alive()
        self.parents: dict[UUID, UUID | None] = dict(rows.values_list("pk", "parent_id"))
        self.below: defaultdict[UUID | None, list[UUID]] = defaultdict(list)
        for number, parent in self.parents.items():
            self.below[parent].append(number)

    def branch(self, number: UUID) -> dict[UUID, int]:
        """The entry and all below it, each with its distance."""
        found, waiting = {number: 0}, [number]
        while waiting:
            one = waiting.pop()
            for child in self.below[one]:
                if child not in found:
                    found[child] = found[one] + 1
                    waiting.append(child)
        return found

    def depth(self, number: UUID) -> int:
        depth, above = 0, self.parents.get(number)
        while above is not None:
            depth, above = depth + 1, self.parents.get(above)
        return depth


def _lock(work_id: UUID) -> None:
    """The lock that the database's own check of the tree takes."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('studio_worldview:' || %s, 0))",
            [str(work_id)],
        )


def _depth_of(entry: WorldEntry) -> int:
    return _Tree(entry.work_id).depth(entry.pk)


def _set_depths(depths: Mapping[UUID, int]) -> None:
    """At most one statement for each level."""
    levels: defaultdict[int, list[UUID]] = defaultdict(list)
    for number, depth in depths.items():
        levels[depth].append(number)
    for depth, numbers in levels.items():
        WorldEntry.objects.filter(pk__in=numbers).exclude(depth=depth).update(depth=depth)


def _split(given: Mapping[str, Any]) -> tuple[dict[str, Any], Iterable[Character] | None]:
    values = dict(given)
    if "title" in values and not values["title"].strip():
        raise FieldRefused("title", _("Give a title."))
    return values, values.pop("characters", None)


def _cast(entry: WorldEntry, wanted: Iterable[Character]) -> None:
    """Exactly these have to do with it."""
    people = {row.pk for row in wanted}
    rows = WorldEntryCharacter.objects.filter(entry=entry)
    rows.exclude(character__in=people).delete()
    there = set(rows.values_list("character_id", flat=True))
    WorldEntryCharacter.objects.bulk_create(
        WorldEntryCharacter(
            workspace_id=entry.workspace_id,
            work_id=entry.work_id,
            entry=entry,
            character_id=number,
        )
        for number in sorted(people - there)
    )
