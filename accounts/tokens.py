"""Access tokens, and the families of refresh tokens behind them.

An access token is an Ed25519-signed JWT that names a session; the session and the person are asked of the
database at every request, so ending either takes effect at once. Of refresh tokens only hashes are kept; the
successor of a token is derived from it, so whoever repeats an exchange within the grace gets the same successor.
"""

import base64
import hashlib
import secrets as random
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest, Now
from django.utils import timezone

from accounts import mail, news, registry, secrets, sessions, signals, signing_keys, tenancy
from accounts.ids import uuid7
from accounts.models import RefreshToken, Session, User
from accounts.sessions import Facts

ALGORITHM = "EdDSA"
AUDIENCE = "api"
LEEWAY_SECONDS = 10
MAX_ACCESS_BYTES = 4096
ACCESS_SECONDS = 7200
REFRESH_SECONDS = 604_800
CLAIMS = ["iss", "aud", "sub", "sid", "ver", "jti", "typ", "iat", "nbf", "exp"]
REFRESH_PREFIX = "tlr_"
REFRESH_CHARACTERS = len(REFRESH_PREFIX) + 43
REFRESH_PURPOSE = "refresh token"
FAMILY_LIFE = timedelta(days=90)
GRACE = timedelta(seconds=10)
KEPT_AFTER_EXPIRY = timedelta(days=7)


class RefreshInvalid(Exception):
    """Unknown, expired or revoked: the caller is not told which."""

    code = "refresh_invalid"


class RefreshReused(Exception):
    """A token came back that was exchanged before: its family must be ended, although the answer is a refusal."""

    code = "refresh_reused"

    def __init__(self, session: Session) -> None:
        super().__init__(str(session.pk))
        self.session = session


@dataclass(frozen=True)
class AccessClaims:
    session_id: str
    token_version: int


@dataclass(frozen=True)
class Pair:
    """What a program gets. Units: seconds until each of the two expires."""

    access: str
    refresh: str
    expires_in: int
    refresh_expires_in: int
    session: Session


def read_access(token: str) -> AccessClaims | None:
    """The claims of a token that we signed and that has not expired; None for anything else."""
    if len(token) > MAX_ACCESS_BYTES or not token.isascii():
        return None
    try:
        key = signing_keys.ACCESS_TOKENS.public(str(jwt.get_unverified_header(token).get("kid")))
        if key is None:
            return None
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=settings.PUBLIC_URL,
            leeway=LEEWAY_SECONDS,
            options={"require": CLAIMS, "strict_aud": True},
        )
        uuid.UUID(claims["sid"])
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
        return None
    if claims["typ"] != "access" or type(claims["ver"]) is not int:
        return None
    return AccessClaims(claims["sid"], claims["ver"])


def open_family(
    *, user: User, facts: Facts, device_name: str = "", by_second_factor: bool = False
) -> Pair:
    """Sign a program in: a session and the first refresh token of its family."""
    session = sessions.open_session(
        user=user,
        kind=Session.Kind.API,
        facts=facts,
        device_name=device_name,
        life=FAMILY_LIFE,
        by_second_factor=by_second_factor,
    )
    raw = REFRESH_PREFIX + random.token_urlsafe(32)
    token = _insert(session, raw, generation=0, facts=facts)
    return _pair(user, session, raw, token)


def refresh(*, presented: str, facts: Facts) -> Pair:
    """Exchange a refresh token for its successor and a new access token.

    One conditional UPDATE decides who rotates: parallel callers wait for it and then find the successor made.
    Raises RefreshInvalid and RefreshReused; on the latter the caller must end the family outside the
    transaction that it rolls back (`end_reused`).
    """
    token = _presented(presented)
    rotated = RefreshToken.objects.filter(
        pk=token.pk, rotated_at__isnull=True, revoked_at__isnull=True
    ).update(rotated_at=Greatest(Now(), F("created_at")))
    raw = _successor(token, presented)
    if rotated:
        child = _insert(token.session, raw, generation=token.generation + 1, facts=facts)
    else:
        child = _made_within_grace(token)
    return _pair(token.user, token.session, raw, child)


def end_reused(*, session: Session) -> None:
    """End a family whose old token came back, in a transaction of its own."""
    with transaction.atomic(), tenancy.user(session.user_id):
        sessions.end(session=session, reason=Session.Reason.REUSE)
        signals.refresh_reused.send(sender=Session, user=session.user, session=session)
        news.tell("tokens_stolen", user=session.user, link=("security", ""), **mail.where(session))


