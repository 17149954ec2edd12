"""Handing a workspace over: an offer, a week, both sides sure of themselves."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import tenancy, workspaces
from accounts.models import Session, Workspace
from laojun.models import AuditLog
from tests import factories
from tests.accounts.api.calls import JSON, Program, assert_problem, program
from tests.accounts.api.test_workspaces import members, one, patch

pytestmark = pytest.mark.django_db


@pytest.fixture
def team(alice, bob):
    assert alice.client.post(f"{one(alice)}conversion/").status_code == 200
    return f"{one(alice)}transfer/"


def offer(person, path, to):
    return person.client.post(path, {"user_id": str(to.user.id)}, content_type=JSON)


def forget_sign_in(person):
    long_ago = timezone.now() - timedelta(hours=1)
    Session.objects.filter(user=person.user).update(authenticated_at=long_ago)


def test_a_member_takes_a_workspace_over_and_the_owner_becomes_an_admin(alice, bob, team):
    assert offer(alice, team, bob).json()["offered_to"] == str(bob.user.id)

    taken = bob.client.post(f"{team}acceptance/")

    assert taken.json()["is_owner"]
    assert "workspace.delete" in bob.get(one(bob)).json()["allowed_actions"]
    rows = {row["username"]: row for row in bob.get(members(alice)).json()["results"]}
    assert [role["key"] for role in rows["alice"]["roles"]] == ["admin"]
    assert rows["bob"]["roles"] == []
    assert "workspace.delete" not in alice.get(one(alice)).json()["allowed_actions"]


def test_rights_change_at_the_next_request_of_both(alice, bob, team):
    first, second = program(alice), program(bob)
    offer(alice, team, bob)
    bob.client.post(f"{team}acceptance/")

    assert_problem(first.post(team, {"user_id": str(bob.user.id)}), 403, "permission_denied")
    assert second.get(one(bob)).json()["is_owner"]


def test_both_prove_who_they_are(alice, bob, team):
    forget_sign_in(alice)
    assert_problem(offer(alice, team, bob), 403, "reauth_required")
    Session.objects.filter(user=alice.user).update(authenticated_at=timezone.now())
    assert offer(alice, team, bob).status_code == 200

    forget_sign_in(bob)
    assert_problem(bob.client.post(f"{team}acceptance/"), 403, "reauth_required")


def test_only_the_one_it_was_offered_to_takes_it(alice, bob, team):
    dora = factories.colleague("dora", of=alice, role="admin")
    offer(alice, team, bob)

    assert_problem(dora.client.post(f"{team}acceptance/"), 409, "no_offer")
    assert_problem(offer(dora, team, bob), 403, "permission_denied")


def test_an_offer_holds_for_a_week(alice, bob, team):
    offer(alice, team, bob)
    with tenancy.platform_scope(reason="test"):
        Workspace.objects.update(offer_expires_at=timezone.now() - timedelta(seconds=1))

    assert_problem(bob.client.post(f"{team}acceptance/"), 409, "no_offer")


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_an_offer_is_taken_back_or_declined(alice, bob, team, who):
    offer(alice, team, bob)

    assert {"alice": alice, "bob": bob}[who].client.delete(team).status_code == 204

    assert_problem(bob.client.post(f"{team}acceptance/"), 409, "no_offer")


def test_a_stranger_and_somebody_suspended_are_offered_nothing(alice, bob, charlie, team):
    assert_problem(offer(alice, team, charlie), 400, "validation_error")
    assert_problem(offer(alice, team, alice), 409, "not_a_member")
    patch(alice, members(alice, bob), {"status": "suspended"})
    assert_problem(offer(alice, team, bob), 409, "not_a_member")


def test_who_leaves_is_offered_it_no_longer(alice, bob, team):
    offer(alice, team, bob)
    bob.client.post(f"{one(alice)}departure/")

    assert alice.get(one(alice)).json()["offered_to"] is None


def test_a_personal_workspace_stays_where_it_is(alice, bob):
    assert_problem(offer(alice, f"{one(alice)}transfer/", bob), 409, "personal_workspace")


def test_who_owns_enough_takes_no_more(alice, bob, team, monkeypatch):
    offer(alice, team, bob)
    monkeypatch.setattr(workspaces, "MAX_OWNED", 1)

    assert_problem(bob.client.post(f"{team}acceptance/"), 409, "limit_reached")


def test_a_name_that_the_heir_uses_is_named(alice, bob, team):
    bob.client.post("/api/v1/workspaces/", {"name": "alice"}, content_type=JSON)
    offer(alice, team, bob)

    assert_problem(bob.client.post(f"{team}acceptance/"), 409, "name_taken")


def test_a_key_hands_nothing_over(alice, bob, team):
    body = {"name": "script", "scopes": ["workspace.transfer", "workspace.view"]}
    key = alice.client.post("/api/v1/api-keys/", body, content_type=JSON).json()["key"]

    for path in (team, f"{team}acceptance/"):
        refused = Program(key).post(path, {"user_id": str(bob.user.id)})
        assert_problem(refused, 403, "person_required")


def test_it_is_told(alice, bob, team):
    offer(alice, team, bob)
    bob.client.post(f"{team}acceptance/")

    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        told = set(AuditLog.objects.values_list("action", flat=True))
    assert {"workspace.converted", "workspace.offered", "workspace.transferred"} <= told
