"""`manage.py feed_reset`: begin the change feed anew; run after a restore, when numbers were counted elsewhere."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts import sync


class Command(BaseCommand):
    help = "Make every client of the change feed load again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", default="asked for by an operator")
        parser.add_argument(
            "--if-needed",
            action="store_true",
            help="Only when the database is a restored dump or a promoted replica.",
        )

    def handle(self, *_arguments: Any, reason: str, if_needed: bool, **_options: Any) -> None:
        if if_needed and not sync.is_out_of_place():
            self.stdout.write("The feed is where it was counted; nothing to do.")
            return
        state = sync.reset(reason=reason[:200])
        self.stdout.write(f"The feed begins anew: epoch {state.epoch}.")
