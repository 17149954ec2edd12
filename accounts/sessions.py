"""Signed-in devices: one row for each browser sign-in or family of tokens, and ending any of them now.

This module is also Django's session engine (`SESSION_ENGINE`), so that a new session key is known to the row
behind it.
"""

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.backends.cached_db import SessionStore as CachedDatabaseStore
from django.core.cache import cache
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import sign_ins, signals
from accounts.models import RefreshToken, Session, User

BROWSER_LIFE = timedelta(days=14)
KEPT_AFTER_END = timedelta(days=30)
MAX_LIVE = 50
MAX_HOPS = 10
REAUTHENTICATION_WINDOW = timedelta(minutes=10)


class SessionStore(CachedDatabaseStore):
    """Sessions in the database behind the cache; a cycled key stays the key of the same signed-in device."""

    @property
    def cache_key_prefix(self) -> str:
        """Under the epoch: a change that Redis missed leaves the older copy behind, unreachable."""
        return str(cache.guarded("session:"))  # type: ignore[attr-defined]

    def cycle_key(self) -> None:
        before = self.session_key
        super().cycle_key()
        if before and self.session_key:
            Session.objects.filter(session_key_hash=key_hash(before)).update(
                session_key_hash=key_hash(self.session_key)
            )


@dataclass(frozen=True)
class Facts:
    """What a request says about the device it comes from."""

    ip: str | None = None
    user_agent: str = ""
    trace_id: str = ""


def facts(request: HttpRequest) -> Facts:
    agent = "".join(letter for letter in request.META.get("HTTP_USER_AGENT", "") if letter >= " ")
    return Facts(client_ip(request), agent[:512], getattr(request, "trace_id", ""))


def client_ip(request: HttpRequest) -> str | None:
    """The address of the client: the peer, or behind a trusted proxy the right-most hop that is not one.

    Several headers, too many hops or garbage count as no header: the peer itself is named.
    """
    peer = _address(request.META.get("REMOTE_ADDR", ""))
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if peer is None or not forwarded or not _is_trusted(peer):
        return str(peer) if peer else None
    if _is_repeated(request):
        return str(peer)
    hops = [_address(part.strip()) for part in forwarded.split(",")]
    if len(hops) > MAX_HOPS or None in hops:
        return str(peer)
    for hop in reversed(hops):
        if hop and not _is_trusted(hop):
            return str(hop)
    return str(peer)


def key_hash(session_key: str) -> bytes:
    return hashlib.sha256(session_key.encode()).digest()


def open_session(
    *,
    user: User,
    kind: str,
    facts: Facts,
    session_key: str | None = None,
    device_name: str = "",
    life: timedelta = BROWSER_LIFE,
    by_second_factor: bool = False,
) -> Session:
    """Sign a device in. The oldest of more than 50 live sessions is signed out."""
    now = timezone.now()
    session = Session.objects.create(
        user=user,
        kind=kind,
        session_key_hash=key_hash(session_key) if session_key else None,
        device_name=device_name[:100],
        user_agent=facts.user_agent,
        ip=facts.ip,
        authenticated_at=now,
        mfa_at=now if by_second_factor else None,
        last_seen_at=now,
        expires_at=now + life,
    )
    _end_oldest(user, now)
    sign_ins.succeeded(user=user, session=session, facts=facts)
    signals.signed_in.send(sender=Session, user=user, session=session, request_facts=facts)
    return session


def sign_out(*, session_key: str, user: User, facts: Facts) -> None:
    """End the browser session behind a key."""
    found = Session.objects.filter(session_key_hash=key_hash(session_key))
    found.revoke(reason=Session.Reason.SIGNED_OUT, at=timezone.now())
    signals.signed_out.send(sender=Session, user=user, request_facts=facts)


