"""API keys: minting, recognising, ending.

A key looks like `tlk_<8>_<43><6>`: a public prefix, 256 random bits, and a checksum by which a typing error or
a leaked key is recognised without asking anybody. Only an HMAC of it is stored.
"""

import re
import secrets as random
import threading
import time
import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from accounts import news, registry, secrets, signals, tenancy
from accounts.models import ApiKey, Membership, User
from accounts.tenancy import Context

SHAPE = re.compile(r"tlk_[a-z0-9]{8}_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}")
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PREFIX_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
PURPOSE = "api key"
MAX_LIVE = 50
DEFAULT_LIFE = timedelta(days=90)
EXPIRES_SOON = timedelta(days=7)
TOUCH_SECONDS = 60.0
_touched: dict[UUID, float] = {}
_touched_lock = threading.Lock()


class TooManyKeys(Exception):
    code = "limit_reached"
    members = {"limit": MAX_LIVE}


class ScopeNotHeld(Exception):
    """A key cannot have more rights than the person who makes it."""

    code = "cannot_grant"

    def __init__(self, missing: Iterable[str]) -> None:
        super().__init__("scopes")
        self.members = {"permissions": sorted(missing)}


def looks_like_one(value: str) -> bool:
    return value.startswith("tlk_")


def hashes(value: str) -> list[str]:
    """What the key may be stored as: one hash for each key of the ring. Empty if it cannot be a key of ours."""
    if not SHAPE.fullmatch(value) or _checksum(value[:-6]) != value[-6:]:
        return []
    return [_hash(value, key_id) for key_id in secrets.key_ids()]


def mint(
    *,
    user: User,
    workspace_id: int,
    name: str,
    scopes: Iterable[str],
    held: frozenset[str],
    expires_at: datetime | None,
) -> tuple[ApiKey, str]:
    """Make a key and return it with its text, which is shown this once.

    Raises ScopeNotHeld and TooManyKeys. Locks the membership, so that parallel callers cannot pass the limit.
    """
    wanted = sorted(set(scopes))
    if missing := set(wanted) - held:
        raise ScopeNotHeld(missing)
    Membership.objects.select_for_update().get(workspace_id=workspace_id, user=user)
    mine = ApiKey.objects.live(timezone.now()).filter(workspace_id=workspace_id, user=user)
    if mine.count() >= MAX_LIVE:
        raise TooManyKeys
    text = _random_key()
    key_id = secrets.current_key_id()
    api_key = ApiKey.objects.create(
        workspace_id=workspace_id,
        user=user,
        name=name,
        prefix=text[4:12],
        key_hash=_hash(text, key_id),
        pepper_id=key_id,
        scopes=wanted,
        expires_at=expires_at,
    )
    signals.api_key_created.send(sender=ApiKey, user=user, api_key=api_key)
    news.tell("api_key_created", user=user, link=("security", ""), key=name)
    return api_key, text


def rename(*, api_key: ApiKey, name: str, by: User) -> ApiKey:
    """Give a key another name."""
    before = {"name": api_key.name}
    api_key.name = name
    api_key.save(update_fields=["name"])
    api_key.refresh_from_db(fields=["version"])
    signals.api_key_changed.send(
        sender=ApiKey, user=by, api_key=api_key, before=before, after={"name": name}
    )
    return api_key


def revoke(*, api_key: ApiKey, by: User, note: str = "") -> None:
    """End a key; it is refused from the next request on. `note` is an operator's reason."""
    live = ApiKey.objects.filter(pk=api_key.pk, revoked_at__isnull=True)
    if live.update(revoked_at=timezone.now()):
        signals.api_key_revoked.send(sender=ApiKey, user=by, api_key=api_key, note=note)


def revoke_all(*, user: User) -> int:
    """End every key of a person, in every workspace they are in. Returns how many there were."""
    ended = 0
    for workspace_id in list(
        Membership.objects.filter(user=user).values_list("workspace_id", flat=True)
    ):
        with tenancy.workspace(workspace_id, user_id=user.pk):
            for api_key in ApiKey.objects.filter(user=user, revoked_at__isnull=True):
                revoke(api_key=api_key, by=user)
                ended += 1
    return ended


def note_use(*, context: Context, api_key_id: UUID, ip: str | None) -> None:
    """Remember when and from where a key was last used: at most once a minute, outside the request's transaction."""
    with _touched_lock:
        last = _touched.get(api_key_id)
        if last is not None and time.monotonic() - last < TOUCH_SECONDS:
            return
        if len(_touched) > 10_000:
            _touched.clear()
        _touched[api_key_id] = time.monotonic()
    now = timezone.now()
    with tenancy.entered(context):
        stale = Q(last_used_at__isnull=True) | Q(
            last_used_at__lt=now - timedelta(seconds=TOUCH_SECONDS)
        )
        ApiKey.objects.filter(stale, pk=api_key_id).update(last_used_at=now, last_used_ip=ip)


def tell_expiring(*, now: datetime | None = None) -> int:
    """Write to the holders of keys that expire in a week; run once a day, so each is told once."""
    soon = (now or timezone.now()) + EXPIRES_SOON
    with tenancy.platform_scope(reason="accounts.key_expiry_notice"):
        expiring = ApiKey.objects.select_related("user").filter(
            revoked_at__isnull=True,
            user__is_active=True,
            expires_at__gt=soon - timedelta(days=1),
            expires_at__lte=soon,
        )
        found = list(expiring)
    for api_key in found:
        news.tell(
            "api_key_expires",
            user=api_key.user,
            link=("security", ""),
            key=api_key.name,
            until=api_key.expires_at,
        )
    return len(found)


def unknown_scopes(scopes: Iterable[str]) -> list[str]:
    known = {key for key, entry in registry.permissions.items() if entry.scope == "workspace"}
    return sorted(set(scopes) - known)


def _random_key() -> str:
    prefix = "".join(random.choice(PREFIX_ALPHABET) for _ in range(8))
    body = f"tlk_{prefix}_{random.token_urlsafe(32)}"
    return body + _checksum(body)


def _checksum(text: str) -> str:
    """CRC-32 in six characters of base 62."""
    number, letters = zlib.crc32(text.encode()), ""
    for _ in range(6):
        number, index = divmod(number, 62)
        letters = ALPHABET[index] + letters
    return letters


def _hash(text: str, key_id: str) -> str:
    return secrets.sign(text.encode(), purpose=PURPOSE, key_id=key_id)[1].hex()
