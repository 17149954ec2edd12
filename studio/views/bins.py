"""The bin: what was deleted, until when it can come back, the way back, and the early end of a work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.authentication import Principal
from accounts.web.access import needs, principal_of
from accounts.web.problems import words
from studio import bin as wastebin
from studio import scenes, worldview
from studio.agents import refusals, saving
from studio.characters import people
from studio.models import Agent, Chapter, Character, Scene, Volume, Work, WorldEntry
from studio.recording import StoryRefused

KEPT = wastebin.KEPT
SHOWN = 200


@dataclass(frozen=True)
class Kind:
    """What can lie in the bin: which of them a person may bring back, and how."""

    label: Any
    rows: Callable[[Principal], models.QuerySet[Any]]
    restore: Callable[[Any, Principal], Any]


def _works(principal: Principal) -> models.QuerySet[Any]:
    return Work.objects.binned_by(principal)


def _volumes(principal: Principal) -> models.QuerySet[Any]:
    works = Work.objects.with_right(principal, "write")
    return Volume.objects.binned().filter(work__in=works).select_related("work")


def _chapters(principal: Principal) -> models.QuerySet[Any]:
    rows = Chapter.objects.writable_by(principal).binned().filter(work__deleted_at=None)
    return rows.without_text().select_related("work")


def _of_story(model: Any, principal: Principal) -> models.QuerySet[Any]:
    return model.objects.binned().with_right(principal, "write").select_related("work")


def _agents(principal: Principal) -> models.QuerySet[Any]:
    return Agent.objects.binned_by(principal)


KINDS = {
    "work": Kind(
        gettext_lazy("work"), _works, lambda row, by: wastebin.restore_work(work=row, principal=by)
    ),
    "volume": Kind(
        gettext_lazy("volume"),
        _volumes,
        lambda row, by: wastebin.restore_volume(volume=row, principal=by),
    ),
    "chapter": Kind(
        gettext_lazy("chapter"),
        _chapters,
        lambda row, by: wastebin.restore_chapter(chapter=row, principal=by),
    ),
    "character": Kind(
        gettext_lazy("character"),
        partial(_of_story, Character),
        lambda row, by: people.restore(character=row, by=by),
    ),
    "scene": Kind(
        gettext_lazy("scene"),
        partial(_of_story, Scene),
        lambda row, by: scenes.restore(scene=row, by=by),
    ),
    "entry": Kind(
        gettext_lazy("world entry"),
        partial(_of_story, WorldEntry),
        lambda row, by: worldview.restore(entry=row, by=by),
    ),
    "agent": Kind(
        gettext_lazy("writing agent"),
        _agents,
        lambda row, by: saving.restore(agent=row, principal=by),
    ),
}
REFUSALS = (wastebin.NotInBin, StoryRefused, refusals.NameTaken)


@dataclass(frozen=True)
class Thing:
    """A line of the bin."""

    kind: str
    label: Any
    pk: UUID
    title: str
    work_title: str
    deleted_at: datetime

    @property
    def goes_at(self) -> datetime:
        return self.deleted_at + KEPT


@require_GET
@needs("work.view")
def index(request: HttpRequest) -> HttpResponse:
    """What can still come back, the last deleted first."""
    things = [
        _thing(name, kind, row)
        for name, kind in KINDS.items()
        for row in kind.rows(principal_of(request)).order_by("-deleted_at")[:SHOWN]
    ]
    things.sort(key=lambda one: one.deleted_at, reverse=True)
    return render(request, "studio/bin.html", {"things": things[:SHOWN]})


@require_POST
@needs("work.update")
def restore(request: HttpRequest, kind: str, pk: UUID) -> HttpResponse:
    if kind not in KINDS:
        raise Http404
    principal = principal_of(request)
    found = get_object_or_404(KINDS[kind].rows(principal), pk=pk)
    try:
        KINDS[kind].restore(found, principal)
    except REFUSALS as error:
        messages.error(request, words(error))
    else:
        messages.success(request, _("It is back where it was."))
    return redirect("studio_bin")


@require_POST
@needs("work.delete")
def erase(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """Delete a work for good before its time, on its typed title."""
    principal = principal_of(request)
    rows = Work.objects.binned_by(principal).select_for_update(of=("self",))
    work = get_object_or_404(rows, pk=work_id)
    try:
        wastebin.purge_work(work=work, principal=principal, title=request.POST.get("title", ""))
    except wastebin.TitleDiffers as error:
        messages.error(request, words(error))
    else:
        messages.success(request, _("“%(title)s” is deleted for good.") % {"title": work.title})
    return redirect("studio_bin")


def _thing(name: str, kind: Kind, row: Any) -> Thing:
    owner = "" if name in {"work", "agent"} else row.work.title
    return Thing(name, kind.label, row.pk, str(row) or _("without a title"), owner, row.deleted_at)
