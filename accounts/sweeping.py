"""What the identity tables forget by themselves."""

from accounts import (
    idempotency,
    invitations,
    lifecycle,
    permissions,
    registry,
    sessions,
    tokens,
)
from accounts.registry import Schedule

EVERY_SECONDS = 300
NAME = "accounts.sweep"
PURGE = "accounts.purge_workspaces"


def declare() -> None:
    registry.schedules.add(NAME, Schedule(NAME, sweep, every_s=EVERY_SECONDS))
    registry.schedules.add(PURGE, Schedule(PURGE, lifecycle.purge_due, cron="30 3 * * *"))


def sweep() -> int:
    """Remove what has had its time: replies, tokens, sessions, expired grants; close invitations nobody answered."""
    removed = idempotency.purge() + tokens.purge() + sessions.purge()
    return removed + permissions.purge_expired() + invitations.close_lapsed()
