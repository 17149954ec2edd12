"""Relations as pages: a graph to look at and the equal list, of one chapter's time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.web.access import needs, principal_of
from studio.characters import relations
from studio.models import Chapter, CharacterRelation, Work
from studio.story_forms import RelationForm
from studio.views.stories import answered, page, row_of, work_of


@require_GET
@needs("work.view")
def graph(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """Who stands to whom how, everything or as of a chapter, of all kinds or one."""
    work = work_of(request, work_id)
    chapters = Chapter.objects.visible_to(principal_of(request)).filter(work=work).without_text()
    chapter = _chapter(request, chapters)
    told = relations.as_of(work.pk, chapter)
    kinds = sorted({row.kind for row in told})
    if (kind := request.GET.get("kind", "")) in kinds:
        told = [row for row in told if row.kind == kind]
    context = {
        "tab": "characters",
        "part": "relations",
        "rows": told,
        "graph": _graph(told, work),
        "kinds": kinds,
        "kind": kind,
        "chapters": chapters.in_order(),
        "chapter": chapter,
    }
    return page(request, "relations.html", work, context)


@needs("work.update")
def new(request: HttpRequest, work_id: UUID) -> HttpResponse:
    return _form(request, work_of(request, work_id, "write"), None)


@needs("work.update")
def detail(request: HttpRequest, work_id: UUID, pk: UUID) -> HttpResponse:
    work = work_of(request, work_id, "write")
    rows = CharacterRelation.objects.select_related("from_character", "to_character")
    return _form(request, work, row_of(request, rows, work, pk, lock=request.method == "POST"))


@require_POST
@needs("work.update")
def delete(request: HttpRequest, work_id: UUID, pk: UUID) -> HttpResponse:
    work = work_of(request, work_id, "write")
    row = row_of(request, CharacterRelation.objects, work, pk, lock=True)
    relations.remove(relation=row, by=principal_of(request))
    messages.success(request, _("The relation is deleted."))
    return redirect("studio_relations", work.pk)


def _form(request: HttpRequest, work: Work, row: CharacterRelation | None) -> HttpResponse:
    principal = principal_of(request)
    names = RelationForm.base_fields
    initial = {} if row is None else {name: getattr(row, name) for name in names}
    if row is None and (start := request.GET.get("from")):
        initial["from_character"] = start
    form = RelationForm(request.POST or None, work=work, principal=principal, initial=initial)

    def write() -> None:
        if row is None:
            relations.create(work=work, given=form.cleaned_data, by=principal)
        else:
            relations.change(relation=row, given=form.cleaned_data, by=principal)
        messages.success(request, _("Saved."))

    def again(status: int) -> HttpResponse:
        context = {"tab": "characters", "part": "relations", "form": form, "row": row}
        return page(request, "relation.html", work, context, status)

    return answered(request, form, write, again, "studio_relations", work.pk)


def _chapter(request: HttpRequest, chapters: Any) -> Chapter | None:
    try:
        return chapters.filter(pk=UUID(request.GET.get("chapter", ""))).first()
    except ValueError:
        return None


def _graph(told: Iterable[CharacterRelation], work: Work) -> dict[str, Any]:
    """Shapes: {nodes: [{id, label, weight}], edges: [{id, source, target, label, weight, directed}]}."""
    people = {}
    for row in told:
        for one in (row.from_character, row.to_character):
            people[one.pk] = one
    return {
        "nodes": [
            {"id": str(one.pk), "label": one.name, "weight": one.appearance_count}
            for one in people.values()
        ],
        "edges": [
            {
                "id": str(row.pk),
                "source": str(row.from_character_id),
                "target": str(row.to_character_id),
                "label": row.kind,
                "weight": row.weight,
                "directed": row.is_directed,
            }
            for row in told
        ],
        "title": work.title,
    }
