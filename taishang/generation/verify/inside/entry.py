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
from pathlib import Path

LOG_CHARACTERS = 4_000
NETWORK = ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.sendmsg")
PROCESSES = (
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.exec",
    "os.system",
    "subprocess.Popen",
    "pty.spawn",
)
ERRNO_LIMITS = {27: "file_size", 24: "descriptors", 23: "descriptors"}


class Refusal(PermissionError):
    """The project tried what the cage forbids."""

    def __init__(self, limit, event):
        super().__init__(1, f"the cage refuses {event}")
        self.limit = limit


def watch(event, arguments):
    if event in NETWORK:
        raise Refusal("network", event)
    if event in PROCESSES:
        raise Refusal("processes", event)


def limit_of(error):
    """Which limit stopped the project, walking the chain of causes; None for an ordinary failure."""
    for _ in range(20):
        if error is None:
            return None
        if isinstance(error, MemoryError):
            return "memory"
        if isinstance(error, Refusal):
            return error.limit
        if isinstance(error, OSError) and error.errno in ERRNO_LIMITS:
            return ERRNO_LIMITS[error.errno]
        error = error.__cause__ or error.__context__
    return None


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
                "".join(traceback.format_exception(kind, error, trace)), limit=limit_of(error)
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


def main():
    folder = Path(sys.argv[1])
    report = Report(folder)
    order = json.loads((folder / "order.json").read_text(encoding="utf-8"))
    sys.path[:0] = [str(folder / "project"), str(Path(__file__).resolve().parent)]
    os.chdir(folder / "project")
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    sys.addaudithook(watch)
    import checks

    checks.run(report, order, Check)
    report.write()


if __name__ == "__main__":
    main()
