"""One's own profile, settings, devices and menu."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client

from accounts import tenancy
from accounts.models import Session, User, Workspace
from laojun.models import AuditLog
from tests.accounts.api.calls import JSON, Program, assert_problem, program, sign_in

PATHS = ["/api/v1/me/", "/api/v1/me/settings/", "/api/v1/me/sessions/", "/api/v1/me/menu/"]


def patch(person, path, data, **headers):
    return person.client.patch(path, data, content_type=JSON, headers=headers)


@pytest.mark.parametrize("path", PATHS)
def test_anonymous_is_told_to_sign_in(db, path):
    assert_problem(Client().get(path), 401, "authentication_required")


@pytest.mark.parametrize("path", PATHS)
def test_a_read_takes_three_statements(alice, path, at_most):
    caller = program(alice)
    caller.get(path)

    with at_most(3):
        assert caller.get(path).status_code == 200


def test_me_tells_rights_only_in_the_named_workspace(alice, bob):
    in_workspace = program(bob).get("/api/v1/me/").json()
    nowhere = Program(sign_in(bob)["access"]).get("/api/v1/me/").json()

    assert in_workspace["workspace_id"] == alice.workspace.id
    assert "workspace.view" in in_workspace["permissions"]
    assert "member.manage" not in in_workspace["permissions"]
    assert nowhere["permissions"] == []
    assert {one["is_owner"] for one in nowhere["workspaces"]} == {True, False}


def test_a_profile_is_changed_field_by_field(alice):
    response = patch(alice, "/api/v1/me/", {"bio": "写小说"})

    assert response.json()["profile"]["bio"] == "写小说"
    assert response.json()["profile"]["display_name"] == "alice"


def test_a_stale_profile_is_not_overwritten(alice):
    tag = alice.get("/api/v1/me/")["ETag"]
    patch(alice, "/api/v1/me/", {"bio": "one"})

    assert_problem(
        patch(alice, "/api/v1/me/", {"bio": "two"}, **{"If-Match": tag}), 412, "version_stale"
    )


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("website", "javascript:alert(1)", 400),
        ("avatar_url", "http://example.com/a.png", 400),
        ("display_name", "a" * 101, 400),
        ("is_staff", True, 400),
        ("email", "x@example.com", 400),
        ("website", "https://example.com/", 200),
    ],
)
def test_a_profile_takes_only_what_may_be_shown(alice, field, value, status):
    assert patch(alice, "/api/v1/me/", {field: value}).status_code == status


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("theme", "pink", 400),
        ("editor_font_family", "a;}b{", 400),
        ("editor_font_family", "Noto Serif, '宋体'", 200),
        ("editor_font_size", 9, 400),
        ("editor_font_size", 40, 200),
        ("editor_line_height", 3.1, 400),
        ("editor_line_height", "NaN", 400),
        ("auto_save_interval", 601, 400),
        ("export_format", "exe", 400),
        ("language", "fr", 400),
        ("timezone", "Mars/Base", 400),
        ("timezone", "Europe/Berlin", 200),
        ("default_model_id", "m", 400),
        ("extra", {"a": "x" * 17_000}, 400),
        ("version", 7, 400),
        ("user_id", "x", 400),
    ],
)
def test_settings_hold_their_ranges(alice, field, value, status):
    response = patch(alice, "/api/v1/me/settings/", {field: value})

    assert response.status_code == status, response.content


def test_the_persons_own_clock_is_kept_and_decides_nothing(alice):
    patch(alice, "/api/v1/me/settings/", {"theme": "light"})
    late = {"theme": "dark", "client_changed_at": "2001-01-01T00:00:00Z"}

    assert patch(alice, "/api/v1/me/settings/", late).json()["theme"] == "dark"
    with tenancy.platform_scope(reason="test"):
        row = AuditLog.objects.filter(action="user.settings_changed").latest("id")
    assert row.payload["details"]["client_changed_at"].startswith("2001-01-01")


def test_me_answers_304_until_anything_of_it_changes(alice, bob):
    def ask(tag):
        return bob.get("/api/v1/me/", headers={"If-None-Match": tag}).status_code

    tag = bob.get("/api/v1/me/")["ETag"]
    assert ask(tag) == 304
    patch(bob, "/api/v1/me/", {"bio": "new"})
    assert ask(tag) == 200
    tag = bob.get("/api/v1/me/")["ETag"]
    User.objects.filter(pk=bob.user.pk).update(plan="pro")
    assert ask(tag) == 200
    tag = bob.get("/api/v1/me/")["ETag"]
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        Workspace.objects.filter(pk=alice.workspace.pk).update(name="Kitchen")
    assert ask(tag) == 200


def test_a_stale_write_is_told_who_was_faster(alice, bob):
    address = f"/api/v1/workspaces/{alice.workspace.id}/"
    tag = alice.get(address)["ETag"]
    assert patch(alice, address, {"name": "One"}, **{"If-Match": tag}).status_code == 200

    body = assert_problem(
        patch(alice, address, {"name": "Two"}, **{"If-Match": tag}), 412, "version_stale"
    )

    assert body["changed_by"] == "alice"
    assert body["changed_at"]
    assert body["etag"] == alice.get(address)["ETag"]


def test_settings_answer_304_until_they_change(alice):
    tag = alice.get("/api/v1/me/settings/")["ETag"]
    same = alice.get("/api/v1/me/settings/", headers={"If-None-Match": tag})
    patch(alice, "/api/v1/me/settings/", {"theme": "light"})
    changed = alice.get("/api/v1/me/settings/", headers={"If-None-Match": tag})

    assert same.status_code == 304
    assert changed.json()["theme"] == "light"


def test_errors_speak_the_readers_language(alice):
    patch(alice, "/api/v1/me/settings/", {"language": "en"})

    assert alice.get("/api/v1/nothing/").json()["title"] == "Not found"


def test_devices_are_listed_and_ended(alice):
    found = sign_in(alice)
    caller = Program(found["access"])
    listed = alice.get("/api/v1/me/sessions/").json()["results"]

    assert {one["kind"]: one["current"] for one in listed} == {"api": False, "browser": True}
    assert caller.get("/api/v1/me/").status_code == 200
    ended = alice.client.delete(f"/api/v1/me/sessions/{found['session_id']}/")
    assert ended.status_code == 204
    assert_problem(caller.get("/api/v1/me/"), 401, "token_invalid")


def test_a_strangers_device_does_not_exist(alice, charlie):
    device = sign_in(charlie)["session_id"]

    assert_problem(alice.client.delete(f"/api/v1/me/sessions/{device}/"), 404, "not_found")
    assert Session.objects.get(pk=device).revoked_at is None


def test_all_other_devices_are_signed_out(alice):
    caller = Program(sign_in(alice)["access"])

    assert alice.client.post("/api/v1/me/sessions/revocation/").json() == {"ended": 1}
    assert caller.get("/api/v1/me/").status_code == 401
    assert alice.get("/api/v1/me/").status_code == 200


def test_signing_all_out_needs_a_fresh_sign_in(alice):
    Session.objects.update(authenticated_at=F("authenticated_at") - timedelta(minutes=11))

    response = alice.client.post("/api/v1/me/sessions/revocation/")

    assert_problem(response, 403, "reauth_required")


def test_a_browser_signed_out_elsewhere_is_anonymous_at_once(alice):
    Session.objects.get(kind="browser").delete()

    assert_problem(alice.get("/api/v1/me/"), 401, "authentication_required")
