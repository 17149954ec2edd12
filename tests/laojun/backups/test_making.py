"""One backup at a time, whole or not there, pruned by rule, never without the last good one."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import registry, tenancy
from accounts.models import User
from laojun import configs, durable
from laojun.backups import checking, making, programs, pruning, sources, timetable
from laojun.backups.manifest import BackupRefused
from laojun.backups.pool import FOLDER, Pool
from laojun.models import AuditLog, Backup
from laojun.receiving import StorageFull


def rows() -> list[Backup]:
    with tenancy.platform_scope(reason="test"):
        return list(Backup.objects.order_by("started_at"))


def test_the_folder_holds_every_part_and_no_key(world, settings):
    backup = world.make()

    folder = Path(backup.path)
    assert backup.state == "ok"
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert names == {
        "database.dump",
        "files.jsonl",
        "manifest.json",
        "manifest.sig",
        "anchors/2026-11.jsonl",
    }
    everything = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for secret in (*settings.SECRETS_KEYS, settings.BACKUP_SIGNING_KEY, settings.SECRET_KEY):
        assert secret.encode() not in everything
    with tenancy.platform_scope(reason="test"):
        assert AuditLog.objects.filter(action="backup.made", result="ok").exists()


def test_equal_content_is_pooled_once_whatever_number_of_backups_need_it(world):
    first = world.make()
    world.upload("道可道,非常道。".encode() * 100)
    second = world.make()

    assert first.new_bytes > 0
    assert second.new_bytes == 0
    assert len(list((world.root / FOLDER).glob("??/*"))) == 1
    for backup in (first, second):
        checking.check(Path(backup.path))


def test_a_second_backup_at_the_same_time_is_refused(world):
    with sources.snapshot(), pytest.raises(making.AlreadyRunning):
        world.make()

    assert rows() == []
    assert world.make().state == "ok"


def test_the_database_holds_one_running_row_at_most(world):
    now = timezone.now()
    with tenancy.platform_scope(reason="test"):
        Backup.objects.create(kind="manual", tier="daily", started_at=now)
        with pytest.raises(IntegrityError, match="one_running"), transaction.atomic():
            Backup.objects.create(kind="manual", tier="daily", started_at=now)


def test_one_that_was_killed_is_said_to_have_died_and_its_folder_goes(world):
    draft = world.root / f"dead{making.PARTIAL}"
    draft.mkdir(parents=True)
    with tenancy.platform_scope(reason="test"):
        Backup.objects.create(kind="manual", tier="daily", started_at=timezone.now())

    world.make()

    assert [row.state for row in rows()] == ["failed", "ok"]
    assert not draft.exists()


@pytest.mark.parametrize("step", ["_save_files", "_copy_anchors", "_parts"])
def test_what_fails_leaves_nothing_half_written(world, monkeypatch, step):
    good = world.make()
    with monkeypatch.context() as patched:
        patched.setattr(making, step, lambda *_arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            world.make()

    assert sorted(path.name for path in world.root.iterdir()) == sorted(
        {Path(good.path).name, FOLDER}
    )
    assert rows()[-1].state == "failed"
    assert world.make().state == "ok"


def test_a_program_that_fails_names_what_it_said(world, monkeypatch):
    monkeypatch.setattr(programs, "find", lambda *_names, **_options: Path("/bin/false"))

    with pytest.raises(programs.ProgramFailed):
        world.make()
    assert "ProgramFailed" in rows()[-1].error


def test_too_little_room_is_said_before_anything_is_written(world, monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(making.shutil, "disk_usage", lambda _path: usage._replace(free=1000))

    with pytest.raises(StorageFull, match="1000 bytes free"):
        world.make()
    assert list(world.root.iterdir()) == []


def test_a_file_without_content_is_named_and_costs_nothing_else(world, settings):
    file = world.upload(b"lost soon")
    stored = Path(settings.STORAGES["default"]["OPTIONS"]["location"]) / file.storage_path
    stored.unlink()

    backup = world.make()

    assert backup.state == "ok"
    assert file.storage_path in backup.error


def test_verify_keeps_its_verdict(world):
    backup = world.make()
    dump = Path(backup.path) / "database.dump"
    content = dump.read_bytes()
    dump.write_bytes(content[:-1] + b"x")

    with pytest.raises(BackupRefused):
        checking.verify(backup, by=making.SYSTEM)
    assert rows()[-1].state == "corrupt"

    dump.write_bytes(content)
    checking.verify(backup, by=making.SYSTEM)
    assert rows()[-1].state == "ok"


# Tiers and pruning


def backup_at(pk: int, moment: datetime) -> Backup:
    return Backup(pk=pk, started_at=moment, tier=pruning.tier_of(moment), kind="scheduled")


COUNTS = {"daily": 30, "weekly": 12, "monthly": 12}


def test_thirty_days_twelve_sundays_and_twelve_firsts_stay():
    last = datetime(2028, 2, 29, 18, tzinfo=UTC)
    everything = [backup_at(number, last - timedelta(days=number)) for number in range(500)]

    stay = pruning.kept(everything, COUNTS)

    local = {one.pk: timezone.localtime(one.started_at) for one in everything}
    assert set(range(30)) <= stay
    sundays = [pk for pk in sorted(local) if local[pk].weekday() == 6]
    firsts = [pk for pk in sorted(local) if local[pk].day == 1]
    assert stay == {*range(30), *sundays[:12], *firsts[:12]}


@pytest.mark.parametrize("daily", [0, 1])
def test_the_last_good_one_always_stays(daily):
    old = backup_at(7, datetime(2020, 1, 1, tzinfo=UTC))

    assert pruning.kept([old], {"daily": daily, "weekly": 0, "monthly": 0}) == {7}


def test_pruning_takes_folders_and_what_only_they_needed_from_the_pool(world):
    now = timezone.now()
    only_old = world.upload(b"only the first backup has this")
    old = world.make(now=now - timedelta(days=400))
    with tenancy.platform_scope(reason="test"):
        type(only_old).objects.filter(pk=only_old.pk).delete()
    values = {"backup.keep_daily": 7, "backup.keep_weekly": 4, "backup.keep_monthly": 3}
    with tenancy.platform_scope(reason="test"):
        for number in range(8):
            Backup.objects.create(
                kind="scheduled",
                tier="daily",
                state="ok",
                path=str(world.root / f"d{number}"),
                started_at=now - timedelta(days=number + 1),
            )
        for number in range(12):
            Backup.objects.create(
                kind="scheduled",
                tier="weekly",
                state="ok",
                path=str(world.root / f"s{number}"),
                started_at=_sunday(now) - timedelta(weeks=number),
            )
        for number in range(12):
            Backup.objects.create(
                kind="scheduled",
                tier="monthly",
                state="ok",
                path=str(world.root / f"m{number}"),
                started_at=(now.replace(day=1) - timedelta(days=30 * number)).replace(day=1),
            )
        configs.write(
            changes=[configs.Change(key, value) for key, value in values.items()],
            workspace_id=None,
            actor=making.SYSTEM,
        )

    new = world.make(now=now)

    assert not Path(old.path).exists()
    assert Path(new.path).exists()
    pool = Pool(world.root / FOLDER)
    assert not pool.has(only_old.sha256)
    checking.check(Path(new.path))
    states = {row.pk: row.state for row in rows()}
    assert states[old.pk] == "pruned"


def _sunday(now: datetime) -> datetime:
    return now - timedelta(days=(timezone.localtime(now).weekday() + 1) % 7)


def test_a_backup_folder_lists_what_it_needs_one_line_each(world):
    backup = world.make()

    (line,) = (Path(backup.path) / "files.jsonl").read_bytes().splitlines()
    kind, _path, sha256, _size = orjson.loads(line)
    assert kind == "file"
    assert durable.sha256_of(Pool(world.root / FOLDER).path_of(sha256)) == sha256


# The clock


@pytest.fixture
def asked(monkeypatch):
    found = []
    monkeypatch.setattr(timetable.jobs, "ask", lambda kind, payload: found.append(kind))
    return found


def scheduled(moment, state="ok"):
    with tenancy.platform_scope(reason="test"):
        return Backup.objects.create(kind="scheduled", tier="daily", state=state, started_at=moment)


def local(day, hour, minute=0):
    return datetime(2026, 11, day, hour, minute, tzinfo=timezone.get_current_timezone())


@pytest.mark.django_db
def test_it_is_due_at_its_hour_once_a_day_and_made_up_for_when_missed(asked, alice):
    User.objects.update(created_at=local(20, 1, 30))
    scheduled(local(20, 2, 1))

    assert not timetable.due(local(21, 1, 59))
    assert timetable.due(local(21, 2, 0))
    assert timetable.due(local(21, 17, 30)), "the machine was off at two"
    scheduled(local(21, 17, 31))
    assert not timetable.due(local(21, 23, 0))
    assert timetable.due(local(22, 2, 0))


@pytest.mark.django_db
def test_a_young_platform_waits_for_its_first_hour(alice):
    User.objects.update(created_at=local(20, 2, 1))

    assert not timetable.due(local(20, 23, 0))
    assert timetable.due(local(21, 2, 0))
    assert timetable.is_late(local(21, 4, 2))


@pytest.mark.django_db
def test_after_a_failure_it_is_tried_again_an_hour_later(alice):
    User.objects.update(created_at=local(1, 0))
    scheduled(local(21, 2, 0), "failed")

    assert not timetable.due(local(21, 2, 59))
    assert timetable.due(local(21, 3, 1))


@pytest.mark.django_db
def test_operators_hear_that_none_was_good_for_26_hours(asked, olga, monkeypatch):
    told = []
    monkeypatch.setattr(registry.notify, "function", lambda **facts: told.append(facts))
    last = scheduled(local(20, 2, 0)).started_at
    User.objects.update(created_at=local(1, 0))

    timetable.tick(now=last + timedelta(hours=26))
    assert told == []
    timetable.tick(now=last + timedelta(hours=26, seconds=1))

    assert [(one["user"], one["type"]) for one in told] == [(olga.user, "backup_late")]
    assert asked


@pytest.mark.django_db
def test_a_failed_backup_is_told_to_operators(olga, monkeypatch):
    told = []
    monkeypatch.setattr(registry.notify, "function", lambda **facts: told.append(facts))
    backup = scheduled(local(20, 2, 0), "running")

    making._fail(backup, making.SYSTEM, RuntimeError("no room"))

    assert told[0]["params"]["error"] == "RuntimeError: no room"
