"""The numbers about writing on the operator's first screen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, F, Q, Sum
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from studio import versions
from studio.models import AIRequest, Batch, Chapter, ChapterSave, ChapterVersion, Work
from taishang.models import ModelCall, Task

EXPORT = "studio.export"


def held() -> dict[str, Any]:
    """Versions and their bytes, works that lie in the bin. Three queries."""
    stored = versions.storage()
    return {
        "value": stored["versions"],
        "note": _("%(size)s, %(works)d works in the bin")
        % {
            "size": filesizeformat(stored["bytes"]),
            "works": Work.objects.filter(deleted_at__isnull=False).count(),
        },
        "state": "good",
        "url": reverse("admin:studio_chapterversion_changelist"),
    }


def exports() -> dict[str, Any]:
    """Exports of today, and those that failed. One query."""
    found = Task.objects.filter(type=EXPORT, created_at__gte=_today()).aggregate(
        all=Count("id"), failed=Count("id", filter=Q(state=Task.State.FAILED))
    )
    return {
        "value": found["all"],
        "note": _("%(failed)d failed") % found,
        "state": "warn" if found["failed"] else "good",
        "url": f"{reverse('admin:taishang_task_changelist')}?type={EXPORT}",
    }


def answers() -> dict[str, Any]:
    """What the AI was asked today, what failed, what it cost, batches under way. Three queries."""
    today = _today()
    found = AIRequest.objects.filter(created_at__gte=today).aggregate(
        all=Count("id"), failed=Count("id", filter=Q(status=AIRequest.Status.FAILED))
    )
    cost = ModelCall.objects.filter(created_at__gte=today, purpose__startswith="studio.")
    facts = {
        "failed": found["failed"],
        "cost": f"{cost.aggregate(all=Sum('cost'))['all'] or 0:.2f}",
        "batches": Batch.objects.filter(state=Batch.State.RUNNING).count(),
    }
    return {
        "value": found["all"],
        "note": _("%(failed)d failed, cost %(cost)s, %(batches)d batches under way") % facts,
        "state": "warn" if found["failed"] * 10 > max(found["all"], 10) else "good",
        "url": reverse("admin:studio_airequest_changelist"),
    }


def _today() -> datetime:
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


def saves() -> dict[str, Any]:
    """Saves of today, who made them, conflicts among them, chapters the search has not seen. Three queries."""
    today = _today()
    found = ChapterSave.objects.filter(created_at__gte=today).aggregate(
        all=Count("id"), writers=Count("user_id", distinct=True)
    )
    conflict = Q(change_type=ChapterVersion.Kind.CONFLICT, created_at__gte=today)
    conflicts = ChapterVersion.objects.filter(conflict).count()
    waiting = Chapter.objects.alive().filter(indexed_revision__lt=F("revision")).count()
    facts = {"writers": found["writers"], "conflicts": conflicts, "waiting": waiting}
    return {
        "value": found["all"],
        "note": _("%(writers)d writers, %(conflicts)d conflicts, %(waiting)d not indexed") % facts,
        "state": "warn" if conflicts * 20 > max(found["all"], 20) else "good",
        "url": reverse("admin:studio_chapter_changelist"),
    }
