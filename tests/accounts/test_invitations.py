"""Asking people in: who may, who can answer, and what a link is worth in the wrong hands."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.utils import IntegrityError
from django.utils import timezone

from accounts import invitations, tenancy, workspaces
from accounts.models import Invitation, Membership, Role, UserRole
from accounts.tenancy import Context
from laojun.models import Notification
from tests import factories
from tests.accounts.api.calls import JSON, Program, assert_problem, program
from tests.accounts.api.test_workspaces import make_role, members, one, patch, role_id
from tests.accounts.post import only_letter
from tests.rig.limits import allow

pytestmark = pytest.mark.django_db
ANSWERS = "/api/v1/invitations/"


@pytest.fixture(autouse=True)
def _no_letters(settings, tmp_path):
    """No letter leaves, as on an installation without a mail server: links are copied by hand."""
    settings.EMAIL_URL = ""
    settings.EMAIL_FILE_PATH = tmp_path


@pytest.fixture
def team(alice):
    """Alice's workspace, opened up; returns the address of its invitations."""
    assert alice.client.post(f"{one(alice)}conversion/").status_code == 200
    return f"{one(alice)}invitations/"


@pytest.fixture
def letters(settings, mailoutbox):
    """Letters leave, as on an installation with a mail server."""
    settings.EMAIL_URL = "smtp://mail.example.com"
    return mailoutbox


def invite(person, path, email="charlie@example.com", role="viewer", **extra):
    body = {"email": email, "role": role_id(role), **extra}
    return person.client.post(path, body, content_type=JSON)


def token_of(response):
    return response.json()["link"].rstrip("/").rpartition("/")[2]


def answer(person, token, what="acceptance"):
    return person.client.post(f"{ANSWERS}{what}/", {"token": token}, content_type=JSON)


def test_who_has_the_address_sees_it_in_the_list_without_its_link(alice, team, charlie):
    token = token_of(invite(alice, team))
    invite(alice, team, "nobody@example.com")

    with tenancy.entered(Context(user_id=charlie.user.pk)):
        (row,) = Notification.objects.filter(letter="invitation")
    assert alice.workspace.name in row.title
    assert token not in f"{row.content}{row.link}{row.params}"


def verify(person, verified=True):
    EmailAddress.objects.filter(user=person.user).update(verified=verified)


def inside(person, rows):
    with tenancy.workspace(person.workspace.id, user_id=person.user.id):
        return list(rows.all())


# Asking


def test_an_invitation_becomes_a_membership_with_its_role(alice, charlie, team):
    token = token_of(invite(alice, team))

    accepted = answer(charlie, token)

    assert accepted.json()["id"] == alice.workspace.id
    rows = {row["username"]: row for row in alice.get(members(alice)).json()["results"]}
    assert [role["key"] for role in rows["charlie"]["roles"]] == ["viewer"]
    assert alice.get(team).json()["results"][0]["state"] == "accepted"


def test_a_personal_workspace_takes_nobody_in(alice):
    assert_problem(invite(alice, f"{one(alice)}invitations/"), 409, "personal_workspace")


def test_where_letters_leave_the_link_is_in_the_letter_alone(alice, team, letters):
    made = invite(alice, team)
    letter = only_letter()

    assert "link" not in made.json()
    assert re.search(r"/invitations/tli_[\w-]{43}/", letter.body)
    assert letter.to == ["charlie@example.com"]


def test_the_answer_is_the_same_for_addresses_without_an_account(alice, charlie, team):
    known = invite(alice, team).json()
    unknown = invite(alice, team, "xxxxxxx@example.com").json()

    assert known.keys() == unknown.keys()


def test_no_reply_but_the_first_shows_the_link(alice, team):
    made = invite(alice, team)

    assert "tli_" not in alice.get(team).content.decode()
    assert "tli_" not in alice.get(f"{team}{made.json()['id']}/").content.decode()
    with tenancy.platform_scope(reason="test"):
        assert token_of(made) not in str(list(Invitation.objects.values_list()))


def test_a_replay_does_not_show_the_link_again(alice, team):
    body = {"email": "x@example.com", "role": role_id("viewer")}
    headers = {"Idempotency-Key": "k1"}
    alice.client.post(team, body, content_type=JSON, headers=headers)

    again = alice.client.post(team, body, content_type=JSON, headers=headers)

    assert_problem(again, 409, "secret_not_replayable")


def test_an_address_is_invited_once_and_a_member_not_at_all(alice, bob, team):
    invite(alice, team)

    assert_problem(invite(alice, team, "CHARLIE@example.com"), 409, "already_invited")
    assert_problem(invite(alice, team, "bob@example.com"), 409, "already_member")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "x@example.com"},
        {"email": "no address", "role": 1},
        {"email": "x@example.com", "role": 999_999},
        {"email": "x@example.com", "role": "viewer"},
        {"email": "x@example.com", "role": 2**64},
    ],
)
def test_bad_invitations_are_refused(alice, team, body):
    assert_problem(alice.client.post(team, body, content_type=JSON), 400, "validation_error")


