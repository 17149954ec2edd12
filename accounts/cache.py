"""The one wrapper around Redis: cache, hints, locks. Whatever happens to Redis, nothing here raises.

Values are JSON, never pickles: a writable Redis must not be code execution. A breaker per process opens after
three failures in a row and is probed every two seconds, so that a hung Redis costs a request at most a quarter
of a second.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import orjson
import redis
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

CONNECT_SECONDS = 0.1
CALL_SECONDS = 0.05
FAILURES_TO_OPEN = 3
PROBE_SECONDS = 2.0
logger = logging.getLogger(__name__)


class Breaker:
    """Closed: calls go through. Open: calls are skipped, but one every two seconds tries again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._probe_at = 0.0

    @property
    def is_open(self) -> bool:
        return self._failures >= FAILURES_TO_OPEN

    def allows(self) -> bool:
        if not self.is_open:
            return True
        with self._lock:
            if self._clock() < self._probe_at:
                return False
            self._probe_at = self._clock() + PROBE_SECONDS
            return True

    def succeeded(self) -> None:
        if self.is_open:
            logger.warning("redis is back")
        self._failures = 0

    def failed(self, error: Exception) -> None:
        with self._lock:
            self._failures += 1
            if self._failures == FAILURES_TO_OPEN:
                logger.warning("redis is away, going on without it error=%s", type(error).__name__)
                self._probe_at = self._clock() + PROBE_SECONDS


class Backend(BaseCache):
    """Django's cache over Redis. A failed read is a miss, a failed write leaves absence."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self.breaker = Breaker()
        self.client = redis.Redis.from_url(
            location,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=CALL_SECONDS,
            retry_on_timeout=False,
            retry=redis.retry.Retry(redis.backoff.NoBackoff(), 0),
        )

    def attempt(self, call: Callable[[redis.Redis], Any], default: Any) -> Any:
        """Run one call on Redis, or answer `default` when it is away."""
        if not self.breaker.allows():
            return default
        try:
            result = call(self.client)
        except (redis.RedisError, OSError) as error:
            self.breaker.failed(error)
            return default
        self.breaker.succeeded()
        return result

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        name = self.make_and_validate_key(key, version=version)
        raw = self.attempt(lambda client: client.get(name), None)
        return default if raw is None else orjson.loads(raw)

    def set(
        self,
        key: str,
        value: Any,
        timeout: Any = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        name = self.make_and_validate_key(key, version=version)
        self.attempt(
            lambda client: client.set(name, orjson.dumps(value), px=self._ms(timeout)), None
        )

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
        return bool(self.attempt(lambda client: client.delete(name), 0))

    def has_key(self, key: str, version: int | None = None) -> bool:
        name = self.make_and_validate_key(key, version=version)
        return bool(self.attempt(lambda client: client.exists(name), 0))

    def get_many(self, keys: Any, version: int | None = None) -> dict[str, Any]:
        names = {self.make_and_validate_key(key, version=version): key for key in keys}
        if not names:
            return {}
        raws = self.attempt(lambda client: client.mget(list(names)), [None] * len(names))
        return {
            key: orjson.loads(raw)
            for key, raw in zip(names.values(), raws, strict=True)
            if raw is not None
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
