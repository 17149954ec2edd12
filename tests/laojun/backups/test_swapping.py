"""After the swap nobody is signed in, nothing goes out twice, copies are told to load again; the old one stays a week."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import sync, tenancy, tokens
from accounts.models import CacheEpoch, FeedState, RefreshToken, Session, User
from accounts.sessions import Facts
from laojun.backups import making, restoring
from laojun.models import AuditLog, Backup
from taishang import queue
from taishang.models import Task, Worker
from tests import factories
from tests.laojun.backups.conftest import TEST, query
from tests.rig.installation import Installation


@pytest.fixture(scope="module")
def place(django_db_setup, django_db_blocker, tmp_path_factory):
    """A database of its own, which may be swapped."""
    made = Installation(tmp_path_factory.mktemp("place"))
    with django_db_blocker.unblock():
        made.create()
        with made.connected():
            yield made
        for (name,) in query(
            "postgres", f"SELECT datname FROM pg_database WHERE datname LIKE '{made.database}_%'"
        ):
            with restoring._administrator() as admin:
                restoring.drop_database(admin, name)
        made.drop()


def counts() -> dict[str, int]:
    return {
        "sessions": Session.objects.live(timezone.now()).count(),
        "tokens": RefreshToken.objects.filter(revoked_at=None).count(),
    }


def test_a_swap(place, settings, tmp_path):
    settings.BACKUP_DIR = tmp_path / "backups"
    settings.AUDIT_ANCHORS_DIR = place.folder / "anchors"
    alice = factories.person("alice")
    tokens.open_family(user=alice.user, facts=Facts())
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        running = queue.enqueue(kind="rig.echo", workspace=alice.workspace, user=alice.user)
    with tenancy.platform_scope(reason="test"):
        letter = Task.objects.create(type="accounts.send_mail", queue="email")
        Task.objects.filter(pk=running.pk).update(
            state="running",
            attempts=1,
            lease_owner="w",
            lease_until=timezone.now() + timedelta(hours=1),
        )
        Worker.objects.create(host="h", pid=1, queues=["default"], slots=1)
    before, epoch = counts(), CacheEpoch.objects.get().epoch
    assert before["sessions"] >= 2
    backup = making.make(by=TEST)
    factories.person("latecomer")
    with tenancy.platform_scope(reason="test"):
        feed = FeedState.objects.get().epoch
    cache.set("stale", "value", 600)

    report = restoring.restore(Path(backup.path), swap=True, by=TEST)

    assert report.database == place.database
    assert User.objects.filter(username="alice").exists()
    assert not User.objects.filter(username="latecomer").exists()
    assert counts() == {"sessions": 0, "tokens": 0}
    assert alice.get("/files/").status_code == 302
    assert cache.get("stale") is None
    assert CacheEpoch.objects.get().epoch > epoch + 1_000_000
    with tenancy.platform_scope(reason="test"):
        assert FeedState.objects.get().epoch != feed
        assert not sync.is_out_of_place()
        held = Task.objects.get(pk=letter.pk)
        assert (held.state, held.error_code, held.is_dead_letter) == ("failed", "restored", True)
        assert Task.objects.get(pk=running.pk).lease_until <= timezone.now()
        assert Worker.objects.get().stopped_at
        assert not Backup.objects.filter(state="running").exists()
        row = AuditLog.objects.filter(action="backup.restored").latest("id")
        assert row.payload["details"]["old_database"] == report.old_database
    assert len(report.steps) >= 6
    assert Client().get("/healthz").status_code == 200

    old = query(
        "postgres",
        f"SELECT datallowconn FROM pg_database WHERE datname = '{report.old_database}'",
    )
    assert old == [(False,)]
    assert restoring.drop_old_databases(now=timezone.now() + timedelta(days=6)) == []
    assert restoring.drop_old_databases(now=timezone.now() + timedelta(days=8)) == [
        report.old_database
    ]


def test_a_step_that_fails_leaves_the_database_in_use(place, settings, tmp_path, monkeypatch):
    settings.BACKUP_DIR = tmp_path / "backups"
    settings.AUDIT_ANCHORS_DIR = place.folder / "anchors"
    factories.person("bystander")
    backup = making.make(by=TEST)
    factories.person("newcomer")
    monkeypatch.setattr(restoring, "_after", lambda _content: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        restoring.restore(Path(backup.path), swap=True, by=TEST)

    assert User.objects.filter(username="newcomer").exists()
    assert (
        query(
            "postgres",
            f"SELECT 1 FROM pg_database WHERE datname LIKE '{place.database}_restored%'",
        )
        == []
    )


def test_a_swap_that_breaks_in_the_middle_puts_the_old_one_back(
    place, settings, tmp_path, monkeypatch
):
    settings.BACKUP_DIR = tmp_path / "backups"
    settings.AUDIT_ANCHORS_DIR = place.folder / "anchors"
    factories.person("steady")
    backup = making.make(by=TEST)
    factories.person("later")
    rename, calls = restoring._rename, []

    def second_fails(admin, name, to):
        calls.append(name)
        if len(calls) == 2:
            raise RuntimeError("no")
        rename(admin, name, to)

    monkeypatch.setattr(restoring, "_rename", second_fails)
    with pytest.raises(RuntimeError):
        restoring.restore(Path(backup.path), swap=True, by=TEST)

    connection.close()
    assert User.objects.filter(username="later").exists()
