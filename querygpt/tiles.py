"""The number about questions on the operator's first screen."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from querygpt.answering.asking import KIND
from querygpt.models import Message


def questions() -> dict[str, Any]:
    """Answers of today, and how many of them failed or were refused. One query."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    rows = Message.objects.filter(role=Message.Role.ASSISTANT, created_at__gte=today)
    found = rows.aggregate(
        all=Count("id"),
        failed=Count("id", filter=Q(outcome=Message.Outcome.FAILED)),
        refused=Count("id", filter=Q(outcome=Message.Outcome.REFUSED)),
    )
    return {
        "value": found["all"],
        "note": _("%(failed)d failed, %(refused)d refused") % found,
        "state": "warn" if found["all"] and found["failed"] * 2 > found["all"] else "good",
        "url": f"{reverse('admin:taishang_task_changelist')}?{urlencode({'type__exact': KIND})}",
    }
