"""Workspaces, members and roles: who may see, change and grant what."""

import pytest

from accounts import tenancy, workspaces
from accounts.models import Membership, Role, UserRole
from tests import factories
from tests.accounts.api.calls import JSON, Program, assert_problem, program, sign_in

ALL = "/api/v1/workspaces/"


def one(person):
    return f"{ALL}{person.workspace.id}/"


def members(person, member=None):
    return f"{one(person)}members/" + (f"{member.user.id}/" if member else "")


def patch(person, path, data, tag=None):
    headers = {"If-Match": tag or person.get(path)["ETag"]}
    return person.client.patch(path, data, content_type=JSON, headers=headers)


def role_id(key):
    return Role.objects.get(key=key, workspace=None).id


@pytest.fixture
def dora(db, alice):
    """A colleague with everything but the owner's rights."""
    return factories.colleague("dora", of=alice, role="admin")


# Workspaces


def test_one_sees_the_workspaces_one_is_in(alice, bob, charlie):
    names = {row["name"] for row in bob.get(ALL).json()["results"]}

    assert names == {"alice", "bob"}


def test_a_strangers_workspace_does_not_exist(alice, charlie):
    foreign = charlie.get(one(alice))
    missing = charlie.get(f"{ALL}999999/")

    assert_problem(foreign, 404, "not_found")
    assert foreign.json() | {"trace_id": 0} == missing.json() | {"trace_id": 0}


@pytest.mark.parametrize("number", ["0", "9223372036854775808", "9" * 40, "x", "-1", "1.0"])
def test_a_malformed_workspace_does_not_exist(alice, number):
    assert_problem(alice.get(f"{ALL}{number}/"), 404, "not_found")


def test_path_and_header_must_name_the_same_workspace(alice):
    with tenancy.user(alice.user.id):
        other = workspaces.create(name="other", owner=alice.user)
    headers = {"X-Workspace-Id": str(other.id)}

    assert_problem(alice.get(one(alice), headers=headers), 404, "not_found")


def test_a_workspace_is_opened_and_its_owner_is_in_it(alice):
    response = alice.client.post(ALL, {"name": "团队"}, content_type=JSON)

    assert response.status_code == 201
    assert response.json()["kind"] == "team"
    found = alice.get(response["Location"]).json()
    assert "workspace.delete" in found["allowed_actions"]


def test_a_name_is_used_once_by_one_owner(alice, charlie):
    assert alice.client.post(ALL, {"name": "Team"}, content_type=JSON).status_code == 201

    assert_problem(
        alice.client.post(ALL, {"name": "ＴＥＡＭ"}, content_type=JSON), 409, "name_taken"
    )
    assert charlie.client.post(ALL, {"name": "Team"}, content_type=JSON).status_code == 201


def test_twenty_workspaces_are_enough(alice, monkeypatch):
    monkeypatch.setattr(workspaces, "MAX_OWNED", 1)

    assert_problem(alice.client.post(ALL, {"name": "x"}, content_type=JSON), 409, "limit_reached")


def test_renaming_needs_the_current_version(alice):
    tag = alice.get(one(alice))["ETag"]

    unseen = alice.client.patch(one(alice), {"name": "x"}, content_type=JSON)
    assert_problem(unseen, 428, "version_required")
    assert patch(alice, one(alice), {"name": "new"}, tag).json()["name"] == "new"
    assert_problem(patch(alice, one(alice), {"name": "newer"}, tag), 412, "version_stale")


@pytest.mark.parametrize("field", ["owner_id", "status", "kind", "id", "slug", "workspace_id"])
def test_nothing_but_the_name_is_taken(alice, field):
    response = patch(alice, one(alice), {"name": "x", field: 1})

    assert_problem(response, 400, "unknown_field")


def test_a_lesser_role_cannot_rename(bob):
    body = assert_problem(patch(bob, one(bob), {"name": "x"}), 403, "permission_denied")

    assert body["permission"] == "workspace.update"


def test_a_suspended_workspace_can_be_read_but_not_changed(alice, olga):
    tag = alice.get(one(alice))["ETag"]
    with tenancy.platform_scope(reason="test"):
        workspaces.suspend(workspace=alice.workspace, reason="abuse", by=olga.user)

    assert alice.get(one(alice)).json()["status"] == "suspended"
    assert_problem(patch(alice, one(alice), {"name": "x"}, tag), 403, "workspace_suspended")


def test_a_personal_workspace_becomes_a_teams(alice):
    assert alice.client.post(f"{one(alice)}conversion/").json()["kind"] == "team"


# Members


