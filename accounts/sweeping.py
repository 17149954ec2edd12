"""What happens to people, workspaces and invitations by itself."""

from django.utils.translation import gettext_lazy as _

from accounts import api_keys, closing, invitations, lifecycle, registry, sync
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
    """Let what has had its time lapse: open invitations end, a feed that was counted on another server begins anew.

    Rows that are only forgotten are no concern of this function; `accounts.retention` says which those are.
    """
    sync.mend()
    return invitations.close_lapsed()
