"""Figures of the logs for the operators' first screen, asked in the platform scope."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from laojun.models import SystemLog

CONFESSION = "laojun.logs"


def errors() -> dict[str, Any]:
    """Errors of the last day; lines that had to be dropped turn the tile red."""
    rows = SystemLog.objects.filter(created_at__gt=timezone.now() - timedelta(days=1))
    found = rows.aggregate(
        errors=Sum("repeat_count", filter=Q(level=SystemLog.Level.ERROR)),
        drops=Count("pk", filter=Q(logger=CONFESSION)),
    )
    count = found["errors"] or 0
    note = _("no lines dropped")
    if found["drops"]:
        note = _("lines were dropped %(times)d times") % {"times": found["drops"]}
    return {
        "value": count,
        "note": note,
        "state": "bad" if found["drops"] else "warn" if count else "good",
        "url": f"{reverse('admin:laojun_systemlog_changelist')}?level__exact=ERROR",
    }
