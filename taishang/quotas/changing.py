"""Set what a workspace may use: its owner within the operator's ceilings, the operator without."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils import timezone

from laojun import audit
from laojun.audit import Actor, Target
from taishang.models import Quota, UserQuota
from taishang.quotas import plans

OWNERS = frozenset(
    {
        "monthly_quota",
        "cost_quota",
        "max_parallel_calls",
        "on_exhaust",
        "on_unknown_price",
        "warn_at",
        "count_own_keys",
        "anchor_day",
    }
)
OPERATORS = OWNERS | {"monthly_ceiling", "cost_ceiling"}
CEILINGS = {"monthly_quota": "monthly_ceiling", "cost_quota": "cost_ceiling"}


class AboveCeiling(Exception):
    """The limit is higher than the operator allows. `field` and `ceiling` say which and how much."""

    def __init__(self, field: str, ceiling: int | Decimal) -> None:
        super().__init__(field)
        self.field = field
        self.ceiling = ceiling


def held(*, workspace_id: int) -> Quota:
    """The workspace's quota, locked until the end of the transaction; born where it is not there yet."""
    Quota.objects.get_or_create(
        workspace_id=workspace_id, defaults={"monthly_quota": plans.first_tokens()}
    )
    return Quota.objects.select_for_update().get(workspace_id=workspace_id)


def change(
    *, quota: Quota, wishes: Mapping[str, Any], actor: Actor, fields: frozenset[str] = OWNERS
) -> Quota:
    """Change a quota that the caller holds locked; the next call sees it. Raises AboveCeiling."""
    given = {name: value for name, value in wishes.items() if name in fields}
    before = {name: getattr(quota, name) for name in given}
    for name, value in given.items():
        setattr(quota, name, value)
    for name, ceiling_name in CEILINGS.items():
        ceiling, limit = getattr(quota, ceiling_name), getattr(quota, name)
        if name in given and ceiling is not None and (limit is None or limit > ceiling):
            raise AboveCeiling(name, ceiling)
    quota.updated_at = timezone.now()
    quota.save(update_fields=[*given, "updated_at"])
    quota.refresh_from_db()
    after = {name: getattr(quota, name) for name in given}
    if before != after:
        audit.record(
            actor=actor,
            action="quota.changed",
            target=Target("quota", str(quota.workspace_id), workspace_id=quota.workspace_id),
            before=_plain(before),
            after=_plain(after),
        )
    return quota


def reset(*, quota: Quota | UserQuota, actor: Actor, reason: str) -> None:
    """Let the month begin with nothing used; what running calls hold stays held."""
    before: dict[str, Any] = {"usage": quota.usage}
    values: dict[str, Any] = {"usage": 0, "warned": [], "updated_at": timezone.now()}
    if isinstance(quota, Quota):
        before["cost_usage"] = quota.cost_usage
        values["cost_usage"] = Decimal(0)
    type(quota).objects.filter(pk=quota.pk).update(**values)
    key = f"{quota.workspace_id}" if isinstance(quota, Quota) else f"user:{quota.user_id}"
    audit.record(
        actor=actor,
        action="quota.reset",
        target=Target(
            "quota", key, platform=quota.workspace_id is None, workspace_id=quota.workspace_id
        ),
        before=_plain(before),
        after=dict.fromkeys(before, "0"),
        details={"reason": reason},
    )


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value, Decimal) else value for name, value in values.items()
    }
