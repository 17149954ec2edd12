"""The world of a work as pages: the tree, and an entry to write on."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.web.access import needs, principal_of
from studio import worldview
from studio.models import Work, WorldEntry
from studio.story_forms import EntryForm
from studio.views.stories import answered, page, row_of, work_of


@require_GET
@needs("work.view")
def index(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """The tree, all of it or one category."""
    work = work_of(request, work_id)
    rows = WorldEntry.objects.visible_to(principal_of(request)).filter(work=work)
    category = request.GET.get("category", "")
    if category in WorldEntry.Category.values:
        rows = rows.filter(category=category)
    context = {
        "tab": "world",
        "rows": worldview.in_tree_order(rows),
        "category": category,
        "categories": WorldEntry.Category.choices,
    }
    return page(request, "world.html", work, context)


@needs("work.update")
def new(request: HttpRequest, work_id: UUID) -> HttpResponse:
    return _form(request, work_of(request, work_id, "write"), None)


@needs("work.view")
def detail(request: HttpRequest, work_id: UUID, pk: UUID) -> HttpResponse:
    is_post = request.method == "POST"
    work = work_of(request, work_id, "write" if is_post else "read")
    return _form(request, work, row_of(request, WorldEntry.objects, work, pk, lock=is_post))


@require_POST
@needs("work.update")
def delete(request: HttpRequest, work_id: UUID, pk: UUID) -> HttpResponse:
    """Into the bin: what lies below is lifted, or goes along where that was chosen."""
    work = work_of(request, work_id, "write")
    row = row_of(request, WorldEntry.objects, work, pk, lock=True)
    with_branch = request.POST.get("branch") == "yes"
    gone = worldview.discard(entry=row, with_branch=with_branch, by=principal_of(request))
    undo = reverse("studio_entry_restoration", args=[work.pk, row.pk])
    done = ngettext("%(n)d entry is in the bin.", "%(n)d entries are in the bin.", gone)
    messages.success(request, done % {"n": gone}, extra_tags=f"undo:{undo}")
    return redirect("studio_world", work.pk)


@require_POST
@needs("work.update")
def restore(request: HttpRequest, work_id: UUID, pk: UUID) -> HttpResponse:
    work = work_of(request, work_id, "write")
    rows = WorldEntry.objects.binned().with_right(principal_of(request), "write")
    row = get_object_or_404(rows.select_for_update(of=("self",)), work=work, pk=pk)
    worldview.restore(entry=row, by=principal_of(request))
    messages.success(request, _("%(name)s is back.") % {"name": row.title})
    return redirect("studio_world", work.pk)


def _form(request: HttpRequest, work: Work, row: WorldEntry | None) -> HttpResponse:
    principal = principal_of(request)
    plain = ("title", "category", "content", "ai_inclusion")
    initial = {} if row is None else {name: getattr(row, name) for name in plain}
    if row is not None:
        initial |= {
            "parent": row.parent_id,
            "aliases": ", ".join(row.aliases),
            "characters": [one.character_id for one in row.cast.all()],
        }
    elif parent := request.GET.get("parent"):
        initial["parent"] = parent
    form = EntryForm(request.POST or None, work=work, principal=principal, initial=initial)

    def write() -> None:
        given = form.wishes()
        if row is None:
            worldview.create(work=work, given=given, by=principal)
        else:
            parent = given.pop("parent")
            if (parent and parent.pk) != row.parent_id:
                worldview.place(entry=row, parent=parent, by=principal)
            worldview.change(entry=row, given=given, by=principal)
        messages.success(request, _("Saved."))

    def again(status: int) -> HttpResponse:
        has_branch = row is not None and WorldEntry.objects.filter(parent=row).alive().exists()
        context = {"tab": "world", "form": form, "row": row, "has_branch": has_branch}
        return page(request, "world_entry.html", work, context, status)

    return answered(request, form, write, again, "studio_world", work.pk)
