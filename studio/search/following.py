"""What follows a save: the index, the anchors and the counts of a chapter, made after the commit by a schedule.

Nothing here locks a chapter while it reads or folds a text: an advisory lock lets one run work on a chapter, and a chapter
that changed meanwhile stays due.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import connection as database
from django.db.models import F, Q, QuerySet
from django.utils.module_loading import import_string

from accounts import tenancy
from studio import anchors
from studio.models import Chapter
from studio.search import indexing

REASON = "chapters to index"
EVERY_S = 5
BATCH = 500
SECONDS = 15.0


def due() -> QuerySet[Chapter]:
    """Chapters that the index or the counts have not seen as they are; the longest unseen first."""
    behind = Q(indexed_revision__lt=F("revision")) | Q(counted_revision__lt=F("revision"))
    return Chapter.objects.alive().filter(behind, work__deleted_at__isnull=True)


def tick(*, clock: Callable[[], float] = time.monotonic) -> int:
    """Follow what was saved, for at most fifteen seconds; the rest is the next tick's. Answers how many chapters."""
    with tenancy.platform_scope(reason=REASON):
        rows = due().order_by("saved_at", "pk").values_list("workspace_id", "work_id", "pk")
        waiting = list(rows[:BATCH])
    ends, done = clock() + SECONDS, 0
    names: dict[UUID, Any] = {}
    works: dict[UUID, int] = {}
    for workspace_id, work_id, number in waiting:
        if clock() > ends:
            break
        with tenancy.workspace(workspace_id):
            done += follow(number, names)
        works[work_id] = workspace_id
    for work_id, workspace_id in works.items():
        with tenancy.workspace(workspace_id):
            import_string("studio.appearances.counting.sum_up")(work_id)
    return done


def follow(number: UUID, names: dict[UUID, Any]) -> bool:
    """Bring one chapter up to date, inside its workspace. `names` keeps those of works between calls.

    Whether anything was done: nothing while another run works on it.
    """
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [str(number)])
        if not cursor.fetchone()[0]:
            return False
    chapter = Chapter.objects.alive().filter(pk=number).first()
    if chapter is None:
        return False
    if chapter.indexed_revision < chapter.revision:
        indexing.chapter(chapter)
        anchors.follow(chapter)
    if chapter.counted_revision < chapter.revision:
        _count(chapter, names)
    return True


def follow_work(work_id: UUID) -> None:
    """All that is due of one work at once: for commands, demo data and tests."""
    names: dict[UUID, Any] = {}
    for number in due().filter(work=work_id).order_by("pk").values_list("pk", flat=True):
        follow(number, names)
    import_string("studio.appearances.counting.sum_up")(work_id)


def _count(chapter: Chapter, names: dict[UUID, Any]) -> None:
    """The automaton is loaded here, at the first run: a starting process needs none of it."""
    counting = import_string("studio.appearances.counting.count")
    if chapter.work_id not in names:
        names[chapter.work_id] = import_string("studio.appearances.counting.names_of")(
            chapter.work_id
        )
    if not counting(chapter, names[chapter.work_id]):
        del names[chapter.work_id]
