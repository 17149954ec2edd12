"""Tasks over REST: ask, watch, stop, repeat; strangers find nothing."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import tenancy
from taishang import transitions
from taishang.models import Lane, Task
from tests.taishang.conftest import Bench

pytestmark = pytest.mark.django_db
TASKS = "/api/v1/tasks/"


def _post(person, path: str, body: dict | None = None, **headers):
    return person.client.post(
        path, json.dumps(body or {}), content_type="application/json", headers=headers
    )


def _patch(person, path: str, body: dict):
    return person.client.patch(path, json.dumps(body), content_type="application/json")


def test_public_kinds_are_listed_with_their_schema(alice):
    kinds = {kind["name"]: kind for kind in alice.get("/api/v1/task-types/").json()}

    assert kinds["rig.echo"]["label"] == "Echo"
    assert kinds["rig.echo"]["schema"]["additionalProperties"] is False
    assert "rig.effect" not in kinds


def test_a_task_is_asked_for_and_read_back(alice):
    made = _post(alice, TASKS, {"type": "rig.echo", "payload": {"value": 3}})

    assert made.status_code == 201
    assert made["Location"] == f"{TASKS}{made.json()['id']}/"
    task = alice.get(made["Location"]).json()
    assert (task["state"], task["label"], task["progress"]) == ("queued", "Echo", 0)
    assert task["payload"] == {"value": 3}
    assert task["queue_position"] == 0
    assert task["allowed_actions"] == ["cancel", "priority"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "validation_error"),
        ({"type": "rig.nothing"}, "unknown_task_type"),
        ({"type": "rig.effect"}, "unknown_task_type"),
        ({"type": "rig.echo", "payload": {"value": "x"}}, "payload_invalid"),
        ({"type": "rig.echo", "payload": {"password": "x"}}, "secret_in_payload"),
        ({"type": "rig.echo", "payload": 5}, "validation_error"),
        ({"type": "rig.echo", "priority": 101}, "validation_error"),
        ({"type": "rig.echo", "surprise": 1}, "unknown_field"),
    ],
)
def test_a_bad_wish_is_refused(alice, body, code):
    refused = _post(alice, TASKS, body)

    assert (refused.status_code, refused.json()["code"]) == (400, code)
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        assert not Task.objects.exists()


def test_the_same_key_answers_with_the_live_task(alice):
    wish = {"type": "rig.echo", "payload": {"value": 3}, "dedup_key": "k"}
    first, second = _post(alice, TASKS, wish), _post(alice, TASKS, wish)
    other = _post(alice, TASKS, {**wish, "payload": {"value": 4}})

    assert (first.status_code, first.json()["deduplicated"]) == (201, False)
    assert (second.status_code, second.json()["deduplicated"]) == (200, True)
    assert second.json()["id"] == first.json()["id"]
    assert (other.status_code, other.json()["code"]) == (409, "task_duplicate")
    assert other.json()["task_id"] == first.json()["id"]


def test_one_idempotency_key_makes_one_task(alice):
    wish = {"type": "rig.echo"}
    replies = [_post(alice, TASKS, wish, idempotency_key="abc") for _time in range(5)]

    assert len({reply.json()["id"] for reply in replies}) == 1


def test_precedence_needs_its_right(alice, bob):
    urgent = {"type": "rig.echo", "priority": 95}

    assert _post(alice, TASKS, urgent).status_code == 201
    assert _post(bob, TASKS, urgent).status_code == 403


def test_a_waiting_task_is_re_ordered(alice, bench):
    task = bench.ask("rig.echo")
    tomorrow = timezone.now() + timedelta(days=1)

    changed = _patch(
        alice, f"{TASKS}{task.id}/", {"priority": 70, "scheduled_at": tomorrow.isoformat()}
    )

    assert changed.status_code == 200
    assert changed.json()["priority"] == 70
    assert not bench.now(task).ready
    assert bench.events(task) == ["enqueued", "reprioritised", "rescheduled"]


def test_a_running_task_is_not_re_ordered(alice, bench):
    task = bench.ask("rig.echo")
    bench.claim()

    refused = _patch(alice, f"{TASKS}{task.id}/", {"priority": 70})

    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_transition")


def test_a_task_that_did_not_change_is_not_sent_again(alice, bench):
    task = bench.ask("rig.echo")
    tag = alice.get(f"{TASKS}{task.id}/")["ETag"]

    assert alice.get(f"{TASKS}{task.id}/", headers={"If-None-Match": tag}).status_code == 304

    bench.work()
    assert alice.get(f"{TASKS}{task.id}/", headers={"If-None-Match": tag}).status_code == 200


def test_cancel_and_cancel_again(alice, bench):
    task = bench.ask("rig.echo")
    address = f"{TASKS}{task.id}/cancellation/"

    assert _post(alice, address, {"reason": "no need"}).status_code == 202
    again = _post(alice, address)
    assert (again.status_code, again.json()["state"]) == (200, "cancelled")


def test_what_ended_well_is_neither_cancelled_nor_repeated(alice, bench):
    task = bench.ask("rig.echo")
    bench.work()

    for noun in ("cancellation", "retry"):
        refused = _post(alice, f"{TASKS}{task.id}/{noun}/")
        assert (refused.status_code, refused.json()["code"]) == (409, "illegal_transition")


def test_a_failed_task_is_repeated(alice, bench):
    task = bench.ask("rig.hopeless")
    bench.work()

    repeated = _post(alice, f"{TASKS}{task.id}/retry/", {"attempts": 2})

    assert (repeated.status_code, repeated.json()["state"]) == (202, "queued")


def test_a_repeat_beside_a_live_twin_is_refused(alice, bench):
    task = bench.ask("rig.hopeless", dedup_key="k")
    bench.work()
    twin = bench.ask("rig.hopeless", dedup_key="k")

    refused = _post(alice, f"{TASKS}{task.id}/retry/")

    assert (refused.status_code, refused.json()["code"]) == (409, "task_duplicate")
    assert refused.json()["task_id"] == str(twin.id)


def test_an_error_is_told_in_words(alice, bench):
    task = bench.ask("rig.echo", expires_at=timezone.now())
    with tenancy.dispatcher_scope():
        transitions.expire()

    error = alice.get(f"{TASKS}{task.id}/").json()["error"]

    assert error["code"] == "expired"
    assert error["message"]


def test_the_history_is_listed_by_number(alice, bench):
    task = bench.ask("rig.echo")
    bench.work()

    events = alice.get(f"{TASKS}{task.id}/events/").json()["results"]

    assert [(event["seq"], event["event"]) for event in events] == [
        (1, "enqueued"),
        (2, "claimed"),
        (3, "succeeded"),
    ]


@pytest.mark.parametrize("path", ["", "events/", "stream/"])
def test_a_stranger_finds_nothing(bench, charlie, path):
    task = bench.ask("rig.echo")

    assert charlie.get(f"{TASKS}{task.id}/{path}").status_code == 404
    assert charlie.get(TASKS).json()["results"] == []


@pytest.mark.parametrize("noun", ["cancellation", "retry"])
def test_a_stranger_changes_nothing(bench, charlie, noun):
    task = bench.ask("rig.echo")

    assert _post(charlie, f"{TASKS}{task.id}/{noun}/").status_code == 404
    assert bench.events(task) == ["enqueued"]


def test_a_colleague_sees_only_her_own_and_the_owner_sees_all(alice, bob, bench):
    mine = bench.ask("rig.echo")
    bench_of_bob = Bench(bob)
    his = bench_of_bob.ask("rig.echo")

    assert [row["id"] for row in bob.get(TASKS).json()["results"]] == [str(his.id)]
    assert {row["id"] for row in alice.get(TASKS).json()["results"]} == {str(mine.id), str(his.id)}
    assert bob.get(f"{TASKS}{mine.id}/").status_code == 404
    assert alice.get(f"{TASKS}{his.id}/").json()["payload"] is None


@pytest.mark.parametrize("count", [1, 30])
def test_a_list_costs_three_queries(alice, bench, at_most, count):
    for _number in range(count):
        bench.ask("rig.echo")
    alice.get(TASKS)

    with at_most(3):
        assert len(alice.get(TASKS).json()["results"]) == min(count, 20)


def test_a_full_queue_says_so(alice, olga, bench):
    with tenancy.platform_scope(reason="test"):
        Lane.objects.create(workspace=alice.workspace, queue="default", max_queued=1)
    _post(alice, TASKS, {"type": "rig.echo"})

    refused = _post(alice, TASKS, {"type": "rig.echo"})

    assert (refused.status_code, refused.json()["code"]) == (429, "queue_full")
