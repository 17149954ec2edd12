"""The writer's page of a publication: its link, what readers have, what they would get."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.web.access import needs, principal_of
from accounts.web.problems import words
from studio import naming
from studio.book_forms import PublicationForm
from studio.models import Chapter, Publication, PublishedChapter
from studio.publishing import chapters, opening
from studio.views.access import work_of
from studio.views.places import places_of

REFUSALS = (chapters.NotOpen, chapters.AlreadyLive, chapters.WrongMove)


@needs("work.publish")
@never_cache
def publication(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """Open the work, tell readers of it, and see which chapters they have."""
    work = work_of(request, work_id, "publish")
    found = Publication.objects.filter(work=work).first()
    initial = (
        {name: getattr(found, name) for name in opening.TOLD} if found else {"title": work.title}
    )
    form = PublicationForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        opening.open_to_readers(principal=principal_of(request), work=work, **form.cleaned_data)
        messages.success(request, _("Readers find it under its link."))
        return redirect("studio_publication", work_id=work.pk)
    rows = {
        row.chapter_id: row for row in PublishedChapter.objects.filter(work=work).defer("content")
    }
    context = {
        "work": work,
        "places": places_of(work),
        "publication": found,
        "is_open": found is not None and found.withdrawn_at is None,
        "form": form,
        "lines": [_line(line, rows.get(line.chapter.pk)) for line in naming.outline(work).lines],
        "link": request.build_absolute_uri(f"/read/{found.slug}/") if found else "",
    }
    return render(request, "studio/publication.html", context, status=400 if form.errors else 200)


@require_POST
@needs("work.publish")
def close(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """Hide the work from readers."""
    opening.close(principal=principal_of(request), work=work_of(request, work_id, "publish"))
    messages.success(request, _("Readers no longer find it."))
    return redirect("studio_publication", work_id=work_id)


@require_POST
@needs("work.publish")
def change(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """Publish, schedule or withdraw the chosen chapters."""
    work = work_of(request, work_id, "publish")
    rows = Chapter.objects.alive().without_text().filter(work=work)
    deed, _colon, one = request.POST.get("deed", "").partition(":")
    chosen = [one] if one else request.POST.getlist("chapter")
    count = 0
    for pk in chosen:
        chapter = get_object_or_404(rows, pk=_uuid(pk))
        try:
            count += _do(request, deed, chapter)
        except REFUSALS as refused:
            messages.error(request, f"{chapter.title}: {words(refused)}")
        except chapters.BadTime:
            messages.error(request, _("The time lies ahead, within a year."))
            break
    if count:
        said = ngettext(
            "%(n)s chapter changed for readers.", "%(n)s chapters changed for readers.", count
        )
        messages.success(request, said % {"n": count})
    return redirect("studio_publication", work_id=work_id)


def _do(request: HttpRequest, deed: str, chapter: Chapter) -> int:
    principal = principal_of(request)
    if deed == "withdraw":
        chapters.withdraw(principal=principal, chapter=chapter)
        return 1
    at = None
    if deed == "schedule":
        field = forms.DateTimeField(input_formats=["%Y-%m-%dT%H:%M"], required=False)
        try:
            at = field.clean(request.POST.get("at", ""))
        except forms.ValidationError as error:
            raise chapters.BadTime from error
        if at is None:
            raise chapters.BadTime
    made = chapters.publish(principal=principal, chapter=chapter, at=at)
    if made.shifted:
        said = ngettext(
            "%(n)s later chapter has another number for readers now.",
            "%(n)s later chapters have other numbers for readers now.",
            made.shifted,
        )
        messages.warning(request, said % {"n": made.shifted})
    return 1


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _line(line: naming.Line, row: PublishedChapter | None) -> dict[str, Any]:
    state = PublishedChapter.State(row.state) if row else PublishedChapter.State.DRAFT
    return {
        "chapter": line.chapter,
        "label": line.label,
        "row": row,
        "state": state,
        "word": state.label,
        "is_live": state == PublishedChapter.State.PUBLISHED,
        "is_scheduled": state == PublishedChapter.State.SCHEDULED,
        "lags": row is not None
        and row.source_revision != line.chapter.revision
        and state in {"published", "scheduled"},
        "is_due": row is not None
        and row.scheduled_for is not None
        and row.scheduled_for < timezone.now(),
    }