def test_members_are_listed_with_their_roles(alice, bob):
    rows = {row["username"]: row for row in alice.get(members(alice)).json()["results"]}

    assert rows["alice"]["is_owner"]
    assert rows["alice"]["allowed_actions"] == []
    assert [role["key"] for role in rows["bob"]["roles"]] == ["editor"]
    assert rows["bob"]["email"] == "bob@example.com"


def test_addresses_show_only_to_those_who_manage_members(alice, bob):
    rows = {row["username"]: row for row in bob.get(members(alice)).json()["results"]}

    assert rows["alice"]["email"] is None
    assert rows["bob"]["email"] == "bob@example.com"


@pytest.mark.parametrize("count", [1, 8])
def test_a_list_of_members_takes_three_statements(alice, count, at_most):
    for number in range(count):
        factories.join(factories.person(f"m{number}"), alice.workspace, role="viewer")
    caller = program(alice)
    caller.get(members(alice))

    with at_most(3):
        assert len(caller.get(members(alice)).json()["results"]) == count + 1


def test_a_role_is_given_and_counts_at_once(alice, bob):
    assert_problem(patch(bob, one(bob), {"name": "x"}), 403, "permission_denied")

    given = patch(alice, members(alice, bob), {"roles": [role_id("admin")]})

    assert [role["key"] for role in given.json()["roles"]] == ["admin"]
    assert patch(bob, one(bob), {"name": "x"}).status_code == 200


def test_a_role_taken_away_is_gone_at_the_next_request(alice, bob):
    caller = program(bob)
    assert caller.get("/api/v1/roles/").status_code == 200

    patch(alice, members(alice, bob), {"roles": []})

    assert_problem(caller.get("/api/v1/roles/"), 403, "permission_denied")


def test_nobody_gives_what_they_do_not_hold(alice, bob, dora):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        managers = Role.objects.create(workspace=alice.workspace, key="m", name="m", name_key="m")
        permission = managers.permissions.model.objects.get(key="member.manage")
        managers.grants.create(workspace=alice.workspace, permission=permission)
        UserRole.objects.create(workspace=alice.workspace, user=bob.user, role=managers)
    factories.join(eve := factories.person("eve"), alice.workspace, role="viewer")

    raised = patch(bob, members(alice, eve), {"roles": [role_id("admin")]})
    own = patch(bob, members(alice, bob), {"roles": [role_id("admin")]})
    above = patch(bob, members(alice, dora), {"roles": []})
    removed = bob.client.delete(members(alice, dora))

    for refused in (raised, own, above, removed):
        assert_problem(refused, 403, "cannot_grant")


def test_the_owner_is_out_of_reach(alice, dora):
    changed = patch(dora, members(alice, alice), {"roles": [role_id("viewer")]})
    removed = dora.client.delete(members(alice, alice))

    assert_problem(changed, 409, "owner_must_transfer")
    assert_problem(removed, 409, "owner_must_transfer")


def test_a_lesser_role_cannot_manage_members(alice, bob, dora):
    assert_problem(patch(bob, members(alice, dora), {"roles": []}), 403, "permission_denied")
    assert_problem(bob.client.delete(members(alice, dora)), 403, "permission_denied")


def test_a_strangers_members_do_not_exist(alice, bob, charlie):
    assert_problem(charlie.get(members(alice)), 404, "not_found")
    assert_problem(charlie.get(members(alice, bob)), 404, "not_found")
    assert_problem(charlie.client.delete(members(alice, bob)), 404, "not_found")
    assert_problem(alice.get(f"{members(alice)}{charlie.user.id}/"), 404, "not_found")


@pytest.mark.parametrize(
    "body", [{"roles": [999_999]}, {"roles": ["x"]}, {"roles": [2**64]}, {"status": "owner"}]
)
def test_bad_changes_of_a_member_are_refused(alice, bob, body):
    assert_problem(patch(alice, members(alice, bob), body), 400, "validation_error")


def test_a_role_of_another_workspace_cannot_be_given(alice, bob, charlie):
    made = charlie.client.post("/api/v1/roles/", {"name": "theirs"}, content_type=JSON).json()

    refused = patch(alice, members(alice, bob), {"roles": [made["id"]]})

    assert_problem(refused, 400, "validation_error")


def test_two_managers_do_not_overwrite_each_other(alice, bob):
    tag = alice.get(members(alice, bob))["ETag"]
    patch(alice, members(alice, bob), {"roles": [role_id("viewer")]}, tag)

    second = patch(alice, members(alice, bob), {"roles": [role_id("admin")]}, tag)

    assert_problem(second, 412, "version_stale")


def test_a_suspended_member_is_a_stranger(alice, bob):
    caller = program(bob)

    patch(alice, members(alice, bob), {"status": "suspended"})

    assert_problem(caller.get(members(alice)), 404, "not_found")


