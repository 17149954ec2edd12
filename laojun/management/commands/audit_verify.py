"""`manage.py audit_verify`: is the audit log whole? Exit code 0 intact, 1 tampered, 2 cannot tell."""

import sys
from argparse import ArgumentTypeError
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation

from laojun.audit import Actor
from laojun.chain import anchors, archived, inspections, offline, wording
from laojun.chain.lines import NotALine
from laojun.chain.verdicts import EXIT_CODES, UNKNOWN, Report
from laojun.chain.verifying import Wanted

OPERATOR = Actor.system("audit_verify")
STEP_ROWS = 100_000


def _day(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        raise ArgumentTypeError("a day like 2026-11-30") from error


class Command(BaseCommand):
    help = "Hash every row of the audit log again and hold it against the anchors."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument(
            "--workspace", type=int, help="one workspace's chain; 0 is the platform's"
        )
        which.add_argument("--all", action="store_true", help="every chain (the default)")
        which.add_argument("--file", type=Path, help="a JSONL export instead of the database")
        parser.add_argument("--since", type=_day, help="from the first row of this day on (UTC)")
        parser.add_argument("--archives", action="store_true", help="with the archived months")
        parser.add_argument("--anchors", type=Path, help="anchor file or folder of another place")
        parser.add_argument(
            "--public-key", default="", help="for --file; this installation's if left out"
        )
        parser.add_argument("--json", action="store_true", help="the report as one JSON object")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        with translation.override("en"):
            code = self._file(options) if options["file"] else self._database(options)
        sys.exit(code)

    def _database(self, options: dict[str, Any]) -> int:
        chain = options["workspace"]
        wanted = Wanted(
            chains=None if chain is None else [chain],
            since=options["since"],
            archives=options["archives"],
            anchors=options["anchors"],
        )
        try:
            report = inspections.inspect(wanted=wanted, by=OPERATOR, progress=self._progress)
        except (OSError, archived.NoArchives) as error:
            self.stderr.write(f"cannot tell: {error or type(error).__name__}")
            return EXIT_CODES[UNKNOWN]
        self._print(report, as_json=options["json"])
        return report.exit_code

    def _print(self, report: Report, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(orjson.dumps(report.plain()).decode())
            return
        for verdict in report.verdicts:
            words = wording.of_verdict(verdict.plain())
            self.stdout.write(f"chain {verdict.chain_id}: {words.title}. {words.text}")
            if verdict.bad is not None:
                bad = verdict.bad
                self.stdout.write(
                    f"  first bad row: workspace={verdict.chain_id} seq={bad.seq} id={bad.id}"
                    f" time={bad.at} kind={bad.kind} {bad.note}"
                )
        if report.anchors is not None:
            self.stdout.write(f"anchors: line {report.anchors.seq}: {report.anchors.note}")
        self.stdout.write(f"{report.state}: {len(report.verdicts)} chains, {report.rows} rows")

    def _file(self, options: dict[str, Any]) -> int:
        key = (
            options["public_key"] or next(iter(anchors.trusted().values())).public_bytes_raw().hex()
        )
        try:
            with options["file"].open("rb") as content:
                outcome = offline.check(content, key)
        except (OSError, NotALine) as error:
            self.stderr.write(f"cannot tell: {error}")
            return EXIT_CODES[UNKNOWN]
        self.stdout.write(f"{outcome.state}: {outcome.rows} rows. {outcome.kind} {outcome.note}")
        return outcome.exit_code

    def _progress(self, current: int, total: int, message: str = "") -> None:
        if self.stderr.isatty() and current % STEP_ROWS < 5_000:
            self.stderr.write(f"\r{current} of {total} rows", ending="")
