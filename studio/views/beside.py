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
from studio.models import Appearance, Chapter, ChapterTag, Comment, Scene
from studio.recording import StoryRefused
from studio.views.stories import chapter_of, may, page, work_of


@require_GET
@needs("work.view")
def scenes(request: HttpRequest, work_id: UUID, chapter_id: UUID) -> HttpResponse:
    work = work_of(request, work_id)
    chapter = chapter_of(request, work, chapter_id)
    rows = Scene.objects.visible_to(principal_of(request)).filter(chapter=chapter)
    carried = set(
        ChapterTag.objects.filter(chapter=chapter, position=None).values_list("tag_id", flat=True)
    )
    context = {
        "chapter": chapter,
        "rows": rows.prefetch_related("cast__character").order_by("start_position", "created_at"),
        "tags": [(row, row.pk in carried) for row in tags.of_work(principal_of(request), work)],
    }
    return page(request, "_panel_scenes.html", work, context)


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
    start, end = request.POST.get("start", ""), request.POST.get("end", "")
    has_passage = start.isdigit() and end.isdigit() and int(start) < int(end)
    try:
        comments.create(
            chapter=chapter,
            body=request.POST.get("body", ""),
            passage=(int(start), int(end)) if has_passage and parent is None else None,
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
    """Resolve, open again or delete a comment."""
    work = work_of(request, work_id, "comment")
    rows = Comment.objects.visible_to(principal_of(request)).filter(work=work)
    row = get_object_or_404(
        rows.select_related("chapter", "work").select_for_update(of=("self",)), pk=pk
    )
    deed = request.POST.get("deed")
    refused = ""
    try:
        if deed == "delete":
            comments.remove(comment=row, by=principal_of(request))
        else:
            comments.resolve(comment=row, is_resolved=deed == "resolve", by=principal_of(request))
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
