"""Operators see what is due, saved and drilled; they ask for work, and nothing restores by a button."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import tenancy
from accounts.models import User
from laojun import keeping
from laojun.backups import jobs as backup_jobs
from laojun.models import Archive, AuditLog, Backup
from laojun.retention import jobs as retention_jobs
from taishang.models import Task

pytestmark = pytest.mark.django_db
RETENTION, BACKUPS = "/admin/laojun/archive/", "/admin/laojun/backup/"
PAGES = (RETENTION, f"{RETENTION}works/", BACKUPS, f"{BACKUPS}works/")
DEEDS = {
    f"{RETENTION}sweep/": retention_jobs.SWEEP,
    f"{RETENTION}verification/": retention_jobs.VERIFY,
    f"{RETENTION}side-table/": retention_jobs.LOAD,
    f"{BACKUPS}making/": backup_jobs.BACKUP,
    f"{BACKUPS}drill/": backup_jobs.DRILL,
    f"{BACKUPS}verification/": backup_jobs.VERIFY,
}


@pytest.fixture
def things(settings, tmp_path):
    settings.BACKUP_DIR = tmp_path / "backups"
    settings.ARCHIVE_DIR = tmp_path / "archives"
    now = timezone.now()
    with tenancy.platform_scope(reason="test"):
        archive = Archive.objects.create(
            table_name="tai_tasks",
            partition="tai_tasks_x",
            range_start=now - timedelta(days=2),
            range_end=now,
            row_count=2,
            sha256="0" * 64,
            bytes=10,
            storage_path="tai_tasks/2026/x.jsonl.gz",
            schema_sha256="0" * 64,
        )
        backup = Backup.objects.create(
            kind="manual",
            tier="daily",
            state="ok",
            path="/srv/backups/20261122T020000Z-manual",
            manifest_sha256="0" * 64,
            started_at=now,
        )
    return {"archive": archive.pk, "backup": backup.pk}


def tasks(kind: str) -> int:
    with tenancy.platform_scope(reason="test"):
        return Task.objects.filter(type=kind).count()


@pytest.mark.parametrize("path", PAGES)
def test_an_operator_opens_every_page(olga, things, path):
    assert olga.get(path).status_code == 200


@pytest.mark.parametrize("path", [*PAGES, *DEEDS])
def test_nobody_else_does(alice, things, path):
    assert alice.get(path).status_code in {302, 404}
    assert alice.post(path, things).status_code in {302, 403, 404}


@pytest.mark.parametrize(("path", "kind"), DEEDS.items())
def test_an_operator_asks_and_a_worker_does_it_once(olga, things, path, kind):
    assert olga.post(path, things).status_code == 302
    assert olga.post(path, things).status_code == 302

    assert tasks(kind) == 1
    with tenancy.platform_scope(reason="test"):
        row = AuditLog.objects.filter(resource_id=kind).latest("id")
    assert row.actor_id == olga.user.id
    page = olga.get(RETENTION if "archive" in path else BACKUPS).content.decode()
    assert "<progress" in page


@pytest.mark.parametrize("path", DEEDS)
def test_asking_takes_a_post(olga, things, path):
    assert olga.get(path).status_code == 405
    assert tasks(DEEDS[path]) == 0


@pytest.mark.parametrize("value", ["", "x", "-1", "999999999", "9" * 30, "1.0", "١"])
@pytest.mark.parametrize("path", [f"{RETENTION}verification/", f"{BACKUPS}verification/"])
def test_a_number_of_nothing_is_not_found(olga, things, path, value):
    assert olga.post(path, {"archive": value, "backup": value}).status_code == 404


def test_the_exact_restore_command_stands_there_and_no_button_restores(olga, things):
    page = olga.get(BACKUPS).content.decode()

    assert "python manage.py restore /srv/backups/20261122T020000Z-manual --swap" in page
    assert "restore/" not in page.replace("restore /srv", "")


def test_a_search_in_a_damaged_archive_says_so(olga, things):
    page = olga.get(f"{RETENTION}search/?archive={things['archive']}&q=x").content.decode()

    assert "x.jsonl.gz" in page
    assert olga.get(f"{RETENTION}search/?archive=999").status_code == 404


def test_who_may_only_look_sees_no_button(things, olga):
    User.objects.filter(pk=olga.user.pk).update(is_superuser=False)

    assert olga.get(BACKUPS).status_code == 403


def test_the_tiles_tell_a_late_backup_and_a_failed_drill(olga, things):
    with tenancy.platform_scope(reason="test"):
        assert keeping.backup()["state"] == "good"
        assert keeping.drill()["state"] == "warn"
        Backup.objects.update(
            started_at=timezone.now() - timedelta(hours=27),
            drilled_at=timezone.now(),
            drill_result={"ok": False, "error": "x"},
        )
        assert keeping.backup()["state"] == "bad"
        assert keeping.drill()["state"] == "bad"
        assert keeping.waiting_rows()["value"] == 0
        assert keeping.disk()["value"]
        assert keeping.storage()["value"]


def test_every_tile_opens(olga, things):
    for key in ("backup", "drill", "disk", "defaults", "storage"):
        assert olga.get(f"/admin/tiles/{key}/").status_code == 200
