"""Judge a list of statements as the SQL guard would, without running any of them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from querygpt.catalogue import Dialect

DIALECTS = ("postgresql", "mysql", "mariadb", "sqlite", "duckdb")
START_SECONDS = 30
STATEMENT_SECONDS = 2


class Command(BaseCommand):
    help = (
        "Say what the SQL guard makes of every line of a file, `dialect<TAB>sql`, over the tables of a schema: "
        "`check_sql statements.tsv --schema schema.json`."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--schema",
            type=Path,
            required=True,
            help='{"tables": {"orders": {"id": "int"}}}',
        )
        parser.add_argument(
            "--dialect", choices=DIALECTS, help="of lines that do not begin with one"
        )
        parser.add_argument(
            "--expect", choices=("allowed", "refused"), help="exit with 1 on any other verdict"
        )

    def handle(
        self,
        *,
        file: Path,
        schema: Path,
        dialect: Dialect | None,
        expect: str | None,
        **_: Any,
    ) -> None:
        try:
            lines = statements(file.read_bytes().decode("utf-8", "surrogateescape"), dialect)
            catalogue = json.loads(schema.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        unexpected = 0
        for found in judged(lines, catalogue):
            word = "allowed" if found["allowed"] else "refused"
            is_wrong = expect is not None and word != expect
            unexpected += is_wrong
            mark = f"\tUNEXPECTED\t{found['given'][:200]}" if is_wrong else ""
            self.stdout.write(
                f"{word}\t{found['rule'] or '-'}\t{found['ms']:.2f}\t{found['detail']}{mark}"
            )
        self.stderr.write(f"{len(lines)} statements, {unexpected} unexpected")
        if unexpected:
            sys.exit(1)


def statements(text: str, dialect: Dialect | None) -> list[dict[str, str]]:
    """`dialect<TAB>sql` of each line that is not blank, parted at "\\n" alone. Raises ValueError."""
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        name, tab, sql = line.partition("\t")
        if tab and name in DIALECTS:
            found.append({"dialect": name, "sql": sql})
        elif dialect:
            found.append({"dialect": dialect, "sql": line})
        else:
            raise ValueError(f"line {number} begins with no dialect")
    return found


def judged(lines: list[dict[str, str]], catalogue: dict[str, Any]) -> list[dict[str, Any]]:
    """The verdicts, in order, from a process of their own: the parsers load there. Raises CommandError."""
    asked = [{"catalogue": catalogue}, *lines]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "querygpt.guard"],
            input="".join(json.dumps(one) + "\n" for one in asked),
            capture_output=True,
            text=True,
            cwd=settings.BASE_DIR,
            env={"PYTHONPATH": str(settings.BASE_DIR), "LANG": "C.UTF-8"},
            timeout=START_SECONDS + STATEMENT_SECONDS * len(lines),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CommandError("the guard did not answer in time") from error
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode or len(answers) != len(lines):
        raise CommandError(done.stderr.strip().split("\n")[-1] or "the guard ended early")
    return [{**answer, "given": line["sql"]} for answer, line in zip(answers, lines, strict=True)]
