"""The only way out for addresses that somebody else chose.

A name is resolved once, every address it has is judged, and a judged one is dialled: what the check saw is what
the connection gets, whatever DNS says next. Redirects go through the same door.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from accounts import tenancy
from laojun import addresses, configs
from laojun.addresses import OddHost
from laojun.destinations import BlockedAddress, Resolver, Target, resolve, system_resolver

__all__ = [
    "BlockedAddress",
    "Limits",
    "NotConnected",
    "NotTrusted",
    "OutboundFailed",
    "Reply",
    "ReplyTooLarge",
    "Target",
    "client",
    "fetch",
    "post",
    "resolve",
]
MAX_REDIRECTS = 3
MAX_URL = 2048
CHUNK_BYTES = 64 * 1024
REDIRECTS = {301, 302, 303, 307, 308}
CREDENTIALS = {"authorization", "cookie", "proxy-authorization", "x-api-key"}
DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_KEPT = 64
KEPT = httpx.Limits(max_connections=64, max_keepalive_connections=8, keepalive_expiry=5.0)
_deadline: ContextVar[float | None] = ContextVar("outbound_deadline", default=None)
_kept: dict[tuple[str, int | None], httpx.Client] = {}
_lock = threading.Lock()
# Connections belong to the process that opened them.
os.register_at_fork(after_in_child=_kept.clear)


class OutboundFailed(Exception):
    """The address is allowed, but the exchange failed: no connection, too slow, broken reply."""


class NotConnected(OutboundFailed):
    """Nothing was sent: no connection came about, or a kept one had been closed meanwhile."""


class NotTrusted(OutboundFailed):
    """The certificate is not valid for the address."""


class ReplyTooLarge(OutboundFailed):
    """More came back than the cap allows. Units: bytes, after decoding."""


@dataclass(frozen=True)
class Limits:
    """Caps of one exchange; None takes the platform's settings."""

    seconds: float | None = None
    max_bytes: int | None = None


@dataclass(frozen=True)
class Reply:
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


def client(
    purpose: str,
    *,
    limits: Limits | None = None,
    resolver: Resolver = system_resolver,
) -> httpx.Client:
    """An HTTP client whose every connection passes the guard; for SDKs and streams. Follows no redirect."""
    caps = limits or Limits()
    seconds = caps.seconds or float(configs.value("outbound.timeout_seconds"))
    return httpx.Client(
        transport=_GuardedTransport(_Dialler(purpose, resolver)),
        timeout=seconds,
        trust_env=False,
        follow_redirects=False,
        headers={"Accept-Encoding": "identity"},
    )


def fetch(
    url: str,
    *,
    purpose: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    limits: Limits | None = None,
    resolver: Resolver = system_resolver,
) -> Reply:
    """One exchange with an address somebody chose, within time and size, following up to three redirects.

    Raises BlockedAddress, ReplyTooLarge, OutboundFailed. Never inside a transaction: it waits.
    """
    caps = limits or Limits()
    seconds = caps.seconds or float(configs.value("outbound.timeout_seconds"))
    most = caps.max_bytes or int(configs.value("outbound.max_response_bytes"))
    dialler = _Dialler(purpose, resolver, deadline=time.monotonic() + seconds)
    wanted = _Wanted(method, checked_url(url), dict(headers or {}), content)
    with httpx.Client(
        transport=_GuardedTransport(dialler), timeout=seconds, trust_env=False
    ) as http:
        for _hop in range(MAX_REDIRECTS + 1):
            reply = _exchange(http, wanted, most, dialler.check_time)
            if reply.status not in REDIRECTS or "location" not in reply.headers:
                return reply
            wanted = wanted.redirected(reply)
    raise OutboundFailed("too many redirects")


def post(
    url: str, *, purpose: str, headers: Mapping[str, str], content: bytes, limits: Limits
) -> Reply:
    """One POST over connections that stay open for a few seconds; a redirect is an answer, not followed.

    For receivers that are called often. Raises BlockedAddress, ReplyTooLarge, NotConnected, OutboundFailed.
    Never inside a transaction: it waits.
    """
    seconds = limits.seconds or float(configs.value("outbound.timeout_seconds"))
    most = limits.max_bytes or int(configs.value("outbound.max_response_bytes"))
    wanted = _Wanted("POST", checked_url(url), dict(headers), content)
    with _until(time.monotonic() + seconds):
        return _exchange(_kept_client(purpose), wanted, most, _check_time)


@contextmanager
def _until(deadline: float) -> Iterator[None]:
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


def _kept_client(purpose: str) -> httpx.Client:
    """The client of a purpose and a workspace: what one workspace's rules opened is no other one's way out."""
    key = (purpose, tenancy.current().workspace_id)
    with _lock:
        found = _kept.pop(key, None)
        if found is None:
            found = httpx.Client(
                transport=_GuardedTransport(_Dialler(purpose, system_resolver), KEPT),
                timeout=None,  # noqa: S113 every step is held to the call's deadline by the dialler
                trust_env=False,
            )
        _kept[key] = found
        surplus = _kept.pop(next(iter(_kept))) if len(_kept) > MAX_KEPT else None
    if surplus is not None:
        surplus.close()
    return found


