"""`manage.py generate_backend EXPORT`: a ZIP in, a checked Django project out, without the platform."""

import tempfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from taishang.generation import offline, trees


class Command(BaseCommand):
    help = "Turn a front-end export into a checked Django project in a folder."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("export", type=Path, help="the ZIP of the front end")
        parser.add_argument("--chat", type=Path, help="the chat log it came from")
        parser.add_argument("--no-verify", action="store_true", help="render without running it")
        parser.add_argument("--out", type=Path, default=Path("backend"), help="an empty folder")

    def handle(self, *args: Any, **options: Any) -> None:
        target: Path = options["out"]
        if target.exists() and any(target.iterdir()):
            raise CommandError(f"{target} is not empty.")
        with tempfile.TemporaryDirectory(prefix="generate-") as name:
            try:
                made = offline.make(
                    archive=options["export"],
                    chat=options["chat"],
                    directory=Path(name),
                    tell=self._tell,
                    verify=not options["no_verify"],
                )
            except (offline.ExportFailed, OSError) as error:
                raise CommandError(str(error)) from error
        trees.write(tree=made.tree, directory=target)
        if options["no_verify"]:
            verdict = "not checked"
        else:
            verdict = "all checks green" if made.result["green"] else "some checks are red"
        self.stdout.write(f"{len(made.tree)} files in {target}: {verdict}")

    def _tell(self, event: dict[str, Any]) -> None:
        if event.get("event") == "stage_finished":
            self.stdout.write(f"  {event['stage']} ({event['ms']} ms)")
