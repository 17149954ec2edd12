"""A month of the audit log leaves whole: archived, proved, then dropped; killed anywhere, it ends the same."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import connections

from accounts import registry, tenancy
from accounts.registry import LeavingMonth, Store
from laojun import durable
from laojun.audit import Actor
from laojun.models import Archive
from laojun.retention import archives, months, partitions, side_tables, sweeping

TABLE = "lao_audit_logs"
POLICY = "lao_audit_logs"
FEBRUARY = datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC)
MARCH = datetime(2024, 3, 1, tzinfo=UTC)
LEAVES = datetime(2024, 3, 1, tzinfo=UTC) + timedelta(days=90)


@pytest.fixture(autouse=True)
def _asks_nothing(monkeypatch):
    """The rows of these tests belong to no chain; what the chain asks of a month is tried by itself."""
    monkeypatch.setattr(registry, "leaving_months", Store("leaving_months_of_a_test"))


@pytest.fixture(autouse=True)
def _own_months(owner):
    """The months of the tests exist, and are gone afterwards."""
    before = {month.name for month in partitions.months_of(TABLE)}
    partitions.ensure_partitions(months=2, today=datetime(2024, 2, 1, tzinfo=UTC).date())
    yield
    with owner.cursor() as cursor:
        for month in partitions.months_of(TABLE):
            if month.name not in before:
                cursor.execute(f"DROP TABLE {month.name}")


def sweep(now=LEAVES):
    return sweeping.run(now=now, only=lambda policy: policy.table == TABLE)[0]


def index() -> list[Archive]:
    with tenancy.migration_scope():
        return list(Archive.objects.using("owner").filter(partition="lao_audit_logs_2024_02"))


def names() -> set[str]:
    return {month.name for month in partitions.months_of(TABLE)}


def test_a_month_leaves_when_its_last_day_is_old_enough_and_not_a_second_before(audited, all_rows):
    audited(FEBRUARY, MARCH)

    assert sweep(LEAVES - timedelta(seconds=1)).rows == 0
    assert len(all_rows()) == 2
    outcome = sweep(LEAVES)

    assert outcome.rows == 1
    assert "lao_audit_logs_2024_02" not in names()
    assert [row["created_at"][:10] for row in all_rows()] == ["2024-03-01"]


def test_the_archive_holds_every_column_of_every_row(audited, all_rows):
    audited(FEBRUARY, FEBRUARY - timedelta(days=28), workspace=7)
    before = all_rows()

    sweep()

    (archive,) = index()
    assert archive.state == Archive.State.MOVED
    assert list(archives.lines(archive)) == before
    assert archive.row_count == 2
    assert archive.summary["workspaces"] == {"7": 2}
    assert archives.path_of(archive.storage_path).stat().st_size == archive.bytes
    assert durable.sha256_of(archives.path_of(archive.storage_path)) == archive.sha256


def test_a_side_table_shows_the_rows_as_they_were(audited, all_rows):
    audited(FEBRUARY, FEBRUARY - timedelta(days=3))
    before = all_rows()
    sweep()
    (archive,) = index()

    name = side_tables.load(archive, by=Actor.system("test"))

    assert all_rows(name, "true") == before
    assert side_tables.load(index()[0], by=Actor.system("test")) == name
    assert side_tables.drop_old(now=datetime.now(UTC) + timedelta(days=8)) == 1


def test_a_second_run_finds_nothing(audited):
    audited(FEBRUARY)
    assert sweep().months >= 1

    assert (sweep().rows, sweep().months) == (0, 0)


STEPS = (
    ("laojun.durable.settle", OSError),
    ("laojun.retention.archives._read_back", OSError),
    ("laojun.retention.archives.schema_of", RuntimeError),
    ("laojun.retention.months._settle", RuntimeError),
    ("laojun.retention.months._remove", RuntimeError),
)


@pytest.mark.parametrize(("step", "error"), STEPS, ids=[step for step, _error in STEPS])
def test_killed_at_any_step_the_next_run_comes_to_the_same_end(
    audited, all_rows, monkeypatch, step, error
):
    audited(FEBRUARY, FEBRUARY - timedelta(hours=1))
    before = all_rows()

    def killed(*_arguments, **_options):
        raise error("killed here")

    with monkeypatch.context() as patched:
        patched.setattr(step, killed)
        assert sweep().failed
    assert all_rows() == before, "no row may leave before its archive stands"

    sweep()

    (archive,) = index()
    assert list(archives.lines(archive)) == before
    assert all_rows() == []


def test_a_month_that_changed_after_it_was_written_is_written_again(audited, all_rows, monkeypatch):
    audited(FEBRUARY)
    with monkeypatch.context() as patched:
        patched.setattr(months, "_drop", lambda *_: 1 / 0)
        assert sweep().failed
    audited(FEBRUARY - timedelta(days=1))

    sweep()

    assert index()[0].row_count == 2
    assert all_rows() == []


def test_a_table_may_keep_its_month(audited, all_rows, monkeypatch):
    audited(FEBRUARY)
    asked = []
    store: Store[LeavingMonth] = Store("leaving_months_of_a_test")
    store.add(
        TABLE,
        LeavingMonth(
            check=lambda **facts: asked.append(facts) or "2 rows are not sealed",
            leave=lambda **_: pytest.fail("it was not ready"),
        ),
    )
    monkeypatch.setattr(registry, "leaving_months", store)

    outcome = sweep()

    assert "not sealed" in outcome.note
    assert not outcome.failed
    assert len(all_rows()) == 1
    assert asked[0]["end"] == MARCH


def test_what_a_table_writes_when_its_month_leaves_stands_or_falls_with_the_month(
    audited, all_rows, monkeypatch
):
    audited(FEBRUARY)
    store: Store[LeavingMonth] = Store("leaving_months_of_a_test")

    def leave(*, archive, using):
        archive.summary["checkpoint"] = "written"
        archive.save(using=using, update_fields=["summary"])

    store.add(TABLE, LeavingMonth(check=lambda **_: "", leave=leave))
    monkeypatch.setattr(registry, "leaving_months", store)
    with monkeypatch.context() as patched:
        patched.setattr(months, "_remove", lambda _month: 1 / 0)
        sweep()
    assert "checkpoint" not in index()[0].summary

    sweep()

    assert index()[0].summary["checkpoint"] == "written"
    assert all_rows() == []


def test_a_busy_table_is_tried_again_and_left_for_the_next_run(audited, all_rows, monkeypatch):
    audited(FEBRUARY)
    monkeypatch.setattr(months, "TRIES", 2)
    monkeypatch.setattr(months, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(months, "LOCK_TIMEOUT", "50ms")
    sweep_when_held = []
    reader = _second_connection()
    with reader, reader.transaction():
        reader.execute("LOCK TABLE lao_audit_logs IN ACCESS SHARE MODE")
        sweep_when_held.append(sweep())
    reader.close()

    assert "TableBusy" in sweep_when_held[0].note
    assert len(all_rows()) == 1
    sweep()
    assert all_rows() == []


def _second_connection():
    return psycopg.connect(**connections["owner"].get_connection_params())


def test_rows_of_a_missing_month_wait_and_move_and_leave(audited, all_rows):
    lost = datetime(2023, 11, 30, 12, tzinfo=UTC)
    audited(lost, lost - timedelta(days=31))
    assert partitions.default_rows()[TABLE] == 2

    partitions.ensure_partitions(months=0, today=datetime(2024, 2, 1, tzinfo=UTC).date())
    assert partitions.default_rows()[TABLE] == 0
    assert {"lao_audit_logs_2023_11", "lao_audit_logs_2023_10"} <= names()
    assert sweep().rows == 2
    assert all_rows() == []


@pytest.mark.parametrize("change", ["flip", "cut", "remove"])
def test_a_damaged_archive_is_named_and_not_loaded(audited, change):
    audited(FEBRUARY)
    sweep()
    (archive,) = index()
    path = archives.path_of(archive.storage_path)
    content = path.read_bytes()
    if change == "flip":
        path.write_bytes(content[:30] + bytes([content[30] ^ 1]) + content[31:])
    elif change == "cut":
        path.write_bytes(content[:-9])
    else:
        path.unlink()

    with pytest.raises(archives.ArchiveDamaged, match=archive.storage_path):
        side_tables.load(archive, by=Actor.system("test"))
    assert index()[0].state == Archive.State.DAMAGED

    path.write_bytes(content)
    archives.verify(index()[0])
    assert index()[0].state == Archive.State.MOVED


def test_a_file_that_does_not_read_back_is_no_archive(audited, all_rows, monkeypatch):
    audited(FEBRUARY)
    write = archives._write

    def half(content, path):
        found = write(content, path)
        path.write_bytes(path.read_bytes()[:-20] + b"\0" * 20)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(archives, "_write", lambda content, path: half(list(content), path))
        assert sweep().failed
        patched.setattr(
            archives, "_write", lambda content, path: (write([b"{}"], path), "0" * 64)[1]
        )
        assert "does not read back" in sweep().note
    assert len(all_rows()) == 1

    sweep()
    assert all_rows() == []


def test_a_month_that_changed_between_the_file_and_the_drop_stays(audited, all_rows, monkeypatch):
    audited(FEBRUARY)
    settle = months._settle

    def late(month, rows):
        monkeypatch.setattr(months, "_settle", settle)
        with months.connections["owner"].cursor() as cursor:
            cursor.execute(
                "INSERT INTO lao_audit_logs (actor_kind, actor, action, resource_type, resource_id,"
                " result, payload, user_agent, trace_id, created_at) VALUES ('system', 'x',"
                " 'test.row', 'x', 'late', 'ok', '{}', '', '', %s)",
                [FEBRUARY],
            )
        settle(month, rows)

    monkeypatch.setattr(months, "_settle", late)

    assert "changed after it was written" in sweep().note
    assert len(all_rows()) == 1
    sweep()
    assert all_rows() == []
