"""A chapter beside its text: what is told of it, joined with the next one, put into the bin."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.ids import uuid7
from accounts.web.access import needs, principal_of
from accounts.web.problems import words
from studio import bin as wastebin
from studio import drafting, joining, ordering
from studio.forms import ChapterForm
from studio.models import Chapter
from studio.views import outlines
from studio.views.access import chapter_of, editable_chapter, may_edit
from studio.views.places import places_of
from studio.views.writing import device_of, revision_of

SAVED = ("title", "stage", "synopsis")
MARKS = ("target_words", "is_numbered")
Refusals = (drafting.SaveRefused, ordering.OrderConflict)


@never_cache
@needs("work.view")
def about(request: HttpRequest, work_id: UUID, chapter_id: UUID) -> HttpResponse:
    """Title, stage, synopsis, aim; saved over the revision that the form showed."""
    if request.method == "POST":
        chapter = editable_chapter(request, work_id, chapter_id)
    else:
        chapter = chapter_of(request, work_id, chapter_id, text=False)
    shown = {name: getattr(chapter, name) for name in (*SAVED, *MARKS)}
    form = ChapterForm(request.POST or None, initial=shown)
    if request.method == "POST" and form.is_valid():
        try:
            _save(request, chapter, form)
        except drafting.SaveRefused as error:
            form.add_error(None, words(error))
        else:
            messages.success(request, _("Saved."))
            return redirect("studio_chapter_about", work_id=work_id, chapter_id=chapter_id)
    place = outlines.of(chapter.work).place(chapter.pk)
    following = place.following if place else None
    context = {
        "work": chapter.work,
        "chapter": chapter,
        "place": place,
        "may_join": following and following.chapter.volume_id == chapter.volume_id,
        "places": places_of(chapter.work),
        "may_write": may_edit(request, chapter),
        "form": form,
    }
    status = 400 if form.is_bound and form.errors else 200
    return render(request, "studio/chapter_about.html", context, status=status)


@require_GET
@never_cache
@needs("work.view")
def panel(request: HttpRequest, work_id: UUID, chapter_id: UUID) -> HttpResponse:
    """The same beside the text; what is changed there travels with the next save of the text."""
    chapter = chapter_of(request, work_id, chapter_id, text=False)
    context = {
        "work": chapter.work,
        "chapter": chapter,
        "stages": Chapter.Stage.choices,
        "may_write": may_edit(request, chapter),
    }
    return render(request, "studio/_panel_chapter.html", context)


@require_POST
@needs("work.update")
def join(request: HttpRequest, work_id: UUID, chapter_id: UUID) -> HttpResponse:
    """Take the next chapter's text behind this one's."""
    chapter = editable_chapter(request, work_id, chapter_id)
    try:
        joining.merge_next(
            chapter=chapter,
            principal=principal_of(request),
            base_revision=revision_of(request, chapter),
        )
    except Refusals as error:
        messages.error(request, words(error))
        return redirect("studio_chapter_about", work_id=work_id, chapter_id=chapter_id)
    messages.success(request, _("Joined. Both former texts are kept."))
    return redirect("studio_chapter", work_id=work_id, chapter_id=chapter_id)


@require_POST
@needs("work.update")
def delete(request: HttpRequest, work_id: UUID, chapter_id: UUID) -> HttpResponse:
    chapter = editable_chapter(request, work_id, chapter_id)
    principal = principal_of(request)
    wastebin.bin_chapters(principal=principal, work_id=work_id, ids=[chapter.pk])
    undo = reverse("studio_bin_restoration", args=["chapter", chapter.pk])
    messages.success(request, _("The chapter is in the bin."), extra_tags=f"undo:{undo}")
    return redirect("studio_work", work_id=work_id)


def _save(request: HttpRequest, chapter: Chapter, form: ChapterForm) -> None:
    given = form.cleaned_data
    drafting.save(
        chapter_id=chapter.pk,
        principal=principal_of(request),
        base_revision=revision_of(request, chapter),
        save_id=uuid7(),
        device=device_of(request),
        **{name: given[name] for name in SAVED},
    )
    marks = {name: given[name] for name in MARKS}
    ordering.mark(chapter=chapter, principal=principal_of(request), **marks)
