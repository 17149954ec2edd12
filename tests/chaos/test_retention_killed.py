"""Retention and backups whose processes are killed outright: the next run comes to the same end."""

import json
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connections, transaction

from accounts import tenancy
from laojun.audit import Actor
from laojun.chain import anchors, inspections, sealing, verifying
from laojun.chain.verifying import Wanted
from laojun.models import Archive, Backup
from laojun.retention import archives, partitions
from tests.rig.installation import ROOT

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(280)]
ROWS, MONTHS, KILLS = 4_000, 3, 6
CHAIN = 900_001
FIRST = datetime(2024, 2, 1, tzinfo=UTC)


def _fill() -> None:
    """Rows over three months of long ago, the leap day among them."""
    for month in range(MONTHS):
        partitions.ensure_partitions(months=0, today=FIRST.replace(month=2 + month).date())
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("SELECT set_config('app.migrating', 'on', true)")
        cursor.execute(
            "INSERT INTO lao_audit_logs (workspace_id, actor_kind, actor, action, resource_type,"
            " resource_id, result, payload, user_agent, trace_id, created_at)"
            " SELECT %s, 'system', 'x', 'test.row', 'x', n::text, 'ok', '{}', '', '',"
            " %s + (n %% 85) * interval '1 day' FROM generate_series(1, %s) n",
            [CHAIN, FIRST, ROWS],
        )


def _prove() -> None:
    """No month leaves before its rows are sealed, anchored and verified."""
    sealing.seal_waiting(budget_s=30)
    anchors.anchor()
    report = inspections.inspect(wanted=Wanted(chains=[CHAIN]), by=Actor.system("test"))
    assert report.state == "intact"


def _hot() -> set[str]:
    with tenancy.migration_scope(), connections["owner"].cursor() as cursor:
        cursor.execute("SELECT resource_id FROM lao_audit_logs WHERE action = 'test.row'")
        return {name for (name,) in cursor.fetchall()}


def _cold() -> list[str]:
    with tenancy.migration_scope():
        moved = list(Archive.objects.using("owner").filter(state=Archive.State.MOVED))
    return [row["resource_id"] for one in moved for row in archives.lines(one)]


def _start(installation, *arguments: str, **extra: str) -> subprocess.Popen:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=installation.environment(**extra),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_retention_killed_at_random_moments_loses_and_doubles_nothing(
    installation, tmp_path, settings
):
    settings.ARCHIVE_DIR = tmp_path / "data" / "archives"
    settings.AUDIT_ANCHORS_DIR = settings.DATA_DIR / "tmp" / "anchors" / installation.database
    _fill()
    _prove()
    everything = _hot()
    assert len(everything) == ROWS
    place = {"ARCHIVE_DIR": str(settings.ARCHIVE_DIR)}
    started = time.monotonic()
    whole = _start(installation, "retention", "--table", "lao_configs", **place)
    whole.wait(60)
    start_up = time.monotonic() - started

    for _number in range(KILLS):
        process = _start(installation, "retention", "--table", "lao_audit_logs", **place)
        time.sleep(start_up * random.uniform(0.6, 1.4))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert _hot() | set(_cold()) == everything
    assert _start(installation, "retention", "--table", "lao_audit_logs", **place).wait(120) == 0

    assert _hot() == set()
    assert sorted(_cold()) == sorted(everything)
    whole = verifying.verify(wanted=Wanted(chains=[CHAIN], archives=True)).verdicts[0]
    assert (whole.bad, whole.rows) == (None, ROWS)
    assert (
        not list(settings.ARCHIVE_DIR.rglob("*.partial"))
        or _start(installation, "retention", "--table", "lao_audit_logs", **place).wait(120) == 0
    )
    with tenancy.migration_scope():
        Archive.objects.using("owner").all().delete()


def test_a_backup_killed_at_random_moments_leaves_the_next_one_good(
    installation, tmp_path, settings
):
    settings.BACKUP_DIR = tmp_path / "backups"
    place = {"BACKUP_DIR": str(settings.BACKUP_DIR)}
    for _number in range(KILLS):
        process = _start(installation, "backup", **place)
        time.sleep(random.uniform(1.0, 4.0))
        process.send_signal(signal.SIGKILL)
        process.wait()

    deadline = time.monotonic() + 60
    while _start(installation, "backup", **place).wait(120):
        assert time.monotonic() < deadline, "the lock of a killed one must be free soon"

    with tenancy.platform_scope(reason="test"):
        good = Backup.objects.good().first()
        assert not Backup.objects.filter(state=Backup.State.RUNNING).exists()
    assert json.loads((Path(good.path) / "manifest.json").read_text())["parts"]
    assert not list(settings.BACKUP_DIR.glob("*.partial"))
    check = _start(installation, "restore", good.path, "--verify-only", **place)
    assert check.wait(60) == 0
