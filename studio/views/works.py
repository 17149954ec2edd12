"""A work: its outline, what is told of it, and the order of its chapters."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Membership, User
from accounts.web.access import needs, principal_of
from accounts.web.problems import words
from studio import bin as wastebin
from studio import marking, naming, ordering, tags, works
from studio.drafting import SaveRefused
from studio.forms import ConventionsForm, WorkForm
from studio.models import Chapter, Work
from studio.ordering import OrderConflict, OutlineStale, Place, TooMany
from studio.prose import naming as patterns
from studio.recording import StoryRefused
from studio.views import outlines, undoing
from studio.views.access import may, work_of
from studio.views.places import places_of

MOST_MEMBERS = 500
Refusals = (OrderConflict, OutlineStale, TooMany, SaveRefused, StoryRefused)


@require_GET
@never_cache
@needs("work.view")
def detail(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """The outline, to be opened, ordered and added to."""
    work = work_of(request, work_id)
    works.note_opening(work=work, principal=principal_of(request))
    context = {
        "work": work,
        "outline": outlines.of(work, synopses=True),
        "stages": Chapter.Stage.choices,
        "tags": tags.of_work(principal_of(request), work).order_by("name"),
        "places": places_of(work),
        "may_write": may(request, work, "write"),
    }
    return render(request, "studio/work.html", context)


@needs("work.view")
def settings(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """Title, description, state; saved on the revision that the form showed."""
    right = "write" if request.method == "POST" else "read"
    work = work_of(request, work_id, right)
    shown = {name: getattr(work, name) for name in WorkForm.base_fields}
    shown["tags"] = ", ".join(work.tags)
    form = WorkForm(request.POST or None, initial=shown)
    conventions = ConventionsForm(
        request.POST or None, initial=ConventionsForm.shown(work.settings)
    )
    if request.method == "POST" and form.is_valid() and conventions.is_valid():
        held = Work.objects.select_for_update().get(pk=work.pk)
        if request.POST.get("revision") == str(held.revision):
            wishes = {**form.cleaned_data, "settings": conventions.settings(held.settings)}
            works.change(work=held, principal=principal_of(request), wishes=wishes)
            messages.success(request, _("Saved."))
            return redirect("studio_work_settings", work_id=work_id)
        form.add_error(None, _("Somebody changed the work meanwhile: look at it, and save again."))
        work = held
    context = {
        "work": work,
        "form": form,
        "conventions": conventions,
        "sample": _sample(naming.pattern_of(work)),
        "places": places_of(work),
        "may_write": may(request, work, "write"),
        **_heirs(request, work),
    }
    is_bad = form.is_bound and (form.errors or conventions.errors)
    return render(request, "studio/work_settings.html", context, status=400 if is_bad else 200)


@require_GET
@needs("work.view")
def sample(request: HttpRequest) -> HttpResponse:
    """What chapters would be called by a pattern that is being typed."""
    pattern = request.GET.get("pattern", "")[:100].strip() or patterns.DEFAULT
    unknown = patterns.unknown_tokens(pattern)
    said = _("Unknown token: %(name)s") % {"name": "{" + unknown[0] + "}"} if unknown else ""
    return HttpResponse(escape(said or _sample(pattern)))


@require_POST
@needs("work.delete")
def transfer(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """Hand the work to another member; who had it stays as an editor."""
    work = work_of(request, work_id, "own")
    members = _members(work)
    person = next((one for one in members if str(one.pk) == request.POST.get("person")), None)
    if person is None:
        messages.error(request, _("This person does not belong to the workspace."))
        return redirect("studio_work_settings", work_id=work_id)
    held = Work.objects.select_for_update(of=("self",)).get(pk=work.pk)
    works.transfer(work=held, principal=principal_of(request), to=person)
    messages.success(request, _("The work now belongs to %(name)s.") % {"name": person})
    return redirect("studio_work", work_id=work_id)


@require_POST
@needs("work.delete")
def delete(request: HttpRequest, work_id: UUID) -> HttpResponse:
    work = work_of(request, work_id, "own")
    try:
        wastebin.bin_work(work=work, principal=principal_of(request))
    except wastebin.Published as error:
        messages.error(request, words(error))
        return redirect("studio_work_settings", work_id=work_id)
    undo = reverse("studio_bin_restoration", args=["work", work_id])
    messages.success(request, _("The work is in the bin."), extra_tags=f"undo:{undo}")
    return redirect("studio")


@require_POST
@needs("work.update")
def add_chapter(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """A chapter at the end of the last volume; it opens at once."""
    work = work_of(request, work_id, "write")
    parts = outlines.of(work).parts
    volume = parts[-1].volume if parts else None
    try:
        made = ordering.add_chapter(
            work=work,
            principal=principal_of(request),
            title=_text(request, "title"),
            place=Place(volume_id=volume.pk if volume else None),
        )
    except Refusals as error:
        messages.error(request, words(error))
        return redirect("studio_work", work_id=work_id)
    return redirect("studio_chapter", work_id=work_id, chapter_id=made.pk)


@require_POST
@needs("work.update")
def add_volume(request: HttpRequest, work_id: UUID) -> HttpResponse:
    work = work_of(request, work_id, "write")
    try:
        ordering.add_volume(
            work=work, principal=principal_of(request), title=_text(request, "title")
        )
    except Refusals as error:
        messages.error(request, words(error))
    return redirect("studio_work", work_id=work_id)


@require_POST
@needs("work.update")
def move(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """One chapter up or down, or the chosen ones to the end of a volume or into the bin."""
    work = work_of(request, work_id, "write")
    try:
        _arrange(request, work)
    except Refusals as error:
        messages.error(request, words(error))
    return redirect("studio_work", work_id=work_id)


@require_POST
@needs("work.update")
def undo(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """Take the last move back, unless the order changed since."""
    work = work_of(request, work_id, "write")
    last = undoing.recalled(request, work)
    if last is not None:
        places, seen = last
        try:
            ordering.put_back(work=work, principal=principal_of(request), places=places, seen=seen)
            messages.success(request, _("The chapters are back at their places."))
        except Refusals as error:
            messages.error(request, words(error))
    return redirect("studio_work", work_id=work_id)


def _arrange(request: HttpRequest, work: Work) -> None:
    principal, given = principal_of(request), request.POST
    chosen = [pk for value in given.getlist("chapter") if (pk := _uuid(value))]
    if given.get("deed") == "bin" and chosen:
        gone = wastebin.bin_chapters(principal=principal, work_id=work.pk, ids=chosen)
        said = ngettext("%(n)d chapter is in the bin.", "%(n)d chapters are in the bin.", gone)
        messages.success(request, said % {"n": gone})
        return
    if given.get("deed") in {"stage", "tag"} and chosen:
        _mark(request, work, chosen)
        return
    place = _place(work, given)
    one = _uuid(given.get("up") or given.get("down"))
    ids = [one] if one else chosen
    if place is None or not ids:
        return
    before = ordering.formers(work, ids)
    seen = ordering.move(work=work, principal=principal, ids=ids, place=place, seen=_seen(given))
    undoing.remember(request, work, before, seen)


def _mark(request: HttpRequest, work: Work, chosen: list[UUID]) -> None:
    """The stage, or one more tag, of the chosen chapters."""
    principal, given = principal_of(request), request.POST
    if given["deed"] == "stage" and given.get("stage") in Chapter.Stage.values:
        count = marking.set_stage(principal=principal, work=work, ids=chosen, stage=given["stage"])
    elif tag := tags.of_work(principal, work).filter(pk=_uuid(given.get("tag"))).first():
        count = marking.add_tag(principal=principal, work=work, ids=chosen, tag=tag)
    else:
        return
    said = ngettext("%(n)d chapter changed.", "%(n)d chapters changed.", count)
    messages.success(request, said % {"n": count})


def _place(work: Work, given: Any) -> Place | None:
    """Where the form wants things; None where it is the edge already."""
    one = _uuid(given.get("up") or given.get("down"))
    if one is None:
        return Place(volume_id=_uuid(given.get("into")), before=_uuid(given.get("before")))
    outline = outlines.of(work)
    found = outline.place(one)
    if found is None:
        raise OrderConflict
    beside = found.previous if given.get("up") else found.following
    if beside is None:
        return _across(outline, found, up=bool(given.get("up")))
    volume = beside.chapter.volume_id
    same = volume == found.entry.chapter.volume_id
    if given.get("up"):
        return Place(volume, before=beside.pk) if same else Place(volume, after=beside.pk)
    return Place(volume, after=beside.pk) if same else Place(volume, before=beside.pk)


def _across(outline: outlines.Outline, found: outlines.Place, *, up: bool) -> Place | None:
    """Past the first or last chapter there may be an empty volume."""
    volumes = [part.volume.pk if part.volume else None for part in outline.parts]
    here = found.part.volume.pk if found.part.volume else None
    at = volumes.index(here) + (-1 if up else 1)
    return Place(volumes[at]) if 0 <= at < len(volumes) else None


def _seen(given: Any) -> int | None:
    number = given.get("structure", "")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 19 else None


def _uuid(value: str | None) -> UUID | None:
    try:
        return UUID(value or "")
    except ValueError:
        return None


def _text(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\0", "").strip()[:255]


def _sample(pattern: str) -> str:
    """What the twelfth chapter, in the second volume, is called."""
    return patterns.label(pattern, number=12, volume=2, title=_("The night ferry"))


def _heirs(request: HttpRequest, work: Work) -> dict[str, Any]:
    """Whether this person may give the work away, and to whom."""
    if not may(request, work, "own"):
        return {}
    return {"may_own": True, "members": _members(work)}


def _members(work: Work) -> list[User]:
    rows = Membership.objects.active().filter(workspace_id=work.workspace_id)
    others = rows.exclude(user=work.user_id).select_related("user").order_by("user__username")
    return [row.user for row in others[:MOST_MEMBERS]]