def test_nobody_offers_what_they_do_not_hold(alice, team):
    dora = factories.colleague("dora", of=alice, role="admin")
    owners = make_role(alice, "Closers", ["workspace.delete"]).json()["id"]
    body = {"email": "x@example.com", "role": owners}

    refused = dora.client.post(team, body, content_type=JSON)

    assert_problem(refused, 403, "cannot_grant")


def test_a_role_of_another_workspace_cannot_be_offered(alice, charlie, team):
    theirs = make_role(charlie, "theirs").json()["id"]
    body = {"email": "x@example.com", "role": theirs}

    assert_problem(alice.client.post(team, body, content_type=JSON), 400, "validation_error")


def test_only_those_who_manage_members_see_and_send_invitations(alice, bob, charlie, team):
    made = invite(alice, team).json()["id"]

    for response in (
        bob.get(team),
        invite(bob, team),
        bob.get(f"{team}{made}/"),
        bob.client.delete(f"{team}{made}/"),
        bob.client.post(f"{team}{made}/delivery/"),
    ):
        assert_problem(response, 403, "permission_denied")
    assert_problem(charlie.get(f"{team}{made}/"), 404, "not_found")


def test_a_key_invites_nobody(alice, team):
    body = {"name": "script", "scopes": ["member.manage"]}
    key = alice.client.post("/api/v1/api-keys/", body, content_type=JSON).json()["key"]
    body = {"email": "x@example.com", "role": role_id("viewer")}

    assert_problem(Program(key).post(team, body), 403, "person_required")


def test_there_are_at_most_so_many_open_ones(alice, team, monkeypatch):
    monkeypatch.setattr(invitations, "MAX_OPEN", 1)
    invite(alice, team, "one@example.com")
    assert_problem(invite(alice, team, "two@example.com"), 409, "limit_reached")


def test_the_letters_of_a_day_are_counted(alice, team):
    allow({"invite": 2})
    made = invite(alice, team, "one@example.com").json()
    assert alice.client.post(f"{team}{made['id']}/delivery/", content_type=JSON).status_code == 200

    assert_problem(invite(alice, team, "two@example.com"), 429, "rate_limited")
    page = alice.client.post("/workspace/invitations/new/", {"email": "two@example.com"})
    assert page.status_code == 429


def test_a_full_workspace_takes_nobody_more(alice, charlie, team, monkeypatch):
    token = token_of(invite(alice, team))
    monkeypatch.setattr(invitations, "MAX_MEMBERS", 1)

    assert_problem(answer(charlie, token), 409, "limit_reached")


# Answering


def test_a_forwarded_link_opens_nothing(alice, charlie, team):
    dora = factories.person("dora")
    token = token_of(invite(alice, team))

    refused = assert_problem(answer(dora, token), 403, "invitation_for_another")

    assert refused["address"] == "c•••@…"
    assert "charlie" not in str(refused)
    assert {row.user.username for row in inside(alice, Membership.objects)} == {"alice"}
    assert answer(charlie, token).status_code == 200


def test_the_address_must_be_verified_where_letters_leave(alice, charlie, team, letters):
    invite(alice, team)
    token = re.search(r"tli_[\w-]+", only_letter().body)[0]
    verify(charlie, verified=False)

    assert_problem(answer(charlie, token), 403, "address_unverified")
    verify(charlie)
    assert answer(charlie, token).status_code == 200


def test_two_clicks_make_one_membership(alice, charlie, team):
    token = token_of(invite(alice, team))

    assert answer(charlie, token).status_code == 200
    body = assert_problem(answer(charlie, token), 410, "invitation_closed")

    assert body["state"] == "accepted"
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        assert Membership.objects.filter(user=charlie.user).count() == 1
        assert UserRole.objects.filter(user=charlie.user).count() == 1


def test_an_invitation_is_declined(alice, charlie, team):
    token = token_of(invite(alice, team))

    assert answer(charlie, token, "refusal").status_code == 204

    assert assert_problem(answer(charlie, token), 410, "invitation_closed")["state"] == "declined"
    # Who said no can be asked again.
    assert invite(alice, team).status_code == 201


def test_after_a_week_it_is_over_and_the_address_can_be_asked_again(alice, charlie, team):
    token = token_of(invite(alice, team))
    with tenancy.platform_scope(reason="test"):
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert assert_problem(answer(charlie, token), 410, "invitation_closed")["state"] == "expired"
    assert alice.get(team).json()["results"][0]["state"] == "expired"
    assert invite(alice, team).status_code == 201


def test_the_sweep_closes_what_nobody_answered(alice, team):
    invite(alice, team)
    with tenancy.platform_scope(reason="test"):
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert invitations.close_lapsed() == 1
    assert invitations.close_lapsed() == 0