def test_a_removed_member_is_a_stranger_at_the_next_request(alice, bob):
    caller = program(bob)

    assert alice.client.delete(members(alice, bob)).status_code == 204

    assert_problem(caller.get(members(alice)), 404, "not_found")
    # The browser goes on in what is left.
    assert bob.get("/api/v1/me/").json()["workspace_id"] != alice.workspace.id


def test_one_leaves_by_oneself(alice, bob):
    assert bob.client.post(f"{one(alice)}departure/").status_code == 204

    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        assert not Membership.objects.filter(user=bob.user).exists()
        assert not UserRole.objects.filter(user=bob.user).exists()


def test_the_owner_cannot_leave(alice):
    assert_problem(alice.client.post(f"{one(alice)}departure/"), 409, "personal_workspace")
    alice.client.post(f"{one(alice)}conversion/")

    assert_problem(alice.client.post(f"{one(alice)}departure/"), 409, "owner_must_transfer")


# Roles

ROLES = "/api/v1/roles/"


def make_role(person, name="Reader", permissions=("role.view",)):
    body = {"name": name, "permissions": list(permissions)}
    return person.client.post(ROLES, body, content_type=JSON)


def test_roles_of_the_platform_and_of_the_workspace_are_listed(alice, charlie):
    make_role(charlie, "Theirs")
    make_role(alice, "Ours")

    rows = alice.get(f"{ROLES}?limit=100").json()["results"]

    assert {"Ours", "管理员"} <= {row["name"] for row in rows}
    assert "Theirs" not in {row["name"] for row in rows}


def test_a_list_of_roles_takes_three_statements(alice, at_most):
    caller = program(alice)
    caller.get(ROLES)

    with at_most(3):
        assert caller.get(ROLES).json()["results"]


def test_a_changed_role_counts_for_its_holders_at_once(alice, bob):
    made = make_role(alice, permissions=["role.view"]).json()
    patch(alice, members(alice, bob), {"roles": [made["id"]]})
    caller = program(bob)
    assert caller.get(ROLES).status_code == 200

    changed = patch(alice, f"{ROLES}{made['id']}/", {"permissions": ["workspace.view"]})

    assert changed.json()["permissions"] == ["workspace.view"]
    assert_problem(caller.get(ROLES), 403, "permission_denied")


def test_an_admin_cannot_make_a_role_above_himself(dora):
    refused = make_role(dora, permissions=["workspace.delete"])

    assert assert_problem(refused, 403, "cannot_grant")["permissions"] == ["workspace.delete"]


def test_system_roles_stay_as_they_are(alice):
    path = f"{ROLES}{role_id('viewer')}/"

    assert_problem(patch(alice, path, {"name": "x"}), 409, "system_role")
    assert_problem(alice.client.delete(path), 409, "system_role")


def test_a_role_in_use_needs_a_replacement(alice, bob):
    made = make_role(alice).json()
    patch(alice, members(alice, bob), {"roles": [made["id"]]})
    path = f"{ROLES}{made['id']}/"

    assert assert_problem(alice.client.delete(path), 409, "role_in_use")["holders"] == 1
    assert alice.client.delete(f"{path}?replacement={role_id('viewer')}").status_code == 204
    held = alice.get(members(alice, bob)).json()["roles"]
    assert [role["key"] for role in held] == ["viewer"]


def test_a_role_name_is_used_once_in_a_workspace(alice, charlie):
    make_role(alice, "Reader")

    assert_problem(make_role(alice, "reader"), 409, "name_taken")
    assert make_role(charlie, "Reader").status_code == 201


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "x", "permissions": ["no.such"]}])
def test_bad_roles_are_refused(alice, body):
    response = alice.client.post(ROLES, body, content_type=JSON)

    assert_problem(response, 400, "validation_error")


def test_a_strangers_role_does_not_exist(alice, charlie):
    made = make_role(alice).json()

    assert_problem(charlie.get(f"{ROLES}{made['id']}/"), 404, "not_found")
    assert_problem(charlie.client.delete(f"{ROLES}{made['id']}/"), 404, "not_found")


def test_a_lesser_role_cannot_manage_roles(bob):
    assert_problem(make_role(bob), 403, "permission_denied")


def test_a_program_must_name_its_workspace(alice):
    caller = Program(sign_in(alice)["access"])

    assert_problem(caller.get(ROLES), 400, "workspace_required")


def test_permissions_are_listed_in_the_readers_language(alice):
    rows = alice.get("/api/v1/permissions/").json()["results"]

    labels = {row["key"]: row["label"] for row in rows}
    assert labels["workspace.view"] == "查看工作区"
