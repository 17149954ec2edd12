"""The settings in force, from the request's memory, else Redis, else one query.

A snapshot is stored under the generations it was read at, and a generation is announced only once it is
committed, so no slow reader and no rolled-back writer can bring a wrong value back. With Redis away the database
answers; what was announced into the void is announced again.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from datetime import timedelta
from functools import partial
from typing import Any, cast

import orjson
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import limits, tenancy
from accounts.cache import Backend
from laojun.models import Config, ConfigGeneration

SNAPSHOT_SECONDS = 300
REPEAT_SECONDS = 2 * SNAPSHOT_SECONDS
LOOK_UP = """
local g = redis.call('GET', KEYS[1])
local w = redis.call('GET', KEYS[2])
if not g or not w then return false end
return redis.call('GET', ARGV[1] .. g .. '.' .. w)
"""
RAISE = """
local old = redis.call('GET', KEYS[1])
if not old or tonumber(ARGV[1]) > tonumber(old) then redis.call('SET', KEYS[1], ARGV[1]) end
return 1
"""
Values = dict[str, dict[str, Any]]
_memo: ContextVar[dict[int | None, Values] | None] = ContextVar("settings_memo", default=None)


@contextmanager
def remembered() -> Iterator[None]:
    """Inside, settings are looked up once per place: one request sees one state."""
    token = _memo.set({})
    try:
        yield
    finally:
        _memo.reset(token)


def values(workspace_id: int | None) -> Values:
    """What is set in a place and above it. Shapes: `{scope: {key: value}}`. At most one trip or one query."""
    memo = _memo.get()
    if memo is not None and workspace_id in memo:
        return memo[workspace_id]
    cached = None if _written_here() else _cached(workspace_id)
    found = cached or _queried(workspace_id)
    if memo is not None:
        memo[workspace_id] = found
    return found


def announce(workspace_id: int | None) -> None:
    """Once this is committed, let every process look past the snapshots it knows."""
    memo = _memo.get()
    if memo is not None:
        memo.clear()
    rows = ConfigGeneration.objects.filter(Q(workspace_id=workspace_id))
    generation = rows.values_list("generation", flat=True).first()
    # Where nothing was ever set, a reset leaves nothing to look past.
    if generation is not None:
        transaction.on_commit(partial(_raise, workspace_id, generation))
    transaction.on_commit(limits.forget)


def repeat_announcements() -> int:
    """Announce what changed lately once more, for a Redis that was away when it was written."""
    since = timezone.now() - timedelta(seconds=REPEAT_SECONDS)
    rows = ConfigGeneration.objects.filter(changed_at__gt=since)
    found = list(rows.values_list("workspace_id", "generation"))
    for workspace_id, generation in found:
        _raise(workspace_id, generation)
    return len(found)


def _cached(workspace_id: int | None) -> Values | None:
    names = [_pointer(None), _pointer(workspace_id)]
    stem = cache.make_key(f"config:{workspace_id or 0}:")
    raw = _redis().attempt(lambda client: client.eval(LOOK_UP, 2, *names, stem), None)
    return orjson.loads(raw) if raw else None


def _queried(workspace_id: int | None) -> Values:
    elsewhere = workspace_id is not None and tenancy.current().workspace_id != workspace_id
    with tenancy.workspace(workspace_id) if elsewhere and workspace_id else nullcontext():
        found = Config.objects.snapshot(workspace_id)
    transaction.on_commit(partial(_store, workspace_id, found))
    return found.values


def _store(workspace_id: int | None, found: Any) -> None:
    own = found.platform_generation if workspace_id is None else found.generation
    cache.set(
        f"config:{workspace_id or 0}:{found.platform_generation}.{own}",
        found.values,
        SNAPSHOT_SECONDS,
    )
    _raise(None, found.platform_generation)
    if workspace_id is not None:
        _raise(workspace_id, own)


def _written_here() -> bool:
    """Whether the open transaction changed settings: only the database knows its own words by now."""
    return any(getattr(call[1], "func", None) is _raise for call in connection.run_on_commit)


def _raise(workspace_id: int | None, generation: int) -> None:
    """Twice if need be: a call that only came late would leave old values in force until the next sweep."""
    name = _pointer(workspace_id)
    for _attempt in range(2):
        if _redis().attempt(lambda client: client.eval(RAISE, 1, name, str(generation)), None):
            return


def _pointer(workspace_id: int | None) -> str:
    return cache.make_key(f"config:{workspace_id or 0}:generation")


def _redis() -> Backend:
    return cast(Backend, cache)
