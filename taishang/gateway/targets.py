"""Which model answers: the one that was asked for, then those that may stand in for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from taishang.catalogue import keys, prices, references
from taishang.catalogue.references import Place
from taishang.catalogue.refusals import ModelDisabled, ModelNotFound
from taishang.gateway.asks import Ask
from taishang.gateway.refusals import ModelNotInPlan
from taishang.models import Model
from taishang.providers.base import PROVIDERS, Connection
from taishang.quotas.reserving import Payer, QuotaExceeded
from taishang.usage.costs import Prices

MOST_STAND_INS = 4


@dataclass(frozen=True)
class Target:
    """One model that may answer, with what the call needs of it. `note` says why it stands in."""

    model: Model
    prices: Prices
    note: str = ""

    @property
    def label(self) -> str:
        return str(self.model)

    def connection(self) -> Connection:
        """How to reach it, its key opened. Raises ProviderError where the key cannot be read."""
        return keys.connection_of(self.model)


@dataclass(frozen=True)
class Choice:
    """Whom to ask first, who may stand in, and the alias to turn to when costs are used up."""

    chain: Sequence[Target]
    on_quota: str | None = None


def choose(ask: Ask, payer: Payer, *, at: datetime) -> Choice:
    """Inside the place of the call. Raises ModelNotFound, ModelDisabled, NoModelConfigured, ModelNotInPlan."""
    if isinstance(ask.model, Model):
        if ask.model.provider not in PROVIDERS:
            raise ModelNotFound(str(ask.model))
        return Choice([_target(ask, ask.model, at)])
    where = Place(ask.workspace_id, ask.user_id)
    if ask.model:
        found = references.resolve(ask.model, place=where, kind=ask.kind)
    else:
        found = references.choose(place=where, kind=ask.kind)
    allowed = [row for row in (found.model, *found.fallbacks) if _in_plan(row, payer)]
    if not allowed:
        raise ModelNotInPlan(str(found.model))
    first, *others = allowed
    chain = [_target(ask, first, at, found.note), *(_target(ask, row, at) for row in others)]
    return Choice(chain, found.on_quota)


def stand_ins(
    ask: Ask, payer: Payer, choice: Choice, refused: QuotaExceeded, *, at: datetime
) -> list[Target]:
    """Who may answer when a limit is used up and the owner wants to go on.

    Costs: the alias's `on_quota` first, then its cheaper fallbacks. Tokens: only models outside the quotas.
    """
    if refused.on_exhaust != "degrade" or refused.fault["scope"] == "parallel":
        return []
    first, *others = choice.chain
    named = _named(ask, choice.on_quota)
    if refused.fault["unit"] == "tokens":
        rows = [row for row in (*named, *(one.model for one in others)) if row.quota_exempt]
    else:
        rows = [*named, *(one.model for one in others if _is_cheaper(one, first))]
    note = _("%(model)s answers because the quota is used up.")
    return [
        _target(ask, row, at, note % {"model": row})
        for row in dict.fromkeys(rows)
        if _in_plan(row, payer) and row != first.model
    ][:MOST_STAND_INS]


def _named(ask: Ask, alias: str | None) -> list[Model]:
    if not alias:
        return []
    try:
        found = references.resolve(alias, place=Place(ask.workspace_id, ask.user_id), kind=ask.kind)
    except (ModelNotFound, ModelDisabled):
        return []
    return [found.model]


def _in_plan(row: Model, payer: Payer) -> bool:
    """A plan may leave only the platform's models that are marked for it."""
    if row.scope != Model.Scope.PLATFORM or payer.plan is None:
        return True
    return row.is_free_tier or not payer.plan.free_tier_only


def _is_cheaper(one: Target, other: Target) -> bool:
    mine, theirs = one.prices, other.prices
    if mine.input is None or mine.output is None:
        return False
    if theirs.input is None or theirs.output is None:
        return True
    return mine.input + mine.output < theirs.input + theirs.output


def _target(ask: Ask, row: Model, at: datetime, note: str = "") -> Target:
    price = prices.at(model=row, workspace_id=ask.workspace_id, moment=at)
    return Target(row, Prices.of_row(price), note)
