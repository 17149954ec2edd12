"""Force row-level security on everything that belongs to a workspace, and bind owners to memberships."""

from django.db import migrations

from accounts.rls import (
    CREDENTIAL,
    IN_WORKSPACE,
    IN_WORKSPACE_OR_PLATFORM,
    USER,
    WORKSPACE,
    RowVersion,
    TenantPolicy,
)

MEMBER = (
    "EXISTS (SELECT 1 FROM accounts_memberships m WHERE m.workspace_id = accounts_workspaces.id"
    f" AND m.user_id = {USER})"
)
OWN = f"user_id = {USER}"
OWN_REPLIES = f"({IN_WORKSPACE} OR (workspace_id IS NULL AND actor = 'user:' || ({USER})::text))"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_identity_and_workspaces")]

    operations = [
        TenantPolicy(
            "accounts_workspaces",
            read=f"(id = {WORKSPACE} OR owner_id = {USER} OR {MEMBER})",
            write=f"id = {WORKSPACE}",
            insert=f"owner_id = {USER}",
        ),
        TenantPolicy("accounts_memberships", read=f"({IN_WORKSPACE} OR {OWN})"),
        TenantPolicy("accounts_roles", read=IN_WORKSPACE_OR_PLATFORM),
        TenantPolicy("accounts_role_permissions", read=IN_WORKSPACE_OR_PLATFORM),
        TenantPolicy("accounts_user_roles", read=f"({IN_WORKSPACE} OR {OWN})"),
        TenantPolicy("accounts_api_keys", read=f"({IN_WORKSPACE} OR key_hash = {CREDENTIAL})"),
        TenantPolicy("accounts_idempotency_keys", read=OWN_REPLIES, write=OWN_REPLIES),
        # Leaving a workspace takes the rights and keys along; an owner cannot be somebody who is no member.
        migrations.RunSQL(
            """
            ALTER TABLE accounts_user_roles ADD CONSTRAINT accounts_user_roles_member_fk
                FOREIGN KEY (workspace_id, user_id)
                REFERENCES accounts_memberships (workspace_id, user_id) ON DELETE CASCADE;
            ALTER TABLE accounts_api_keys ADD CONSTRAINT accounts_api_keys_member_fk
                FOREIGN KEY (workspace_id, user_id)
                REFERENCES accounts_memberships (workspace_id, user_id) ON DELETE CASCADE;
            ALTER TABLE accounts_workspaces ADD CONSTRAINT accounts_workspaces_owner_member_fk
                FOREIGN KEY (id, owner_id)
                REFERENCES accounts_memberships (workspace_id, user_id)
                DEFERRABLE INITIALLY DEFERRED;
            """,
            """
            ALTER TABLE accounts_workspaces DROP CONSTRAINT accounts_workspaces_owner_member_fk;
            ALTER TABLE accounts_api_keys DROP CONSTRAINT accounts_api_keys_member_fk;
            ALTER TABLE accounts_user_roles DROP CONSTRAINT accounts_user_roles_member_fk;
            """,
        ),
        *[
            RowVersion(table)
            for table in (
                "accounts_users",
                "accounts_profiles",
                "accounts_user_settings",
                "accounts_workspaces",
                "accounts_memberships",
                "accounts_roles",
                "accounts_api_keys",
            )
        ],
    ]
