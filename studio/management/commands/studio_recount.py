"""`manage.py studio_recount`: prove that words, chapters and copies of tags are counted right, or mend them."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from studio import recounting


class Command(BaseCommand):
    help = "Compare the counters of works and chapters with what they count."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--fix", action="store_true", help="Write what was counted.")

    def handle(self, *_arguments: Any, fix: bool, **_options: Any) -> None:
        found = recounting.recount(fix=fix)
        for one in found:
            told = ", ".join(f"{name}: {old} → {new}" for name, (old, new) in one.columns.items())
            self.stdout.write(f"{one.table} {one.id}  {told}")
        if found and not fix:
            raise CommandError(f"{len(found)} rows are counted wrong; --fix mends them.")
        self.stdout.write(f"{len(found)} rows mended." if found else "Everything is counted right.")
