"""What stands beside the text of a chapter: its scenes, the people named in it, comments to write and to answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.web.access import needs, principal_of
from studio import comments, tags
from studio import scenes as operations
from studio.models import Appearance, Chapter, ChapterTag, Comment, Scene, Work
from studio.recording import FieldRefused, StoryRefused
from studio.views.access import may
from studio.views.stories import chapter_of, page, row_of, work_of


@require_GET
@needs("work.view")
def scenes(request: HttpRequest, work_id: UUID, chapter_id: UUID) -> HttpResponse:
    work = work_of(request, work_id)
    return _scenes(request, work, chapter_of(request, work, chapter_id))


def _scenes(
    request: HttpRequest, work: Work, chapter: Chapter, *, refused: Any = ""
) -> HttpResponse:
    rows = Scene.objects.visible_to(principal_of(request)).filter(chapter=chapter)
    carried = set(
        ChapterTag.objects.filter(chapter=chapter, position=None).values_list("tag_id", flat=True)
    )
    context = {
        "chapter": chapter,
        "rows": rows.prefetch_related("cast__character").order_by("start_position", "created_at"),
        "tags": [(row, row.pk in carried) for row in tags.of_work(principal_of(request), work)],
        "refused": refused,
    }
    return page(request, "_panel_scenes.html", work, context)


@require_POST
@needs("work.update")
def place(request: HttpRequest, work_id: UUID, chapter_id: UUID, pk: UUID) -> HttpResponse:
    """Let a scene hold on to the passage that is selected."""
    work = work_of(request, work_id, "write")
    chapter = chapter_of(request, work, chapter_id)
    row = row_of(request, Scene.objects, work, pk, lock=True)
    passage = _passage(request)
    refused: Any = "" if passage else _("Select the passage first.")
    if passage:
        given = {"chapter": chapter, "start_position": passage[0], "end_position": passage[1]}
        try:
            operations.change(scene=row, given=given, by=principal_of(request))
        except FieldRefused as error:
            refused = error.message
    return _scenes(request, work, chapter, refused=refused)


@require_GET
@needs("work.view")
def names(request: HttpRequest, work_id: UUID, chapter_id: UUID) -> HttpResponse:
    """Who is named in the chapter how often, and names that several have."""
    work = work_of(request, work_id)
    chapter = chapter_of(request, work, chapter_id)
    rows = Appearance.objects.visible_to(principal_of(request)).filter(chapter=chapter)
    people = rows.filter(character__isnull=False, character__deleted_at__isnull=True)
    context = {
        "chapter": chapter,
        "rows": people.select_related("character").order_by("-count", "character__name"),
        "shared": rows.ambiguous().order_by("-count"),
        "is_waiting": chapter.counted_revision < chapter.revision,
    }
    return page(request, "_panel_names.html", work, context)


@require_GET
@needs("work.view")
def threads(request: HttpRequest, work_id: UUID, chapter_id: UUID) -> HttpResponse:
    work = work_of(request, work_id)
    return _threads(request, chapter_of(request, work, chapter_id))


@require_POST
@needs("work.view")
def write(request: HttpRequest, work_id: UUID, chapter_id: UUID) -> HttpResponse:
    """A comment on the selected passage or the chapter, or an answer."""
    work = work_of(request, work_id, "comment")
    chapter = chapter_of(request, work, chapter_id)
    parent = None
    if request.POST.get("parent"):
        parent = _comment(request, chapter, request.POST["parent"])
    try:
        comments.create(
            chapter=chapter,
            body=request.POST.get("body", ""),
            passage=_passage(request) if parent is None else None,
            parent=parent,
            by=principal_of(request),
        )
    except StoryRefused as error:
        said = getattr(error, "message", "") or _("This was not possible.")
        return _threads(request, chapter, refused=said, typed=request.POST.get("body", ""))
    return _threads(request, chapter)


@require_POST
@needs("work.view")
def settle(request: HttpRequest, work_id: UUID, pk: UUID) -> HttpResponse:
    """Resolve, open again, delete a comment, or place it on the selected passage."""
    work = work_of(request, work_id, "comment")
    rows = Comment.objects.visible_to(principal_of(request)).filter(work=work)
    row = get_object_or_404(
        rows.select_related("chapter", "work").select_for_update(of=("self",)), pk=pk
    )
    deed = request.POST.get("deed")
    refused = ""
    try:
        passage = _passage(request)
        if deed == "delete":
            comments.remove(comment=row, by=principal_of(request))
        elif deed == "place" and passage is not None:
            comments.place(
                comment=row, chapter=row.chapter, passage=passage, by=principal_of(request)
            )
        elif deed == "place":
            refused = _("Select the passage first.")
        else:
            comments.resolve(comment=row, is_resolved=deed == "resolve", by=principal_of(request))
    except FieldRefused as error:
        refused = error.message
    except StoryRefused:
        refused = _("Only its author and those who write may do this.")
    return _threads(request, row.chapter, refused=refused)


@require_GET
@needs("work.view")
def comment(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Where a comment stands: its chapter, at its passage."""
    row = get_object_or_404(Comment.objects.visible_to(principal_of(request)), pk=pk)
    first = row if row.parent_id is None else row.parent
    address = reverse("studio_chapter", args=[row.work_id, row.chapter_id])
    if first is None or first.start_position is None or first.end_position is None:
        return redirect(f"{address}?beside=comments")
    length = first.end_position - first.start_position
    return redirect(f"{address}?at={first.start_position}&length={length}&beside=comments")


def _passage(request: HttpRequest) -> tuple[int, int] | None:
    """What is selected, in code points of the saved text."""
    given = [request.POST.get(name, "") for name in ("start", "end")]
    if not all(one.isascii() and one.isdigit() and len(one) < 10 for one in given):
        return None
    start, end = map(int, given)
    return (start, end) if start < end else None


def _comment(request: HttpRequest, chapter: Chapter, number: str) -> Comment:
    rows = Comment.objects.visible_to(principal_of(request)).filter(chapter=chapter)
    try:
        return get_object_or_404(rows, pk=UUID(number))
    except ValueError:
        return get_object_or_404(rows.none())


def _threads(
    request: HttpRequest, chapter: Chapter, *, refused: Any = "", typed: str = ""
) -> HttpResponse:
    principal = principal_of(request)
    writes = may(request, chapter.work, "write")
    rows = comments.threads(chapter)
    me = principal.user.pk if principal.user else None
    context = {
        "chapter": chapter,
        "rows": [(row, writes or row.author_id == me) for row in rows if row.resolved_at is None],
        "resolved": [(row, writes or row.author_id == me) for row in rows if row.resolved_at],
        "may_comment": may(request, chapter.work, "comment"),
        "refused": refused,
        "typed": typed,
    }
    return page(request, "_panel_comments.html", chapter.work, context)
