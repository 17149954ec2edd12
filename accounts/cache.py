"""The one wrapper around Redis: cache, sessions, limits, hints. Whatever happens to Redis, nothing here raises.

Values are JSON, never pickles: a writable Redis must not be code execution. What may be wrong after a lost
invalidation carries the epoch in its key: a number of the database, raised by every process that finds Redis again
after it could not write.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

import orjson
import redis
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import DatabaseError, InterfaceError, connections

from accounts.breaker import Breaker
from accounts.models import CacheEpoch

CONNECT_SECONDS = 0.1
CALL_SECONDS = 0.05
PROBE_KEY = "taishang:probe"
logger = logging.getLogger(__name__)
Call = Callable[[redis.Redis], Any]


class Link:
    """This process's way to one Redis: connections, breaker, and what must be made good after an outage.

    Django makes a cache object for each thread; they all share the link.
    """

    # What brings lost things back into Redis before it is used again; False asks to be called once more.
    returning: list[Callable[[], bool]] = []
    _all: dict[str, "Link"] = {}
    _lock = threading.Lock()

    def __init__(self, location: str) -> None:
        self.breaker = Breaker("redis", self._came_back)
        self.missed_write = False
        # Until the database has named the epoch, this process shares nothing that an epoch guards.
        self.epoch = -secrets.randbits(40)
        self.client = redis.Redis.from_url(
            location,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=CALL_SECONDS,
            retry_on_timeout=False,
            retry=redis.retry.Retry(redis.backoff.NoBackoff(), 0),
        )

    @classmethod
    def to(cls, location: str) -> "Link":
        with cls._lock:
            return cls._all.setdefault(location, cls(location))

    def attempt(self, call: Call, default: Any, *, writes: bool = False) -> Any:
        if not self.breaker.allows():
            self.missed_write |= writes
            return default
        started = time.perf_counter()
        try:
            result = call(self.client)
        except (redis.RedisError, OSError) as error:
            self.missed_write |= writes
            self.breaker.failed(type(error).__name__, time.perf_counter() - started)
            return default
        self.breaker.succeeded(time.perf_counter() - started)
        return result

    def ask(self, call: Call) -> Any:
        """One call whatever the breaker says, for those who look whether Redis is back. None when it is not."""
        try:
            return call(self.client)
        except (redis.RedisError, OSError):
            return None

    def _came_back(self) -> bool:
        """Whether Redis takes a write (a full or read-only one is not back) and has what it missed."""
        if not self.ask(lambda client: client.set(PROBE_KEY, b"1", px=1000)):
            return False
        missed, self.missed_write = self.missed_write, False
        try:
            if missed:
                self.epoch = CacheEpoch.objects.raised()
            return all(bring_back() for bring_back in self.returning)
        except (DatabaseError, InterfaceError) as error:
            self.missed_write |= missed
            logger.warning("redis waits for the database error=%s", type(error).__name__)
            return False
        finally:
            connections.close_all()


class Backend(BaseCache):
    """Django's cache over Redis. A failed read is a miss, a failed write leaves absence."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self.link = Link.to(location)

    @property
    def breaker(self) -> Breaker:
        return self.link.breaker

    def attempt(self, call: Call, default: Any, *, writes: bool = False) -> Any:
        """Run one call on Redis, or answer `default` when it is away. `writes` says that others must see it."""
        return self.link.attempt(call, default, writes=writes)

    def guarded(self, key: str) -> str:
        """The key with the epoch: unreachable once an invalidation may have been lost."""
        return f"{self.link.epoch}:{key}"

    def learn(self, epoch: int) -> None:
        """The database's epoch, as the request's first statement read it."""
        self.link.epoch = max(epoch, self.link.epoch)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        name = self.make_and_validate_key(key, version=version)
        return _read(self.attempt(lambda client: client.get(name), None), default)

    def set(
        self,
        key: str,
        value: Any,
        timeout: Any = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        name = self.make_and_validate_key(key, version=version)
        data = orjson.dumps(value)
        stored = self.attempt(
            lambda client: client.set(name, data, px=self._ms(timeout)), None, writes=True
        )
        if not stored:
            # A full server refuses to overwrite but lets go: absence is better than an old value.
            self.attempt(lambda client: client.delete(name), 0, writes=True)

    def add(
        self,
        key: str,
        value: Any,
        timeout: Any = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        name = self.make_and_validate_key(key, version=version)
        data = orjson.dumps(value)
        added = self.attempt(
            lambda client: client.set(name, data, px=self._ms(timeout), nx=True), None
        )
        return bool(added)

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        name = self.make_and_validate_key(key, version=version)
        milliseconds = self._ms(timeout)
        if milliseconds is None:
            return bool(self.attempt(lambda client: client.persist(name), 0))
        return bool(self.attempt(lambda client: client.pexpire(name, milliseconds), 0))

    def delete(self, key: str, version: int | None = None) -> bool:
        name = self.make_and_validate_key(key, version=version)
        return bool(self.attempt(lambda client: client.delete(name), 0, writes=True))

    def has_key(self, key: str, version: int | None = None) -> bool:
        name = self.make_and_validate_key(key, version=version)
        return bool(self.attempt(lambda client: client.exists(name), 0))

    def get_many(self, keys: Any, version: int | None = None) -> dict[str, Any]:
        names = {self.make_and_validate_key(key, version=version): key for key in keys}
        if not names:
            return {}
        raws = self.attempt(lambda client: client.mget(list(names)), [None] * len(names))
        return {
            key: value
            for key, raw in zip(names.values(), raws, strict=True)
            if (value := _read(raw, None)) is not None
        }

    def clear(self) -> None:
        pattern = f"{self.key_prefix}:*"
        self.attempt(lambda client: [client.delete(name) for name in client.scan_iter(pattern)], [])

    def publish(self, channel: str, message: str) -> None:
        """A hint to other processes; lost hints are found by polling."""
        name = f"{self.key_prefix}:{channel}"
        self.attempt(lambda client: client.publish(name, message), 0)

    def is_away(self) -> bool:
        return self.breaker.is_open or self.attempt(lambda client: client.ping(), None) is None

    def _ms(self, timeout: Any) -> int | None:
        seconds = self.get_backend_timeout(timeout)
        return None if seconds is None else max(1, int((seconds - time.time()) * 1000))


def _read(raw: bytes | None, default: Any) -> Any:
    """A stored value; what is not ours reads as absent."""
    if raw is None:
        return default
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return default
