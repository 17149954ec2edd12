"""The two transactions of a call: T1 reserves and writes its row, T2 settles row, quotas, day of use and caller at once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from accounts.redaction import redact_text
from taishang.gateway import subjects
from taishang.gateway.database import place
from taishang.models import ModelCall
from taishang.quotas import reserving
from taishang.quotas.reserving import Amount, Charge, Crossing, Payer
from taishang.signals import call_finished, quota_crossed
from taishang.usage import recording
from taishang.usage.costs import Prices

LEASE_SECONDS = 30
MAX_DETAIL = 500
OnFinish = Callable[[ModelCall, str], None]
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """How a call ended and what it used. Shapes: plain values only, so that it can wait in a file."""

    status: str
    finish_reason: str = ""
    error_class: str = ""
    error_detail: str = ""
    http_status: int | None = None
    request_id: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    usage_source: str = ""
    tries: int = 1
    text: str = ""
    first_token_at: datetime | None = None
    completed_at: datetime = field(default_factory=timezone.now)


def reserve(*, call: ModelCall, payer: Payer, amount: Amount) -> None:
    """T1: hold the quota and write the call's row, or neither. Raises QuotaExceeded.

    Not durable by itself: a reservation that a crash of the database loses has cost nothing.
    """
    with place(payer.workspace_id, payer.user_id):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")
        call.charged_to = reserving.reserve(payer=payer, amount=amount)
        # The database's clock alone says when a lease ends.
        call.lease_until = lease_end()
        call.save(force_insert=True)


def lease_end() -> Any:
    """The moment until which a call counts as alive, on the database's clock."""
    return Now() + timedelta(seconds=LEASE_SECONDS)


def refuse(*, payer: Payer) -> None:
    """Count a call that a limit turned away."""
    with place(payer.workspace_id, payer.user_id):
        recording.refused(workspace_id=payer.workspace_id, user_id=payer.user_id, at=timezone.now())


def settle(
    *, call: ModelCall, payer: Payer, outcome: Outcome, on_finish: OnFinish | None = None
) -> bool:
    """T2: the end of a call, once, whoever settles it first and whatever became of T1. Says whether it was this time.

    `on_finish` runs in the same transaction; a call whose text was taken keeps none.
    """
    with place(payer.workspace_id, payer.user_id):
        released = _write_end(call, outcome)
        if released is None:
            return False
        _hand_over(call, outcome.text, on_finish)
        crossings = reserving.charge(payer=payer, charge=_charge(call, released=released))
        recording.add(call)
        _tell(call, payer, crossings)
    return True


def hand_over(
    *, call: ModelCall, payer: Payer, outcome: Outcome, on_finish: OnFinish | None
) -> None:
    """Let whoever asked take the end of a call that was settled before it was clear that no other follows."""
    with place(payer.workspace_id, payer.user_id):
        _hand_over(call, outcome.text, on_finish)


def leave(_call: ModelCall, _text: str) -> None:
    """Nobody takes the text, for now."""


def record_cached(*, call: ModelCall, payer: Payer) -> None:
    """A hit of the cache: a row with no tokens, no cost, no quota."""
    with place(payer.workspace_id, payer.user_id):
        call.save(force_insert=True)
        recording.add(call)


def _write_end(call: ModelCall, outcome: Outcome) -> int | None:
    """1 when this ended the row, 0 when the row had been lost and was written anew, None when it had ended before."""
    values = _final_values(call, outcome)
    for name, value in values.items():
        setattr(call, name, value)
    if ModelCall.objects.at(call.id).running().update(**values):
        return 1
    if ModelCall.objects.at(call.id).exists():
        return None
    call.reserved_tokens, call.reserved_cost = 0, Decimal(0)
    call.save(force_insert=True)
    return 0


def _final_values(call: ModelCall, outcome: Outcome) -> dict[str, object]:
    cost = Prices.of_call(call).cost(
        input_tokens=outcome.input_tokens,
        output_tokens=outcome.output_tokens,
        cached=outcome.cached_input_tokens,
    )
    return {
        "status": outcome.status,
        "finish_reason": outcome.finish_reason[:30],
        "error_class": outcome.error_class,
        "error_detail": redact_text(outcome.error_detail)[:MAX_DETAIL],
        "http_status": outcome.http_status,
        "provider_request_id": outcome.request_id[:200],
        "input_tokens": outcome.input_tokens,
        "output_tokens": outcome.output_tokens,
        "cached_input_tokens": outcome.cached_input_tokens,
        "usage_source": outcome.usage_source,
        "tries": outcome.tries,
        "cost": cost,
        "params": call.params,
        "partial_text": outcome.text if _is_kept(call, outcome) else "",
        "first_token_at": outcome.first_token_at,
        "completed_at": max(outcome.completed_at, call.started_at),
        "duration_ms": max(0, int((outcome.completed_at - call.started_at).total_seconds() * 1000)),
        "lease_until": None,
    }


def _is_kept(call: ModelCall, outcome: Outcome) -> bool:
    """Text of an answer that was cut short waits for the thing it is about; a whole answer was delivered."""
    return bool(call.subject_type) and outcome.status != ModelCall.Status.SUCCEEDED


def _hand_over(call: ModelCall, text: str, on_finish: OnFinish | None) -> None:
    take = on_finish or subjects.receivers.get(call.subject_type)
    if take is None:
        return
    take(call, text)
    if call.partial_text:
        call.partial_text = ""
        ModelCall.objects.at(call.id).update(partial_text="")


def _charge(call: ModelCall, *, released: int) -> Charge:
    return Charge(
        charged_to=call.charged_to,
        reserved_tokens=call.reserved_tokens,
        reserved_cost=call.reserved_cost,
        tokens=call.input_tokens + call.output_tokens,
        cost=call.cost,
        released=released,
    )


def _tell(call: ModelCall, payer: Payer, crossings: Sequence[Crossing]) -> None:
    call_finished.send(sender=ModelCall, call=call)
    for crossing in crossings:
        quota_crossed.send(
            sender=ModelCall,
            workspace_id=payer.workspace_id,
            user_id=payer.user_id,
            scope=crossing.scope,
            marks=crossing.marks,
        )


def payer_of(call: ModelCall) -> Payer:
    """Whose limits a call of the database falls under. Inside its place. A person who is gone pays nothing."""
    user = User.objects.filter(pk=call.user_id).first()
    if user is None:
        call.user_id = None
    return reserving.payer(workspace_id=call.workspace_id, user=user)
