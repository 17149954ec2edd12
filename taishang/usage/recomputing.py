"""Count again what calls cost after a price was added for a time that has passed. Doing it twice changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts import tenancy
from laojun import audit
from laojun.audit import Actor, Target
from taishang.models import ModelCall, ModelPrice, Quota
from taishang.usage import rebuilding
from taishang.usage.costs import Prices

BATCH = 500
REASON = "costs of calls are counted again"
Progress = Callable[[int, int], None]


@dataclass
class Recomputed:
    """What counting again changed. Costs in the platform's currency, of the calls that were looked at."""

    calls: int = 0
    changed: int = 0
    before: Decimal = Decimal(0)
    after: Decimal = Decimal(0)

    def as_json(self) -> dict[str, Any]:
        return {
            "calls": self.calls,
            "changed": self.changed,
            "before": str(self.before),
            "after": str(self.after),
        }


def recompute(*, price: ModelPrice, actor: Actor, progress: Progress | None = None) -> Recomputed:
    """Let every call that a price holds for cost what the prices now say; its days and cost quota follow.

    A workspace at a time, each in one transaction; one audit entry with both sums.
    """
    done = Recomputed()
    with tenancy.platform_scope(reason=REASON):
        calls = _calls(price.model_id, price.workspace_id, price.effective_from, timezone.now())
        places = list(calls.values_list("workspace_id", flat=True).distinct())
        prices = _Prices(price.model_id)
    for number, workspace_id in enumerate(places):
        with tenancy.platform_scope(reason=REASON):
            _recompute_place(calls.filter(workspace_id=workspace_id), workspace_id, prices, done)
        if progress is not None:
            progress(number + 1, len(places))
    with tenancy.platform_scope(reason=REASON):
        audit.record(
            actor=actor,
            action="usage.recomputed",
            target=Target(
                "model",
                str(price.model_id),
                platform=price.workspace_id is None,
                workspace_id=price.workspace_id,
            ),
            details={"price": price.pk, **done.as_json()},
        )
    return done


class _Prices:
    """Every price of one model, asked by place and time without a query each."""

    def __init__(self, model_id: int) -> None:
        self._rows = list(ModelPrice.objects.filter(model_id=model_id).order_by("-effective_from"))

    def of(self, call: ModelCall) -> Prices:
        begun = [row for row in self._rows if row.effective_from <= call.started_at]
        own = (row for row in begun if row.workspace_id == call.workspace_id)
        shared = (row for row in begun if row.workspace_id is None)
        return Prices.of_row(next(own, None) or next(shared, None))


def _calls(
    model_id: int, workspace_id: int | None, since: datetime, until: datetime
) -> QuerySet[ModelCall]:
    calls = ModelCall.objects.filter(
        model_id=model_id,
        is_cached=False,
        started_at__gte=since,
        started_at__lt=until,
        # The month a row lies in goes by this column.
        created_at__gte=since - timedelta(days=1),
    ).exclude(status=ModelCall.Status.RUNNING)
    return calls if workspace_id is None else calls.filter(workspace_id=workspace_id)


def _recompute_place(
    calls: QuerySet[ModelCall], workspace_id: int | None, prices: _Prices, done: Recomputed
) -> None:
    days: set[date] = set()
    for call in calls.order_by("pk").iterator(chunk_size=BATCH):
        new = prices.of(call)
        cost = new.cost(
            input_tokens=call.input_tokens,
            output_tokens=call.output_tokens,
            cached=call.cached_input_tokens,
        )
        done.calls += 1
        done.before += call.cost or 0
        done.after += cost or 0
        if cost == call.cost:
            continue
        done.changed += 1
        days.add(call.stat_date)
        _change(call, cost, new)
    rebuilding.rebuild(workspace_id=workspace_id, days=sorted(days))


def _change(call: ModelCall, cost: Decimal | None, prices: Prices) -> None:
    difference = (cost or Decimal(0)) - (call.cost or Decimal(0))
    ModelCall.objects.at(call.pk).update(
        cost=cost, price_id=prices.price_id, prices=prices.as_texts()
    )
    if "workspace" in call.charged_to:
        Quota.objects.filter(
            workspace_id=call.workspace_id, period_start__lte=call.completed_at
        ).update(cost_usage=Greatest(F("cost_usage") + difference, Decimal(0)))
