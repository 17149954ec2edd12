"""Files are kept whole, typed by their content, within quotas."""

import hashlib
import io
import zipfile
from datetime import timedelta

import pytest
from django.core.files.storage import FileSystemStorage, default_storage
from django.utils import timezone

from accounts import tenancy
from laojun import audit, configs, file_sweeps, files, filetypes
from laojun.files import Owner
from laojun.models import AuditLog, File, FileUsage

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + b"\x00" * 40
PDF = b"%PDF-1.7\n1 0 obj\n"


def archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        packed.writestr(zipfile.ZipInfo("package.json", (2025, 1, 1, 0, 0, 0)), "{}")
    return stream.getvalue()


@pytest.fixture
def owner(alice) -> Owner:
    return Owner(alice.user.id, alice.workspace.id)


def keep(owner, content=b"hello", name="hello.txt", **extra) -> File:
    return files.store(content=content, name=name, purpose="attachment", owner=owner, **extra)


def limit(owner, key, value):
    with owner.envelope():
        configs.write(
            changes=[configs.Change(key, value)],
            workspace_id=owner.workspace_id,
            actor=audit.Actor.system("test"),
        )


def usage(owner) -> dict:
    with owner.envelope():
        return {row.user_id: (row.bytes, row.files) for row in FileUsage.objects.all()}


def test_a_file_comes_back_byte_for_byte(owner):
    content = PNG + bytes(range(256)) * 5000
    file = keep(owner, io.BytesIO(content), "图片.png")

    assert files.read(file) == content
    assert (file.mime_type, file.original_filename) == ("image/png", "图片.png")
    assert (file.file_size, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_it_counts_what_it_keeps(owner):
    keep(owner, b"12345")
    keep(owner, b"123")

    assert usage(owner) == {None: (8, 2), owner.user_id: (8, 2)}


def test_a_deletion_frees_quota_at_once_and_bytes_after_two_days(owner):
    file = keep(owner)
    with owner.envelope():
        assert files.delete(file)
        assert not files.delete(file)
    assert usage(owner)[None] == (0, 0)

    assert file_sweeps.sweep().purged == 0
    assert default_storage.exists(file.storage_path)
    later = timezone.now() + files.PURGE_AFTER
    assert file_sweeps.sweep(now=later).purged == 1


def test_too_many_bytes_are_refused_while_they_come(owner):
    limit(owner, "storage.max_file_size", 1024)
    read = []

    def endless():
        while True:
            read.append(1)
            yield b"x" * 512

    with pytest.raises(files.FileTooLarge) as refused:
        keep(owner, endless())

    assert refused.value.limit == 1024
    assert len(read) == 3
    assert usage(owner) == {}


def test_a_full_quota_says_how_much_room_there_is(owner):
    limit(owner, "storage.workspace_quota_bytes", 10)
    keep(owner, b"12345678")

    with pytest.raises(files.StorageQuotaExceeded) as refused:
        keep(owner, b"123")

    error = refused.value
    assert (error.scope, error.limit, error.used, error.needed) == ("workspace", 10, 8, 3)
    with owner.envelope():
        assert File.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "name", "declared"),
    [
        (b"<!doctype html><script>1</script>", "picture.png", ""),
        (b"<html></html>", "notes.txt", "text/plain"),
        (PNG, "picture.txt", ""),
        (PNG, "picture.png", "text/html"),
        (archive(), "picture.png", "image/png"),
        (PNG + archive(), "picture.png", "image/png"),
        (b"GIF89a/*<script>alert(1)</script>*/", "picture.gif", "image/gif"),
        (b"just text", "page.html", ""),
        (b"MZ\x90\x00" + b"\x00" * 60, "tool.zip", ""),
        (b"hello", "hello.zip", "application/zip"),
        (PDF, "book.zip", ""),
        (PDF + archive(), "book.pdf", ""),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "picture.png", "image/png"),
    ],
)
def test_a_content_that_is_not_what_it_says_is_refused(owner, content, name, declared):
    with pytest.raises(filetypes.TypeMismatch):
        keep(owner, content, name, declared_type=declared)


