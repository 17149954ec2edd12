"""What one writes a day, and what one set out to write."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from accounts.web.access import needs, person_of, principal_of
from studio import writing_stats
from studio.forms import GoalForm
from studio.writing_stats import Standing

FIELDS = ("daily_words", "days_off", "target_words", "deadline_on")
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
def goals(request: HttpRequest) -> HttpResponse:
    """The numbers, a year of days, and the form of what one sets out to."""
    principal = principal_of(request)
    goal = writing_stats.goal_of(principal)
    initial = {name: getattr(goal, name) for name in FIELDS} if goal else {}
    form = GoalForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        writing_stats.set_goal(principal=principal, wishes=form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("studio_goals")
    standing = writing_stats.standing(principal=principal, now=timezone.now())
    context = {
        "standing": standing,
        "summary": _summary(standing),
        "weeks": _weeks(request, standing),
        "form": form,
    }
    status = 400 if form.is_bound and form.errors else 200
    return render(request, "studio/goals.html", context, status=status)


@require_GET
@needs("work.view")
def as_csv(request: HttpRequest) -> HttpResponse:
    """The days of a year as a table for other programs."""
    standing = writing_stats.standing(principal=principal_of(request), now=timezone.now())
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="writing.csv"'
    writer = csv.writer(response)
    writer.writerow(["day", "typed_words"])
    writer.writerows(sorted(standing.days.items()))
    return response


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
