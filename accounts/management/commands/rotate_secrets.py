"""`manage.py rotate_secrets`: seal everything at rest with the first key of SECRETS_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import resealing, secrets


class Command(BaseCommand):
    help = (
        "Seal every secret at rest with the first key of SECRETS_KEYS. Put the new key in front, restart, run"
        " this, wait a day for the letters that are still queued, then remove the old key."
    )

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        unreadable = 0
        for key, tally in resealing.rotate().items():
            unreadable += tally.unreadable
            self.stdout.write(f"{key}: {tally.resealed} sealed anew, {tally.unreadable} unreadable")
        if unreadable:
            raise CommandError(
                f"{unreadable} values do not open with any key of the ring: put the missing key back."
            )
        self.stdout.write(f"Everything is sealed with key {secrets.current_key_id()}.")
