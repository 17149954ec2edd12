"""Finished tasks leave after 90 days, with their history, into an archive; those of generation jobs stay."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts import tenancy
from laojun import removal
from laojun.models import Archive, AuditLog
from laojun.retention import archives, sweeping
from taishang import queue
from taishang.models import Task, TaskEvent

pytestmark = pytest.mark.django_db
LIFE = timedelta(days=90)


@pytest.fixture(autouse=True)
def _archive_folder(settings, tmp_path):
    settings.ARCHIVE_DIR = tmp_path / "archives"


def ended(alice, *, state="cancelled"):
    """A task of alice's that has ended, with its two events."""
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        task = queue.enqueue(kind="rig.echo", workspace=alice.workspace, user=alice.user)
        now = timezone.now()
        Task.objects.filter(pk=task.pk).update(state=state, finished_at=now)
        for seq in (101, 102):
            TaskEvent.objects.bulk_create(
                [TaskEvent(workspace_id=alice.workspace.id, task_id=task.pk, seq=seq, event="x")]
            )
        return Task.objects.get(pk=task.pk)


def sweep(now):
    return sweeping.run(now=now, only=lambda policy: policy.table == "tai_tasks")[0]


def exists(task) -> bool:
    with tenancy.platform_scope(reason="test"):
        return Task.objects.filter(pk=task.pk).exists()


def index() -> dict[str, Archive]:
    with tenancy.platform_scope(reason="test"):
        return {one.table_name: one for one in Archive.objects.all()}


def test_a_task_goes_after_its_last_second_and_not_before(alice):
    task = ended(alice)

    assert sweep(task.finished_at + LIFE - timedelta(seconds=1)).rows == 0
    assert sweep(task.finished_at + LIFE).rows == 0
    assert sweep(task.finished_at + LIFE + timedelta(seconds=1)).rows == 1

    assert not exists(task)


def test_what_lives_stays_however_old(alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        task = queue.enqueue(kind="rig.echo", workspace=alice.workspace, user=alice.user)

    sweep(timezone.now() + timedelta(days=4000))

    assert exists(task)


def test_the_archive_holds_the_task_and_its_history(alice):
    task = ended(alice)
    with tenancy.platform_scope(reason="test"):
        events = TaskEvent.objects.filter(task_id=task.pk).count()

    sweep(task.finished_at + LIFE + timedelta(seconds=1))

    found = index()
    (row,) = archives.lines(found["tai_tasks"])
    history = list(archives.lines(found["tai_task_events"]))
    assert row["id"] == str(task.pk)
    assert row["row_version"] == task.row_version
    assert events == len(history) >= 2
    assert {event["task_id"] for event in history} == {str(task.pk)}
    with tenancy.platform_scope(reason="test"):
        assert not TaskEvent.objects.filter(task_id=task.pk).exists()


def test_no_row_goes_when_the_archive_cannot_be_written(alice, monkeypatch):
    task = ended(alice)
    monkeypatch.setattr(archives, "_read_back", lambda *_: 1 / 0)

    outcome = sweep(task.finished_at + LIFE + timedelta(seconds=1))

    assert outcome.failed
    assert exists(task)
    assert index() == {}


def test_a_deleted_workspace_leaves_the_archives_too(alice, charlie):
    gone, kept = ended(alice), ended(charlie)
    sweep(kept.finished_at + LIFE + timedelta(seconds=1))
    assert not exists(gone)

    with tenancy.workspace(alice.workspace.id):
        while removal.rewrite_archives(workspace_id=alice.workspace.id):
            pass

    rows = list(archives.lines(index()["tai_tasks"]))
    assert [row["id"] for row in rows] == [str(kept.pk)]
    archives.verify(index()["tai_tasks"])
    with tenancy.platform_scope(reason="test"):
        assert AuditLog.objects.filter(action="archive.rewritten").count() == 2


def test_the_command_lists_verifies_and_refuses_a_damaged_archive(alice, capsys):
    task = ended(alice)
    sweep(task.finished_at + LIFE + timedelta(seconds=1))
    archive = index()["tai_tasks"]
    capsys.readouterr()

    call_command("archive_restore")
    call_command("archive_restore", str(archive.pk), "--verify")

    out = capsys.readouterr().out
    assert "tai_tasks" in out
    assert "1 rows, as they were written" in out
