"""Write the lists of digests of the platform's own plugins anew, or with --check say whether they are stale."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from laojun.plugins import builtins


class Command(BaseCommand):
    help = "Record the digests of the code of the platform's own plugins."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *, check: bool, **_: Any) -> None:
        if check:
            stale = [
                builtin.slug
                for builtin in builtins.builtins.values()
                if builtins.digests_committed(builtin) != builtins.digests_now(builtin)
            ]
            for slug in stale:
                self.stdout.write(f"stale: {slug}")
            sys.exit(1 if stale else 0)
        for path in builtins.record_digests():
            self.stdout.write(f"written: {path}")