def revoke(*, presented: str) -> None:
    """Sign out the device that holds this token; unknown tokens are ignored, so nothing can be probed."""
    found = RefreshToken.objects.filter(token_hash=_hash(presented)).select_related("session__user")
    token = found.first()
    if token:
        owner = token.session.user
        sessions.end(session=token.session, reason=Session.Reason.SIGNED_OUT, by=owner)


def family_of(presented: str) -> UUID | None:
    """The session that a refresh token belongs to, live or not; None for unknown ones."""
    found = RefreshToken.objects.filter(token_hash=_hash(presented))
    return found.values_list("session_id", flat=True).first() if presented else None


def forgotten(now: datetime) -> QuerySet[RefreshToken]:
    """Refresh tokens that expired a week ago."""
    return RefreshToken.objects.filter(expires_at__lt=now - KEPT_AFTER_EXPIRY)


def _presented(raw: str) -> RefreshToken:
    if len(raw) != REFRESH_CHARACTERS or not raw.startswith(REFRESH_PREFIX) or not raw.isascii():
        raise RefreshInvalid
    found = RefreshToken.objects.select_related("session", "user").filter(
        token_hash=_hash(raw),
        revoked_at__isnull=True,
        expires_at__gt=Now(),
        session__revoked_at__isnull=True,
        session__expires_at__gt=Now(),
        user__is_active=True,
    )
    token = found.first()
    if token is None:
        raise RefreshInvalid
    return token


def _made_within_grace(token: RefreshToken) -> RefreshToken:
    """The child that a parallel exchange made, if it is the newest and this one came in time."""
    current = RefreshToken.objects.filter(pk=token.pk).values("revoked_at").first()
    if current is None or current["revoked_at"] is not None:
        raise RefreshInvalid
    in_time = RefreshToken.objects.filter(pk=token.pk, rotated_at__gte=Now() - GRACE)
    child = RefreshToken.objects.filter(
        session=token.session,
        generation=token.generation + 1,
        rotated_at__isnull=True,
        revoked_at__isnull=True,
    ).first()
    if child is None or not in_time.exists():
        raise RefreshReused(token.session)
    return child


def _successor(token: RefreshToken, raw: str) -> str:
    message = f"rt\x1f{token.session_id}\x1f{token.generation + 1}\x1f{raw}".encode()
    try:
        _key_id, digest = secrets.sign(message, purpose=REFRESH_PURPOSE, key_id=token.key_id)
    except secrets.SecretUnreadable as error:
        raise RefreshInvalid from error
    return REFRESH_PREFIX + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _insert(session: Session, raw: str, *, generation: int, facts: Facts) -> RefreshToken:
    life = timedelta(seconds=_seconds("auth.refresh_token_expires_in", REFRESH_SECONDS))
    return RefreshToken.objects.create(
        user_id=session.user_id,
        session=session,
        token_hash=_hash(raw),
        generation=generation,
        key_id=secrets.current_key_id(),
        created_ip=facts.ip,
        expires_at=min(timezone.now() + life, session.expires_at),
    )


def _pair(user: User, session: Session, raw: str, token: RefreshToken) -> Pair:
    seconds = _seconds("auth.jwt_expires_in", ACCESS_SECONDS)
    left = token.expires_at - timezone.now()
    return Pair(
        access=_access(user, session, seconds),
        refresh=raw,
        expires_in=seconds,
        refresh_expires_in=int(left.total_seconds()),
        session=session,
    )


def _access(user: User, session: Session, seconds: int) -> str:
    key_id, key = signing_keys.ACCESS_TOKENS.private()
    now = timezone.now()
    claims: dict[str, Any] = {
        "iss": settings.PUBLIC_URL,
        "aud": AUDIENCE,
        "sub": str(user.pk),
        "sid": str(session.pk),
        "ver": user.token_version,
        "jti": uuid7().hex,
        "typ": "access",
        "iat": now,
        "nbf": now,
        "exp": now + timedelta(seconds=seconds),
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": key_id})


def _hash(raw: str) -> bytes:
    return hashlib.sha256(raw.encode("utf-8", "surrogatepass")).digest()


def _seconds(name: str, default: int) -> int:
    """The operator's value for a lifetime, where live settings are installed."""
    if registry.live_setting.function is None:
        return default
    return int(registry.live_setting(key=name))
