"""The sliding window in two engines that judge alike: Redis by one script, the database by one function.

A window has sixty parts. The current part and the sixty before it count whole, so no interval of the window's
length ever holds more than the limit; a call is free again at most one part late. A refused call is not counted.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import redis
from django.core.cache import cache
from django.db import connection

from accounts.cache import Backend

PARTS = 60
# KEYS: the window. ARGV: limit, window in ms, what to start from when Redis knows nothing, 1 to count or
# 0 to look, what to add, the clock in ms (or nothing).
SCRIPT = """
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local width, now = window / 60, tonumber(ARGV[6])
if not now then
    local time = redis.call('TIME')
    now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local newest = math.floor(now / width)
local fields = redis.call('HGETALL', KEYS[1])
for place = 1, #fields, 2 do newest = math.max(newest, tonumber(fields[place])) end
local counts, used = {}, 0
local function count(number)
    redis.call('HINCRBY', KEYS[1], newest, number)
    counts[newest] = (counts[newest] or 0) + number
    used = used + number
end
for place = 1, #fields, 2 do
    local part = tonumber(fields[place])
    if part < newest - 60 then
        redis.call('HDEL', KEYS[1], part)
    else
        counts[part] = tonumber(fields[place + 1])
        used = used + counts[part]
    end
end
local floor = tonumber(ARGV[3])
if floor > 0 and (#fields == 0 or ARGV[5] ~= '0') and floor > used then count(floor - used) end
if ARGV[5] ~= '0' then count(tonumber(ARGV[5])) end
local allowed = used < limit
if allowed and ARGV[4] == '1' then count(1) end
if used > 0 then redis.call('PEXPIRE', KEYS[1], math.ceil(window + width)) end
local target, gone, reset = math.min(used, limit) - 1, 0, 0
if used == 0 then return {1, 0, 0} end
for part = newest - 60, newest do
    gone = gone + (counts[part] or 0)
    reset = (part + 61) * width - now
    if used - gone <= target then break end
end
return {allowed and 1 or 0, used, reset}
"""
# Redis names a script by its SHA-1.
_sha = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()
HIT = "SELECT allowed, used, reset_ms FROM accounts_rate_hit(%s, %s, %s, %s, %s, %s, %s)"


@dataclass(frozen=True)
class Window:
    """One subject's window of one class. Units: milliseconds, calls."""

    name: str
    subject: str
    limit: int
    length_ms: int

    @property
    def key(self) -> str:
        return f"{self.name}:{self.subject}"

    @property
    def redis_key(self) -> str:
        return cache.make_key(f"rl:{self.key}")


@dataclass(frozen=True)
class Count:
    """What a window says: whether the call was free, how many are used, and when the next one is free."""

    allowed: bool
    used: int
    reset_ms: int


def hit_redis(window: Window, *, floor: int = 0, now_ms: int | None = None) -> Count | None:
    """Count one call in Redis; None when it is away. `floor` is where a window starts that Redis has lost."""
    found = _backend().attempt(
        lambda client: _call(client, window, floor=floor, counts=True, now_ms=now_ms), None
    )
    return _count(found)


def look_redis(windows: Iterable[Window]) -> list[Count] | None:
    """What several windows say, counting nothing; one trip, None when Redis is away."""

    def ask(client: redis.Redis) -> Any:
        pipeline = client.pipeline(transaction=False)
        for window in windows:
            pipeline.eval(SCRIPT, 1, window.redis_key, *_arguments(window, 0, counts=False))
        return pipeline.execute()

    found = _backend().attempt(ask, None)
    return None if found is None else [Count(bool(a), int(u), int(r)) for a, u, r in found]


def add_to_redis(window: Window, *, floor: int, number: int) -> bool:
    """Bring calls that the database counted into Redis: at least `floor` from before, and `number` new ones."""
    arguments = _arguments(window, floor, counts=False, number=number)
    done = _backend().link.ask(lambda client: client.eval(SCRIPT, 1, window.redis_key, *arguments))
    return done is not None


def hit_database(
    window: Window, *, user_id: UUID | None = None, floor: int = 0, now_ms: int | None = None
) -> Count:
    """Count one call in the database. Locks the window's row until the transaction ends; one statement."""
    values = (window.key, window.name, user_id, window.limit, window.length_ms, floor, now_ms)
    with connection.cursor() as cursor:
        cursor.execute(HIT, values)
        allowed, used, reset = cursor.fetchone() or (False, 0, 0)
    return Count(allowed, used, reset)


def _call(
    client: redis.Redis, window: Window, *, floor: int, counts: bool, now_ms: int | None
) -> Any:
    arguments = _arguments(window, floor, counts=counts, now_ms=now_ms)
    try:
        return client.evalsha(_sha, 1, window.redis_key, *arguments)
    except redis.exceptions.NoScriptError:
        return client.eval(SCRIPT, 1, window.redis_key, *arguments)


def _arguments(
    window: Window, floor: int, *, counts: bool, number: int = 0, now_ms: int | None = None
) -> tuple[Any, ...]:
    now = "" if now_ms is None else now_ms
    return (window.limit, window.length_ms, floor, int(counts), number, now)


def _count(found: Any) -> Count | None:
    return None if found is None else Count(bool(found[0]), int(found[1]), int(found[2]))


def _backend() -> Backend:
    return cast(Backend, cache)
