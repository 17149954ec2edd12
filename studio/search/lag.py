"""How far the index is behind, for operators."""

from __future__ import annotations

from typing import Any

from django.db.models import Min
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from studio.search import following

MOST_SECONDS = 60


def behind() -> dict[str, Any]:
    """Chapters that search and counts have not seen as they are, and since when the oldest waits. Two queries."""
    rows = following.due()
    oldest = rows.aggregate(oldest=Min("saved_at"))["oldest"]
    seconds = 0 if oldest is None else int((timezone.now() - oldest).total_seconds())
    return {
        "value": rows.count(),
        "note": _("the oldest for %(seconds)d s") % {"seconds": seconds} if seconds else "",
        "state": "warn" if seconds > MOST_SECONDS else "good",
        "url": reverse("admin:studio_chapter_changelist"),
    }
