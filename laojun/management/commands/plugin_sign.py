"""Sign a plugin package with a private key, as its publisher or as a reviewer."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from laojun.plugins import authoring, signing
from laojun.plugins.authoring import AuthoringFailed
from laojun.plugins.installing import REFUSALS


class Command(BaseCommand):
    help = "Sign a package in place: `plugin_sign my-plugin.zip --key my.key [--role reviewer]`."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("package", type=Path)
        parser.add_argument("--key", type=Path, required=True)
        parser.add_argument("--role", choices=signing.ROLES, default=signing.PUBLISHER)

    def handle(self, *, package: Path, key: Path, role: str, **_: Any) -> None:
        try:
            private_key = authoring.read_key(key)
            signed = authoring.sign_package(package.read_bytes(), key=private_key, role=role)
            package.write_bytes(signed)
            facts = authoring.describe(signed)
        except (AuthoringFailed, OSError, *REFUSALS) as error:
            raise CommandError(f"{getattr(error, 'code', 'failed')}: {error}") from error
        self.stdout.write(f"{package}: signed by {', '.join(facts['signatures'])}")
        self.stdout.write(f"sha256 {facts['sha256']}")
