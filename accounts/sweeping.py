"""What the identity tables forget by themselves."""

from django.utils.translation import gettext_lazy as _

from accounts import (
    api_keys,
    closing,
    idempotency,
    invitations,
    lifecycle,
    limits,
    permissions,
    registry,
    sessions,
    sign_ins,
    sync,
    tokens,
)
from accounts.registry import Schedule

EVERY_SECONDS = 300
NAME = "accounts.sweep"
PURGE = "accounts.purge_workspaces"


def declare() -> None:
    for schedule in (
        Schedule(NAME, sweep, every_s=EVERY_SECONDS),
        Schedule(PURGE, lifecycle.purge_due, cron="30 3 * * *", label=_("Delete ended workspaces")),
        Schedule(
            "accounts.purge_users",
            closing.purge,
            cron="30 2 * * *",
            label=_("Delete closed accounts"),
        ),
        Schedule(
            "accounts.key_expiry_notice",
            api_keys.tell_expiring,
            cron="0 8 * * *",
            label=_("Announce expiring API keys"),
        ),
    ):
        registry.schedules.add(schedule.name, schedule)


def sweep() -> int:
    """Remove what has had its time: ended windows, replies after a day, refresh tokens a week after expiry.

    Sessions go 30 days after their end, sign-ins and tombstones of the feed after 90; expired grants and open
    invitations lapse; a feed that was counted on another server begins anew.
    """
    sync.mend()
    forgotten = limits.purge() + idempotency.purge() + tokens.purge() + sessions.purge()
    lapsed = permissions.purge_expired() + invitations.close_lapsed()
    return forgotten + lapsed + sign_ins.purge() + sync.sweep()
