"""Run every check of one project in this one process, and tell how each went.

argv[1] is the work folder: `project/` holds the tree, `order.json` the endpoints; `report.json` is written
there. Progress goes line by line to the standard output that the process was started with; whatever the
project itself prints goes to standard error.
"""

import json
import os
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path

LOG_CHARACTERS = 4_000
STEPS = (
    "compile", "check", "makemigrations", "migrate", "reverse", "loaddata", "tests", "openapi", "replay",
    "isolation",
)  # fmt: skip
NEEDS = {
    "check": "compile", "makemigrations": "check", "migrate": "check", "reverse": "migrate",
    "loaddata": "migrate", "tests": "migrate", "openapi": "check", "replay": "loaddata",
    "isolation": "loaddata",
}  # fmt: skip


class Check:
    """One check as a context: whatever happens inside becomes its row."""

    def __init__(self, report, name):
        self.report, self.name = report, name
        self.row = {"name": name, "state": "pass", "log": "", "limit": None, "items": []}

    def __enter__(self):
        self.report.say({"event": "started", "name": self.name})
        self.started = time.monotonic()
        return self

    def fail(self, log, *, items=(), limit=None):
        self.row["state"] = "fail"
        self.row["log"] = (self.row["log"] + str(log) + "\n")[-LOG_CHARACTERS:]
        self.row["items"] = sorted({*self.row["items"], *items})
        self.row["limit"] = self.row["limit"] or limit

    def __exit__(self, kind, error, trace):
        if error is not None:
            self.fail(
                "".join(traceback.format_exception(kind, error, trace)),
                limit=import_module("limits").limit_of(error),
            )
        self.row["milliseconds"] = int((time.monotonic() - self.started) * 1000)
        self.report.add(self.row)
        return isinstance(error, Exception | SystemExit)


class Report:
    """What the parent reads: short lines as they come, everything at the end in a file."""

    def __init__(self, folder):
        self.folder = folder
        self.rows, self.replay, self.isolation, self.tests = [], [], [], []
        self.out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)

    def say(self, line):
        self.out.write(json.dumps(line) + "\n")
        self.out.flush()

    def add(self, row):
        self.rows.append(row)
        self.say({"event": "finished", "row": {**row, "log": row["log"][-400:]}})

    def passed(self, name):
        return any(row["name"] == name and row["state"] == "pass" for row in self.rows)

    def write(self):
        whole = {
            "checks": self.rows,
            "replay": self.replay,
            "isolation": self.isolation,
            "tests": self.tests,
        }
        (self.folder / "report.json").write_text(json.dumps(whole), encoding="utf-8")


def run(report, order):
    """Every check in its order; one whose ground is missing is skipped."""
    for name in STEPS:
        needed = NEEDS.get(name)
        if needed and not report.passed(needed):
            row = {"name": name, "state": "skipped", "log": f"needs {needed}", "limit": None}
            report.add(row | {"items": [], "milliseconds": 0})
            continue
        with Check(report, name) as check:
            if name == "compile":
                compile_all()
            elif name == "check":
                set_up(check)
            else:
                import_module("checks").STEPS[name](check, report, order)


def compile_all():
    for path in sorted(Path().rglob("*.py")):
        compile(path.read_bytes(), str(path), "exec", dont_inherit=True)


def set_up(check):
    """`manage.py check`. Passwords are hashed fast here, and only here."""
    settings = import_module("django.conf").settings
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.LOGGING_CONFIG = None
    import_module("django").setup()
    checks = import_module("django.core.checks")
    for found in checks.run_checks():
        if found.level >= checks.ERROR:
            check.fail(found)
        elif found.level >= checks.WARNING:
            check.row["log"] += f"{found}\n"


def main():
    folder = Path(sys.argv[1])
    report = Report(folder)
    order = json.loads((folder / "order.json").read_text(encoding="utf-8"))
    sys.path[:0] = [str(folder / "project"), str(Path(__file__).resolve().parent)]
    os.chdir(folder / "project")
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    sys.addaudithook(import_module("limits").watch)
    run(report, order)
    report.write()


if __name__ == "__main__":
    main()
