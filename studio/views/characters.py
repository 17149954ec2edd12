"""Characters as pages: the list, a card to write on, two who are one, names that several have, where people appear."""

from __future__ import annotations

import csv
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.web.access import needs, principal_of
from accounts.web.problems import words
from studio.appearances import due, reports
from studio.characters import merging, people, relations
from studio.models import Character, Work
from studio.recording import FieldRefused, NameTaken
from studio.story_forms import CharacterForm
from studio.views.stories import answered, page, row_of, work_of

SHOWN = 500
MOST_ON_A_CARD = 6


@require_GET
@needs("work.view")
def index(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """Everybody, the most frequent first, with how far the counting is."""
    work = work_of(request, work_id)
    rows = Character.objects.visible_to(principal_of(request)).filter(work=work)
    if asked := request.GET.get("q", "").strip()[:100]:
        rows = rows.filter(Q(name__icontains=asked) | Q(aliases__icontains=asked))
    rows = rows.select_related("first_appearance_chapter").defer(
        "first_appearance_chapter__content"
    )
    context = {
        "tab": "characters",
        "part": "list",
        "asked": asked,
        "rows": rows.order_by("-appearance_count", "name")[:SHOWN],
        "waiting": due.waiting(work.pk),
        "ambiguous": len(reports.ambiguities(work.pk)),
    }
    return page(request, "characters.html", work, context)


@require_GET
@needs("work.view")
def card(request: HttpRequest, work_id: UUID, pk: UUID) -> HttpResponse:
    """What one wants to know of somebody while writing: who that is, to whom they belong, where they were last."""
    work = work_of(request, work_id)
    row = row_of(request, Character.objects, work, pk)
    places = reports.chapters_of(row)
    context = {
        "row": row,
        "last": places[-1] if places else None,
        "relations": relations.of(row)[:MOST_ON_A_CARD],
    }
    return page(request, "_person_card.html", work, context)


@require_GET
@needs("work.view")
def counting(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """The bar of a recount, asked for again and again until it is over."""
    work = work_of(request, work_id)
    return page(request, "_counting.html", work, {"waiting": due.waiting(work.pk)})


@needs("work.update")
def new(request: HttpRequest, work_id: UUID) -> HttpResponse:
    return _form(request, work_of(request, work_id, "write"), None)


@needs("work.view")
def detail(request: HttpRequest, work_id: UUID, pk: UUID) -> HttpResponse:
    """A card: to be read by everybody, to be changed by who writes."""
    is_post = request.method == "POST"
    work = work_of(request, work_id, "write" if is_post else "read")
    row = row_of(request, Character.objects.select_related("work"), work, pk, lock=is_post)
    return _form(request, work, row)


@require_POST
@needs("work.update")
def delete(request: HttpRequest, work_id: UUID, pk: UUID) -> HttpResponse:
    work = work_of(request, work_id, "write")
    row = row_of(request, Character.objects, work, pk, lock=True)
    people.discard(character=row, by=principal_of(request))
    undo = reverse("studio_character_restoration", args=[work.pk, row.pk])
    done = _("%(name)s is in the bin.") % {"name": row.name}
    messages.success(request, done, extra_tags=f"undo:{undo}")
    return redirect("studio_characters", work.pk)


@require_POST
@needs("work.update")
def restore(request: HttpRequest, work_id: UUID, pk: UUID) -> HttpResponse:
    work = work_of(request, work_id, "write")
    rows = Character.objects.binned().with_right(principal_of(request), "write")
    row = get_object_or_404(rows.select_for_update(of=("self",)), work=work, pk=pk)
    try:
        people.restore(character=row, by=principal_of(request))
    except NameTaken as error:
        messages.error(request, words(error))
        return redirect("studio_characters", work.pk)
    messages.success(request, _("%(name)s is back.") % {"name": row.name})
    return redirect("studio_character", work.pk, row.pk)


@require_POST
@needs("work.update")
def merge(request: HttpRequest, work_id: UUID, pk: UUID) -> HttpResponse:
    """Take another character into this one."""
    work = work_of(request, work_id, "write")
    row = row_of(request, Character.objects, work, pk, lock=True)
    other = row_of(request, Character.objects, work, _number(request), lock=True)
    try:
        merging.merge(character=row, other=other, by=principal_of(request))
    except FieldRefused as error:
        messages.error(request, error.message)
        return redirect("studio_character", work.pk, row.pk)
    undo = reverse("studio_character_restoration", args=[work.pk, other.pk])
    done = _("%(other)s is now part of %(name)s.") % {"other": other.name, "name": row.name}
    messages.success(request, done, extra_tags=f"undo:{undo}")
    return redirect("studio_character", work.pk, row.pk)


@require_GET
@needs("work.view")
def ambiguities(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """Names that several have, each with whom it may mean and where it stands."""
    work = work_of(request, work_id)
    context = {
        "tab": "characters",
        "part": "ambiguities",
        "found": reports.ambiguities(work.pk),
        "waiting": due.waiting(work.pk),
    }
    return page(request, "ambiguities.html", work, context)


@require_POST
@needs("work.update")
def settle(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """Say whom a name of several means."""
    work = work_of(request, work_id, "write")
    row = row_of(request, Character.objects, work, _number(request))
    surface = request.POST.get("surface", "")[:100]
    try:
        people.belongs_to(surface=surface, character=row, by=principal_of(request))
    except FieldRefused as error:
        messages.error(request, error.message)
    else:
        done = _("“%(name)s” now means %(who)s.") % {"name": surface, "who": row.name}
        messages.success(request, done)
    return redirect("studio_ambiguities", work.pk)


@require_GET
@needs("work.view")
def heat_map(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """People by chapters: a drawing, and the same as a table whose cells open the places."""
    work = work_of(request, work_id)
    told = reports.heat_map(work.pk)
    if request.GET.get("as") == "csv":
        return _csv(work, told)
    context = {
        "tab": "characters",
        "part": "map",
        "told": told,
        "rows": [_map_row(row, told) for row in told.rows],
        "waiting": due.waiting(work.pk),
    }
    return page(request, "heat_map.html", work, context)


def _map_row(
    row: reports.Row, told: reports.HeatMap
) -> tuple[reports.Row, list[tuple[reports.Column, int, int]]]:
    """The cells of a person: column, count, and how dark it is, 0 to 5."""
    highest = told.highest or 1
    cells = zip(told.columns, row.counts, strict=True)
    return row, [(column, count, -(-count * 5 // highest)) for column, count in cells]


def _csv(work: Work, told: reports.HeatMap) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="appearances-{work.pk}.csv"'
    response.write("\ufeff")
    writer = csv.writer(response)
    writer.writerow(_plain([_("Name"), *(column.title for column in told.columns)]))
    for row in told.rows:
        writer.writerow([*_plain([row.name]), *row.counts])
    return response


def _plain(cells: list[str]) -> list[str]:
    """Texts that no spreadsheet takes for a formula."""
    return [f"'{cell}" if cell[:1] in "=+-@\t\r" else cell for cell in cells]


def _form(request: HttpRequest, work: Work, row: Character | None) -> HttpResponse:
    principal = principal_of(request)
    initial = (
        {"is_tracked": True, "ai_inclusion": "detected"}
        if row is None
        else CharacterForm.shown(row)
    )
    form = CharacterForm(request.POST or None, initial=initial)

    def write() -> None:
        if row is None:
            made = people.create(work=work, given=form.wishes(), by=principal)
        else:
            kept = {k: v for k, v in row.attributes.items() if k == merging.KEPT}
            made = people.change(character=row, given=form.wishes(kept), by=principal)
        messages.success(request, _("Saved."))
        for name in people.warnings(made):
            said = _("“%(name)s” is one character: it will be found in many words.")
            messages.warning(request, said % {"name": name})

    def again(status: int) -> HttpResponse:
        context = {"tab": "characters", "part": "list", "form": form, "row": row}
        if row is not None:
            others = Character.objects.visible_to(principal).filter(work=work).exclude(pk=row.pk)
            context |= {
                "places_named": reports.chapters_of(row),
                "relations": relations.of(row),
                "others": others.order_by("name"),
                "waiting": due.waiting(work.pk),
            }
        return page(request, "character.html", work, context, status)

    return answered(request, form, write, again, "studio_characters", work.pk)


def _number(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("character", ""))
    except ValueError:
        return UUID(int=0)
