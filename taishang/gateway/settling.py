"""Write a call's end to the database, whatever is the matter with the database: now, soon, or from a file."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from django.db import DatabaseError, InterfaceError

from taishang.gateway import ledger, spool
from taishang.gateway.database import asking
from taishang.gateway.ledger import OnFinish, Outcome
from taishang.models import ModelCall
from taishang.quotas.reserving import Payer

RETRY_FOR_SECONDS = 60.0
PAUSE_SECONDS = 1.0
# Ends that are still being written: the loop must not forget them.
_pending: set[asyncio.Task[None]] = set()
logger = logging.getLogger(__name__)


async def settle(
    call: ModelCall, payer: Payer, outcome: Outcome, on_finish: OnFinish | None = None
) -> bool:
    """T2. Where the database is away this goes on in the background: for a minute, then from a file at the next start.

    Says whether the end is written already.
    """
    try:
        await asking(partial(_settle, call, payer, outcome, on_finish))
    except (DatabaseError, InterfaceError) as error:
        logger.warning("settling waits call=%s error=%s", call.id, type(error).__name__)
        task = asyncio.ensure_future(_later(call, payer, outcome, on_finish))
        _pending.add(task)
        task.add_done_callback(_pending.discard)
        return False
    return True


async def hand_over(
    call: ModelCall, payer: Payer, outcome: Outcome, on_finish: OnFinish | None
) -> None:
    """Tell whoever asked how a settled call ended. What they raise is logged: the call itself has ended."""
    await asking(partial(_hand_over, call, payer, outcome, on_finish))


async def _later(
    call: ModelCall, payer: Payer, outcome: Outcome, on_finish: OnFinish | None
) -> None:
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + RETRY_FOR_SECONDS
    while loop.time() < give_up_at:
        await asyncio.sleep(PAUSE_SECONDS)
        try:
            await asking(partial(_settle, call, payer, outcome, on_finish))
        except (DatabaseError, InterfaceError):
            continue
        return
    await asking(partial(spool.keep, call, outcome))


def _settle(call: ModelCall, payer: Payer, outcome: Outcome, on_finish: OnFinish | None) -> None:
    try:
        ledger.settle(call=call, payer=payer, outcome=outcome, on_finish=on_finish)
    except (DatabaseError, InterfaceError):
        raise
    except Exception:
        # What was used is charged although whoever asked could not take the answer.
        logger.exception("the answer could not be taken call=%s", call.id)
        ledger.settle(call=call, payer=payer, outcome=outcome, on_finish=ledger.leave)


def _hand_over(call: ModelCall, payer: Payer, outcome: Outcome, on_finish: OnFinish | None) -> None:
    try:
        ledger.hand_over(call=call, payer=payer, outcome=outcome, on_finish=on_finish)
    except Exception:
        logger.exception("the answer could not be taken call=%s", call.id)
