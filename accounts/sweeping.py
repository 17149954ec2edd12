"""What the identity tables forget by themselves."""

from accounts import idempotency, limits, registry, sessions, sync, tokens
from accounts.registry import Schedule

EVERY_SECONDS = 300
NAME = "accounts.sweep"


def declare() -> None:
    registry.schedules.add(NAME, Schedule(NAME, sweep, every_s=EVERY_SECONDS))


def sweep() -> int:
    """Remove ended windows, replies after a day, refresh tokens a week after expiry, sessions 30 days after their end.

    Tombstones of the feed go after 90 days; a feed that was counted on another server begins anew.
    """
    sync.mend()
    forgotten = limits.purge() + idempotency.purge() + tokens.purge() + sessions.purge()
    return forgotten + sync.sweep()
