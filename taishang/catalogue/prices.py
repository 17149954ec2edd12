"""What models cost, from when on, and in which place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import tenancy
from accounts.models import User
from laojun import audit, configs
from laojun.audit import Actor
from taishang.catalogue import fields
from taishang.catalogue.refusals import FieldsRefused, PriceTaken, constraint_of
from taishang.models import Model, ModelCall, ModelPrice
from taishang.models.catalogue import CURRENCY_PATTERN

PER_THOUSAND, PER_MILLION = 1_000, 1_000_000
CURRENCY = "ai.currency"
MAX_NOTE = 500


def add(
    *,
    model: Model,
    workspace_id: int | None,
    wishes: Mapping[str, Any],
    by: User | None,
    actor: Actor,
) -> ModelPrice:
    """A price from a moment on: of the model in its own place, or a workspace's own for a platform model.

    `wishes`: input_price, output_price, cached_input_price (None: unknown), per (1,000 or 1,000,000 tokens),
    currency, fx_rate (the platform's currency per one of it), effective_from, note. It may begin in the past; what
    calls cost changes only when they are counted again. Raises FieldsRefused, PriceTaken.
    """
    values = judge(wishes)
    try:
        with transaction.atomic():
            row = ModelPrice.objects.create(
                model=model, workspace_id=workspace_id, created_by=by, **values
            )
    except IntegrityError as error:
        if constraint_of(error) == "tai_model_prices_moment_uniq":
            raise PriceTaken from error
        raise
    audit.record(
        actor=actor,
        action="model.price_added",
        target=audit.Target(
            "model", str(model.pk), platform=workspace_id is None, workspace_id=workspace_id
        ),
        after={**values, "price_id": row.pk},
    )
    return row


def at(*, model: Model, workspace_id: int | None, moment: datetime) -> ModelPrice | None:
    """The price of a call that starts then in a workspace; None is unknown. One query."""
    return ModelPrice.objects.valid_at(model, workspace_id, moment).first()


def affected_calls(price: ModelPrice) -> int:
    """How many calls were made while this price holds, so that counting again would change them. Two queries."""
    later = ModelPrice.objects.filter(
        model_id=price.model_id,
        workspace_id=price.workspace_id,
        effective_from__gt=price.effective_from,
    )
    until = later.order_by("effective_from").values_list("effective_from", flat=True).first()
    calls = ModelCall.objects.filter(
        model_id=price.model_id, started_at__gte=price.effective_from, is_cached=False
    )
    if price.workspace_id is not None:
        calls = calls.filter(workspace_id=price.workspace_id)
    return calls.filter(started_at__lt=until).count() if until else calls.count()


def carry_over(*, source: Model, target: Model, by: User | None) -> None:
    """A new version of the same model costs what the old one costs."""
    now = timezone.now()
    old = at(model=source, workspace_id=source.workspace_id, moment=now)
    if old is None or old.workspace_id != source.workspace_id:
        return
    ModelPrice.objects.create(
        model=target,
        workspace_id=old.workspace_id,
        input_price=old.input_price,
        output_price=old.output_price,
        cached_input_price=old.cached_input_price,
        currency=old.currency,
        fx_rate=old.fx_rate,
        effective_from=now,
        note=_("as version %(number)s") % {"number": source.version},
        created_by=by,
    )


def copy_due() -> int:
    """Prices that fell due show on their models; returns how many changed. One statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tai_model_prices_due(NULL)")
        return int(cursor.fetchone()[0])


def copy_all_due() -> int:
    """The same as a tick of its own."""
    with tenancy.platform_scope(reason="prices that fell due"):
        return copy_due()


def is_a_currency(value: Any, _read: Callable[[str], Any]) -> Any:
    """What is wrong with a currency's code, or nothing."""
    if not re.fullmatch(CURRENCY_PATTERN.strip("^$"), str(value)):
        return _("Three capital letters, as CNY or USD.")
    return None


def platform_currency() -> str:
    return str(configs.value(CURRENCY))


def judge(wishes: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a price as it is said. Raises FieldsRefused with every fault."""
    faults: dict[str, Any] = {}
    per = wishes.get("per", PER_THOUSAND)
    if per not in {PER_THOUSAND, PER_MILLION}:
        faults["per"] = _("1000 or 1000000.")
    values = _amounts(wishes, per, faults)
    own = platform_currency()
    currency = str(wishes.get("currency") or own)
    if not re.fullmatch(CURRENCY_PATTERN.strip("^$"), currency):
        faults["currency"] = _("Three capital letters, as CNY or USD.")
    rate = _rate(wishes, own, currency, faults)
    if len(wishes.get("note") or "") > MAX_NOTE:
        faults["note"] = _("At most 500 characters.")
    if faults:
        raise FieldsRefused(faults)
    return {
        **values,
        "currency": currency,
        "fx_rate": rate,
        "effective_from": wishes.get("effective_from") or timezone.now(),
        "note": wishes.get("note") or "",
    }


def _amounts(wishes: Mapping[str, Any], per: int, faults: dict[str, Any]) -> dict[str, Any]:
    """The prices per 1,000 tokens; what is wrong goes to `faults`."""
    values: dict[str, Any] = {}
    for name in ("input_price", "output_price", "cached_input_price"):
        try:
            amount = fields.decimal_of(wishes.get(name), name)
        except FieldsRefused as refused:
            faults.update(refused.faults)
            continue
        values[name] = None if amount is None else amount * PER_THOUSAND / per
        if amount is not None and values[name] != round(values[name], 10):
            faults[name] = _("At most ten digits after the point.")
    return values


def _rate(wishes: Mapping[str, Any], own: str, currency: str, faults: dict[str, Any]) -> Decimal:
    """What one of the currency is in the platform's; it must be said where the two differ."""
    try:
        rate = fields.decimal_of(wishes.get("fx_rate"), "fx_rate")
    except FieldsRefused as refused:
        faults.update(refused.faults)
        return Decimal(1)
    if rate is not None and rate == 0:
        faults["fx_rate"] = _("Enter a number above 0.")
    if rate is None and currency != own:
        faults["fx_rate"] = _("How much %(own)s is one %(other)s?") % {
            "own": own,
            "other": currency,
        }
    return rate or Decimal(1)
