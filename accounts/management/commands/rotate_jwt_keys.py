"""`manage.py rotate_jwt_keys`: sign access tokens with a new key; the old ones verify until their tokens expire."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import signing_keys


class Command(BaseCommand):
    help = "Sign access tokens with a new key. Old keys verify until their tokens have expired."

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        try:
            key_id = signing_keys.ACCESS_TOKENS.rotate()
        except signing_keys.RingIsGiven as error:
            raise CommandError(
                "JWT_KEYS is given by the environment: put a new key in front of it there."
            ) from error
        self.stdout.write(f"Access tokens are now signed with key {key_id}.")
