"""API keys: shown once, narrowed twice, dead at once."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from accounts import api_keys, tenancy
from accounts.models import ApiKey, Membership, Session, User, UserRole
from tests.accounts.api.calls import JSON, Program, assert_problem, program

PATH = "/api/v1/api-keys/"


def make(person, scopes=("workspace.view", "member.view"), **more):
    body = {"name": "script", "scopes": list(scopes), **more}
    response = person.client.post(PATH, body, content_type=JSON)
    assert response.status_code == 201, response.content
    return response.json()


def test_a_key_is_shown_once_and_only_its_hash_is_stored(alice):
    made = make(alice)

    assert "key" not in alice.get(f"{PATH}{made['id']}/").json()
    with (
        tenancy.workspace(alice.workspace.id, user_id=alice.user.id),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT k::text FROM accounts_api_keys k")
        row = cursor.fetchone()[0]
    assert made["prefix"] in row
    assert made["key"][13:] not in row


def test_a_key_works_in_its_workspace_alone(alice):
    caller = Program(make(alice)["key"])

    assert caller.get("/api/v1/me/").json()["workspace_id"] == alice.workspace.id
    elsewhere = caller.get("/api/v1/me/", **{"X-Workspace-Id": str(alice.workspace.id + 1)})
    assert_problem(elsewhere, 404, "not_found")


def test_a_key_has_no_right_beyond_its_scopes(alice):
    caller = Program(make(alice, ["workspace.view"])["key"])

    body = assert_problem(
        caller.get(f"/api/v1/workspaces/{alice.workspace.id}/members/"), 403, "permission_denied"
    )
    assert body["permission"] == "member.view"


def test_a_key_loses_what_its_owner_loses(alice, bob):
    caller = Program(make(bob, ["role.view"])["key"])
    assert caller.get("/api/v1/roles/").status_code == 200

    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        UserRole.objects.filter(user=bob.user).delete()
    User.objects.filter(pk=bob.user.pk).update(authz_version=F("authz_version") + 1)

    assert_problem(caller.get("/api/v1/roles/"), 403, "permission_denied")


def test_a_key_dies_with_the_membership(alice, bob):
    caller = Program(make(bob)["key"])
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        Membership.objects.filter(user=bob.user).delete()

    assert_problem(caller.get("/api/v1/me/"), 401, "token_invalid")


def test_a_key_sleeps_while_the_membership_is_suspended(alice, bob):
    caller = Program(make(bob)["key"])
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        Membership.objects.filter(user=bob.user).update(status="suspended")

    assert_problem(caller.get("/api/v1/me/"), 401, "token_invalid")


def test_a_revoked_or_expired_key_is_refused(alice):
    revoked, expired = make(alice), make(alice)
    assert alice.client.delete(f"{PATH}{revoked['id']}/").status_code == 204
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        ApiKey.objects.filter(pk=expired["id"]).update(
            expires_at=timezone.now() - timedelta(hours=1)
        )

    assert_problem(Program(revoked["key"]).get("/api/v1/me/"), 401, "token_invalid")
    assert_problem(Program(expired["key"]).get("/api/v1/me/"), 401, "token_invalid")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("get", PATH, None),
        ("post", PATH, {"name": "x", "scopes": ["workspace.view"]}),
        ("get", "/api/v1/me/sessions/", None),
        ("post", "/api/v1/me/sessions/revocation/", {}),
        ("patch", "/api/v1/me/", {"bio": "x"}),
        ("patch", "/api/v1/me/settings/", {"theme": "light"}),
        ("post", "/api/v1/workspaces/", {"name": "x"}),
        ("post", "/api/v1/roles/", {"name": "x"}),
    ],
)
def test_a_key_cannot_act_as_the_person(alice, method, path, body):
    caller = Program(make(alice, ["workspace.view", "role.manage", "api_key.manage"])["key"])

    assert_problem(caller.call(method, path, body), 403, "person_required")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: key[:-1] + ("a" if key[-1] != "a" else "b"),
        lambda key: key[:20] + ("a" if key[20] != "a" else "b") + key[21:],
        lambda key: key + "a",
        lambda key: key[:-7],
        lambda key: "tlk_",
        lambda key: key.upper(),
    ],
)
def test_a_damaged_key_is_refused_without_asking_the_database(alice, spoil):
    damaged = spoil(make(alice)["key"])

    assert api_keys.hashes(damaged) == [] or not api_keys.looks_like_one(damaged)
    assert_problem(Program(damaged).get("/api/v1/me/"), 401, "token_invalid")


def test_nobody_makes_a_key_with_rights_they_do_not_hold(bob):
    body = {"name": "x", "scopes": ["member.manage", "workspace.view"]}

    refused = bob.client.post(PATH, body, content_type=JSON)

    assert assert_problem(refused, 403, "cannot_grant")["permissions"] == ["member.manage"]


@pytest.mark.parametrize(
    "change",
    [
        {"scopes": []},
        {"scopes": ["nothing.real"]},
        {"name": ""},
        {"name": "a" * 81},
        {"expires_at": "2001-01-01T00:00:00Z"},
        {"expires_at": "10000-01-01T00:00:00Z"},
        {"user_id": "x"},
        {"key_hash": "x"},
    ],
)
def test_bad_keys_are_refused(alice, change):
    body = {"name": "x", "scopes": ["workspace.view"], **change}

    assert alice.client.post(PATH, body, content_type=JSON).status_code == 400


def test_a_key_expires_after_ninety_days_unless_told_otherwise(alice):
    assert make(alice)["expires_at"][:10] == str(timezone.localdate() + timedelta(days=90))
    assert make(alice, expires_at=None)["expires_at"] is None


def test_making_a_key_needs_a_fresh_sign_in(alice):
    Session.objects.update(authenticated_at=F("authenticated_at") - timedelta(minutes=11))
    body = {"name": "x", "scopes": ["workspace.view"]}

    assert_problem(alice.client.post(PATH, body, content_type=JSON), 403, "reauth_required")


def test_fifty_live_keys_are_enough(alice, monkeypatch):
    monkeypatch.setattr(api_keys, "MAX_LIVE", 2)
    make(alice)
    make(alice)

    body = {"name": "x", "scopes": ["workspace.view"]}
    assert_problem(alice.client.post(PATH, body, content_type=JSON), 409, "limit_reached")


def test_a_colleagues_key_does_not_exist(alice, bob):
    made = make(alice)

    assert_problem(bob.get(f"{PATH}{made['id']}/"), 404, "not_found")
    assert_problem(bob.client.delete(f"{PATH}{made['id']}/"), 404, "not_found")
    assert bob.get(PATH).json()["results"] == []


def test_the_use_of_a_key_is_noted_once_a_minute(alice):
    made = make(alice)
    caller = Program(made["key"])
    caller.get("/api/v1/me/")
    first = alice.get(f"{PATH}{made['id']}/").json()["last_used_at"]
    caller.get("/api/v1/me/")

    assert first is not None
    assert alice.get(f"{PATH}{made['id']}/").json()["last_used_at"] == first


def test_a_repeated_creation_does_not_show_the_key_again(alice):
    body = {"name": "x", "scopes": ["workspace.view"]}
    headers = {"Idempotency-Key": "one"}
    made = alice.client.post(PATH, body, content_type=JSON, headers=headers).json()

    again = alice.client.post(PATH, body, content_type=JSON, headers=headers)

    assert assert_problem(again, 409, "secret_not_replayable")["id"] == made["id"]


def test_a_list_takes_three_statements(alice, at_most):
    for _ in range(5):
        make(alice)
    caller = program(alice)
    caller.get(PATH)

    with at_most(3):
        assert len(caller.get(PATH).json()["results"]) == 5
