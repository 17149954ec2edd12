"""The guarded way out for asynchronous callers: clients that SDKs and long streams are given.

The rules are those of `laojun.outbound`: a name is resolved once, every address is judged, a judged one is dialled,
redirects are answers. A connection whose answer was not read to its end is closed, never used again.
"""

import asyncio
import ssl
import weakref
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpcore2
import httpx2
from django.db import connection

from accounts import tenancy
from laojun.destinations import BlockedAddress, Resolver, Target, resolve, system_resolver
from laojun.outbound import DEFAULT_PORTS, NotConnected, NotTrusted, checked_url

CONNECT_SECONDS = 5.0
WRITE_SECONDS = 30.0
MAX_RESPONSE_BYTES = 128 * 1024 * 1024
MAX_KEPT = 64
KEPT = httpx2.Limits(max_connections=1000, max_keepalive_connections=100, keepalive_expiry=30.0)
Key = tuple[str, int | None]
_kept: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Key, httpx2.AsyncClient]]" = (
    weakref.WeakKeyDictionary()
)


class ReplyTooLarge(Exception):
    """More came back than the cap allows. Units: bytes as they came over the wire."""


# What an exchange may raise, reading included, besides BlockedAddress.
FAILURES = (httpx2.HTTPError, httpx2.StreamError, httpcore2.NetworkError, ReplyTooLarge)
Response = httpx2.Response


@dataclass(frozen=True)
class Caps:
    """What one client's answers may cost."""

    max_bytes: int = MAX_RESPONSE_BYTES
    connect_seconds: float = CONNECT_SECONDS


def client(purpose: str) -> httpx2.AsyncClient:
    """The client of this event loop for a purpose and the workspace of the moment, its connections kept warm.

    What one workspace's rules opened is no other one's way out. Never close it: `close_all` does, at the loop's end.
    Shapes: waits for no first byte on its own; callers bring their timeouts.
    """
    clients = _kept.setdefault(asyncio.get_running_loop(), {})
    key = (purpose, tenancy.current().workspace_id)
    found = clients.pop(key, None) or opened(purpose)
    clients[key] = found
    if len(clients) > MAX_KEPT:
        _drop_idle(clients, keep=key)
    return found


def opened(
    purpose: str, *, caps: Caps | None = None, resolver: Resolver = system_resolver
) -> httpx2.AsyncClient:
    """A client of its own, which the caller closes."""
    limits = caps or Caps()
    return httpx2.AsyncClient(
        transport=_GuardedTransport(_Dialler(purpose, resolver, limits), limits),
        timeout=httpx2.Timeout(
            None, connect=limits.connect_seconds, write=WRITE_SECONDS, pool=limits.connect_seconds
        ),
        trust_env=False,
        follow_redirects=False,
        headers={"Accept-Encoding": "identity"},
    )


async def reach(url: str, *, purpose: str, seconds: float = CONNECT_SECONDS) -> None:
    """Open a connection to an address, its certificate checked, and close it again: does anything answer there?

    Raises BlockedAddress, NotTrusted, NotConnected.
    """
    target = checked_url(url)
    port = target.port or DEFAULT_PORTS[target.scheme]
    dialler = _Dialler(purpose, system_resolver, Caps(connect_seconds=seconds))
    try:
        stream = await dialler.connect_tcp(target.host, port, timeout=seconds)
        try:
            if target.scheme == "https":
                stream = await stream.start_tls(_trusted(), target.host, timeout=seconds)
        finally:
            await stream.aclose()
    except (httpcore2.NetworkError, httpcore2.TimeoutException) as error:
        if isinstance(error.__cause__ or error.__context__, ssl.SSLError):
            raise NotTrusted(target.host) from error
        raise NotConnected(type(error).__name__) from error


async def close_all() -> None:
    """Close the clients of the running loop."""
    for found in _kept.pop(asyncio.get_running_loop(), {}).values():
        await found.aclose()


def _drop_idle(clients: dict[Key, httpx2.AsyncClient], *, keep: Key) -> None:
    """Forget the client that was used longest ago and carries nothing now; one under way is never cut off."""
    for key, found in clients.items():
        transport = found._transport
        if key != keep and isinstance(transport, _GuardedTransport) and transport.is_idle:
            del clients[key]
            task = asyncio.ensure_future(found.aclose())
            task.add_done_callback(lambda done: done.exception())
            return


@cache
def _trusted() -> ssl.SSLContext:
    """One for all clients: reading the trusted certificates takes a tenth of a second."""
    return httpx2.create_ssl_context(trust_env=False)


class _Dialler(httpcore2.AsyncNetworkBackend):
    """Connects to judged addresses only. The look-up waits in a thread, with the caller's workspace."""

    def __init__(self, purpose: str, resolver: Resolver, caps: Caps) -> None:
        self._purpose = purpose
        self._resolver = resolver
        self._caps = caps
        self._plain = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        patience = min(timeout or self._caps.connect_seconds, self._caps.connect_seconds)
        try:
            async with asyncio.timeout(patience):
                target = await asyncio.to_thread(self._judged, host, port)
                return await self._dialled(target, local_address, socket_options)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout("no connection in time") from error

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Any = None
    ) -> httpcore2.AsyncNetworkStream:
        raise BlockedAddress(path[:100], "a socket of this machine")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def _judged(self, host: str, port: int) -> Target:
        try:
            return resolve(host, port, self._purpose, resolver=self._resolver)
        finally:
            if not connection.in_atomic_block:
                connection.close()

    async def _dialled(
        self, target: Target, local_address: str | None, socket_options: Iterable[Any] | None
    ) -> httpcore2.AsyncNetworkStream:
        failure: Exception | None = None
        for address in target.addresses[:4]:
            try:
                return await self._plain.connect_tcp(
                    address, target.port, None, local_address, socket_options
                )
            except httpcore2.ConnectError as error:
                failure = error
        raise failure or httpcore2.ConnectError("no address")


class _GuardedTransport(httpx2.AsyncHTTPTransport):
    """httpx2 over a pool that dials through the guard, with certificates checked against the name."""

    def __init__(self, dialler: _Dialler, caps: Caps) -> None:
        super().__init__(verify=_trusted(), trust_env=False)
        self._caps = caps
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=_trusted(),
            network_backend=dialler,
            max_connections=KEPT.max_connections,
            max_keepalive_connections=KEPT.max_keepalive_connections,
            keepalive_expiry=KEPT.keepalive_expiry,
        )

    @property
    def is_idle(self) -> bool:
        return all(kept.is_idle() for kept in self._pool.connections)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        response.stream = _Capped(response.stream, self._caps.max_bytes)
        return response


class _Capped(httpx2.AsyncByteStream):
    """A body that ends with ReplyTooLarge where it grows beyond the cap."""

    def __init__(self, inner: Any, most: int) -> None:
        self._inner = inner
        self._left = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._inner:
            self._left -= len(part)
            if self._left < 0:
                raise ReplyTooLarge("the answer is larger than it may be")
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()
