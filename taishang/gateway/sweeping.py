"""End the calls of processes that died: what had arrived is billed and handed over, what was reserved is given back."""

from __future__ import annotations

import logging
from typing import NamedTuple
from uuid import UUID

from django.db import DatabaseError, connection
from django.db.models.functions import Now

from accounts import tenancy
from taishang.gateway import ledger, spool
from taishang.gateway.database import place
from taishang.gateway.ledger import LEASE_SECONDS, Outcome
from taishang.models import Model, ModelCall
from taishang.providers.counting import count
from taishang.providers.errors import ErrorClass

EVERY_SECONDS = 15
BATCH = 200
# After a restart every lease looks lost although the processes live: they get the time to renew.
STARTED_LONG_AGO = (
    "SELECT pg_postmaster_start_time() < clock_timestamp() - make_interval(secs => %s)"
)
logger = logging.getLogger(__name__)


class Orphan(NamedTuple):
    id: UUID
    workspace_id: int | None
    user_id: UUID | None


def sweep() -> int:
    """Settle what waits in files, then every call whose lease has ended; returns how many. Runs by itself."""
    spool.replay()
    ended = 0
    for orphan in _orphans():
        try:
            ended += _end(orphan)
        except DatabaseError:
            logger.exception("orphan could not be settled call=%s", orphan.id)
    return ended


def _orphans() -> list[Orphan]:
    with tenancy.dispatcher_scope():
        with connection.cursor() as cursor:
            cursor.execute(STARTED_LONG_AGO, [LEASE_SECONDS])
            if not cursor.fetchone()[0]:
                return []
        lost = ModelCall.objects.running().filter(lease_until__lt=Now())
        rows = lost.order_by("lease_until").values_list("id", "workspace_id", "user_id")
        return [Orphan(*row) for row in rows[:BATCH]]


def _end(orphan: Orphan) -> bool:
    with place(orphan.workspace_id, orphan.user_id):
        call = ModelCall.objects.at(orphan.id).running().select_for_update().first()
        if call is None:
            return False
        payer = ledger.payer_of(call)
        logger.warning("model call orphaned call=%s owner=%s", call.id, call.lease_owner)
        return ledger.settle(call=call, payer=payer, outcome=_outcome(call))


def _outcome(call: ModelCall) -> Outcome:
    """What is known of it: the text of the last checkpoint, the tokens of the prompt as they were counted before."""
    text = call.partial_text
    tokenizer = Model.objects.filter(pk=call.model_id).values_list("tokenizer", flat=True).first()
    return Outcome(
        ModelCall.Status.FAILED,
        error_class=str(ErrorClass.ORPHANED),
        input_tokens=call.input_tokens if text else 0,
        output_tokens=count(text, tokenizer or "estimate").tokens,
        usage_source=ModelCall.UsageSource.ESTIMATE if text else "",
        tries=call.tries,
        text=text,
        first_token_at=call.first_token_at,
    )
