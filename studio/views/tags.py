"""Tags of a work as pages: a cloud, and each to be renamed, merged, deleted."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.web.access import needs, principal_of
from studio import tags
from studio.models import Chapter, Tag, Work
from studio.recording import FieldRefused
from studio.story_forms import TagForm
from studio.views.stories import answered, chapter_of, page, work_of


@require_GET
@needs("work.view")
def index(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """The tags with how many chapters carry each; of a chosen one the chapters."""
    work = work_of(request, work_id)
    principal = principal_of(request)
    rows = list(tags.of_work(principal, work).order_by("name"))
    most = max((row.chapters for row in rows), default=0) or 1
    chosen = next((row for row in rows if str(row.pk) == request.GET.get("tag")), None)
    chapters = Chapter.objects.visible_to(principal).filter(work=work).without_text().in_order()
    if chosen is not None:
        chapters = chapters.filter(chapter_tags__tag=chosen)
    context = {
        "tab": "tags",
        "cloud": [(row, 1 + row.chapters * 3 // most) for row in rows],
        "chosen": chosen,
        "chapters": chapters,
    }
    return page(request, "tags.html", work, context)


@needs("work.update")
def new(request: HttpRequest, work_id: UUID) -> HttpResponse:
    return _form(request, work_of(request, work_id, "write"), None)


@needs("work.update")
def detail(request: HttpRequest, work_id: UUID, pk: UUID) -> HttpResponse:
    work = work_of(request, work_id, "write")
    return _form(request, work, _tag(request, work, pk, lock=request.method == "POST"))


@require_POST
@needs("work.update")
def delete(request: HttpRequest, work_id: UUID, pk: UUID) -> HttpResponse:
    work = work_of(request, work_id, "write")
    row = _tag(request, work, pk, lock=True)
    tags.remove(tag=row, by=principal_of(request))
    messages.success(request, _("%(name)s is deleted.") % {"name": row.name})
    return redirect("studio_tags", work.pk)


@require_POST
@needs("work.update")
def merge(request: HttpRequest, work_id: UUID, pk: UUID) -> HttpResponse:
    """Take another tag into this one."""
    work = work_of(request, work_id, "write")
    row = _tag(request, work, pk, lock=True)
    try:
        other = _tag(request, work, UUID(request.POST.get("tag", "")), lock=True)
        tags.merge(tag=row, other=other, by=principal_of(request))
    except ValueError:
        messages.error(request, _("Choose another tag of the same place."))
    except FieldRefused as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The tags are one now."))
    return redirect("studio_tags", work.pk)


@require_POST
@needs("work.update")
def put_on(request: HttpRequest, work_id: UUID, chapter_id: UUID) -> HttpResponse:
    """The chosen tags, and no others, on one chapter."""
    work = work_of(request, work_id)
    chapter = chapter_of(request, work, chapter_id)
    principal = principal_of(request)
    get_object_or_404(Chapter.objects.editable_by(principal).without_text(), pk=chapter.pk)
    wanted = set(request.POST.getlist("tag"))
    chosen = [tag for tag in tags.of_work(principal, work) if str(tag.pk) in wanted]
    tags.put_on(chapter=chapter, tags=chosen, by=principal)
    messages.success(request, _("Saved."))
    return redirect("studio_tags", work.pk)


def _tag(request: HttpRequest, work: Work, pk: UUID, *, lock: bool) -> Tag:
    rows = Tag.objects.editable_by(principal_of(request)).filter(pk=pk)
    rows = rows.filter(work=work) | rows.filter(work__isnull=True)
    return get_object_or_404(rows.select_for_update(of=("self",)) if lock else rows)


def _form(request: HttpRequest, work: Work, row: Tag | None) -> HttpResponse:
    principal = principal_of(request)
    initial = (
        {}
        if row is None
        else {name: getattr(row, name) for name in ("name", "color", "description")}
    )
    form = TagForm(request.POST or None, initial=initial)
    if row is not None:
        del form.fields["is_own"]
        if row.color not in tags.COLORS:
            field = form.fields["color"]
            field.choices = [*field.choices, (row.color, row.color)]  # type: ignore[attr-defined]

    def write() -> None:
        given = dict(form.cleaned_data)
        is_own = given.pop("is_own", False)
        if row is None:
            tags.create(work=work, given=given, is_own=is_own, by=principal)
        else:
            tags.change(tag=row, given=given, by=principal)
        messages.success(request, _("Saved."))

    def again(status: int) -> HttpResponse:
        context = {"tab": "tags", "form": form, "row": row}
        if row is not None:
            others = Tag.objects.editable_by(principal).filter(work=row.work, user=row.user)
            context["others"] = others.exclude(pk=row.pk).order_by("name")
        return page(request, "tag.html", work, context, status)

    return answered(request, form, write, again, "studio_tags", work.pk)