def end(
    *,
    session: Session,
    reason: str = Session.Reason.REVOKED,
    by: User | None = None,
    note: str = "",
) -> None:
    """End one session; its cookie and tokens are refused from the next request on.

    `by` and `note` say who did it and why where it was not its owner.
    """
    if _revoke([session], reason):
        signals.session_revoked.send(
            sender=Session, user=session.user, session=session, reason=reason, by=by, note=note
        )


def end_all(
    *,
    user: User,
    but: UUID | None = None,
    reason: str = Session.Reason.REVOKED,
    by: User | None = None,
    note: str = "",
) -> int:
    """End every session of a person but one; without an exception also every access token in circulation."""
    doomed = list(Session.objects.filter(user=user, revoked_at__isnull=True).exclude(pk=but))
    _revoke(doomed, reason)
    if but is None:
        User.objects.filter(pk=user.pk).update(token_version=F("token_version") + 1)
    for session in doomed:
        signals.session_revoked.send(
            sender=Session, user=user, session=session, reason=reason, by=by, note=note
        )
    return len(doomed)


def prove(
    *, session_id: UUID, user: User, by_second_factor: bool = False, at: datetime | None = None
) -> None:
    """Remember that the person behind a session has just proved who they are."""
    now = at or timezone.now()
    proof = {"authenticated_at": now} | ({"mfa_at": now} if by_second_factor else {})
    Session.objects.filter(pk=session_id).update(**proof)
    details = {"second_factor": by_second_factor}
    signals.account_event.send(
        sender=Session, user=user, by=user, action="auth.proved", details=details
    )


def is_fresh(session_id: UUID | None, *, now: datetime) -> bool:
    """Whether the person proved who they are within the last ten minutes."""
    since = now - REAUTHENTICATION_WINDOW
    if session_id is None:
        return False
    return Session.objects.live(now).filter(pk=session_id, authenticated_at__gte=since).exists()


def is_known(*, user: User | None, facts: Facts) -> bool:
    """Whether this person was signed in before with the same program from the same network."""
    if user is None or not facts.user_agent or not facts.ip:
        return False
    before = Session.objects.filter(user=user, user_agent=facts.user_agent, ip__isnull=False)
    return any(network_of(ip) == network_of(facts.ip) for ip in before.values_list("ip", flat=True))


def network_of(address: str | None) -> str:
    """What counts as one client: an IPv4 address, or the /64 that one IPv6 line holds."""
    found = _address(address or "")
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return str(ipaddress.ip_network((found, 64), strict=False))
        found = found.ipv4_mapped
    return f"{found}/32" if found else "unknown"


def forgotten(now: datetime) -> QuerySet[Session]:
    """Sessions that ended 30 days ago."""
    limit = now - KEPT_AFTER_END
    return Session.objects.filter(Q(expires_at__lt=limit) | Q(revoked_at__lt=limit))


def _revoke(doomed: list[Session], reason: str) -> int:
    now, ids = timezone.now(), [session.pk for session in doomed]
    RefreshToken.objects.filter(session__in=ids, revoked_at__isnull=True).update(revoked_at=now)
    return Session.objects.filter(pk__in=ids).revoke(reason=reason, at=now)


def _end_oldest(user: User, now: datetime) -> None:
    live = Session.objects.live(now).filter(user=user).order_by("-last_seen_at", "-id")
    surplus = list(live.values_list("pk", flat=True)[MAX_LIVE : MAX_LIVE * 2])
    if surplus:
        Session.objects.filter(pk__in=surplus).revoke(reason=Session.Reason.REPLACED, at=now)


def _is_repeated(request: HttpRequest) -> bool:
    """Whether the header came more than once: the server joins them, so that a client's own would look appended."""
    headers = getattr(request, "scope", {}).get("headers", ())
    return sum(name == b"x-forwarded-for" for name, _value in headers) > 1


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _is_trusted(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    networks = (ipaddress.ip_network(entry, strict=False) for entry in settings.TRUSTED_PROXIES)
    return any(address.version == network.version and address in network for network in networks)
