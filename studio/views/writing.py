"""The writing page: first of all a form, which an editor takes over where there is JavaScript."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET, require_POST

from accounts import devices
from accounts.models import UserSettings
from accounts.web.access import needs, person_of, principal_of
from accounts.web.problems import words
from studio import drafting, versions, works, writing_stats
from studio.agent_forms import OFFERED
from studio.models import Chapter
from studio.views import outlines
from studio.views.access import chapter_of, editable_chapter, may_edit
from studio.views.longform import long_form
from studio.views.places import panels_of

# What the AI is asked for by one letter, after Mod+K.
LETTERS = {
    "rewrite": "R",
    "polish": "P",
    "expand": "E",
    "condense": "C",
    "analyze": "A",
    "chat": "T",
}
DRESS = (
    "editor_font_family",
    "editor_font_size",
    "editor_line_height",
    "editor_paragraph_spacing",
    "show_outline",
)


@require_GET
@never_cache
@gzip_page
@needs("work.view")
def editor(request: HttpRequest, work_id: UUID, chapter_id: UUID) -> HttpResponse:
    """A chapter to be written, or read by whoever may not write it."""
    chapter = chapter_of(request, work_id, chapter_id)
    works.note_opening(work=chapter.work, principal=principal_of(request))
    return render(request, "studio/editor.html", page(request, chapter))


@require_POST
@needs("work.update")
@long_form
def save(request: HttpRequest, work_id: UUID, chapter_id: UUID) -> HttpResponse:
    """Without JavaScript: the whole text by a form. A text on a stale base is kept and led to the merge page."""
    chapter = editable_chapter(request, work_id, chapter_id)
    text = request.POST.get("content", "")
    base = revision_of(request, chapter)
    try:
        drafting.save(
            chapter_id=chapter.pk,
            principal=principal_of(request),
            text=text,
            title=request.POST.get("title", chapter.title).strip(),
            base_revision=base,
            save_id=_save_id(request),
            kind="manual",
            device=device_of(request),
        )
    except drafting.Stale:
        return redirect(_kept(request, chapter, text, base))
    except drafting.SaveRefused as error:
        messages.error(request, words(error))
        context = {**page(request, chapter_of(request, work_id, chapter_id)), "typed": text}
        return render(request, "studio/editor.html", context, status=409)
    messages.success(request, _("Saved."))
    return redirect("studio_chapter", work_id=work_id, chapter_id=chapter_id)


def page(request: HttpRequest, chapter: Chapter) -> dict[str, Any]:
    """What the writing page shows around the text."""
    person = person_of(request)
    outline = outlines.of(chapter.work)
    settings = UserSettings.objects.get(user=person)
    return {
        "chapter": chapter,
        "work": chapter.work,
        "outline": outline,
        "place": outline.place(chapter.pk),
        "panels": panels_of(chapter),
        "deeds": [(key, LETTERS[key], label) for key, label in OFFERED if key in LETTERS],
        "may_write": may_edit(request, chapter),
        "is_plain": request.GET.get("plain") == "yes",
        "settings": {name: getattr(settings, name) for name in DRESS},
        "device": device_of(request),
        "save_id": uuid4(),
        "today": writing_stats.today(person=person, work=chapter.work, now=timezone.now()),
    }


def device_of(request: HttpRequest) -> str:
    return devices.describe(request.META.get("HTTP_USER_AGENT", ""))[:100]


def _kept(request: HttpRequest, chapter: Chapter, text: str, base: int) -> str:
    """The text becomes a version of its own before anything is asked; the address leads to the decision."""
    kept = versions.keep(
        chapter=chapter,
        kind="conflict",
        text=text,
        principal=principal_of(request),
        device=device_of(request),
    )
    address = reverse("studio_merge", args=[chapter.work_id, chapter.pk])
    return f"{address}?{urlencode({'mine': kept.version_number, 'base': base})}"


def revision_of(request: HttpRequest, chapter: Chapter) -> int:
    """The revision that a form of the chapter was shown for."""
    given = request.POST.get("base_revision", "")
    fits = given.isascii() and given.isdigit() and len(given) < 19
    return int(given) if fits else chapter.revision


def _save_id(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("save_id", ""))
    except ValueError:
        return uuid4()
