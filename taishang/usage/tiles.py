"""What AI calls cost today, on the operator's first screen."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from taishang.catalogue.prices import platform_currency
from taishang.models import UsageDay
from taishang.usage import sums
from taishang.usage.costs import plain
from taishang.usage.recording import day_of


def cost_today() -> dict[str, Any]:
    """The known costs of the day in every workspace, and how many calls they are of. One query."""
    found = sums.total(UsageDay.objects.filter(stat_date=day_of(timezone.now())))
    sign = "" if found.cost_is_complete else "≥ "
    cost = number_format(plain(found.cost.quantize(sums.SHOWN)), use_l10n=True)
    return {
        "value": f"{sign}{cost} {platform_currency()}",
        "note": _("%(count)d calls, %(failed)d failed")
        % {"count": found.requests, "failed": found.failed},
        "state": "warn" if found.requests and found.failed * 2 > found.requests else "good",
        "url": reverse("admin:taishang_modelcall_changelist"),
    }
