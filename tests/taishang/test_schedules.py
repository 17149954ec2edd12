"""Schedules: due times on the wall clock, one winner for each, nothing made up for twice."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts import registry, tenancy
from taishang import kinds, monitor, schedules
from taishang.models import Schedule, Task

BERLIN = "Europe/Berlin"


def _row(**options) -> Schedule:
    return Schedule(name="x", type="rig.nightly", queue="maintenance", **options)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        # On 2026-03-29 the clocks jump from 02:00 to 03:00: 02:30 does not exist that day.
        (datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        # On 2026-10-25 02:30 happens twice and counts once.
        (datetime(2026, 10, 25, 0, 45, tzinfo=UTC), datetime(2026, 10, 26, 1, 30, tzinfo=UTC)),
        (datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 1, 0, 30, tzinfo=UTC)),
    ],
)
def test_cron_follows_the_wall_clock_over_daylight_saving(after, expected):
    assert schedules.following(_row(cron="30 2 * * *", tz=BERLIN), after) == expected


def test_an_interval_keeps_its_grid():
    after = datetime(2026, 1, 1, 0, 0, 7, tzinfo=UTC)

    assert schedules.following(_row(every_s=300), after) == datetime(2026, 1, 1, 0, 5, tzinfo=UTC)


def test_an_operators_times_come_before_the_declared_ones():
    row = _row(every_s=300, override_cron="0 5 * * *", tz="UTC")

    assert schedules.following(row, datetime(2026, 1, 1, tzinfo=UTC)).hour == 5


@pytest.fixture
def due(db) -> Schedule:
    with tenancy.dispatcher_scope():
        Schedule.objects.all().delete()
        return Schedule.objects.create(
            name="x",
            type="rig.nightly",
            queue="maintenance",
            every_s=3600,
            next_due_at=timezone.now() - timedelta(seconds=5),
        )


def _tasks() -> int:
    with tenancy.dispatcher_scope():
        return Task.objects.filter(schedule_name="x").values("id").count()


@pytest.mark.django_db
def test_a_due_schedule_makes_one_task_and_moves_on(due):
    assert monitor.fire_schedules() == 1
    assert monitor.fire_schedules() == 0

    assert _tasks() == 1
    with tenancy.dispatcher_scope():
        row = Schedule.objects.get()
    assert row.next_due_at > timezone.now()
    assert row.last_due_at == due.next_due_at
    assert row.last_task_id is not None


@pytest.mark.django_db
def test_the_second_of_two_tickers_that_saw_the_same_moment_gets_nothing(due):
    with tenancy.dispatcher_scope():
        assert schedules._win(due, timezone.now()) is True
        assert schedules._win(due, timezone.now()) is False


@pytest.mark.django_db
def test_a_disabled_schedule_is_silent(due):
    with tenancy.dispatcher_scope():
        Schedule.objects.update(enabled=False)

    assert monitor.fire_schedules() == 0


@pytest.mark.django_db
def test_days_of_absence_are_made_up_for_once(due):
    with tenancy.dispatcher_scope():
        Schedule.objects.update(next_due_at=timezone.now() - timedelta(days=3))

    assert [monitor.fire_schedules() for _turn in range(3)] == [1, 0, 0]


@pytest.mark.django_db
def test_who_skips_what_was_missed_makes_up_for_nothing(due):
    with tenancy.dispatcher_scope():
        Schedule.objects.update(next_due_at=timezone.now() - timedelta(days=3), catch_up="skip")

    assert monitor.fire_schedules() == 0
    with tenancy.dispatcher_scope():
        assert Schedule.objects.get().next_due_at > timezone.now()


@pytest.mark.django_db
def test_a_schedule_whose_task_still_runs_is_skipped_and_counted(due):
    monitor.fire_schedules()
    with tenancy.dispatcher_scope():
        Schedule.objects.update(next_due_at=timezone.now())

    assert monitor.fire_schedules() == 0
    with tenancy.dispatcher_scope():
        assert Schedule.objects.get().skipped == 1


@pytest.mark.django_db
def test_frequent_functions_run_without_a_task(due, monkeypatch):
    ran = []
    tick = schedules.Declared(name="x", type="x", every_s=5, run=lambda: ran.append(1))
    monkeypatch.setattr(schedules, "declared", lambda: [tick])
    with tenancy.dispatcher_scope():
        Schedule.objects.update(every_s=5)

    assert schedules.run_ticks(timezone.now()) == 1
    assert schedules.run_ticks(timezone.now()) == 0

    assert ran == [1]
    assert _tasks() == 0


@pytest.mark.django_db
def test_code_decides_the_rhythm_and_operators_keep_their_changes(due, monkeypatch):
    with tenancy.dispatcher_scope():
        Schedule.objects.update(enabled=False, override_cron="0 5 * * *")
    entry = schedules.Declared(name="x", type="rig.nightly", every_s=7200)
    monkeypatch.setattr(schedules, "declared", lambda: [entry])

    with tenancy.dispatcher_scope():
        schedules.synchronise()
        row = Schedule.objects.get()

    assert (row.every_s, row.enabled, row.override_cron) == (7200, False, "0 5 * * *")


def test_what_is_due_needs_no_payload():
    """A schedule is put into the queue under its name: a kind of that name must take an empty payload."""
    for schedule in registry.schedules:
        with suppress(kinds.UnknownKind):
            kinds.get(schedule).check({})
