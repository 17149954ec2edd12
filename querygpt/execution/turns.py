"""Fair turns: at most two statements of a person, three of a connection, ten of a workspace at once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import connection as database
from django.utils import timezone

from accounts import tenancy
from accounts.tenancy import Context
from querygpt.models import Slot

MOST_OF_USER, MOST_OF_CONNECTION, MOST_OF_WORKSPACE = 2, 3, 10
WAIT_SECONDS = 10.0
LOOK_SECONDS = 0.25
# A waiter that has not looked for so long is gone; one that ran is given time to say so.
WAITER_SECONDS = 5
RUNNER_SPARE_SECONDS = 30


class Busy(Exception):
    """No turn came in time."""


def take(
    slot: Slot, *, context: Context, seconds: float, is_cancelled: Callable[[], bool] | None
) -> float:
    """Wait for a turn, in the order of asking; how long it took, in seconds. Raises Busy."""
    started = time.monotonic()
    while True:
        with tenancy.entered(context):
            if _granted(slot, seconds):
                return time.monotonic() - started
        if time.monotonic() - started >= WAIT_SECONDS or (is_cancelled and is_cancelled()):
            give_back(slot, context=context)
            raise Busy
        time.sleep(LOOK_SECONDS)


def give_back(slot: Slot, *, context: Context, taken_for: float = 0.0) -> None:
    """Let the next one go on; where a server may still be working for us, only after that time. Units: seconds."""
    with tenancy.entered(context):
        if taken_for > 0:
            until = timezone.now() + timedelta(seconds=taken_for)
            Slot.objects.filter(pk=slot.pk).update(until=until)
        else:
            Slot.objects.filter(pk=slot.pk).delete()


def is_called_off(slot: Slot, *, context: Context) -> bool:
    """Whether somebody asked this statement to stop. One query."""
    with tenancy.entered(context):
        return Slot.objects.filter(pk=slot.pk, cancel_requested=True).exists()


def call_off(**which: Any) -> int:
    """Ask statements to stop; whose, the filter says. Runs in the workspace, or in the platform's scope."""
    return Slot.objects.filter(**which).update(cancel_requested=True)


def _granted(slot: Slot, seconds: float) -> bool:
    """Queue up or stay queued, and say whether it is our turn. One at a time in a workspace."""
    _lock(slot.workspace_id)
    now = timezone.now()
    Slot.objects.filter(workspace_id=slot.workspace_id, until__lt=now).delete()
    slot.until = now + timedelta(seconds=WAITER_SECONDS)
    Slot.objects.bulk_create(
        [slot], update_conflicts=True, unique_fields=["id"], update_fields=["until"]
    )
    rows = list(Slot.objects.filter(workspace_id=slot.workspace_id).order_by("id"))
    if slot.pk not in _turns(rows):
        return False
    slot.granted_at, slot.until = now, now + timedelta(seconds=seconds + RUNNER_SPARE_SECONDS)
    slot.save(update_fields=["granted_at", "until"])
    return True


def _turns(rows: list[Slot]) -> set[Any]:
    """Those that may start now: the first ones for whose person, connection and workspace there is room."""
    users: Counter[Any] = Counter()
    connections: Counter[Any] = Counter()
    total, chosen = 0, set()
    for row in [
        *(row for row in rows if row.granted_at),
        *(row for row in rows if not row.granted_at),
    ]:
        has_room = (
            total < MOST_OF_WORKSPACE
            and users[row.user_id] < MOST_OF_USER
            and connections[row.connection_id] < MOST_OF_CONNECTION
        )
        if row.granted_at is None and not has_room:
            continue
        total += 1
        users[row.user_id] += 1
        connections[row.connection_id] += 1
        if row.granted_at is None:
            chosen.add(row.pk)
    return chosen


def _lock(workspace_id: int) -> None:
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('querygpt_slots:' || %s, 0))",
            [workspace_id],
        )
