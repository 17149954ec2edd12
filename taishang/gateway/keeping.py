"""How long calls, days of use and quotas stay, and what of them goes with a workspace or a restore."""

from __future__ import annotations

from datetime import datetime

from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts import tenancy
from accounts.registry import RetentionPolicy
from taishang.models import ModelCall, Quota, UsageDay, UserQuota

CALL_DAYS = 365
BATCH = 1000
WITH_THE_WORKSPACE = _("until the workspace is deleted")


def call_days() -> int:
    return CALL_DAYS


POLICIES = (
    RetentionPolicy(
        "tai_model_calls", "months", _("a year, then archived"), days=call_days, archived=True
    ),
    RetentionPolicy("tai_usage_daily", "keep", WITH_THE_WORKSPACE),
    RetentionPolicy("tai_quotas", "keep", WITH_THE_WORKSPACE),
    RetentionPolicy("tai_user_quotas", "keep", _("as long as the person or the workspace")),
)


def remove_calls(*, workspace_id: int) -> int:
    """A batch of a deleted workspace's calls, then its days of use and its quotas."""
    for table in (ModelCall, UsageDay):
        rows = table.objects.filter(workspace_id=workspace_id)
        batch = list(rows.values_list("pk", flat=True)[:BATCH])
        if batch:
            return int(rows.filter(pk__in=batch)._raw_delete(rows.db))
    found = 0
    for quotas in (UserQuota.objects, Quota.objects):
        found += int(quotas.filter(workspace_id=workspace_id).delete()[0])
    return found


def end_leases(*, made_at: datetime) -> str:
    """Nobody waits for the calls that were running when the dump was made; the sweep settles them."""
    with tenancy.platform_scope(reason="after a restore"):
        lost = ModelCall.objects.running().update(lease_until=Now())
    return f"{lost} running model calls end as orphans"
