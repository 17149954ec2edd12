"""The bin: what was deleted, until when it can come back, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
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
from studio.models import Chapter, Volume, Work

KEPT = timedelta(days=30)
SHOWN = 200


@dataclass(frozen=True)
class Kind:
    """What can lie in the bin: which of them a person may bring back, and how."""

    label: Any
    rows: Callable[[Principal], models.QuerySet[Any]]
    restore: Callable[..., Any]


def _works(principal: Principal) -> models.QuerySet[Any]:
    return Work.objects.binned_by(principal)


def _volumes(principal: Principal) -> models.QuerySet[Any]:
    works = Work.objects.with_right(principal, "write")
    return Volume.objects.binned().filter(work__in=works).select_related("work")


def _chapters(principal: Principal) -> models.QuerySet[Any]:
    rows = Chapter.objects.writable_by(principal).binned().filter(work__deleted_at=None)
    return rows.without_text().select_related("work")


KINDS = {
    "work": Kind(gettext_lazy("work"), _works, wastebin.restore_work),
    "volume": Kind(gettext_lazy("volume"), _volumes, wastebin.restore_volume),
    "chapter": Kind(gettext_lazy("chapter"), _chapters, wastebin.restore_chapter),
}


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
        KINDS[kind].restore(**{kind: found}, principal=principal)
    except wastebin.NotInBin as error:
        messages.error(request, words(error))
    else:
        messages.success(request, _("It is back where it was."))
    return redirect("studio_bin")


def _thing(name: str, kind: Kind, row: Any) -> Thing:
    owner = "" if name == "work" else row.work.title
    title = row.title or _("without a title")
    return Thing(name, kind.label, row.pk, title, owner, row.deleted_at)
