"""`manage.py make_operator`: the first operator of an installation is made by whoever has its shell."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import identity, platform_roles


class Command(BaseCommand):
    help = (
        "Open the whole console to somebody. Further operators get platform roles in the console."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("login", help="address or user name of an account that exists")

    def handle(self, *_arguments: Any, login: str, **_options: Any) -> None:
        user = identity.find(login)
        if user is None:
            raise CommandError("Nobody has this address or name: sign up first.")
        try:
            platform_roles.appoint(user=user)
        except platform_roles.NotConfirmed as error:
            raise CommandError("The account is closed, or its address is unconfirmed.") from error
        self.stdout.write(f"{user.username} operates the platform.")
