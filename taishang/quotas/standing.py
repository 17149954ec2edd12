"""How the limits that a person's calls fall under stand now: of the workspace, of the member, of the plan."""

from __future__ import annotations

import json
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
from taishang.models.stored import from_json
from taishang.quotas import plans

# A month of the workspace begins on its own day, one of a person's plan on the first.
STANDING = """
    SELECT to_jsonb(q)::text, own.begins, own.ends, month.begins, month.ends,
        (SELECT COALESCE(jsonb_agg(u), '[]')::text FROM tai_user_quotas u
         WHERE u.user_id = %s AND (u.workspace_id IS NULL OR u.workspace_id = %s))
    FROM (SELECT) AS one LEFT JOIN tai_quotas q ON q.workspace_id = %s
    CROSS JOIN LATERAL tai_quota_period(COALESCE(q.anchor_day, 1), %s, %s) own
    CROSS JOIN LATERAL tai_quota_period(1, %s, %s) month
"""
TOKENS, COST = "tokens", "cost"
Period = tuple[datetime, datetime]


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


@dataclass(frozen=True)
class Standing:
    """The workspace's row (one that was not needed yet is made up, not written) and every limit that counts."""

    quota: Quota
    scopes: list[Scope]


def of(*, workspace_id: int, user: User | None) -> Standing:
    """How the limits of a person's calls in a workspace stand, inside it. One statement."""
    now = timezone.now()
    person = user.pk if user else None
    moment = (now, settings.TIME_ZONE)
    with connection.cursor() as cursor:
        cursor.execute(STANDING, (person, workspace_id, workspace_id, *moment, *moment))
        row, begins, ends, month_begins, month_ends, people = cursor.fetchone()
    quota = (
        from_json(Quota, _decoded(row))
        if row
        else Quota(workspace_id=workspace_id, monthly_quota=plans.first_tokens())
    )
    scopes = list(_of_workspace(quota, (begins, ends), now))
    if user is not None:
        rows = [from_json(UserQuota, one) for one in _decoded(people)]
        scopes += _of_person(rows, user, (begins, ends), (month_begins, month_ends), now)
    return Standing(quota, scopes)


def _decoded(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


def _of_workspace(quota: Quota, period: Period, now: datetime) -> Iterator[Scope]:
    is_current = quota.resets_at is not None and quota.resets_at > now
    limit = quota.token_limit
    used = quota.usage if is_current else 0
    yield Scope("workspace", TOKENS, limit, used, quota.reserved, *period)
    ceiling = [most for most in (quota.cost_quota, quota.cost_ceiling) if most is not None]
    yield Scope(
        "workspace",
        COST,
        min(ceiling, default=None),
        quota.cost_usage if is_current else Decimal(0),
        quota.cost_reserved,
        *period,
    )


def _of_person(
    rows: list[UserQuota], user: User, period: Period, month: Period, now: datetime
) -> Iterator[Scope]:
    by_place = {row.workspace_id is None: row for row in rows}
    if (member := by_place.get(False)) is not None:
        yield _personal("member", member, member.monthly_quota, period, now)
    plan = plans.plan_of(user, now)
    row = by_place.get(True) or UserQuota(user=user)
    limit = plan.monthly_tokens if row.monthly_quota is None else row.monthly_quota
    yield _personal("user_plan", row, limit, month, now)


def _personal(
    scope: str, row: UserQuota, limit: int | None, period: Period, now: datetime
) -> Scope:
    is_current = row.resets_at is not None and row.resets_at > now
    return Scope(scope, TOKENS, limit, row.usage if is_current else 0, row.reserved, *period)


def _percent(part: Any, whole: Any) -> int:
    if not whole:
        return 0 if whole is None or not part else 100
    return min(100, int(part * 100 / whole))
