"""Every night: do the days of use say what the calls say? What differs is told, mended and recorded."""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import date, timedelta

from django.utils import timezone

from accounts import news, tenancy
from laojun import audit
from laojun.audit import Actor, Target
from taishang.usage import rebuilding
from taishang.usage.rebuilding import Difference
from taishang.usage.recording import day_of

DAYS = 35
REASON = "use is compared with its calls"
ACTOR = Actor.system("usage.reconcile")
logger = logging.getLogger(__name__)


def reconcile(*, days: int = DAYS) -> list[Difference]:
    """Compare and mend the last days; returns what had differed. Expected: nothing."""
    since = day_of(timezone.now()) - timedelta(days=days)
    with tenancy.platform_scope(reason=REASON):
        found = rebuilding.differences(since)
        by_workspace: dict[int | None, list[date]] = defaultdict(list)
        for difference in found:
            logger.error("use differs from its calls %s", difference.as_json())
            by_workspace[difference.workspace_id].append(difference.day)
        for workspace_id, differing in by_workspace.items():
            rebuilding.rebuild(workspace_id=workspace_id, days=differing)
        if found:
            _record(found)
    return found


def run() -> None:
    """What the schedule calls."""
    reconcile()


def _record(found: list[Difference]) -> None:
    audit.record(
        actor=ACTOR,
        action="usage.repaired",
        target=Target("usage", "daily", platform=True),
        details={"differences": [difference.as_json() for difference in found[:100]]},
    )
    news.tell_operators(
        "usage_differs", permission="usage.view", dedup_key="usage_differs", days=len(found)
    )
