"""`manage.py restore PATH`: a backup into a new database, proved; with `--swap` in the place of the one in use."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from laojun.audit import Actor
from laojun.backups import checking, programs, restoring
from laojun.backups.making import StorageFull
from laojun.backups.manifest import BackupRefused


class Command(BaseCommand):
    help = "Restore a backup. Without --swap the database in use is not touched."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="Folder of the backup, beside its pool.")
        parser.add_argument("--into", default="", help="Name of the new database.")
        parser.add_argument(
            "--swap", action="store_true", help="Use it from now on; the old one stays a week."
        )
        parser.add_argument(
            "--verify-only", action="store_true", help="Read and compare everything, no more."
        )
        parser.add_argument(
            "--trust", default="", help="Public key of the installation that made it."
        )

    def handle(self, *_arguments: Any, **options: Any) -> None:
        folder = options["path"].absolute()
        try:
            if options["verify_only"]:
                content = checking.check(folder, trusted=options["trust"])
                self.stdout.write(f"Whole and readable here; made at {content['made_at']}.")
                return
            report = restoring.restore(
                folder,
                into=options["into"],
                swap=options["swap"],
                trusted=options["trust"],
                by=Actor.system("command-line"),
            )
        except BackupRefused as error:
            raise CommandError(f"Refused: {error}.") from error
        except (programs.ProgramFailed, StorageFull) as error:
            raise CommandError(f"Nothing was changed: {error}") from error
        self._tell(report, swapped=options["swap"])

    def _tell(self, report: restoring.Report, *, swapped: bool) -> None:
        self.stdout.write(
            f"{report.database}: {report.rows} rows and {report.files} files as they were saved,"
            f" {report.put_back} files put back."
        )
        for said in report.steps:
            self.stdout.write(f"  {said}")
        if swapped:
            self.stdout.write(
                f"In use from now on. The old database is {report.old_database} for a week."
            )
        else:
            self.stdout.write("Not in use: look into it, or restore once more with --swap.")
