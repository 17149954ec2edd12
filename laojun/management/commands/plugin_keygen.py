"""Make a key to sign plugins with. The private half stays in the file; nothing of it is sent anywhere."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from laojun.plugins import authoring


class Command(BaseCommand):
    help = "Make an Ed25519 key for signing plugins: `plugin_keygen my.key`."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="where the private key is written (mode 600)")

    def handle(self, *, path: Path, **_: Any) -> None:
        try:
            key_id, public_key = authoring.make_key(path)
        except (authoring.AuthoringFailed, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"private key: {path} (keep it secret)")
        self.stdout.write(f"key id:      {key_id}")
        self.stdout.write(f"public key:  {public_key}")
        self.stdout.write("Give the public key to the operators of the platforms you publish for.")
