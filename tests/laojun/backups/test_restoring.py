"""What was saved comes back elsewhere, whole, under write load; a changed byte anywhere is refused by name."""

import json
import threading
from pathlib import Path

import orjson
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from accounts import secrets, tenancy
from accounts.models import User
from laojun import configs, durable, files
from laojun.backups import checking, manifest, restoring
from laojun.backups.manifest import BackupRefused
from laojun.models import AuditLog, Backup, File
from tests.laojun.backups.conftest import SECRET, query


def _into(world) -> str:
    return f"{connections['default'].settings_dict['NAME']}_r"


def test_a_backup_under_write_load_restores_to_its_snapshot(world, drop, settings, tmp_path):
    """Writers go on while it is made; the copy holds the snapshot's rows, opened secrets, and every file."""
    stop, written = threading.Event(), []

    def write():
        number = 0
        while not stop.is_set():
            number += 1
            world.upload(f"{number}".encode() * 50)
            written.append(number)
        connections.close_all()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(written) < 3:
            pass
        backup = world.make()
    finally:
        stop.set()
        writer.join()
    name = drop(_into(world))
    settings.STORAGES["default"]["OPTIONS"]["location"] = tmp_path / "elsewhere"
    settings.STORAGES = {**settings.STORAGES}

    report = world.restore(backup, name)

    content = manifest.read(Path(backup.path))
    assert query(name, "SELECT count(*) FROM lao_files")[0][0] == content["rows"]["lao_files"]
    assert report.rows == sum(content["rows"].values())
    assert report.files == report.put_back == content["files"]["count"] >= 4
    with restoring.pointed_at(name), tenancy.platform_scope(reason="test"):
        assert configs.secret("email.password") == SECRET
        for file in File.objects.filter(state="stored"):
            with files.open_content(file) as stored:
                assert durable.sha256_of(Path(stored.name)) == file.sha256
    assert "canary" not in (Path(backup.path) / "manifest.json").read_text()


def parts_of(folder: Path) -> list[Path]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    return found + sorted((folder.parent / "pool").glob("??/*"))


def test_one_changed_byte_in_any_part_is_refused_with_its_name(world):
    backup = world.make()
    folder = Path(backup.path)
    checking.check(folder)
    named = set()

    for path in parts_of(folder):
        content = path.read_bytes()
        for spot in {0, len(content) // 2, len(content) - 1}:
            path.write_bytes(content[:spot] + bytes([content[spot] ^ 1]) + content[spot + 1 :])
            with pytest.raises(BackupRefused) as refused:
                checking.check(folder)
            assert path.name in str(refused.value) or path.name.startswith("manifest")
            named.add(path.name)
        path.write_bytes(content)

    checking.check(folder)
    assert {
        "database.dump",
        "files.jsonl",
        "manifest.json",
        "manifest.sig",
        "2026-11.jsonl",
    } < named


def test_a_part_that_is_missing_is_named(world):
    folder = Path(world.make().path)
    (folder / "database.dump").unlink()

    with pytest.raises(BackupRefused, match=r"database\.dump is missing"):
        checking.check(folder)


def test_a_refused_backup_leaves_no_database_behind(world, drop):
    backup = world.make()
    dump = Path(backup.path) / "database.dump"
    dump.write_bytes(dump.read_bytes()[:-1])

    with pytest.raises(BackupRefused):
        world.restore(backup, drop(_into(world)))

    assert query("postgres", f"SELECT 1 FROM pg_database WHERE datname = '{_into(world)}'") == []


def test_a_dump_that_lost_rows_is_refused_although_its_manifest_is_ours(world, drop):
    backup = world.make()
    folder = Path(backup.path)
    content = manifest.read(folder)
    content["rows"]["accounts_users"] += 1
    manifest.write(folder, {key: value for key, value in content.items() if key != "schema"})

    with pytest.raises(BackupRefused, match="accounts_users has"):
        world.restore(backup, drop(_into(world)))

    assert query("postgres", f"SELECT 1 FROM pg_database WHERE datname = '{_into(world)}'") == []


def test_a_missing_key_is_named_before_anything_is_made(world, settings):
    backup = world.make()
    lost = secrets.current_key_id()
    settings.SECRETS_KEYS = ["another key altogether"]

    with pytest.raises(BackupRefused, match=f"the key {lost} is missing"):
        checking.check(Path(backup.path))


def test_another_installations_backup_needs_its_public_key(world, settings):
    backup = world.make()
    theirs = manifest.public_key()
    settings.BACKUP_SIGNING_KEY = "of this other place"

    with pytest.raises(BackupRefused, match="--trust"):
        checking.check(Path(backup.path))
    assert checking.check(Path(backup.path), trusted=theirs)["with_files"]


def test_an_older_tool_is_refused_with_the_remedy(world, monkeypatch):
    backup = world.make()
    monkeypatch.setattr("laojun.backups.programs.version_of", lambda _path: 15)

    with pytest.raises(BackupRefused, match="postgresql-client-18"):
        checking.check(Path(backup.path))


def test_a_database_that_exists_is_never_restored_into(world):
    backup = world.make()

    with pytest.raises(BackupRefused, match="exists"):
        world.restore(backup, connections["default"].settings_dict["NAME"])

    assert User.objects.filter(username="keeper").exists()


def test_the_commands_say_what_they_did(world, drop, capsys):
    call_command("backup")
    with tenancy.platform_scope(reason="test"):
        backup = Backup.objects.good().first()
    call_command("restore", backup.path, "--verify-only")
    call_command("restore", backup.path, "--into", drop(_into(world)))
    call_command("restore_drill")

    said = capsys.readouterr().out
    assert "Whole and readable here" in said
    assert "Not in use" in said
    assert "It restores:" in said
    with tenancy.platform_scope(reason="test"):
        assert Backup.objects.get(pk=backup.pk).drill_result["ok"]
        assert AuditLog.objects.filter(action="backup.drilled").exists()
    left = query("postgres", "SELECT 1 FROM pg_database WHERE datname LIKE 'taishang_drill_%'")
    assert left == []


def test_a_drill_that_fails_is_kept_as_failed(world):
    backup = world.make()
    listing = Path(backup.path) / "files.jsonl"
    listing.write_bytes(listing.read_bytes() + orjson.dumps(["file", "x", "0" * 64, 1]) + b"\n")

    with pytest.raises(CommandError, match=r"files\.jsonl was changed"):
        call_command("restore_drill")

    with tenancy.platform_scope(reason="test"):
        row = Backup.objects.get(pk=backup.pk)
    assert row.drill_result["ok"] is False
    assert "files.jsonl" in json.dumps(row.drill_result)
    assert connection.is_usable()