def test_a_link_taken_back_is_dead(alice, charlie, team):
    made = invite(alice, team)

    assert alice.client.delete(f"{team}{made.json()['id']}/").status_code == 204

    refused = assert_problem(answer(charlie, token_of(made)), 410, "invitation_closed")
    assert refused["state"] == "revoked"
    again = alice.client.delete(f"{team}{made.json()['id']}/")
    assert_problem(again, 410, "invitation_closed")


def test_sending_again_kills_the_old_link(alice, charlie, team):
    made = invite(alice, team)
    delivery = f"{team}{made.json()['id']}/delivery/"

    again = alice.client.post(delivery)

    assert_problem(answer(charlie, token_of(made)), 404, "not_found")
    assert answer(charlie, token_of(again)).status_code == 200


def test_it_is_sent_at_most_five_times(alice, team):
    delivery = f"{team}{invite(alice, team).json()['id']}/delivery/"
    for _time in range(4):
        assert alice.client.post(delivery).status_code == 200

    assert_problem(alice.client.post(delivery), 409, "limit_reached")


def test_unknown_and_malformed_tokens_are_not_found(charlie):
    for token in ("tli_" + "x" * 43, "x", "tlr_" + "x" * 43):
        assert_problem(answer(charlie, token), 404, "not_found")


# What the inviter's rights are worth later


@pytest.fixture
def dora(alice, team):
    return factories.colleague("dora", of=alice, role="admin")


def test_an_invitation_ends_when_its_sender_leaves(alice, dora, charlie, team):
    token = token_of(invite(dora, team))

    assert dora.client.post(f"{one(alice)}departure/").status_code == 204

    row = alice.get(team).json()["results"][0]
    assert row["state"] == "revoked"
    assert_problem(answer(charlie, token), 410, "invitation_closed")
    with tenancy.platform_scope(reason="test"):
        assert Invitation.objects.get().revoked_reason == "inviter_left"


def test_an_invitation_ends_when_its_sender_may_no_longer_give_that_role(
    alice, dora, charlie, team
):
    token = token_of(invite(dora, team, role="admin"))

    patch(alice, members(alice, dora), {"roles": [role_id("editor")]})

    assert_problem(answer(charlie, token), 410, "invitation_closed")
    with tenancy.platform_scope(reason="test"):
        assert Invitation.objects.get().revoked_reason == "inviter_cannot"


def test_rights_that_ran_out_unseen_count_at_the_answer(alice, dora, charlie, team):
    token = token_of(invite(dora, team))
    with tenancy.platform_scope(reason="test"):
        grants = UserRole.objects.filter(user=dora.user, workspace=alice.workspace)
        grants.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert_problem(answer(charlie, token), 410, "invitation_closed")


def test_nobody_enters_a_suspended_workspace(alice, olga, charlie, team):
    token = token_of(invite(alice, team))
    with tenancy.platform_scope(reason="test"):
        workspaces.suspend(workspace=alice.workspace, reason="x", by=olga.user)

    assert_problem(answer(charlie, token), 410, "invitation_closed")


def test_a_deleted_role_is_replaced_in_open_invitations(alice, charlie, team):
    made = make_role(alice, "Guests").json()["id"]
    body = {"email": "charlie@example.com", "role": made}
    token = token_of(alice.client.post(team, body, content_type=JSON))

    assert_problem(alice.client.delete(f"/api/v1/roles/{made}/"), 409, "role_in_use")
    replaced = f"/api/v1/roles/{made}/?replacement={role_id('viewer')}"
    assert alice.client.delete(replaced).status_code == 204

    assert answer(charlie, token).status_code == 200
    rows = {row["username"]: row for row in alice.get(members(alice)).json()["results"]}
    assert [role["key"] for role in rows["charlie"]["roles"]] == ["viewer"]


# The database


def test_without_the_token_a_stranger_reads_no_invitation(alice, charlie, team):
    invite(alice, team)

    with tenancy.user(charlie.user.id):
        assert not Invitation.objects.exists()
    assert [row.email for row in inside(alice, Invitation.objects)] == ["charlie@example.com"]


def test_a_list_of_invitations_takes_three_statements(alice, team, at_most):
    for number in range(4):
        invite(alice, team, f"x{number}@example.com")
    caller = program(alice)
    caller.get(team)

    with at_most(3):
        assert len(caller.get(team).json()["results"]) == 4


def test_the_role_offered_must_be_of_the_workspace_in_the_database_too(alice, charlie, team):
    theirs = make_role(charlie, "theirs").json()["id"]
    invite(alice, team)

    with (
        tenancy.workspace(alice.workspace.id, user_id=alice.user.id),
        pytest.raises(IntegrityError, match="does not exist here"),
        transaction.atomic(),
    ):
        Invitation.objects.update(role_id=theirs)
    assert Role.objects.filter(pk=theirs).count() == 0
