"""`manage.py score_generation EXPORT TRUTH`: how much of what a person found is found, as JSON."""

import json
import tempfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from taishang.generation import offline, scoring


class Command(BaseCommand):
    help = "Compare what is generated for an export with a truth file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("export", type=Path)
        parser.add_argument("truth", type=Path, help="JSON; its format stands in scoring.py")

    def handle(self, *args: Any, **options: Any) -> None:
        with tempfile.TemporaryDirectory(prefix="score-") as name:
            try:
                truth = json.loads(options["truth"].read_text(encoding="utf-8"))
                made = offline.make(
                    archive=options["export"],
                    chat=None,
                    directory=Path(name),
                    tell=lambda _event: None,
                )
            except (offline.ExportFailed, OSError, ValueError) as error:
                raise CommandError(str(error)) from error
        score = scoring.score(blueprint=made.blueprint, truth=truth)
        self.stdout.write(json.dumps(score, indent=2, ensure_ascii=False))
