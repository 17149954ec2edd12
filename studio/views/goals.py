"""What one writes a day, and what one set out to write."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from accounts.web.access import needs, person_of, principal_of
from studio import goals as aims
from studio import writing_stats
from studio.forms import GoalForm
from studio.models import Work
from studio.views.access import work_of
from studio.views.places import places_of
from studio.writing_stats import Standing

MOST_WORKS = 200
WEEKS = 53
# Words from which a day is drawn darker.
LEVELS = (1, 500, 1500, 3000)


@dataclass(frozen=True)
class Day:
    day: date
    words: int

    @property
    def level(self) -> int:
        return sum(self.words >= least for least in LEVELS)


@needs("work.view")
def goals(request: HttpRequest, work_id: UUID | None = None) -> HttpResponse:
    """The numbers, a year of days, and the form of what one sets out to: in all works, or in one."""
    principal = principal_of(request)
    work = work_of(request, work_id) if work_id else None
    goal = aims.of(principal, work)
    initial = {name: getattr(goal, name) for name in aims.FIELDS} if goal else {}
    form = GoalForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        aims.put(principal=principal, wishes=form.cleaned_data, work=work)
        messages.success(request, _("Saved."))
        return redirect(request.path)
    standing = writing_stats.standing(principal=principal, now=timezone.now(), work=work)
    context = {
        "standing": standing,
        "summary": _summary(standing),
        "weeks": _weeks(request, standing),
        "form": form,
        "work": work,
        "places": places_of(work) if work else [],
        "works": [] if work else _works(request),
    }
    status = 400 if form.is_bound and form.errors else 200
    return render(request, "studio/goals.html", context, status=status)


@require_GET
@needs("work.view")
def as_csv(request: HttpRequest, work_id: UUID | None = None) -> HttpResponse:
    """The days of a year as a table for other programs."""
    work = work_of(request, work_id) if work_id else None
    standing = writing_stats.standing(
        principal=principal_of(request), now=timezone.now(), work=work
    )
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="writing.csv"'
    writer = csv.writer(response)
    writer.writerow(["day", "typed_words"])
    writer.writerows(sorted(standing.days.items()))
    return response


def _works(request: HttpRequest) -> list[tuple[Work, int | None]]:
    """The works with what one set out to a day in each."""
    principal = principal_of(request)
    daily = dict(aims.mine(principal).values_list("work_id", "daily_words"))
    rows = Work.objects.with_right(principal, "write").order_by("-updated_at")[:MOST_WORKS]
    return [(row, daily.get(row.pk)) for row in rows]


def _weeks(request: HttpRequest, standing: Standing) -> list[list[Day]]:
    """53 weeks from Monday to Sunday, the newest first; it ends today."""
    here = timezone.now().astimezone(writing_stats.zone_of(person_of(request))).date()
    first = here - timedelta(days=here.weekday() + 7 * (WEEKS - 1))
    days = [first + timedelta(days=n) for n in range((here - first).days + 1)]
    every = [Day(day, standing.days.get(day, 0)) for day in days]
    return [every[at : at + 7] for at in range(0, len(every), 7)][::-1]


def _summary(standing: Standing) -> str:
    """The drawing in words."""
    count = sum(1 for words in standing.days.values() if words)
    text = ngettext("%(n)d day with writing in a year", "%(n)d days with writing in a year", count)
    return text % {"n": count}
