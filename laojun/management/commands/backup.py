"""`manage.py backup`: save the database, the files, the archives and the anchors, now."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.defaultfilters import filesizeformat

from laojun.audit import Actor
from laojun.backups import making, manifest, programs


class Command(BaseCommand):
    help = "Make a backup. One runs at a time; old ones are pruned by the settings backup.keep_*."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--to", type=Path, help="Folder instead of BACKUP_DIR; it gets a pool of its own."
        )
        parser.add_argument(
            "--no-files", action="store_true", help="Only the database and the anchors."
        )
        parser.add_argument(
            "--public-key",
            action="store_true",
            help="Say the key that verifies our manifests elsewhere.",
        )

    def handle(self, *_arguments: Any, **options: Any) -> None:
        if options["public_key"]:
            self.stdout.write(manifest.public_key())
            return
        try:
            made = making.make(
                to=options["to"].absolute() if options["to"] else None,
                with_files=not options["no_files"],
                by=Actor.system("command-line"),
            )
        except making.AlreadyRunning as error:
            raise CommandError("A backup is being made already.") from error
        except (making.BackupRefused, making.StorageFull, programs.ProgramFailed) as error:
            raise CommandError(f"No backup was made: {error}") from error
        self.stdout.write(
            f"{made.path}: database {filesizeformat(made.database_bytes)},"
            f" files {filesizeformat(made.files_bytes)} ({filesizeformat(made.new_bytes)} new)"
        )
        if made.error:
            self.stderr.write(made.error)
