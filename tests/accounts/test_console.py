"""The operators' lists: who gets in, what shows, and deeds that need a reason."""

import re

import pytest
from django.contrib.admin import site

from accounts import platform_roles, tenancy
from accounts.models import (
    ApiKey,
    FeedState,
    Invitation,
    Role,
    Session,
    User,
    UserRole,
    Workspace,
)
from accounts.registry import console_rights
from laojun.models import AuditLog
from tests.accounts.api.calls import JSON, Program, sign_in

LISTS = ["user", "workspace", "role", "session", "apikey", "invitation", "userrole"]


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


# Workspaces


def delete_of(person):
    person.client.post(f"/api/v1/workspaces/{person.workspace.id}/conversion/")
    assert person.client.delete(f"/api/v1/workspaces/{person.workspace.id}/").status_code == 202


def test_a_workspace_being_deleted_gets_more_time_and_is_restored(olga, alice):
    delete_of(alice)
    before = platform(Workspace.objects.filter(pk=alice.workspace.pk))[0].deletion_due_at

    act(olga, "workspace", "extend", alice.workspace, reason="on holiday")
    after = platform(Workspace.objects.filter(pk=alice.workspace.pk))[0].deletion_due_at
    act(olga, "workspace", "restore", alice.workspace, reason="asked for it")

    assert (after - before).days == 7
    assert alice.get(f"/api/v1/workspaces/{alice.workspace.id}/").json()["status"] == "active"
    told = {
        row.action for row in platform(AuditLog.objects.filter(workspace_id=alice.workspace.pk))
    }
    assert {"workspace.deletion_postponed", "workspace.restored"} <= told


def test_what_is_not_being_deleted_is_left_alone(olga, alice):
    for action in ("extend", "restore"):
        assert act(olga, "workspace", action, alice.workspace, reason="x").status_code == 302


def test_looking_inside_needs_a_reason_and_is_told_there(olga, alice, bob):
    path = f"/admin/accounts/workspace/{alice.workspace.pk}/inside/"

    asked = olga.get(path)
    assert b"workspace__id__exact" not in asked.content
    assert b"workspace__id__exact" not in olga.post(path, {"reason": " "}).content
    inside = olga.post(path, {"reason": "ticket 7"})

    links = re.findall(r'href="(/admin/[^"]+_exact=\d+)"', inside.content.decode())
    assert len(links) > 5
    for link in links:
        assert olga.get(link).status_code == 200, link
    rows = platform(
        AuditLog.objects.filter(workspace_id=alice.workspace.pk, action="workspace.entered")
    )
    assert [row.payload["after"]["reason"] for row in rows] == ["ticket 7"]


# Rights


def test_an_invitation_is_taken_back(olga, alice, charlie):
    alice.client.post(f"/api/v1/workspaces/{alice.workspace.id}/conversion/")
    body = {"email": "charlie@example.com", "role": Role.objects.get(key="viewer").pk}
    path = f"/api/v1/workspaces/{alice.workspace.id}/invitations/"
    assert alice.client.post(path, body, content_type=JSON).status_code == 201

    act(olga, "invitation", "revoke", platform(Invitation.objects)[0], reason="spam")

    assert alice.get(path).json()["results"][0]["state"] == "revoked"


def test_a_role_for_the_platform_is_given_and_taken(olga, alice):
    body = {"login": "alice", "role": Role.objects.get(key="ops_admin").pk, "reason": "on duty"}

    assert olga.post("/admin/accounts/userrole/grant/", body).status_code == 302
    assert alice.get("/admin/taishang/task/").status_code == 200
    assert alice.get("/admin/laojun/config/").status_code == 200
    assert alice.get("/admin/accounts/user/").status_code == 200
    grant = platform(UserRole.objects.filter(workspace=None))[0]
    act(olga, "userrole", "take", grant, reason="off duty")

    assert alice.get("/admin/taishang/task/").status_code in {302, 404}
    told = [row for row in platform(AuditLog.objects) if row.action.startswith("user_role.")]
    assert [row.payload["details"]["note"] for row in told] == ["on duty", "off duty"]


