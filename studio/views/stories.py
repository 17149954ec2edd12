"""What the pages of a story start from: the work, a row of it, a form that is shown again with what was refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from django import forms
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts.web.access import principal_of
from accounts.web.problems import words
from studio.models import Chapter, Work
from studio.recording import FieldRefused, StoryRefused
from studio.views.access import may
from studio.views.places import places_of

Row = TypeVar("Row", bound=models.Model)


def work_of(request: HttpRequest, work_id: UUID, right: str = "read") -> Work:
    """A work one sees; who may only read it gets the page for 403 where more is needed."""
    principal = principal_of(request)
    work = get_object_or_404(Work.objects.visible_to(principal), pk=work_id)
    if right != "read" and not may(request, work, right):
        raise PermissionDenied(right)
    return work


def row_of(request: HttpRequest, rows: Any, work: Work, pk: UUID, *, lock: bool = False) -> Any:
    """A row of this work that one sees, from the queryset of its kind."""
    seen = rows.visible_to(principal_of(request)).filter(work=work)
    return get_object_or_404(seen.select_for_update(of=("self",)) if lock else seen, pk=pk)


def chapter_of(request: HttpRequest, work: Work, pk: UUID) -> Chapter:
    return row_of(request, Chapter.objects.select_related("work"), work, pk)


def page(
    request: HttpRequest, template: str, work: Work, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    whole = {
        "work": work,
        "places": places_of(work),
        "may_write": may(request, work, "write"),
        **context,
    }
    return render(request, f"studio/{template}", whole, status=status)


def answered(
    request: HttpRequest,
    form: forms.Form,
    write: Callable[[], Any],
    again: Callable[[int], HttpResponse],
    then: str,
    *numbers: Any,
) -> HttpResponse:
    """Write what the form holds and go on to the page `then`, or show it again with what was refused, beside its field."""
    if request.method != "POST":
        return again(200)
    if form.is_valid():
        try:
            write()
        except FieldRefused as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        except StoryRefused as error:
            form.add_error("name" if "name" in form.fields else None, words(error))
        else:
            return redirect(then, *numbers)
    return again(400)
