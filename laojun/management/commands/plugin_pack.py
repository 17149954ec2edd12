"""Pack a folder with a manifest into a plugin package, not signed yet."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from laojun.plugins import authoring
from laojun.plugins.authoring import AuthoringFailed
from laojun.plugins.installing import REFUSALS


class Command(BaseCommand):
    help = "Pack a folder into a package: `plugin_pack my-plugin --to my-plugin.zip`."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--to", type=Path, help="the package (default: <slug>-<version>.zip)")

    def handle(self, *, folder: Path, to: Path | None, **_: Any) -> None:
        try:
            data = authoring.pack_folder(folder)
            facts = authoring.describe(data)
        except (AuthoringFailed, OSError, *REFUSALS) as error:
            raise CommandError(f"{getattr(error, 'code', 'failed')}: {error}") from error
        target = to or Path(f"{facts['slug']}-{facts['version']}.zip")
        target.write_bytes(data)
        self.stdout.write(f"{target}: {len(data)} bytes, {facts['files']} files, not signed")
