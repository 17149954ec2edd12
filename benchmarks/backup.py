"""What a backup costs: `python -m benchmarks.backup [--rounds 5] [--tasks 20000] [--files 60]`.

Backup beside a bare `pg_dump -Fc` and a copy of the new files; restore beside a bare `pg_restore` and hashing
the files; in turns within one run, on a database that is made for it. Median and spread of the per-round ratios.
"""

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402

from accounts import signup, tenancy  # noqa: E402
from accounts.models import Workspace  # noqa: E402
from config import embedded  # noqa: E402
from laojun import durable, files  # noqa: E402
from laojun.audit import Actor  # noqa: E402
from laojun.backups import making, programs, restoring, sources  # noqa: E402
from laojun.files import Owner  # noqa: E402

GOAL = 1.3
FILE_BYTES = 2 * 1024 * 1024
BY = Actor.system("benchmark")
ROWS = """
    INSERT INTO tai_tasks (id, workspace_id, type, queue, payload, payload_version, subject_type, subject_id,
        schedule_name, locale, trace_id, state, priority, rank, ready, fence, row_version, event_seq, attempts,
        max_attempts, crashes, timeout_s, rerun, progress, progress_message, error, error_code, error_detail,
        cancel_by, cancel_reason, due_at, created_at, updated_at)
    SELECT gen_random_uuid(), %s, 'x', 'default', jsonb_build_object('text', repeat(md5(n::text), 20)), 1, '', '',
        '', '', '', 'queued', 50, 0, false, 0, 0, 0, 0, 3, 0, 600, false, 0, '', '', '', '', '', '', now(), now(), now()
    FROM generate_series(1, %s) n
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--tasks", type=int, default=20_000)
    options.add_argument("--files", type=int, default=60)
    asked = options.parse_args()
    name = f"bench_backup_{os.getpid()}"
    settings.SERVERS.ensure()
    embedded.prepare_database(name)
    for alias in connections:
        connections[alias].settings_dict["NAME"] = name
    with tempfile.TemporaryDirectory(prefix="bench-backup-") as folder:
        _prepare(Path(folder), asked.tasks, asked.files)
        try:
            _measure(Path(folder), asked.rounds)
        finally:
            for alias in connections:
                connections[alias].close()
            with restoring._administrator() as admin:
                restoring.drop_database(admin, name)


def _prepare(folder: Path, tasks: int, count: int) -> None:
    call_command("migrate", database="owner", verbosity=0)
    settings.BACKUP_DIR = folder / "backups"
    settings.ARCHIVE_DIR = folder / "archives"
    (folder / "tmp").mkdir()
    settings.FILE_UPLOAD_TEMP_DIR = folder / "tmp"
    settings.STORAGES["default"]["OPTIONS"]["location"] = folder / "files"
    user = signup.open_account(
        email="bench@example.com", username="bench", password="correct horse battery", verified=True
    )
    with tenancy.user(user.id):
        workspace = Workspace.objects.get(owner=user)
    with tenancy.platform_scope(reason="benchmark"), connections["default"].cursor() as cursor:
        cursor.execute(ROWS, [workspace.id, tasks])
    for _number in range(count):
        content = b"text " * 10 + os.urandom(FILE_BYTES // 2).hex().encode()
        files.store(
            content=content, name="a.txt", purpose="attachment", owner=Owner(user.id, workspace.id)
        )


def _measure(folder: Path, rounds: int) -> None:
    saving, restoring_ratios = [], []
    for number in range(rounds + 1):
        shutil.rmtree(settings.BACKUP_DIR, ignore_errors=True)
        bare = folder / "bare"
        shutil.rmtree(bare, ignore_errors=True)
        bare.mkdir()
        dump, copy = bare / "dump", bare / "files"
        alone = _timed(lambda dump=dump, copy=copy: _bare_backup(dump, copy))
        made: list[making.Backup] = []
        ours = _timed(lambda made=made: made.append(making.make(by=BY)))
        back = _timed(lambda dump=dump, copy=copy, n=number: _bare_restore(dump, copy, n))
        prove = _timed(lambda made=made, n=number: _restore(made[0], n))
        if number:
            saving.append(ours / alone)
            restoring_ratios.append(prove / back)
            print(f"backup {ours:.2f} s / {alone:.2f} s, restore {prove:.2f} s / {back:.2f} s")
    for what, found in (("backup", saving), ("restore", restoring_ratios)):
        median = statistics.median(found)
        verdict = "ok" if median <= GOAL else "MISSED"
        print(
            f"{what:<8} {median:.2f} × bare ({min(found):.2f}–{max(found):.2f}), goal ≤ {GOAL}  {verdict}"
        )


def _bare_backup(dump: Path, copy: Path) -> None:
    who = sources.sign_in()
    program = programs.find("pg_dump", server=18)
    programs.run(program, "-Fc", f"--file={dump}", f"--dbname={who['dbname']}", sign_in=who)
    durable.settle(dump)
    shutil.copytree(settings.STORAGES["default"]["OPTIONS"]["location"], copy)
    os.sync()


def _bare_restore(dump: Path, copy: Path, number: int) -> None:
    name = f"bench_bare_{os.getpid()}_{number}"
    with restoring.scratch(name):
        program = programs.find("pg_restore", server=18)
        arguments = ("--exit-on-error", "--no-comments", f"--dbname={name}", str(dump))
        programs.run(program, *arguments, sign_in=restoring._admin_parameters())
        for path in copy.rglob("*"):
            if path.is_file():
                durable.sha256_of(path)


def _restore(backup: making.Backup, number: int) -> None:
    name = f"bench_ours_{os.getpid()}_{number}"
    restoring.restore(Path(backup.path), into=name, by=BY)
    with restoring._administrator() as admin:
        restoring.drop_database(admin, name)


def _timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


if __name__ == "__main__":
    main()
