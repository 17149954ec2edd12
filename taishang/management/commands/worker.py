"""`manage.py worker`: run background tasks until told to stop."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from taishang.worker import Supervisor


class Command(BaseCommand):
    help = "Run background tasks. SIGTERM finishes or gives back what runs, within 25 seconds."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--slots", type=int, default=2, help="tasks at a time (default 2)")
        parser.add_argument(
            "--queues", default=",".join(settings.TASK_QUEUES), help="comma-separated queues"
        )
        parser.add_argument("--build", default="", help="a mark shown on the live board")

    def handle(self, *args: Any, **options: Any) -> None:
        queues = [name.strip() for name in options["queues"].split(",") if name.strip()]
        Supervisor(queues=queues, slots=options["slots"], build=options["build"]).run()
