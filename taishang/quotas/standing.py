"""How the limits that a person's calls fall under stand now: of the workspace, of the member, of the plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import User
from taishang.models import Quota, UserQuota
from taishang.quotas import plans

PERIOD = "SELECT begins, ends FROM tai_quota_period(%s, %s, %s)"
TOKENS, COST = "tokens", "cost"


@dataclass(frozen=True)
class Scope:
    """One limit. `limit` None is unlimited; costs are decimals in the platform's currency, tokens whole numbers."""

    scope: str
    unit: str
    limit: int | Decimal | None
    used: int | Decimal
    reserved: int | Decimal
    begins_at: datetime
    resets_at: datetime

    @property
    def remaining(self) -> int | Decimal | None:
        if self.limit is None:
            return None
        return max(self.limit - self.used - self.reserved, type(self.limit)(0))

    @property
    def used_percent(self) -> int:
        return _percent(self.used, self.limit)

    @property
    def reserved_percent(self) -> int:
        return _percent(self.reserved, self.limit)

    @property
    def is_exhausted(self) -> bool:
        return self.limit is not None and self.used + self.reserved >= self.limit

    @property
    def name(self) -> str:
        """What structured fields call it."""
        return f"ai.{self.scope}.{self.unit}"


def quota_of(workspace_id: int) -> Quota:
    """The workspace's row; one that was not needed yet is made up, not written."""
    found = Quota.objects.filter(workspace_id=workspace_id).first()
    return found or Quota(workspace_id=workspace_id, monthly_quota=plans.first_tokens())


def scopes(*, workspace_id: int, user: User | None) -> list[Scope]:
    """Every limit that counts for a person's calls in a workspace, inside it. Four queries at most."""
    now = timezone.now()
    quota = quota_of(workspace_id)
    return [*_of_workspace(quota, now), *(_of_person(quota, user, now) if user else ())]


def _of_workspace(quota: Quota, now: datetime) -> Iterator[Scope]:
    is_current = quota.resets_at is not None and quota.resets_at > now
    begins, ends = _period(quota.anchor_day, now)
    limit = quota.token_limit
    yield Scope(
        "workspace",
        TOKENS,
        limit,
        quota.usage if is_current else 0,
        quota.reserved,
        begins,
        ends,
    )
    ceiling = [most for most in (quota.cost_quota, quota.cost_ceiling) if most is not None]
    yield Scope(
        "workspace",
        COST,
        min(ceiling, default=None),
        quota.cost_usage if is_current else Decimal(0),
        quota.cost_reserved,
        begins,
        ends,
    )


def _of_person(quota: Quota, user: User, now: datetime) -> Iterator[Scope]:
    rows = {
        row.workspace_id: row
        for row in UserQuota.objects.filter(user=user)
        if row.workspace_id in {None, quota.workspace_id}
    }
    if quota.workspace_id in rows:
        row = rows[quota.workspace_id]
        yield _personal("member", row, row.monthly_quota, _period(quota.anchor_day, now), now)
    plan = plans.plan_of(user, now)
    row = rows.get(None) or UserQuota(user=user)
    limit = plan.monthly_tokens if row.monthly_quota is None else row.monthly_quota
    yield _personal("user_plan", row, limit, _period(1, now), now)


def _personal(
    scope: str, row: UserQuota, limit: int | None, period: tuple[datetime, datetime], now: datetime
) -> Scope:
    is_current = row.resets_at is not None and row.resets_at > now
    return Scope(scope, TOKENS, limit, row.usage if is_current else 0, row.reserved, *period)


def _period(anchor_day: int, now: datetime) -> tuple[datetime, datetime]:
    with connection.cursor() as cursor:
        cursor.execute(PERIOD, [anchor_day, now, settings.TIME_ZONE])
        begins, ends = cursor.fetchone()
    return begins, ends


def _percent(part: Any, whole: Any) -> int:
    if not whole:
        return 0 if whole is None or not part else 100
    return min(100, int(part * 100 / whole))
