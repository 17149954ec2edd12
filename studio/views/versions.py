"""The former texts of a chapter: their timeline, what changed between two of them, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.web.access import needs, principal_of
from accounts.web.lists import cursor_page
from accounts.web.problems import words
from studio import drafting, versions
from studio.models import Chapter, ChapterVersion, PublishedChapter
from studio.prose import differences
from studio.prose.differences import Hunk, Piece
from studio.views.access import chapter_of, editable_chapter, may_edit

PAGE_SIZE = 50
NOW, PUBLISHED = "now", "published"
CONTEXT_LINES = 2
# Beyond these a page shows the first ones and says how many there are.
MOST_HUNKS = 300


@dataclass(frozen=True)
class Row:
    """A change on the page, with the unchanged paragraphs before it."""

    before: tuple[str, ...]
    skipped: int
    hunk: Hunk
    pairs: list[tuple[list[Piece], list[Piece]]]


@require_GET
@never_cache
@needs("work.view")
def timeline(request: HttpRequest, work_id: UUID, chapter_id: UUID) -> HttpResponse:
    """Versions, newest first, filtered by kind; what stands now comes before all of them."""
    chapter = chapter_of(request, work_id, chapter_id, text=False)
    rows = ChapterVersion.objects.visible_to(principal_of(request)).filter(chapter=chapter)
    kind = request.GET.get("kind", "")
    if kind in ChapterVersion.Kind.values:
        rows = rows.filter(change_type=kind)
    elif kind == "kept":
        rows = rows.filter(is_kept=True)
    found, following = cursor_page(request, rows.without_text(), PAGE_SIZE)
    context = {
        "chapter": chapter,
        "work": chapter.work,
        "rows": found,
        "next": following,
        "kind": kind,
        "kinds": ChapterVersion.Kind.choices,
        "may_write": may_edit(request, chapter),
    }
    return render(request, "studio/versions.html", context)


@require_GET
@never_cache
@needs("work.view")
def comparison(request: HttpRequest, work_id: UUID, chapter_id: UUID) -> HttpResponse:
    """Any two versions, or one with what stands now; side by side or in one column."""
    chapter = chapter_of(request, work_id, chapter_id)
    old, new = _text(request, chapter, "from"), _text(request, chapter, "to")
    hunks = differences.compare(old.text, new.text)
    context: dict[str, Any] = {
        "chapter": chapter,
        "work": chapter.work,
        "old": old,
        "new": new,
        "rows": _rows(old.text, hunks[:MOST_HUNKS]),
        "sides": {name: request.GET.get(name, NOW) for name in ("from", "to")},
        "more": max(0, len(hunks) - MOST_HUNKS),
        "view": "inline" if request.GET.get("view") == "inline" else "split",
        "may_write": may_edit(request, chapter),
    }
    return render(request, "studio/comparison.html", context)


@require_POST
@needs("work.update")
def restore(request: HttpRequest, work_id: UUID, chapter_id: UUID, number: int) -> HttpResponse:
    """An old text becomes the chapter's next revision; what stood there is kept as a restore point."""
    chapter = editable_chapter(request, work_id, chapter_id)
    version = _version(request, chapter, number)
    try:
        versions.restore(
            version=version, principal=principal_of(request), base_revision=chapter.revision
        )
    except drafting.SaveRefused as error:
        messages.error(request, words(error))
        return redirect("studio_versions", work_id=work_id, chapter_id=chapter_id)
    messages.success(request, _("Version %(number)d is back.") % {"number": number})
    return redirect("studio_chapter", work_id=work_id, chapter_id=chapter_id)


@require_POST
@needs("work.update")
def name(request: HttpRequest, work_id: UUID, chapter_id: UUID, number: int) -> HttpResponse:
    """A name keeps a version for ever; without one it may leave with the others."""
    chapter = editable_chapter(request, work_id, chapter_id)
    version = _version(request, chapter, number)
    label = request.POST.get("label", "").replace("\0", "").strip()[:200]
    versions.name(version=version, principal=principal_of(request), label=label)
    return redirect("studio_versions", work_id=work_id, chapter_id=chapter_id)


@dataclass(frozen=True)
class Side:
    """One of the two texts; `version` is None for what stands now, or what readers have."""

    version: ChapterVersion | None
    text: str
    is_published: bool = False


def _text(request: HttpRequest, chapter: Chapter, name: str) -> Side:
    given = request.GET.get(name, NOW)
    if given == NOW:
        return Side(None, chapter.content)
    if given == PUBLISHED:
        rows = PublishedChapter.objects.visible_to(principal_of(request)).filter(chapter=chapter)
        frozen = get_object_or_404(rows, source_revision__isnull=False)
        return Side(None, frozen.content, is_published=True)
    version = _version(request, chapter, int(given) if given.isascii() and given.isdigit() else 0)
    return Side(version, version.content)


def _version(request: HttpRequest, chapter: Chapter, number: int) -> ChapterVersion:
    rows = ChapterVersion.objects.visible_to(principal_of(request)).filter(chapter=chapter)
    return get_object_or_404(rows, version_number=min(number, 2**31 - 1))


def _rows(old: str, hunks: list[Hunk]) -> list[Row]:
    lines, at, rows = old.split("\n"), 0, list[Row]()
    even = [one for one in hunks if len(one.old) == len(one.new)]
    fine = iter(
        differences.inside_each(pair for one in even for pair in zip(one.old, one.new, strict=True))
    )
    for hunk in hunks:
        start = max(at, hunk.old_start - CONTEXT_LINES)
        before = tuple(lines[start : hunk.old_start])
        rows.append(Row(before, start - at, hunk, _pairs(hunk, fine)))
        at = hunk.old_end
    return rows


def _pairs(hunk: Hunk, fine: Iterator[list[Piece]]) -> list[tuple[list[Piece], list[Piece]]]:
    """The paragraphs of a hunk beside each other; as many on both sides are compared by character."""
    if len(hunk.old) != len(hunk.new):
        old = [([Piece("removed", line)], list[Piece]()) for line in hunk.old]
        return old + [(list[Piece](), [Piece("added", line)]) for line in hunk.new]
    return [
        (
            [one for one in pieces if one.kind != "added"],
            [one for one in pieces if one.kind != "removed"],
        )
        for pieces in islice(fine, len(hunk.old))
    ]
