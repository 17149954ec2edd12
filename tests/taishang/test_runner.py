"""Running tasks: outcomes, retries, cancellation, and effects that happen once."""

import pytest
from django.utils import timezone

from accounts import tenancy
from accounts.models import Membership
from taishang import claiming, kinds, runner, transitions
from taishang.models import Lane, Task, TaskEvent
from taishang.runs import Run, Stop
from taishang.transitions import Holder, LeaseLost

pytestmark = pytest.mark.django_db


def test_a_task_runs_to_its_result(bench):
    task = bench.ask("rig.echo", {"value": 7})

    assert bench.work() == 1

    done = bench.now(task)
    assert (done.state, done.progress) == ("succeeded", 100)
    assert done.result == {"value": 7, "attempt": 1}
    assert bench.events(task) == ["enqueued", "claimed", "succeeded"]


def test_an_unexpected_error_is_redacted_and_a_dead_letter(bench):
    task = bench.ask("rig.broken")

    bench.work()

    failed = bench.now(task)
    assert (failed.state, failed.error_code) == ("failed", "RuntimeError")
    assert "RuntimeError" in failed.error_detail
    assert "hunter2" not in failed.error_detail
    assert failed.is_dead_letter


def test_an_error_that_may_pass_is_tried_again_later(bench):
    task = bench.ask("rig.broken", max_attempts=2)

    bench.work()

    waiting = bench.now(task)
    assert (waiting.state, waiting.attempts, waiting.ready) == ("queued", 1, False)
    assert 0.9 <= (waiting.due_at - timezone.now()).total_seconds() <= 2.1
    assert bench.events(task)[-1] == "retry_scheduled"


def test_a_permanent_error_is_not_tried_again(bench):
    task = bench.ask("rig.hopeless")

    bench.work()

    failed = bench.now(task)
    assert (failed.state, failed.error_code, failed.attempts) == ("failed", "no_luck", 1)
    assert failed.error == "This cannot work."


def test_later_means_after_the_time_the_handler_names(bench):
    task = bench.ask("rig.later")

    bench.work()

    assert 28 <= (bench.now(task).due_at - timezone.now()).total_seconds() <= 30


def test_attempts_run_out(bench):
    task = bench.ask("rig.later")
    bench.work()
    bench.hurry(task)

    bench.work()

    assert (bench.now(task).state, bench.now(task).attempts) == ("failed", 2)


def test_a_checkpoint_survives_into_the_next_attempt(bench):
    task = bench.ask("rig.talkative")

    assert bench.work() == 2

    assert bench.now(task).result == {"saved": {"seen": 1}}
    assert (bench.now(task).error, bench.now(task).error_code) == ("", "")
    assert bench.events(task).count("chapter") == 2


def test_history_holds_no_secret(bench):
    task = bench.ask("rig.talkative")

    bench.work()

    with bench.inside():
        note = TaskEvent.objects.filter(task_id=task.id, event="note").after(0)[0]
    assert note.detail == {"text": "halfway", "password": "***"}


def test_an_event_that_the_kind_does_not_declare_is_refused(bench):
    bench.ask("rig.echo")
    run = Run(bench.claim(), kinds.get("rig.echo"))

    with pytest.raises(ValueError, match="does not declare"):
        run.event("surprise")


def test_a_payload_that_the_code_no_longer_accepts_fails_and_is_kept(bench, monkeypatch):
    task = bench.ask("rig.echo", {"value": 1})
    closed = {"type": "object", "additionalProperties": False}
    monkeypatch.setitem(
        kinds._validators, "rig.echo", kinds.jsonschema_rs.Draft202012Validator(closed)
    )

    bench.work()

    assert bench.now(task).error_code == "payload_invalid"
    assert bench.now(task).payload == {"value": 1}


def test_a_stale_run_writes_nothing(bench):
    task = bench.ask("rig.echo")
    first = bench.claim()
    _take_back(first)
    second = bench.claim()
    stale = Run(first, kinds.get("rig.echo"))

    for write in (
        lambda: stale.note("x"),
        lambda: stale.checkpoint({}),
        lambda: stale.finish().__enter__(),
        lambda: _progress(stale),
        stale.check,
    ):
        with pytest.raises(LeaseLost):
            write()
    with pytest.raises(LeaseLost), bench.inside():
        transitions.succeed(stale.holder, result=None)

    assert second.id == task.id
    assert bench.now(task).state == "running"
    assert bench.events(task) == ["enqueued", "claimed", "rescued", "claimed"]


def _progress(run):
    run.progress(1, 2, "stale")
    run.flush()


def _take_back(task: Task) -> None:
    with tenancy.dispatcher_scope():
        transitions.rescue(lease=timezone.timedelta(0), dead_owners=[task.lease_owner])


def test_effects_and_outcome_stand_or_fall_together(bench):
    bench.ask("rig.echo")
    run = Run(bench.claim(), kinds.get("rig.echo"))

    def finish() -> None:
        with run.finish():
            Membership.objects.all().update(status="suspended")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        finish()

    assert bench.now(run.task).state == "running"
    with bench.inside():
        assert Membership.objects.active().exists()


def test_a_waiting_task_is_cancelled_at_once(bench):
    task = bench.ask("rig.echo")

    assert bench.cancel(task, "not needed")

    assert bench.now(task).state == "cancelled"
    assert bench.now(task).cancel_reason == "not needed"
    assert bench.work() == 0


def test_a_running_task_is_asked_and_obeys(bench):
    bench.ask("rig.patient", {"seconds": 30})
    task = bench.claim()
    bench.cancel(task)

    runner.run_task(task, bench.claimant)

    assert bench.now(task).state == "cancelled"
    assert bench.events(task)[-2:] == ["cancel_requested", "cancelled"]


