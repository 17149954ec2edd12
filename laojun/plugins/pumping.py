"""Empty the outbox: claim, send side by side, write down, until nothing is due.

The schedule only starts it, so a receiver that takes its time holds no other schedule up. A process that dies
leaves leases behind; after a minute somebody else sends what it had.
"""

import contextvars
import logging
import threading
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from django.db import DatabaseError, connections

from laojun.plugins import deliveries
from laojun.plugins.deliveries import Claimed

SENDERS = 16
LOOK_SECONDS = 1.0
logger = logging.getLogger(__name__)
_busy = threading.Lock()


def start() -> bool:
    """Begin to send what is due, in a thread of its own, unless this process is at it already."""
    if not _busy.acquire(blocking=False):
        return False
    threading.Thread(target=_run, name="deliveries", daemon=True).start()
    return True


def _run() -> None:
    try:
        drain()
    except DatabaseError as error:
        logger.warning("deliveries lost the database error=%s", type(error).__name__)
    except Exception:
        logger.exception("deliveries stopped")
    finally:
        connections.close_all()
        _busy.release()


def drain() -> int:
    """Send until nothing is due and nothing is under way. Returns how many were sent."""
    sent = 0
    under_way: dict[Future[None], int | None] = {}
    with ThreadPoolExecutor(SENDERS, thread_name_prefix="deliver") as pool:
        while True:
            claimed = _claimed(under_way)
            sent += len(claimed)
            for one in claimed:
                future = pool.submit(contextvars.Context().run, _deliver, one)
                under_way[future] = one.delivery.instance_id
            if not under_way:
                return sent
            for future in wait(under_way, LOOK_SECONDS, FIRST_COMPLETED).done:
                del under_way[future]
                future.result()


def _claimed(under_way: dict[Future[None], int | None]) -> list[Claimed]:
    room = SENDERS - len(under_way)
    busy = Counter(instance_id for instance_id in under_way.values() if instance_id)
    return deliveries.claim(most=room, busy=busy) if room else []


def _deliver(claimed: Claimed) -> None:
    try:
        deliveries.settle(claimed, deliveries.send(claimed))
    finally:
        connections.close_all()
