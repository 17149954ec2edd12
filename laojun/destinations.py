"""Where a connection may go: a host is resolved once, every address it has is judged, rules are asked last."""

import hashlib
import ipaddress
import socket
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from accounts import tenancy
from laojun import addresses, audit
from laojun.addresses import Address, OddHost
from laojun.models import OutboundRule

PURPOSES = frozenset(
    {"model", "database", "webhook", "image", "smtp", "oauth", "storage", "download"}
)
RESOLVE_SECONDS = 2.0
FLOOR_SECONDS = 0.05
# What no rule opens.
OURSELVES, METADATA = "the platform itself", "metadata service"
NEVER = frozenset({OURSELVES, METADATA})
DEFAULT_PORTS = {
    "http": 80,
    "https": 443,
    "postgres": 5432,
    "postgresql": 5432,
    "redis": 6379,
    "rediss": 6379,
}
Resolver = Callable[[str, int], Iterable[str]]
_resolving = ThreadPoolExecutor(8, thread_name_prefix="resolve")


class BlockedAddress(Exception):
    """The address may not be reached from here, or does not exist: tenants are told one thing for both.

    `reason` is for operators.
    """

    code = "blocked_address"

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(host)
        self.host = host
        self.reason = reason


@dataclass(frozen=True)
class Target:
    """Where to go: the name for `Host`, SNI and the certificate, and the judged addresses to dial."""

    name: str
    port: int
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """What the guard says of one address, in words for operators."""

    address: str
    allowed: bool
    reason: str


def system_resolver(name: str, port: int) -> list[str]:
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def resolve(host: str, port: int, purpose: str, *, resolver: Resolver = system_resolver) -> Target:
    """Judge a host and give the addresses to dial. One non-public address refuses the whole name.

    Raises BlockedAddress, never sooner than 50 ms after the call. Cost: one look-up of at most 2 s; a query
    only where an operator's rule has to decide.
    """
    started = time.monotonic()
    try:
        verdicts = judge(host, port, purpose, resolver=resolver)
        refused = next((verdict for verdict in verdicts if not verdict.allowed), None)
        if refused is not None:
            raise BlockedAddress(host, f"{refused.address}: {refused.reason}")
    except BlockedAddress as blocked:
        _note(blocked, port, purpose)
        time.sleep(max(0.0, FLOOR_SECONDS - (time.monotonic() - started)))
        raise
    return Target(host, port, tuple(verdict.address for verdict in verdicts))


def judge(
    host: str, port: int, purpose: str, *, resolver: Resolver = system_resolver
) -> list[Verdict]:
    """What the guard thinks of each address of a host; for the operators' tester too.

    Raises BlockedAddress where there is nothing to judge: an odd spelling, an unknown name.
    """
    if purpose not in PURPOSES:
        raise ValueError(purpose)
    try:
        parsed = addresses.parse_host(host)
    except OddHost as error:
        raise BlockedAddress(host, "not written as a host is written") from error
    if not 1 <= port <= 65535:
        raise BlockedAddress(host, "no such port")
    found = _looked_up(parsed, port, resolver) if isinstance(parsed, str) else [parsed]
    return [_verdict(address, port, purpose) for address in found]


def _looked_up(name: str, port: int, resolver: Resolver) -> list[Address]:
    pending: Future[Any] = _resolving.submit(lambda: list(resolver(name, port)))
    try:
        found = pending.result(timeout=RESOLVE_SECONDS)
        parsed: list[Address] = [ipaddress.ip_address(text) for text in found]
    except (OSError, FutureTimeout, UnicodeError, ValueError) as error:
        raise BlockedAddress(name, "does not resolve") from error
    if not parsed:
        raise BlockedAddress(name, "does not resolve")
    return parsed


def _verdict(address: Address, port: int, purpose: str) -> Verdict:
    dialled = _unmapped(address)
    reason = addresses.refusal(dialled)
    if reason is None:
        if _is_own(dialled, port):
            return Verdict(str(dialled), allowed=False, reason=OURSELVES)
        return Verdict(str(dialled), allowed=True, reason="public")
    if addresses.is_metadata(dialled):
        return Verdict(str(dialled), allowed=False, reason=METADATA)
    if _is_own(dialled, port):
        return Verdict(str(dialled), allowed=False, reason=OURSELVES)
    # Outside a transaction nothing says whose rules may be read.
    with tenancy.entered(tenancy.current()):
        rules = OutboundRule.objects.in_force(timezone.now())
        rule = rules.covering(dialled, port, purpose).first()
    if rule is None:
        return Verdict(str(dialled), allowed=False, reason=reason)
    return Verdict(str(dialled), allowed=True, reason=f"rule {rule.pk}: {rule.reason}")


def _unmapped(address: Address) -> Address:
    """A mapped address reaches the IPv4 host, so that is what is judged and dialled."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def _is_own(address: Address, port: int) -> bool:
    """Whether a server of this platform listens there; no rule opens those."""
    return any(
        port == own_port and (address.is_loopback or address.is_unspecified or host == str(address))
        for host, own_port in _own_endpoints()
    )


def _own_endpoints() -> list[tuple[str, int]]:
    found = []
    for url in (settings.PUBLIC_URL, settings.DATABASE_URL, settings.REDIS_URL):
        parts = urlsplit(url or "")
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
        if parts.hostname and port:
            found.append((parts.hostname, port))
    return found


def _note(blocked: BlockedAddress, port: int, purpose: str) -> None:
    """A row for the operators, one an hour for each host and workspace."""
    facts = f"{tenancy.current().workspace_id}:{blocked.host}:{port}:{timezone.now():%Y%m%d%H}"
    key = f"outbound:{hashlib.sha256(facts.encode('utf-8', 'replace')).hexdigest()}"
    if cache.get(key):
        return
    cache.set(key, 1, 3600)
    audit.record_afterwards(
        actor=audit.current_actor(audit.Actor.system("outbound")),
        action="outbound.refused",
        target=("host", blocked.host),
        details={"port": port, "purpose": purpose, "reason": blocked.reason},
    )
