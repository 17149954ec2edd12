"""The three numbers about work on the operator's first screen; each leads to the list behind it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from taishang.models import Schedule, Task, Worker

FAILURE_HOURS = 24


def running() -> dict[str, Any]:
    """Tasks at work, and those whose time has come and that wait."""
    now = timezone.now()
    waiting = Task.objects.filter(state=Task.State.QUEUED, due_at__lte=now).count()
    return {
        "value": Task.objects.filter(state=Task.State.RUNNING).count(),
        "note": _("%(count)d waiting") % {"count": waiting},
        "state": "good" if Worker.objects.alive(now).exists() else "bad",
        "url": _list(state__exact=Task.State.RUNNING),
    }


def failed() -> dict[str, Any]:
    """Tasks that failed for good within a day, of all that ended then."""
    since = timezone.now() - timedelta(hours=FAILURE_HOURS)
    ended = Task.objects.filter(finished_at__gte=since)
    count = ended.filter(state=Task.State.FAILED).count()
    local = timezone.localtime(since)
    return {
        "value": count,
        "note": _("of %(count)d that ended") % {"count": ended.count()},
        "state": "warn" if count else "good",
        "url": _list(
            state__exact=Task.State.FAILED,
            finished_at_from_0=local.date().isoformat(),
            finished_at_from_1=local.strftime("%H:%M:%S"),
        ),
    }


def attention() -> dict[str, Any]:
    """What waits for a person: failures nobody has seen, workers that fell silent, schedules that keep failing."""
    now = timezone.now()
    letters = Task.objects.dead_letters().count()
    silent = Worker.objects.filter(stopped_at=None).count() - Worker.objects.alive(now).count()
    red = Schedule.objects.red().count()
    reasons = (
        (letters, _("%(count)d failures unseen")),
        (silent, _("%(count)d workers silent")),
        (red, _("%(count)d schedules failing")),
    )
    told = [sentence % {"count": count} for count, sentence in reasons if count]
    return {
        "value": letters + silent + red,
        "note": " · ".join(told) or _("nothing waits for you"),
        "state": "warn" if told else "good",
        "url": reverse("admin:dead_letters" if letters else "admin:live_board"),
    }


def _list(**filters: str) -> str:
    return f"{reverse('admin:taishang_task_changelist')}?{urlencode(filters)}"
