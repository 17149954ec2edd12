"""The operators' lists: who gets in, what shows, and deeds that need a reason."""

import pytest

from accounts import tenancy
from accounts.models import ApiKey, FeedState, Session, User, Workspace
from laojun.models import AuditLog
from tests.accounts.api.calls import JSON, Program, sign_in

LISTS = ["user", "workspace", "role", "session", "apikey"]


@pytest.fixture(autouse=True)
def _plain_static_files(settings):
    """Pages are rendered without having collected the static files first."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


def act(person, model, action, row, **more):
    data = {"action": action, "_selected_action": str(row.pk), **more}
    return person.client.post(f"/admin/accounts/{model}/", data)


def platform(queryset):
    with tenancy.platform_scope(reason="test"):
        return list(queryset.all())


@pytest.mark.parametrize("model", LISTS)
def test_operators_see_every_list_and_each_of_its_rows(olga, alice, bob, model):
    body = {"name": "script", "scopes": ["workspace.view"]}
    key = alice.client.post("/api/v1/api-keys/", body, content_type=JSON).json()["key"]

    listed = olga.get(f"/admin/accounts/{model}/?q=a")
    kinds = {"user": User, "workspace": Workspace, "session": Session, "apikey": ApiKey}
    pages = [
        olga.get(f"/admin/accounts/{model}/{row.pk}/change/")
        for row in platform(kinds[model].objects if model in kinds else Workspace.objects.none())
    ]

    for page in (listed, *pages):
        assert page.status_code == 200
        assert key[13:] not in page.content.decode()
        assert "argon2" not in page.content.decode()


def test_others_do_not_get_in(alice, db):
    assert alice.get("/admin/accounts/user/").status_code in {302, 404}


def test_a_token_never_opens_the_console(olga):
    caller = Program(sign_in(olga)["access"])

    assert caller.get("/admin/accounts/user/").status_code in {302, 404}


def test_nothing_is_added_changed_or_deleted_by_hand(olga, alice):
    assert olga.get("/admin/accounts/user/add/").status_code == 403
    assert olga.post(f"/admin/accounts/user/{alice.user.pk}/delete/").status_code == 403
    olga.post(f"/admin/accounts/user/{alice.user.pk}/change/", {"is_staff": "on"})
    assert not User.objects.get(pk=alice.user.pk).is_staff


def test_a_deed_asks_for_its_reason_first(olga, alice):
    asked = act(olga, "user", "suspend", alice.user)

    assert asked.status_code == 200
    assert b'name="reason"' in asked.content
    assert User.objects.get(pk=alice.user.pk).is_active
    assert act(olga, "user", "suspend", alice.user, reason="  ").status_code == 200
    assert User.objects.get(pk=alice.user.pk).is_active


def test_a_suspended_person_is_out_at_the_next_request_until_activated(olga, alice):
    caller = Program(sign_in(alice)["access"])

    act(olga, "user", "suspend", alice.user, reason="spam")
    assert caller.get("/api/v1/me/").status_code == 401
    assert alice.get("/api/v1/me/").status_code == 401
    act(olga, "user", "activate", alice.user, reason="a mistake")

    assert sign_in(alice)["access"]
    rows = [row for row in platform(AuditLog.objects) if row.action == "user.suspended"]
    assert [row.payload["details"]["reason"] for row in rows] == ["spam"]
    assert [row.actor_id for row in rows] == [olga.user.id]


def test_an_operator_cannot_suspend_himself(olga):
    act(olga, "user", "suspend", olga.user, reason="oops")

    assert User.objects.get(pk=olga.user.pk).is_active


def test_sessions_are_ended_by_one_click(olga, alice):
    caller = Program(sign_in(alice)["access"])

    act(olga, "user", "end_sessions", alice.user, reason="lost laptop")

    assert caller.get("/api/v1/me/").status_code == 401
    assert olga.get("/admin/accounts/user/").status_code == 200


def test_a_workspace_is_suspended_and_activated(olga, alice):
    act(olga, "workspace", "suspend", alice.workspace, reason="abuse")
    refused = alice.client.post("/api/v1/roles/", {"name": "x"}, content_type=JSON)
    act(olga, "workspace", "activate", alice.workspace, reason="settled")

    assert refused.json()["code"] == "workspace_suspended"
    allowed = alice.client.post("/api/v1/roles/", {"name": "x"}, content_type=JSON)
    assert allowed.status_code == 201


def test_a_key_is_revoked(olga, alice):
    body = {"name": "script", "scopes": ["workspace.view"]}
    key = alice.client.post("/api/v1/api-keys/", body, content_type=JSON).json()["key"]

    act(olga, "apikey", "revoke", platform(ApiKey.objects)[0], reason="leaked")

    assert Program(key).get("/api/v1/me/").status_code == 401


@pytest.mark.parametrize("model", LISTS)
def test_a_list_asks_as_often_for_one_row_as_for_many(olga, model, at_most, alice, bob, charlie):
    olga.get(f"/admin/accounts/{model}/")

    with at_most(9):
        olga.get(f"/admin/accounts/{model}/")


def test_the_feed_shows_its_counts_and_begins_anew_with_a_reason(olga, alice):
    before = FeedState.objects.get().epoch
    address = "/admin/accounts/feedstate/"

    shown = olga.get(address)
    refused = olga.post(address, {"reason": ""})
    assert FeedState.objects.get().epoch == before
    done = olga.post(address, {"reason": "the disk was restored"})

    assert "settings" in shown.content.decode()
    assert refused.status_code == 200
    assert done.status_code == 302
    assert FeedState.objects.get().epoch != before
    assert platform(AuditLog.objects.filter(action="feed.reset"))[0].payload["details"] == {
        "reason": "the disk was restored"
    }


def test_an_operator_of_lesser_rank_sees_the_feed_and_cannot_reset_it(olga):
    User.objects.filter(pk=olga.user.pk).update(is_superuser=False)
    before = FeedState.objects.get().epoch

    response = olga.post("/admin/accounts/feedstate/", {"reason": "because"})

    assert response.status_code == 403
    assert FeedState.objects.get().epoch == before


def test_the_lag_of_the_feed_is_on_the_first_screen(olga):
    assert olga.get("/admin/tiles/feed/").status_code == 200
