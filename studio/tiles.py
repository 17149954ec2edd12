"""The numbers about writing on the operator's first screen."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from studio.models import Chapter, ChapterSave, ChapterVersion


def saves() -> dict[str, Any]:
    """Saves of today, who made them, conflicts among them, chapters the search has not seen. Three queries."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
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
