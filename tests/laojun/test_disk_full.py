"""A disk that fills up during upload, archive and backup, then is freed: nothing half-written, nobody's help needed."""

import os
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from accounts import tenancy
from laojun import files
from laojun.backups import making
from laojun.files import Owner
from laojun.models import Archive, Backup, File, FileUsage
from laojun.receiving import StorageFull
from laojun.retention import archives, sweeping
from taishang.models import Task
from tests import factories
from tests.laojun.backups.conftest import TEST, world  # noqa: F401
from tests.taishang.test_retention import ended

SIZE = 3 * 1024 * 1024


class Disk:
    """A small file system in memory, with a file that takes up its room."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ballast = folder / "ballast"

    def fill(self, *, leave: int) -> None:
        with self.ballast.open("wb") as file:
            room = os.statvfs(self.folder)
            file.write(b"\0" * max(0, room.f_bavail * room.f_frsize - leave))

    def free(self) -> None:
        self.ballast.unlink()

    def names(self) -> list[str]:
        found = (path for path in self.folder.rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self.folder)) for path in found if path != self.ballast)


@pytest.fixture
def disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("a small file system needs the right to mount one")
    yield Disk(folder)
    subprocess.run(["umount", str(folder)], check=True)


def test_an_upload(committed, disk, settings):
    alice = factories.person("alice")
    (disk.folder / "tmp").mkdir()
    settings.FILE_UPLOAD_TEMP_DIR = disk.folder / "tmp"
    settings.STORAGES["default"]["OPTIONS"]["location"] = disk.folder / "files"
    settings.STORAGES = {**settings.STORAGES}
    owner = Owner(alice.user.id, alice.workspace.id)
    content = b"text " * 100_000
    disk.fill(leave=200_000)

    with pytest.raises(StorageFull):
        files.store(content=content, name="a.txt", purpose="attachment", owner=owner)

    assert disk.names() == []
    with tenancy.platform_scope(reason="test"):
        assert not File.objects.exists()
        assert not FileUsage.objects.filter(reserved_bytes__gt=0).exists()
    disk.free()
    kept = files.store(content=content, name="a.txt", purpose="attachment", owner=owner)
    assert files.read(kept) == content
    with tenancy.platform_scope(reason="test"):
        FileUsage.objects.all().delete()
        File.objects.all().delete()


@pytest.mark.django_db
def test_an_archive(disk, settings, alice):
    settings.ARCHIVE_DIR = disk.folder / "archives"
    task = ended(alice)
    with tenancy.platform_scope(reason="test"):
        Task.objects.filter(pk=task.pk).update(error_detail=os.urandom(200_000).hex())
    late = task.finished_at + timedelta(days=91)
    disk.fill(leave=20_000)

    (outcome,) = sweeping.run(now=late, only=lambda policy: policy.table == "tai_tasks")

    assert outcome.failed
    assert "StorageFull" in outcome.note
    assert disk.names() == []
    with tenancy.platform_scope(reason="test"):
        assert Task.objects.filter(pk=task.pk).exists()
        assert not Archive.objects.exists()
    disk.free()
    (outcome,) = sweeping.run(now=late, only=lambda policy: policy.table == "tai_tasks")
    assert outcome.rows == 1
    with tenancy.platform_scope(reason="test"):
        archives.verify(Archive.objects.get(table_name="tai_tasks"))
    assert connection.is_usable()


def test_a_backup(world, disk, settings, monkeypatch):  # noqa: F811
    settings.BACKUP_DIR = disk.folder / "backups"
    monkeypatch.setattr(making, "_check_space", lambda *_: None)
    disk.fill(leave=50_000)

    with pytest.raises(StorageFull):
        making.make(by=TEST)

    assert [name for name in disk.names() if "pool" not in name] == []
    with tenancy.platform_scope(reason="test"):
        assert Backup.objects.get().state == "failed"
    disk.free()
    assert making.make(by=TEST).state == "ok"
