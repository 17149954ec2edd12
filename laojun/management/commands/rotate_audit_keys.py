"""`manage.py rotate_audit_keys`: sign anchors with a new key; the old one signs the line that introduces it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import signing_keys
from laojun import audit
from laojun.chain import anchors


class Command(BaseCommand):
    help = "Sign anchors with a new key from now on. Old keys go on verifying for ever."

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        try:
            key_id = anchors.rotate()
        except signing_keys.RingIsGiven as error:
            raise CommandError(
                "AUDIT_KEYS is given by the environment: put a new key in front of it there;"
                " the next anchor introduces it."
            ) from error
        audit.record(
            actor=audit.Actor.system("rotate_audit_keys"),
            action="audit.key_rotated",
            target=audit.Target("audit_key", key_id, platform=True),
        )
        self.stdout.write(f"Anchors are now signed with key {key_id}.")
