"""Asking for work: the row belongs to the caller's transaction, and one live task has one key."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.utils import IntegrityError
from django.utils import timezone

from accounts import registry, tenancy
from taishang import kinds, queue
from taishang.models import Task

pytestmark = pytest.mark.django_db


def test_a_task_waits_with_its_first_event(bench):
    task = bench.ask("rig.echo", {"value": 1})

    assert bench.now(task).state == "queued"
    assert bench.now(task).ready
    assert bench.events(task) == ["enqueued"]


def test_a_rolled_back_caller_leaves_nothing(bench):
    def caller() -> None:
        with transaction.atomic():
            bench.ask("rig.echo")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        caller()

    with bench.inside():
        assert not Task.objects.exists()


def test_the_wake_up_is_sent_on_commit_only(bench, monkeypatch, django_capture_on_commit_callbacks):
    woken = []
    monkeypatch.setattr(queue.tasks.run_task, "apply_async", lambda **sent: woken.append(sent))

    with django_capture_on_commit_callbacks(execute=True):
        bench.ask("rig.echo")
        assert woken == []

    assert [message["queue"] for message in woken] == ["default"]


def test_wake_ups_of_one_moment_share_a_message(monkeypatch):
    woken = []
    monkeypatch.setattr(queue.tasks.run_task, "apply_async", lambda **sent: woken.append(sent))
    monkeypatch.setattr(queue, "WAKE_KEY_SECONDS", 60)

    for _time in range(20):
        queue.wake("default")

    assert len(woken) == 1


def test_a_broker_that_is_away_never_raises(monkeypatch):
    def away(**_sent):
        raise ConnectionRefusedError

    monkeypatch.setattr(queue.tasks.run_task, "apply_async", away)

    queue.wake("email")


def test_a_live_task_with_the_key_is_returned(bench):
    first = bench.ask("rig.echo", {"value": 1}, dedup_key="k")
    second = bench.ask("rig.echo", {"value": 1}, dedup_key="k")

    assert second.id == first.id
    assert (first.deduplicated, second.deduplicated) == (False, True)
    assert bench.events(first) == ["enqueued"]


def test_another_payload_under_a_live_key_is_refused(bench):
    first = bench.ask("rig.echo", {"value": 1}, dedup_key="k")

    with pytest.raises(queue.DuplicateTask) as refused:
        bench.ask("rig.echo", {"value": 2}, dedup_key="k")

    assert refused.value.task.id == first.id


def test_a_key_is_free_again_when_its_task_ended(bench):
    first = bench.ask("rig.echo", dedup_key="k")
    bench.work()

    assert bench.ask("rig.echo", dedup_key="k").id != first.id


def test_the_same_key_in_two_workspaces_is_two_tasks(bench, charlie):
    first = bench.ask("rig.echo", dedup_key="k")
    bench.person = charlie

    assert bench.ask("rig.echo", dedup_key="k").id != first.id


def test_platform_tasks_share_keys_although_they_have_no_workspace(db):
    first = queue.enqueue(kind="rig.nightly", dedup_key="k")

    assert queue.enqueue(kind="rig.nightly", dedup_key="k").id == first.id


def test_the_database_itself_refuses_a_second_live_key(bench):
    bench.ask("rig.echo", dedup_key="k")

    with (
        pytest.raises(IntegrityError, match="tai_tasks_one_live_dedup"),
        bench.inside(),
        transaction.atomic(),
    ):
        Task.objects.create(
            workspace=bench.person.workspace, type="rig.echo", queue="default", dedup_key="k"
        )


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"value": "text"}, "payload_invalid"),
        ({"unknown": 1}, "payload_invalid"),
        ({"text": "a\x00b"}, "payload_invalid"),
        ({"text": "\ud800"}, "payload_invalid"),
        ({"api_key": "x"}, "secret_in_payload"),
        ({"text": "x" * 300_000}, "payload_too_large"),
        ([1], "payload_invalid"),
    ],
)
def test_a_bad_payload_is_refused_before_it_is_stored(bench, payload, code):
    with pytest.raises(kinds.PayloadRefused) as refused:
        bench.ask("rig.echo", payload)

    assert refused.value.code == code


def test_a_payload_too_deep_is_refused(bench):
    deep: dict = {}
    for _level in range(40):
        deep = {"text": deep}

    with pytest.raises(kinds.PayloadRefused, match="32 levels"):
        bench.ask("rig.echo", deep)


def test_an_unknown_kind_is_refused(bench):
    with pytest.raises(kinds.UnknownKind):
        bench.ask("rig.nothing")


def test_a_full_lane_is_refused(bench, olga):
    with tenancy.platform_scope(reason="test"):
        queue.Lane.objects.create(workspace=bench.person.workspace, queue="default", max_queued=2)
    bench.ask("rig.echo")
    bench.ask("rig.echo")

    with pytest.raises(queue.QueueFull):
        bench.ask("rig.echo")


def test_a_task_of_tomorrow_is_not_ready(bench):
    task = bench.ask("rig.echo", scheduled_at=timezone.now() + timedelta(days=1))

    assert not bench.now(task).ready
    assert bench.work() == 0


def test_a_stranger_sees_no_task(bench, charlie):
    task = bench.ask("rig.echo")

    with tenancy.workspace(charlie.workspace.id, user_id=charlie.user.id):
        assert not Task.objects.filter(id=task.id).exists()


def test_apps_below_enqueue_through_the_port(alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        task = registry.enqueue(
            kind="rig.echo", payload={}, workspace=alice.workspace, user=alice.user
        )

    assert task.type == "rig.echo"
