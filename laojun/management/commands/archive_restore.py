"""`manage.py archive_restore ID`: load an archive into a side table, or drop that again."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import tenancy
from laojun.audit import Actor
from laojun.models import Archive
from laojun.retention import archives, side_tables


class Command(BaseCommand):
    help = "Load an archive into a table of its own, which operators may read and which goes after a week."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=int, nargs="?", help="Without it, the archives are listed.")
        parser.add_argument("--drop", action="store_true", help="Drop the side table.")
        parser.add_argument("--verify", action="store_true", help="Only compare it with its index.")

    def handle(self, *_arguments: Any, id: int | None, **options: Any) -> None:
        if id is None:
            self._list()
            return
        with tenancy.platform_scope(reason="manage.py archive_restore"):
            archive = Archive.objects.filter(pk=id).first()
        if archive is None:
            raise CommandError("There is no such archive; without a number they are listed.")
        try:
            self.stdout.write(self._carry_out(archive, **options))
        except archives.ArchiveDamaged as error:
            raise CommandError(f"Refused: {error}. Bring the file back from a backup.") from error

    def _carry_out(self, archive: Archive, *, drop: bool, verify: bool, **_: Any) -> str:
        if drop:
            side_tables.drop(archive)
            return "The side table is gone."
        if verify:
            archives.verify(archive)
            return f"{archive.row_count} rows, as they were written."
        return f"Loaded into {side_tables.load(archive, by=Actor.system('command-line'))}."

    def _list(self) -> None:
        with tenancy.platform_scope(reason="manage.py archive_restore"):
            for one in Archive.objects.order_by("table_name", "range_start"):
                self.stdout.write(
                    f"{one.pk:>6}  {one.table_name:<20} {one.range_start:%F} – {one.range_end:%F}"
                    f"  {one.row_count:>10} rows  {one.state}  {one.side_table}".rstrip()
                )