@pytest.mark.parametrize(
    ("content", "name", "purpose"),
    [
        (b"MZ\x90\x00" + b"\x00" * 60, "tool.exe", "attachment"),
        (b"\x7fELF" + b"\x00" * 60, "tool", "attachment"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg", "avatar"),
        (b"text", "a.txt", "avatar"),
    ],
)
def test_a_type_the_purpose_does_not_take_is_refused(owner, content, name, purpose):
    with pytest.raises(files.TypeNotAllowed):
        files.store(content=content, name=name, purpose=purpose, owner=owner)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\a.txt", "a.txt"),
        ("a\u202etxt.exe", "atxt.exe"),
        ("\x00\n", "file"),
        ("字" * 300 + ".txt", "字" * 251 + ".txt"),
        ("...", "file"),
    ],
)
def test_a_name_is_one_component_without_tricks(name, kept):
    assert filetypes.clean_name(name) == kept


def test_an_upload_that_dies_half_way_leaves_nothing(owner):
    def dying():
        yield b"some"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        keep(owner, dying())

    assert usage(owner) == {}
    assert not list((default_storage.base_location / ".." / "tmp").glob("*"))


def test_a_storage_that_fails_gives_the_reservation_back(owner, monkeypatch):
    monkeypatch.setattr(FileSystemStorage, "save", _full)

    with pytest.raises(files.StorageFull):
        keep(owner)

    with owner.envelope():
        assert not File.objects.exists()
        assert {row.reserved_bytes for row in FileUsage.objects.all()} == {0}


def _full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_an_abandoned_reservation_is_taken_back(owner, monkeypatch):
    monkeypatch.setattr(files, "_settle", lambda file: file)
    file = keep(owner)

    assert file_sweeps.sweep().released == 0
    assert file_sweeps.sweep(now=timezone.now() + file_sweeps.ABANDONED_AFTER * 1.1).released == 1

    with owner.envelope():
        assert not File.objects.filter(pk=file.pk).exists()
        assert {row.reserved_bytes for row in FileUsage.objects.all()} == {0}


def test_a_settled_upload_that_was_given_up_is_an_error(owner, monkeypatch):
    put = files._put

    def slow(upload, path):
        put(upload, path)
        later = timezone.now() + file_sweeps.ABANDONED_AFTER * 1.1
        file_sweeps.sweep(now=later)

    monkeypatch.setattr(files, "_put", slow)

    with pytest.raises(files.UploadAbandoned):
        keep(owner)


def test_a_temporary_file_is_gone_at_its_hour_swept_or_not(owner):
    file = keep(owner, temporary=True)
    with owner.envelope():
        rows = File.objects.filter(pk=file.pk)
        assert rows.live(file.expires_at - timedelta(seconds=1)).exists()
        assert not rows.live(file.expires_at).exists()

    assert file_sweeps.sweep(now=file.expires_at).expired == 1
    assert usage(owner)[None] == (0, 0)


def test_orphans_go_after_an_hour_and_the_check_tells_what_is_missing(owner):
    file = keep(owner)
    lost = keep(owner, b"lost")
    default_storage.delete(lost.storage_path)
    orphan = default_storage.save(f"{timezone.now():%Y/%m/%d}/orphan", io.BytesIO(b"x"))

    found = file_sweeps.check()
    assert (found.missing, found.orphans) == ([str(lost.id)], [orphan])
    assert file_sweeps.remove_orphans() == 0
    assert file_sweeps.remove_orphans(now=timezone.now() + file_sweeps.ORPHANED_AFTER) == 1
    assert default_storage.exists(file.storage_path)


def test_every_file_leaves_its_trail(owner):
    file = keep(owner)
    with owner.envelope():
        files.delete(file)
        rows = AuditLog.objects.filter(resource_id=str(file.id)).order_by("id")
        assert [row.action for row in rows] == ["file.uploaded", "file.deleted"]
        assert rows[0].payload["after"]["sha256"] == file.sha256


def test_a_file_of_another_workspace_does_not_exist(owner, charlie):
    file = keep(owner)
    with tenancy.workspace(charlie.workspace.id, user_id=charlie.user.id):
        assert not File.objects.filter(pk=file.pk).exists()
