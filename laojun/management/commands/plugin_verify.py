"""Judge a package as this platform would take it; exit code 1 where it would not run."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import tenancy
from laojun.plugins import installing, policy
from laojun.plugins.installing import REFUSALS


class Command(BaseCommand):
    help = "Say whether this platform would take a package, and why not: `plugin_verify my.zip`."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("package", type=Path)

    def handle(self, *, package: Path, **_: Any) -> None:
        try:
            data = package.read_bytes()
            with tenancy.platform_scope(reason="plugin_verify"):
                found = installing.inspect(data, workspace_id=None)
                rules = policy.current()
        except (OSError, *REFUSALS) as error:
            raise CommandError(f"{getattr(error, 'code', 'failed')}: {error}") from error
        slug = found.manifest.slug
        self.stdout.write(f"{slug} {found.manifest.version} by {found.manifest.publisher}")
        self.stdout.write(f"sha256 {found.checksum}")
        self.stdout.write(f"status {found.status} (policy {rules.name})")
        for finding in found.findings:
            self.stdout.write(f"- {finding.status}: {finding.code} {finding.detail}".rstrip())
        if not rules.runs(status=found.status, slug=slug, checksum=found.checksum):
            sys.exit(1)
