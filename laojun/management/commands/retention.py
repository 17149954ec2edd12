"""`manage.py retention`: let go of what has had its time, or say with `--dry-run` what would go."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_datetime

from laojun.retention import sweeping
from laojun.retention.sweeping import Outcome


class Command(BaseCommand):
    help = (
        "Carry out every table's retention policy. Safe to run again, and beside the nightly run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="Count what is due; change nothing."
        )
        parser.add_argument("--table", help="Only this table.")
        parser.add_argument(
            "--at", help="With --dry-run: count as of this moment, as 2026-11-22T03:10:00+00:00."
        )

    def handle(self, *_arguments: Any, **options: Any) -> None:
        table, moment = options["table"], None
        if table and table not in {policy.table for policy in sweeping.policies()}:
            raise CommandError(f"No policy is known for {table}.")
        if options["at"]:
            moment = _moment(options["at"], dry_run=options["dry_run"])
        if options["dry_run"]:
            found = [
                one for one in sweeping.forecast(now=moment) if table in {None, one.policy.table}
            ]
        else:
            found = sweeping.run(only=lambda policy: table in {None, policy.table})
        for outcome in found:
            self.stdout.write(_line(outcome))
        if any(outcome.failed for outcome in found):
            raise CommandError("Some tables could not be swept; their lines say why.")


def _moment(text: str, *, dry_run: bool) -> Any:
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if not dry_run or found is None or found.tzinfo is None:
        raise CommandError("--at goes with --dry-run and names a moment with its zone.")
    return found


def _line(outcome: Outcome) -> str:
    policy = outcome.policy
    months = f"  {outcome.months} months" if outcome.months else ""
    note = f"  ({outcome.note})" if outcome.note else ""
    return f"{policy.table:<28} {policy.rule:<7} {outcome.rows:>10}{months}  {policy.why}{note}"
