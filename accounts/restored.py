"""What a restored database may not go on believing: who is signed in, what clients have seen, what is cached."""

from datetime import datetime

from django.db.models import F
from django.db.models.functions import Greatest, Now
from django.utils import timezone

from accounts import registry, sync
from accounts.models import CacheEpoch, RefreshToken, Session
from accounts.registry import RestoreStep


def declare() -> None:
    for step in (
        RestoreStep("accounts.sessions", end_sessions, 10),
        RestoreStep("accounts.feed", begin_feed_anew, 20),
        RestoreStep("accounts.cache", forget_cached, 30),
    ):
        registry.after_restore.add(step.key, step)


def end_sessions(*, made_at: datetime) -> str:
    """Whoever was signed out since the dump would be in again, so everybody signs in anew."""
    now = timezone.now()
    tokens = RefreshToken.objects.filter(revoked_at__isnull=True)
    tokens.update(revoked_at=Greatest(now, F("created_at")))
    ended = Session.objects.revoke(reason="", at=now)
    return f"{ended} sessions ended"


def begin_feed_anew(*, made_at: datetime) -> str:
    state = sync.reset(reason=f"restored from {made_at:%F %T} UTC")
    return f"the change feed begins anew at epoch {state.epoch}"


def forget_cached(*, made_at: datetime) -> str:
    """The dump's epoch is one that others have used since; the time of day is one that nobody has."""
    later = int(timezone.now().timestamp())
    CacheEpoch.objects.update(epoch=Greatest(F("epoch"), later), changed_at=Now())
    return "nothing cached is believed"
