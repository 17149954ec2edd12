"""`manage.py restore_drill`: prove that the newest backup restores, in a database that is gone afterwards."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from laojun.audit import Actor
from laojun.backups import drill, programs
from laojun.backups.manifest import BackupRefused


class Command(BaseCommand):
    help = "Restore the newest backup into a scratch database, compare everything, drop it, keep the result."

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        try:
            result = drill.drill(by=Actor.system("command-line"))
        except drill.NothingToDrill as error:
            raise CommandError("There is no good backup yet: manage.py backup") from error
        except (BackupRefused, programs.ProgramFailed, OSError) as error:
            raise CommandError(f"The drill failed: {error}") from error
        self.stdout.write(
            f"It restores: {result['rows']} rows, {result['files']} files, {result['seconds']} s."
        )
