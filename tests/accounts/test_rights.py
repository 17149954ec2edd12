"""What roles are worth: for how long, how far, and against whom the database keeps them."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError, IntegrityError
from django.utils import timezone

from accounts import permissions, platform_roles, tenancy
from accounts.models import Membership, Role, RolePermission, User, UserRole, Workspace
from accounts.registry import Permission
from laojun.models import AuditLog
from laojun.retention import sweeping
from tests import factories
from tests.accounts.api.calls import assert_problem, program
from tests.accounts.api.test_workspaces import ROLES, make_role, members, one, patch, role_id

pytestmark = pytest.mark.django_db


# Grants that end


def test_a_grant_ends_by_itself(alice, bob):
    soon = timezone.now() + timedelta(hours=1)
    body = {"roles": [role_id("admin")], "expires_at": soon.isoformat()}
    shown = patch(alice, members(alice, bob), body).json()["roles"][0]
    caller = program(bob)
    assert shown["expires_at"] is not None
    assert caller.get("/api/v1/configs/").status_code == 200

    with tenancy.platform_scope(reason="test"):
        UserRole.objects.filter(user=bob.user).update(expires_at=timezone.now())
        User.objects.filter(pk=bob.user.pk).update(authz_version=99)

    assert_problem(caller.get("/api/v1/configs/"), 403, "permission_denied")
    rows = {row["username"]: row for row in alice.get(members(alice)).json()["results"]}
    assert rows["bob"]["roles"] == []


def test_what_is_remembered_ends_with_the_grant(alice, bob, monkeypatch):
    kept = {}
    cache = permissions.cache
    monkeypatch.setattr(cache, "set", lambda name, value, seconds: kept.update({name: seconds}))
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        UserRole.objects.update(expires_at=timezone.now() + timedelta(seconds=60))
        permissions.held(
            user_id=bob.user.id, workspace_id=alice.workspace.id, is_owner=False, versions="1.1"
        )

    assert [seconds <= 60 for seconds in kept.values()] == [True]


def test_nobody_makes_their_own_grant_last(alice):
    dora = factories.colleague("dora", of=alice, role="admin")
    ends = {"roles": [role_id("admin")], "expires_at": "2099-01-01T00:00:00Z"}
    eve = factories.colleague("eve", of=alice, role="viewer")
    assert patch(alice, members(alice, eve), ends).status_code == 200

    own = patch(eve, members(alice, eve), {"roles": [role_id("admin"), role_id("editor")]})
    other = patch(dora, members(alice, eve), {"roles": [role_id("admin"), role_id("editor")]})

    assert_problem(own, 403, "cannot_grant")
    assert other.status_code == 200


def test_a_grant_cannot_end_in_the_past(alice, bob):
    body = {"roles": [role_id("viewer")], "expires_at": "2020-01-01T00:00:00Z"}

    assert_problem(patch(alice, members(alice, bob), body), 400, "validation_error")


def test_the_sweep_forgets_grants_that_ended(alice, bob):
    with tenancy.platform_scope(reason="test"):
        UserRole.objects.filter(user=bob.user).update(expires_at=timezone.now())

    sweeping.run_often()

    with tenancy.platform_scope(reason="test"):
        assert not UserRole.objects.filter(user=bob.user).exists()


# Roles


def test_a_role_starts_as_a_copy(alice):
    body = {"name": "My editor", "copy_of": role_id("viewer")}
    made = alice.client.post(ROLES, body, content_type="application/json").json()

    viewer = alice.get(f"{ROLES}{role_id('viewer')}/").json()
    assert made["permissions"] == viewer["permissions"]
    assert viewer["allowed_actions"] == []
    assert made["allowed_actions"] == ["update", "delete"]


def test_platform_keys_never_enter_a_role_of_a_workspace(alice):
    key = "platform.workspace.manage"

    assert_problem(make_role(alice, permissions=[key]), 400, "validation_error")
    made = make_role(alice).json()["id"]
    with (
        tenancy.workspace(alice.workspace.id, user_id=alice.user.id),
        pytest.raises(IntegrityError, match="cannot be in this role"),
        transaction.atomic(),
    ):
        RolePermission.objects.create(
            workspace=alice.workspace,
            role_id=made,
            permission=Role.permissions.rel.model.objects.get(key=key),
        )


def test_the_operators_role_means_nothing_in_a_workspace(alice, bob):
    wish = {"roles": [role_id("ops_admin")]}

    assert_problem(patch(alice, members(alice, bob), wish), 400, "validation_error")
    listed = alice.get(f"{ROLES}?limit=100").json()["results"]
    assert "ops_admin" not in {row["key"] for row in listed}


@pytest.mark.parametrize(
    ("role", "key", "scope", "holds"),
    [
        ("plugin_admin", "plugin.install", "workspace", True),
        ("plugin_admin", "plugin_audit.view", "workspace", True),
        ("plugin_admin", "model.update", "workspace", False),
        ("model_admin", "model.update", "workspace", True),
        ("data_engineer", "vector.collection.query", "workspace", True),
        ("data_engineer", "task.cancel", "workspace", True),
        ("analyst", "connection.query", "workspace", True),
        ("analyst", "work.view", "workspace", True),
        ("analyst", "work.update", "workspace", False),
        ("analyst", "platform.person.view", "platform", False),
    ],
)
def test_roles_of_a_domain_hold_its_keys(role, key, scope, holds):
    entry = Permission(key, "", "", frozenset(), scope=scope)

    assert permissions.belongs(role, entry) is holds


def test_a_member_with_a_role_of_a_domain_sees_the_workspace(alice):
    dan = factories.colleague("dan", of=alice, role="data_engineer")

    assert dan.get(one(alice)).status_code == 200
    assert dan.get(members(alice)).status_code == 200
    assert dan.get("/api/v1/tasks/").status_code == 200
    assert_problem(make_role(dan), 403, "permission_denied")


def test_why_somebody_may_do_something_names_the_roles(alice, bob):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        reasons = permissions.explain(user_id=bob.user.id, workspace=alice.workspace)
        assert reasons["file.upload"] == ["编辑"]
        assert "member.manage" not in reasons
        own = permissions.explain(user_id=alice.user.id, workspace=alice.workspace)
        assert own["workspace.delete"] == ["owner"]


def test_who_lost_against_somebody_else_learns_who_and_when(alice, bob):
    dora = factories.colleague("dora", of=alice, role="admin")
    tag = alice.get(members(alice, bob))["ETag"]
    patch(dora, members(alice, bob), {"roles": [role_id("viewer")]}, tag)

    late = patch(alice, members(alice, bob), {"roles": [role_id("admin")]}, tag)

    body = assert_problem(late, 412, "version_stale")
    assert body["changed_by"] == "dora"
    assert body["changed_at"]


def test_members_are_searched_and_filtered(alice, bob):
    factories.colleague("dora", of=alice, role="admin")

    def names(query):
        found = alice.get(f"{members(alice)}?{query}").json()["results"]
        return {row["username"] for row in found}

    assert names("q=BO") == {"bob"}
    assert names("q=dora@") == {"dora"}
    assert names(f"role={role_id('admin')}") == {"dora"}
    assert names("status=suspended") == set()
    assert_problem(alice.get(f"{members(alice)}?status=x"), 400, "validation_error")
    assert_problem(alice.get(f"{members(alice)}?role=x"), 400, "validation_error")


def test_giving_and_taking_a_role_is_told_apart(alice, bob):
    patch(alice, members(alice, bob), {"roles": [role_id("viewer")]})

    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        rows = AuditLog.objects.filter(action__startswith="user_role.")
        told = {(row.action, row.payload["details"]["role"]) for row in rows}
    assert told == {("user_role.granted", "viewer"), ("user_role.revoked", "editor")}


# On the whole platform


def platform_grant(person, key, by, **more):
    with tenancy.platform_scope(reason="test"):
        role = Role.objects.get(key=key, workspace=None)
        return platform_roles.grant(user=person.user, role=role, by=by.user, reason="x", **more)


def test_a_platform_role_opens_its_part_of_the_console_alone(alice, olga):
    assert alice.get("/admin/taishang/task/").status_code in {302, 404}

    grant = platform_grant(alice, "data_engineer", olga)

    assert alice.get("/admin/taishang/task/").status_code == 200
    assert alice.get("/admin/accounts/user/").status_code == 403
    with tenancy.platform_scope(reason="test"):
        platform_roles.revoke(grant=grant, by=olga.user, reason="done")
    assert alice.get("/admin/taishang/task/").status_code in {302, 404}


def test_it_gives_nothing_inside_a_workspace(alice, bob, olga):
    before = bob.get("/api/v1/me/").json()["permissions"]

    platform_grant(bob, "data_engineer", olga)

    assert bob.get("/api/v1/me/").json()["permissions"] == before


def test_an_expired_platform_role_opens_nothing(alice, olga):
    platform_grant(alice, "data_engineer", olga, expires_at=timezone.now())

    assert alice.get("/admin/taishang/task/").status_code == 403


@pytest.mark.parametrize("key", ["admin", "viewer"])
def test_roles_of_workspaces_are_not_given_on_the_platform(alice, olga, key):
    with pytest.raises(platform_roles.NotPlatformWide):
        platform_grant(alice, key, olga)


# By plain SQL, as the application's role


def refused(statement, values, context):
    """Whether the database refuses a statement at once, at the end of the transaction, or does not find its row."""
    with context:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement, values)
                changed = cursor.rowcount
                connection.check_constraints()
                transaction.set_rollback(True)
        except DatabaseError:
            return True
        return not changed


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM accounts_users WHERE id = %(alice)s",
        "DELETE FROM accounts_memberships WHERE user_id = %(alice)s",
        "UPDATE accounts_memberships SET status = 'suspended' WHERE user_id = %(alice)s",
        "UPDATE accounts_memberships SET user_id = %(charlie)s WHERE user_id = %(alice)s",
        "UPDATE accounts_workspaces SET owner_id = %(charlie)s WHERE id = %(workspace)s",
        "UPDATE accounts_workspaces SET owner_id = NULL WHERE id = %(workspace)s",
        "UPDATE accounts_workspaces SET offered_to_id = %(charlie)s WHERE id = %(workspace)s",
        "UPDATE accounts_workspaces SET id = %(other)s WHERE id = %(workspace)s",
        "DELETE FROM accounts_workspaces WHERE id = %(other)s",
        "INSERT INTO accounts_user_roles (user_id, role_id, granted_at)"
        " SELECT %(bob)s, id, now() FROM accounts_roles WHERE key = 'ops_admin'",
        "INSERT INTO accounts_user_roles (workspace_id, user_id, role_id, granted_at)"
        " SELECT %(workspace)s, %(bob)s, id, now() FROM accounts_roles WHERE key = 'ops_admin'",
        "INSERT INTO accounts_user_roles (workspace_id, user_id, role_id, granted_at)"
        " SELECT %(workspace)s, %(charlie)s, id, now() FROM accounts_roles WHERE key = 'admin'",
        "INSERT INTO accounts_user_roles (workspace_id, user_id, role_id, granted_at)"
        " SELECT %(other)s, %(bob)s, id, now() FROM accounts_roles WHERE key = 'admin'",
        "UPDATE accounts_user_roles SET role_id = %(theirs)s WHERE user_id = %(bob)s",
        "UPDATE accounts_roles SET name = 'x' WHERE key = 'admin'",
        "DELETE FROM accounts_roles WHERE key = 'viewer'",
        "DELETE FROM accounts_role_permissions WHERE workspace_id IS NULL",
    ],
)
def test_the_database_keeps_owners_and_roles_where_they_belong(alice, bob, charlie, statement):
    theirs = make_role(charlie, "theirs").json()["id"]
    values = {
        "alice": alice.user.id,
        "bob": bob.user.id,
        "charlie": charlie.user.id,
        "workspace": alice.workspace.id,
        "other": charlie.workspace.id,
        "theirs": theirs,
    }

    context = tenancy.workspace(alice.workspace.id, user_id=alice.user.id)
    assert refused(statement, values, context)


def test_an_heir_who_is_suspended_cannot_own(alice, bob):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        Membership.objects.filter(user=bob.user).update(status="suspended")
        Workspace.objects.filter(pk=alice.workspace.pk).update(kind="team")
    statement = "UPDATE accounts_workspaces SET owner_id = %(bob)s WHERE id = %(workspace)s"
    values = {"bob": bob.user.id, "workspace": alice.workspace.id}

    context = tenancy.workspace(alice.workspace.id, user_id=alice.user.id)
    assert refused(statement, values, context)


def test_a_member_of_nothing_is_nobody(alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        assert permissions.of_member(user_id=uuid4(), workspace=alice.workspace) is None
