"""Whether counters say what their rows say: chapters, works, copies of tags. Differences are reported, or mended."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Q, QuerySet, Sum

from accounts import tenancy
from studio import keeping
from studio.models import Chapter, Work
from studio.prose import counting

CHUNK = 50
REASON = "studio.recount"
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Difference:
    """A row that says something else than what is counted: column → (said, counted)."""

    table: str
    id: UUID
    columns: dict[str, tuple[Any, Any]]


def recount(*, fix: bool = False, part: float = 1.0) -> list[Difference]:
    """Count again, over all workspaces, or a random part of the works; with `fix` write what was counted."""
    with tenancy.platform_scope(reason=REASON):
        works = list(Work.objects.values_list("pk", flat=True))
    chosen = works if part >= 1 else random.sample(works, max(1, int(len(works) * part)))
    found: list[Difference] = []
    for work_id in chosen if works else ():
        with tenancy.platform_scope(reason=REASON):
            found += of_work(work_id, fix=fix)
    return found


def weekly() -> None:
    """One work in a hundred; a difference is a fault of the program, and logged as one."""
    with tenancy.platform_scope(reason=REASON):
        if not Work.objects.exists():
            return
    for one in recount(part=0.01):
        logger.error(
            "a counter is wrong table=%s id=%s columns=%s", one.table, one.id, sorted(one.columns)
        )


def of_work(work_id: UUID, *, fix: bool) -> list[Difference]:
    """Chapters first: the work is the sum of what they say then. The work's row is held against savers."""
    found = []
    for difference in _chapters(work_id):
        found.append(difference)
        if fix:
            _mend(Chapter, difference)
    work = Work.objects.select_for_update(of=("self",)).filter(pk=work_id).first()
    if work is None:
        return found
    alive = Chapter.objects.alive().filter(work_id=work_id)
    sums = alive.aggregate(
        chapters_count=Count("pk"),
        total_words=Sum("word_count"),
        words_plain=Sum("words_plain"),
        char_count=Sum("char_count"),
    )
    total = _differences("studio_works", work, {name: sums[name] or 0 for name in sums})
    if total is not None:
        found.append(total)
        if fix:
            _mend(Work, total)
    return found


def _chapters(work_id: UUID) -> Iterator[Difference]:
    names = ArrayAgg("chapter_tags__tag__name", distinct=True, filter=Q(chapter_tags__isnull=False))
    rows: QuerySet[Any] = Chapter.objects.filter(work_id=work_id).annotate(names=names)
    for chapter in rows.iterator(chunk_size=CHUNK):
        count = counting.count(chapter.content)
        counted = {
            "word_count": count.words,
            "words_plain": count.words_plain,
            "char_count": count.chars,
            "reading_time": counting.minutes(chapter.content, count),
            "content_sha256": keeping.sha256_of(chapter.content),
        }
        tags = sorted(set(chapter.names or []))
        if sorted(chapter.tags) != tags:
            counted["tags"] = tags
        found = _differences("studio_chapters", chapter, counted)
        if found is not None:
            yield found


def _differences(table: str, row: Any, counted: dict[str, Any]) -> Difference | None:
    columns = {
        name: (getattr(row, name), value)
        for name, value in counted.items()
        if getattr(row, name) != value
    }
    return Difference(table, row.pk, columns) if columns else None


def _mend(model: Any, difference: Difference) -> None:
    """Only where the row still says what was found wrong: a save in between is right by itself."""
    said = {name: old for name, (old, _new) in difference.columns.items()}
    mended = {name: new for name, (_old, new) in difference.columns.items()}
    model.objects.filter(pk=difference.id, **said).update(**mended)
