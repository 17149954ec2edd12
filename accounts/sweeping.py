"""What the identity tables forget by themselves."""

from accounts import idempotency, limits, registry, sessions, tokens
from accounts.registry import Schedule

EVERY_SECONDS = 300
NAME = "accounts.sweep"


def declare() -> None:
    registry.schedules.add(NAME, Schedule(NAME, sweep, every_s=EVERY_SECONDS))


def sweep() -> int:
    """Remove ended windows, replies after a day, refresh tokens a week after expiry, sessions 30 days after their end."""
    return limits.purge() + idempotency.purge() + tokens.purge() + sessions.purge()
