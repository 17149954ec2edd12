"""Hold back what a call may use, and charge what it used. Both are one statement in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import User
from taishang.quotas import plans
from taishang.quotas.plans import Plan

HELP_URL = "/usage/"
PARALLEL_RETRY_SECONDS = 2
RESERVE = "SELECT tai_reserve(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
CHARGE = "SELECT tai_charge(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"


class QuotaExceeded(Exception):
    """A limit is used up. `fault` says which, how much and until when.

    Shapes: `{scope, unit, limit, used, reserved, needed, resets_at}`; scope is workspace, member, user_plan, rate or
    parallel; unit is tokens, cost, calls or price_unknown; costs are decimal texts; `resets_at` is ISO 8601.
    """

    code = "ai_quota_exceeded"

    def __init__(self, fault: Mapping[str, Any], *, on_exhaust: str = "refuse") -> None:
        super().__init__(f"{fault['scope']} {fault['unit']}")
        self.fault = dict(fault)
        self.on_exhaust = on_exhaust

    @property
    def resets_at(self) -> datetime | None:
        stated = self.fault.get("resets_at")
        return datetime.fromisoformat(stated) if stated else None

    def retry_after(self, now: datetime) -> int:
        """Seconds until asking again can help."""
        if self.fault["scope"] == "parallel" or self.resets_at is None:
            return PARALLEL_RETRY_SECONDS
        return max(1, int((self.resets_at - now).total_seconds()) + 1)

    @property
    def members(self) -> dict[str, Any]:
        """What the answer says beside the code."""
        return {**self.fault, "help_url": HELP_URL}

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after(timezone.now()))}


@dataclass(frozen=True)
class Payer:
    """Whose limits a call falls under: a workspace (None: the platform's own call) and perhaps a person."""

    workspace_id: int | None
    user: User | None = None
    plan: Plan | None = None

    @property
    def user_id(self) -> UUID | None:
        return self.user.id if self.user else None


@dataclass(frozen=True)
class Amount:
    """What a call may use at most. `cost` None is an unknown price. `scope` is whose key pays for the model."""

    tokens: int
    cost: Decimal | None
    scope: str
    is_exempt: bool = False


@dataclass(frozen=True)
class Charge:
    """What is given back and what is charged. `released` is 0 where the reservation was lost with its transaction."""

    charged_to: Sequence[str]
    reserved_tokens: int
    reserved_cost: Decimal
    tokens: int
    cost: Decimal | None
    released: int = 1


@dataclass(frozen=True)
class Crossing:
    """Thresholds that were passed for the first time in their month: `tokens:80`, `cost:100`."""

    scope: str
    marks: Sequence[str] = field(default_factory=tuple)


def payer(*, workspace_id: int | None, user: User | None) -> Payer:
    plan = plans.plan_of(user, timezone.now()) if user else None
    return Payer(workspace_id, user, plan)


def reserve(*, payer: Payer, amount: Amount) -> list[str]:
    """The scopes that hold the reservation now. Raises QuotaExceeded, which must roll the caller's transaction back.

    Cost: one statement; row locks of the scopes, in the order workspace, member, plan, until the commit.
    """
    plan = payer.plan
    with connection.cursor() as cursor:
        cursor.execute(
            RESERVE,
            [
                payer.workspace_id,
                payer.user_id,
                amount.scope,
                amount.is_exempt,
                amount.tokens,
                amount.cost,
                plans.first_tokens(),
                plan.monthly_tokens if plan else None,
                plan.parallel_calls if plan else None,
                settings.TIME_ZONE,
            ],
        )
        (answer,) = cursor.fetchone()
    found = orjson.loads(answer) if isinstance(answer, str) else answer
    fault = found.get("refused")
    if fault is None:
        return list(found["charged"])
    raise QuotaExceeded(_stated(fault), on_exhaust=fault.get("on_exhaust") or "refuse")


def charge(*, payer: Payer, charge: Charge) -> list[Crossing]:
    """Give the reservation back and charge what was used, in the caller's transaction. One statement."""
    if not charge.charged_to:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            CHARGE,
            [
                payer.workspace_id,
                payer.user_id,
                list(charge.charged_to),
                charge.reserved_tokens,
                charge.reserved_cost,
                charge.released,
                charge.tokens,
                charge.cost,
                payer.plan.monthly_tokens if payer.plan else None,
                settings.TIME_ZONE,
            ],
        )
        (answer,) = cursor.fetchone()
    found = orjson.loads(answer) if isinstance(answer, str) else answer
    return [Crossing(entry["scope"], entry["crossed"]) for entry in found]


def _stated(fault: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in fault.items() if name != "on_exhaust"}
    if said.get("resets_at"):
        moment = datetime.fromisoformat(said["resets_at"]).astimezone(UTC)
        said["resets_at"] = moment.isoformat().replace("+00:00", "Z")
    return said
