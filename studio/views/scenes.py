"""Scenes as pages: by chapter, those without a place first, each to be written on and moved."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.web.access import needs, principal_of
from studio import scenes
from studio.models import Chapter, Scene, Work
from studio.story_forms import SceneForm
from studio.views.stories import answered, chapter_of, page, row_of, work_of


@require_GET
@needs("work.view")
def index(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """The board: a column for what is not placed, one for each chapter with scenes, and the choice of all others."""
    work = work_of(request, work_id)
    principal = principal_of(request)
    rows = Scene.objects.visible_to(principal).filter(work=work)
    rows = rows.select_related("pov_character").prefetch_related("cast__character")
    by_chapter: defaultdict[UUID | None, list[Scene]] = defaultdict(list)
    for row in rows.order_by("start_position", "order_index", "created_at"):
        by_chapter[row.chapter_id].append(row)
    chapters = list(
        Chapter.objects.visible_to(principal).filter(work=work).without_text().in_order()
    )
    columns = [(chapter, by_chapter[chapter.pk]) for chapter in chapters if by_chapter[chapter.pk]]
    context = {
        "tab": "scenes",
        "loose": by_chapter[None],
        "columns": columns,
        "chapters": chapters,
        "is_empty": not by_chapter[None] and not columns,
    }
    return page(request, "scenes.html", work, context)


@needs("work.update")
def new(request: HttpRequest, work_id: UUID) -> HttpResponse:
    return _form(request, work_of(request, work_id, "write"), None)


@needs("work.view")
def detail(request: HttpRequest, work_id: UUID, pk: UUID) -> HttpResponse:
    is_post = request.method == "POST"
    work = work_of(request, work_id, "write" if is_post else "read")
    rows = Scene.objects.select_related("chapter").defer("chapter__content")
    return _form(request, work, row_of(request, rows, work, pk, lock=is_post))


@require_POST
@needs("work.update")
def move(request: HttpRequest, work_id: UUID, pk: UUID) -> HttpResponse:
    """Into another chapter, or out of every one."""
    work = work_of(request, work_id, "write")
    row = row_of(request, Scene.objects, work, pk, lock=True)
    chapter = None
    if request.POST.get("chapter"):
        try:
            chapter = chapter_of(request, work, UUID(request.POST["chapter"]))
        except ValueError:
            return redirect("studio_scenes", work.pk)
    scenes.change(scene=row, given={"chapter": chapter}, by=principal_of(request))
    messages.success(request, _("Moved."))
    return redirect("studio_scenes", work.pk)


@require_POST
@needs("work.update")
def delete(request: HttpRequest, work_id: UUID, pk: UUID) -> HttpResponse:
    work = work_of(request, work_id, "write")
    row = row_of(request, Scene.objects, work, pk, lock=True)
    scenes.discard(scene=row, by=principal_of(request))
    undo = reverse("studio_scene_restoration", args=[work.pk, row.pk])
    done = _("%(name)s is in the bin.") % {"name": row.title}
    messages.success(request, done, extra_tags=f"undo:{undo}")
    return redirect("studio_scenes", work.pk)


@require_POST
@needs("work.update")
def restore(request: HttpRequest, work_id: UUID, pk: UUID) -> HttpResponse:
    work = work_of(request, work_id, "write")
    rows = Scene.objects.binned().with_right(principal_of(request), "write")
    row = get_object_or_404(rows.select_for_update(of=("self",)), work=work, pk=pk)
    scenes.restore(scene=row, by=principal_of(request))
    messages.success(request, _("%(name)s is back.") % {"name": row.title})
    return redirect("studio_scene", work.pk, row.pk)


def _form(request: HttpRequest, work: Work, row: Scene | None) -> HttpResponse:
    principal = principal_of(request)
    plain = [name for name in SceneForm.base_fields if name != "characters"]
    initial = {} if row is None else {name: getattr(row, name) for name in plain}
    if row is not None:
        initial["characters"] = [one.character_id for one in row.cast.all()]
    elif chapter := request.GET.get("chapter"):
        initial["chapter"] = chapter
    form = SceneForm(request.POST or None, work=work, principal=principal, initial=initial)

    def write() -> None:
        if row is None:
            scenes.create(work=work, given=form.cleaned_data, by=principal)
        else:
            scenes.change(scene=row, given=form.cleaned_data, by=principal)
        messages.success(request, _("Saved."))

    def again(status: int) -> HttpResponse:
        return page(
            request, "scene.html", work, {"tab": "scenes", "form": form, "row": row}, status
        )

    return answered(request, form, write, again, "studio_scenes", work.pk)