def test_a_role_in_a_workspace_is_not_taken_by_that_deed(olga, alice, bob):
    grant = platform(UserRole.objects.filter(user=bob.user))[0]

    act(olga, "userrole", "take", grant, reason="x")

    assert platform(UserRole.objects.filter(pk=grant.pk))


@pytest.mark.parametrize(
    "body", [{}, {"login": "nobody", "role": 1, "reason": "x"}, {"login": "alice", "role": 0}]
)
def test_a_bad_grant_is_refused(olga, alice, body):
    assert olga.post("/admin/accounts/userrole/grant/", body).status_code == 200
    assert not platform(UserRole.objects.filter(workspace=None))


@pytest.mark.parametrize("role", ["ops_admin", "analyst", "data_engineer"])
def test_nobody_but_a_superuser_gives_roles_or_acts_on_people(olga, alice, bob, role):
    give(olga, alice, role)
    body = {"login": "bob", "role": Role.objects.get(key="ops_admin").pk, "reason": "x"}

    assert alice.post("/admin/accounts/userrole/grant/", body).status_code == 403
    assert act(alice, "user", "suspend", bob.user, reason="x").status_code == 403
    assert act(alice, "workspace", "suspend", bob.workspace, reason="x").status_code == 403
    assert User.objects.get(pk=bob.user.pk).is_active
    assert not platform(UserRole.objects.filter(user=bob.user, workspace=None))


def give(olga, person, role):
    with tenancy.platform_scope(reason="test"):
        found = Role.objects.get(key=role, workspace=None)
        platform_roles.grant(user=person.user, role=found, by=olga.user, reason="x")


def every_list():
    return [
        (f"/admin/{model._meta.app_label}/{model._meta.model_name}/", model._meta.label_lower)
        for model in site._registry
    ]


@pytest.mark.parametrize(
    "role", ["ops_admin", "analyst", "data_engineer", "model_admin", "plugin_admin"]
)
def test_the_console_opens_exactly_what_a_platform_role_holds(olga, alice, role):
    give(olga, alice, role)
    with tenancy.platform_scope(reason="test"):
        held = User.objects.get(pk=alice.user.pk).platform_keys

    front = alice.get("/admin/").content.decode()

    for path, label in every_list():
        right = console_rights.get(label)
        may = right is not None and right.view in held
        assert alice.get(path).status_code == (200 if may else 403), path
        assert (f'href="{path}"' in front) == may, path
        acts = right is not None and right.change in held
        if not acts:
            assert alice.post(path, {"action": "x"}).status_code == 403, path


def test_the_matrix_shows_the_platforms_roles_and_changes_a_workspaces(olga, alice, bob):
    body = {"name": "Readers", "permissions": ["role.view"]}
    made = alice.client.post("/api/v1/roles/", body, content_type=JSON).json()["id"]
    path = f"/admin/accounts/role/matrix/?workspace={alice.workspace.pk}"
    assert olga.get("/admin/accounts/role/matrix/").status_code == 200
    seen = platform(Role.objects.filter(pk=made))[0].version
    assert f'name="role:{made}" value="role.view" checked' in olga.get(path).content.decode()

    keys = ["file.view", "platform.person.manage"]
    olga.post(path, {f"role:{made}": keys, f"seen:{made}": seen})
    late = {f"role:{made}": ["task.view"], f"seen:{made}": seen}
    olga.post(path, late)

    shown = alice.get(f"/api/v1/roles/{made}/").json()
    assert shown["permissions"] == ["file.view"]
    rows = platform(AuditLog.objects.filter(action="role.changed"))
    assert [row.workspace_id for row in rows] == [alice.workspace.pk]


def test_who_can_do_something_is_answered_across_workspaces(olga, alice, bob, charlie):
    page = olga.get("/admin/accounts/role/who/?key=file.upload").content.decode()

    assert "bob" in page
    assert f"/admin/accounts/workspace/{alice.workspace.pk}/change/" in page
    assert "bob" not in olga.get("/admin/accounts/role/who/?key=workspace.delete").content.decode()
    assert olga.get("/admin/accounts/role/who/?key=nothing&q=%00").status_code == 200


def test_every_right_has_a_door_and_every_door_a_right(olga):
    page = olga.get("/admin/accounts/role/doors/").content.decode()

    assert page.count('<span class="stat-value">0</span>') == 2
