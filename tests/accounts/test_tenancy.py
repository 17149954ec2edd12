"""Nobody sees another workspace's rows, whatever code forgot."""

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError, ProgrammingError

from accounts import tenancy
from accounts.models import ApiKey, Membership, Role, Workspace
from accounts.tenancy import Context

pytestmark = pytest.mark.django_db


def test_without_a_context_the_role_sees_no_tenant_rows(alice):
    assert Workspace.objects.count() == 0
    assert Membership.objects.count() == 0


def test_inside_a_workspace_only_its_rows_show(alice, charlie):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        assert set(Membership.objects.values_list("user__username", flat=True)) == {"alice"}


def test_leaving_a_nested_context_restores_the_outer_one(alice, charlie):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        with tenancy.workspace(charlie.workspace.id, user_id=charlie.user.id):
            assert Workspace.objects.filter(pk=charlie.workspace.pk).exists()

        assert not Workspace.objects.filter(pk=charlie.workspace.pk).exists()


def test_a_failed_nested_context_restores_the_outer_one(alice, charlie):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        with (
            pytest.raises(RuntimeError),
            tenancy.workspace(charlie.workspace.id, user_id=charlie.user.id),
        ):
            raise RuntimeError

        assert Membership.objects.get().user_id == alice.user.id
    assert tenancy.current() == Context()


def test_a_row_cannot_be_written_into_another_workspace(alice, charlie):
    with (
        tenancy.workspace(alice.workspace.id, user_id=alice.user.id),
        pytest.raises(ProgrammingError, match="row-level security"),
        transaction.atomic(),
    ):
        Role.objects.create(workspace=charlie.workspace, key="x", name="x", name_key="x")


def test_a_tenant_cannot_change_a_system_role(alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        assert Role.objects.system().exists()
        assert Role.objects.system().update(description="mine") == 0


def test_the_platform_scope_sees_every_workspace(alice, charlie):
    with tenancy.platform_scope(reason="test"):
        seen = set(Workspace.objects.values_list("pk", flat=True))
        assert seen >= {alice.workspace.pk, charlie.workspace.pk}


def test_an_owner_must_be_a_member(alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        Membership.objects.filter(user=alice.user).delete()

        with pytest.raises(IntegrityError, match="owner_member"), transaction.atomic():
            connection.check_constraints()

        Membership.objects.create(workspace=alice.workspace, user=alice.user)


def test_leaving_a_workspace_takes_roles_and_keys_along(alice, bob):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        ApiKey.objects.create(
            workspace=alice.workspace,
            user=bob.user,
            name="script",
            prefix="abcdefgh",
            key_hash="0" * 64,
            pepper_id="x",
            scopes=["workspace.view"],
        )
        Membership.objects.filter(user=bob.user).delete()

        assert not ApiKey.objects.exists()
        assert not bob.user.roles.filter(workspace=alice.workspace).exists()


def test_the_application_role_owns_nothing_and_inherits_nothing(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolbypassrls, (SELECT count(*) FROM pg_class WHERE relowner = r.oid)"
            " FROM pg_roles r WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (False, False, 0)
        cursor.execute(
            "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member"
            " WHERE r.rolname = current_user AND m.inherit_option"
        )
        assert cursor.fetchone() == (0,)


def test_every_table_with_a_workspace_forces_row_level_security(db):
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname FROM pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id'
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
              AND NOT c.relispartition AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
            """
        )
        assert cursor.fetchall() == []


def test_every_policed_table_covers_the_four_commands(db):
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT tablename FROM pg_policies WHERE 'taishang_app' = ANY (roles)
            GROUP BY tablename
            HAVING count(DISTINCT cmd) <> 4
                OR bool_or(cmd IN ('INSERT', 'UPDATE') AND with_check IS NULL)
            """
        )
        assert cursor.fetchall() == []