def test_cancelling_twice_says_the_same(bench):
    task = bench.ask("rig.echo")

    assert bench.cancel(task) is True
    assert bench.cancel(task) is False
    assert bench.events(task).count("cancelled") == 1


def test_a_wish_to_cancel_can_come_too_late(bench):
    bench.ask("rig.echo")
    task = bench.claim()
    bench.cancel(task)

    runner.run_task(task, bench.claimant)

    assert bench.now(task).state == "succeeded"
    assert bench.events(task)[-2:] == ["cancel_too_late", "succeeded"]


def test_what_ended_well_cannot_be_cancelled(bench):
    task = bench.ask("rig.echo")
    bench.work()

    with pytest.raises(transitions.IllegalTransition):
        bench.cancel(task)


def test_a_retry_starts_afresh(bench):
    task = bench.ask("rig.hopeless")
    bench.work()

    with bench.inside():
        transitions.retry(task.id, by="user:alice", attempts=2)

    again = bench.now(task)
    assert (again.state, again.attempts, again.max_attempts) == ("queued", 0, 2)
    assert (again.error, again.error_code, again.finished_at) == ("", "", None)


def test_a_worker_that_stops_gives_back_without_counting(bench):
    bench.ask("rig.patient", {"seconds": 30})
    task = bench.claim()
    stop = Stop()
    stop.asked = True

    runner.run_task(task, bench.claimant, stop)

    assert (bench.now(task).state, bench.now(task).attempts) == ("queued", 0)
    assert bench.events(task)[-1] == "given_back"


def test_the_fifth_crash_ends_a_task(bench):
    task = bench.ask("rig.echo")
    for _crash in range(5):
        _take_back(bench.claim())

    dead = bench.now(task)
    assert (dead.state, dead.error_code, dead.crashes) == ("failed", "crashed", 5)


def test_nobody_is_rescued_right_after_the_database_restarted(bench):
    bench.ask("rig.echo")
    task = bench.claim()
    with bench.inside():
        Task.objects.filter(id=task.id).update(lease_until=timezone.now())
    with tenancy.dispatcher_scope():
        assert transitions.rescue(lease=timezone.timedelta(days=9), dead_owners=[]) == []
        assert transitions.rescue(lease=timezone.timedelta(0), dead_owners=[]) == [task.id]


def test_what_waited_beyond_its_time_expires(bench):
    task = bench.ask("rig.echo", expires_at=timezone.now())

    assert bench.work() == 0
    with tenancy.dispatcher_scope():
        transitions.expire()

    assert (bench.now(task).state, bench.now(task).error_code) == ("failed", "expired")


def test_the_dispatcher_cannot_read_what_tasks_hold(bench):
    bench.ask("rig.echo", {"text": "private"})

    for column in ("payload", "result", "checkpoint", "progress_message"):
        with (
            pytest.raises(Exception, match="permission denied"),
            tenancy.dispatcher_scope(),
        ):
            list(Task.objects.values_list(column))


def test_progress_is_written_twice_a_second_at_most(bench, django_assert_max_num_queries):
    bench.ask("rig.echo")
    run = Run(bench.claim(), kinds.get("rig.echo"))

    with django_assert_max_num_queries(12):
        for step in range(1000):
            run.progress(step, 1000, "counting")
    run.flush()

    assert bench.now(run.task).progress == 99
    assert bench.now(run.task).progress_current == 999


def test_claims_alternate_between_workspaces_even_with_one_slot(bench, charlie):
    alice = bench.person
    for _number in range(6):
        bench.ask("rig.echo")
    bench.person = charlie
    for _number in range(2):
        bench.ask("rig.echo")
    order = []

    claim = claiming.claim(bench.claimant)
    while claim.task:
        order.append("alice" if claim.task.workspace_id == alice.workspace.id else "charlie")
        claim = runner.run_task(claim.task, bench.claimant)

    assert order[:4] == ["alice", "charlie", "alice", "charlie"]


def test_priority_counts_and_waiting_makes_up_for_it(bench):
    low = bench.ask("rig.echo", priority=10)
    high = bench.ask("rig.echo", priority=90)
    old = bench.ask("rig.echo", priority=0)
    with bench.inside():
        Task.objects.filter(id=old.id).update(
            due_at=timezone.now() - timezone.timedelta(minutes=51)
        )

    assert [bench.claim().id for _turn in range(3)] == [old.id, high.id, low.id]


def test_a_paused_lane_hands_out_nothing(bench):
    bench.ask("rig.echo")
    with tenancy.platform_scope(reason="test"):
        lane = claiming_lane(bench, paused_at=timezone.now())
    assert bench.claim() is None

    with tenancy.platform_scope(reason="test"):
        type(lane).objects.filter(pk=lane.pk).update(paused_at=None)
    assert bench.claim() is not None


def test_a_lane_runs_no_more_than_its_limit(bench):
    for _number in range(3):
        bench.ask("rig.echo")
    with tenancy.platform_scope(reason="test"):
        claiming_lane(bench, max_running=2)

    assert [bench.claim() is not None for _turn in range(3)] == [True, True, False]


def claiming_lane(bench, **options):
    return Lane.objects.create(workspace=bench.person.workspace, queue="default", **options)


def test_a_holder_names_task_and_fence(bench):
    bench.ask("rig.echo")
    task = bench.claim()

    with pytest.raises(LeaseLost), bench.inside():
        transitions.write(Holder(task.id, task.fence + 1), transitions.Note("note"))
