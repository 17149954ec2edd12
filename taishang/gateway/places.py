"""No more calls of a model at a time than it takes: who waits goes first-come within a workspace, workspaces in turn.

Counted in each process. A place is held from before the reservation until the call has ended.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from taishang.quotas.reserving import QuotaExceeded

MAX_WAIT_SECONDS = 60.0
LOCAL_PARALLEL, CLOUD_PARALLEL = 2, 50


@dataclass(eq=False)
class _Waiter:
    loop: asyncio.AbstractEventLoop
    turn: asyncio.Future[None]
    has_place: bool = False


@dataclass
class _Queue:
    """One model's places. `waiting` has a line for each workspace; the first one's turn is next."""

    taken: int = 0
    waiting: OrderedDict[int, deque[_Waiter]] = field(default_factory=OrderedDict)

    @property
    def length(self) -> int:
        return sum(map(len, self.waiting.values()))


_queues: dict[int, _Queue] = {}
_lock = threading.Lock()


@asynccontextmanager
async def place(model_id: int, most: int, *, workspace_id: int | None) -> AsyncIterator[None]:
    """Hold one of a model's places. Raises QuotaExceeded when none came free in a minute."""
    await _enter(model_id, most, workspace_id or 0, MAX_WAIT_SECONDS)
    try:
        yield
    finally:
        _leave(model_id)


def ahead(model_id: int) -> int:
    """How many calls wait for this model in this process."""
    with _lock:
        queue = _queues.get(model_id)
        return queue.length if queue else 0


async def _enter(model_id: int, most: int, workspace_id: int, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    with _lock:
        queue = _queues.setdefault(model_id, _Queue())
        if queue.taken < most and not queue.waiting:
            queue.taken += 1
            return
        waiter = _Waiter(loop, loop.create_future())
        queue.waiting.setdefault(workspace_id, deque()).append(waiter)
    try:
        async with asyncio.timeout(seconds):
            await waiter.turn
    except BaseException as error:
        _give_up(model_id, workspace_id, waiter)
        if isinstance(error, TimeoutError):
            raise QuotaExceeded(
                {
                    "scope": "parallel",
                    "unit": "calls",
                    "limit": most,
                    "used": most,
                    "reserved": 0,
                    "needed": 1,
                    "resets_at": None,
                }
            ) from error
        raise


def _leave(model_id: int) -> None:
    """Hand the place to whoever is next, or free it."""
    with _lock:
        queue = _queues[model_id]
        waiter = _next(queue)
        if waiter is None:
            queue.taken -= 1
            if not queue.taken:
                del _queues[model_id]
            return
        waiter.has_place = True
    waiter.loop.call_soon_threadsafe(_wake, waiter)


def _wake(waiter: _Waiter) -> None:
    if not waiter.turn.done():
        waiter.turn.set_result(None)


def _next(queue: _Queue) -> _Waiter | None:
    if not queue.waiting:
        return None
    workspace_id, line = queue.waiting.popitem(last=False)
    waiter = line.popleft()
    if line:
        queue.waiting[workspace_id] = line
    return waiter


def _give_up(model_id: int, workspace_id: int, waiter: _Waiter) -> None:
    """Leave the line; a place that was handed over at the same moment goes on to the next."""
    with _lock:
        queue = _queues[model_id]
        line = queue.waiting.get(workspace_id)
        if line and waiter in line:
            line.remove(waiter)
            if not line:
                del queue.waiting[workspace_id]
    if waiter.has_place:
        _leave(model_id)