def checked_url(url: str) -> httpx.URL:
    """An http or https address without user, zone or tricks. Raises BlockedAddress."""
    if len(url) > MAX_URL or any(ord(char) <= 0x20 or char in "\\\x7f" for char in url):
        raise BlockedAddress(url[:100], "characters that no address has")
    try:
        parts = urlsplit(url)
        parsed = httpx.URL(url)
        port = parts.port
    except (ValueError, httpx.InvalidURL) as error:
        raise BlockedAddress(url[:100], "not an address") from error
    if parsed.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise BlockedAddress(url[:100], "neither http nor https")
    if parsed.userinfo or "@" in parts.netloc:
        raise BlockedAddress(parsed.host, "a user in the address")
    if (parsed.port or DEFAULT_PORTS[parsed.scheme]) != (port or DEFAULT_PORTS[parsed.scheme]):
        raise BlockedAddress(parsed.host, "two readings of one address")
    try:
        readings = addresses.parse_host(parts.hostname), addresses.parse_host(parsed.host)
    except OddHost as error:
        raise BlockedAddress(parts.hostname, "not written as a host is written") from error
    if readings[0] != readings[1]:
        raise BlockedAddress(parts.hostname, "two readings of one address")
    return parsed


@dataclass(frozen=True)
class _Wanted:
    method: str
    url: httpx.URL
    headers: dict[str, str]
    content: bytes | None

    def redirected(self, reply: Reply) -> "_Wanted":
        target = checked_url(str(self.url.join(reply.headers["location"])))
        if self.url.scheme == "https" and target.scheme == "http":
            raise BlockedAddress(target.host, "a redirect from https to http")
        same = _origin(target) == _origin(self.url)
        headers = {
            name: value
            for name, value in self.headers.items()
            if same or name.lower() not in CREDENTIALS
        }
        if reply.status in {307, 308} and not same and self.content is not None:
            raise BlockedAddress(target.host, "a redirect that carries a body elsewhere")
        if reply.status in {307, 308} or self.method in {"GET", "HEAD"}:
            return _Wanted(self.method, target, headers, self.content)
        return _Wanted("GET", target, headers, None)


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or DEFAULT_PORTS[url.scheme]


def _exchange(
    http: httpx.Client, wanted: _Wanted, most: int, check_time: Callable[[], None]
) -> Reply:
    headers = {"Accept-Encoding": "identity", **wanted.headers}
    body = b""
    try:
        with http.stream(
            wanted.method, wanted.url, headers=headers, content=wanted.content
        ) as response:
            for chunk in response.iter_bytes(CHUNK_BYTES):
                body += chunk
                if len(body) > most:
                    raise ReplyTooLarge(f"more than {most} bytes")
                check_time()
            return Reply(str(response.url), response.status_code, dict(response.headers), body)
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise NotConnected(type(error).__name__) from error
    except httpx.RemoteProtocolError as error:
        broken = NotConnected if "without sending a response" in str(error) else OutboundFailed
        raise broken(type(error).__name__) from error
    except (httpx.HTTPError, httpcore.TimeoutException, httpcore.NetworkError) as error:
        raise OutboundFailed(type(error).__name__) from error


def _check_time() -> None:
    if time.monotonic() > (_deadline.get() or 0.0):
        raise httpcore.ReadTimeout("the time is over")


class _Dialler(httpcore.NetworkBackend):
    """Connects to judged addresses only, and to nothing after the deadline."""

    def __init__(self, purpose: str, resolver: Resolver, *, deadline: float | None = None) -> None:
        self._purpose = purpose
        self._resolver = resolver
        self._deadline = deadline
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        target = resolve(host, port, self._purpose, resolver=self._resolver)
        failure: Exception | None = None
        for address in target.addresses[:4]:
            try:
                stream = self._plain.connect_tcp(
                    address, port, self.left(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            return _TimedStream(stream, self)
        raise failure or httpcore.ConnectError("no address")

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Any = None
    ) -> httpcore.NetworkStream:
        raise BlockedAddress(path[:100], "a socket of this machine")

    def left(self, timeout: float | None) -> float | None:
        """The time a step may take: its own, or what is left of the whole. Units: seconds."""
        deadline = self._deadline or _deadline.get()
        if deadline is None:
            return timeout
        rest = deadline - time.monotonic()
        if rest <= 0:
            raise httpcore.ReadTimeout("the time is over")
        return rest if timeout is None else min(timeout, rest)

    def check_time(self) -> None:
        self.left(None)


class _TimedStream(httpcore.NetworkStream):
    """A stream whose steps share one deadline, so that a drip of bytes cannot stretch it."""

    def __init__(self, inner: httpcore.NetworkStream, dialler: _Dialler) -> None:
        self._inner = inner
        self._dialler = dialler

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._dialler.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._dialler.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._inner.start_tls(ssl_context, server_hostname, self._dialler.left(timeout))
        return _TimedStream(secured, self._dialler)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _GuardedTransport(httpx.HTTPTransport):
    """httpx over a pool that dials through the guard, with certificates checked against the name."""

    def __init__(self, dialler: _Dialler, limits: httpx.Limits | None = None) -> None:
        super().__init__(trust_env=False)
        kept = limits or httpx.Limits()
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            network_backend=dialler,
            max_connections=kept.max_connections,
            max_keepalive_connections=kept.max_keepalive_connections,
            keepalive_expiry=kept.keepalive_expiry,
        )
