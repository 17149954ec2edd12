"""Calls, use and quotas over REST: one's own, everybody's with the right; nothing for strangers."""

import json
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts import tenancy
from taishang.models import ModelCall, Quota
from taishang.models.call import moment_of
from taishang.usage import recording
from tests.factories import Person

pytestmark = pytest.mark.django_db
CALLS, USAGE, QUOTA = "/api/v1/model-calls/", "/api/v1/usage/", "/api/v1/quota/"


def called(person: Person, *, cost="0.5", purpose="test", **values) -> ModelCall:
    now = timezone.now()
    row = {
        "workspace": person.workspace,
        "user": person.user,
        "kind": "chat",
        "purpose": purpose,
        "status": "succeeded",
        "input_tokens": 10,
        "output_tokens": 5,
        "cost": None if cost is None else Decimal(cost),
        "completed_at": now,
        "stat_date": recording.day_of(now),
        **values,
    }
    call = ModelCall(**row)
    call.created_at = moment_of(call.id)
    with tenancy.workspace(person.workspace.id, user_id=person.user.id):
        call.save(force_insert=True)
        if call.status != "running":
            recording.add(call)
    return call


def patch(person: Person, body: dict, **headers):
    return person.client.patch(
        QUOTA, json.dumps(body), content_type="application/json", headers=headers
    )


def test_a_member_sees_their_own_calls_and_the_owner_everybodys(alice, bob, charlie):
    called(alice)
    mine = called(bob)

    assert [row["id"] for row in bob.get(CALLS).json()["results"]] == [str(mine.id)]
    assert len(alice.get(CALLS).json()["results"]) == 2
    assert charlie.get(CALLS).json()["results"] == []


def test_a_call_shows_what_it_used_and_nothing_that_was_said(alice):
    call = called(alice, partial_text="once upon a time")

    shown = alice.get(f"{CALLS}{call.id}/")

    assert shown.status_code == 200
    assert shown.json()["cost"] == "0.5000000000"
    assert b"once upon" not in shown.content


@pytest.mark.parametrize("number", [uuid4(), "ffffffff-ffff-4fff-8fff-ffffffffffff"])
def test_an_unknown_call_is_not_found(alice, charlie, number):
    call = called(alice)

    assert charlie.get(f"{CALLS}{call.id}/").status_code == 404
    assert alice.get(f"{CALLS}{number}/").status_code == 404


@pytest.mark.parametrize(
    "query", ["status=odd", "model=x", "user=x", "from=yesterday", "surprise=1", "to=2026-13-45"]
)
def test_a_list_says_which_filter_is_wrong(alice, query):
    assert alice.get(f"{CALLS}?{query}").status_code == 400


def test_a_list_of_calls_takes_three_statements_however_long(alice, at_most):
    for _ in range(5):
        called(alice)

    with at_most(4):
        assert len(alice.get(CALLS).json()["results"]) == 5


def test_a_running_call_is_asked_to_stop_once(alice, bob):
    call = called(bob, status="running", completed_at=None)

    first = alice.post(f"{CALLS}{call.id}/cancellation/", content_type="application/json")
    again = alice.post(f"{CALLS}{call.id}/cancellation/", content_type="application/json")

    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["cancel_requested_at"]


def test_a_call_that_ended_cannot_be_stopped(alice):
    call = called(alice)

    answer = alice.post(f"{CALLS}{call.id}/cancellation/", content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (409, "call_finished")


def test_sums_say_when_they_are_not_complete(alice):
    called(alice, cost="0.5")
    called(alice, cost=None, purpose="draft")

    body = alice.get(f"{USAGE}?group_by=type").json()

    assert body["total"]["cost"] == "0.5000000000"
    assert (body["total"]["cost_is_complete"], body["total"]["unknown_cost_calls"]) == (False, 1)
    assert {group["key"]: group["sums"]["requests"] for group in body["groups"]} == {
        "test": 1,
        "draft": 1,
    }


def test_what_others_used_needs_a_right(alice, bob):
    called(alice)
    called(bob)

    assert bob.get(f"{USAGE}?group_by=user").status_code == 403
    assert bob.get(USAGE).json()["total"]["requests"] == 1
    assert alice.get(f"{USAGE}?group_by=user").json()["groups"][0]["label"] in {"alice", "bob"}


@pytest.mark.parametrize(
    "query", ["group_by=x", "from=2026-11-22&to=2026-11-01", "from=1000-01-01"]
)
def test_use_says_which_parameter_is_wrong(alice, query):
    assert alice.get(f"{USAGE}?{query}").status_code == 400


def test_a_table_for_spreadsheets_holds_no_formula(alice):
    alice.user.username = "=cmd()"
    alice.user.save(update_fields=["username"])
    called(alice)

    answer = alice.get(f"{USAGE}export/")

    assert answer["Content-Type"].startswith("text/csv")
    assert "'=cmd()" in answer.content.decode()
    assert answer.content.startswith(b"\xef\xbb\xbf")


def test_a_quota_shows_every_limit_that_counts(alice):
    body = alice.get(QUOTA).json()

    assert body["plan"] == "free"
    scopes = {(scope["scope"], scope["unit"]): scope for scope in body["scopes"]}
    assert scopes["user_plan", "tokens"]["limit"] == 100_000
    assert scopes["workspace", "tokens"]["limit"] is None
    assert (
        date.fromisoformat(scopes["workspace", "tokens"]["resets_at"][:10]) > timezone.now().date()
    )


def test_an_owner_sets_the_quota_and_a_member_cannot(alice, bob):
    tag = alice.get(QUOTA)["ETag"]

    changed = patch(alice, {"monthly_quota": 5000, "warn_at": [50]})
    stale = patch(alice, {"monthly_quota": 1}, **{"If-Match": tag})
    denied = patch(bob, {"monthly_quota": 1})

    assert (changed.status_code, changed.json()["monthly_quota"]) == (200, 5000)
    assert stale.status_code == 412
    assert denied.status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {"monthly_quota": -1},
        {"monthly_quota": 10**16},
        {"cost_quota": "NaN"},
        {"cost_quota": "1.00000000001"},
        {"cost_quota": "-1"},
        {"anchor_day": 32},
        {"on_exhaust": "explode"},
        {"warn_at": [0]},
        {"monthly_ceiling": 5},
        {"max_parallel_calls": 0},
    ],
)
def test_a_quota_refuses_what_is_none(alice, body):
    assert patch(alice, body).status_code == 400


def test_nobody_goes_above_the_operators_ceiling(alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        Quota.objects.create(workspace=alice.workspace, monthly_ceiling=100)

    assert patch(alice, {"monthly_quota": 101}).status_code == 400
    assert patch(alice, {"monthly_quota": None}).status_code == 400
    assert patch(alice, {"monthly_quota": 100}).status_code == 200


def test_a_month_that_is_over_shows_nothing_used(alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        Quota.objects.create(
            workspace=alice.workspace,
            monthly_quota=10,
            usage=10,
            resets_at=timezone.now() - timedelta(days=1),
        )

    scope = alice.get(QUOTA).json()["scopes"][0]

    assert (scope["used"], scope["remaining"]) == (0, 10)
