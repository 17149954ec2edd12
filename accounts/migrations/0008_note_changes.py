"""Let the database note which identities, members, roles and preferences changed, and who may read the notes."""

from django.db import migrations

from accounts.changes import NoteChanges, TouchChanges
from accounts.rls import APP, NOBODY, OWNER, USER, WORKSPACE, TenantPolicy

MEMBER = (
    "EXISTS (SELECT 1 FROM accounts_memberships m"
    f" WHERE m.workspace_id = accounts_changes.workspace_id AND m.user_id = {USER})"
)
READ = f"""(user_id IS NULL OR user_id = {USER}) AND (
    workspace_id = {WORKSPACE} OR workspace_id IS NULL OR (resource_type = 'workspace' AND {MEMBER}))"""
# What was counted where: system, timeline, database and table. Any restore or promotion changes one of them.
PLACE = f"""
    CREATE FUNCTION accounts_feed_place() RETURNS text LANGUAGE sql STABLE AS $$
        SELECT concat_ws('/', s.system_identifier, c.timeline_id,
            (SELECT oid FROM pg_database WHERE datname = current_database()),
            'accounts_changes'::regclass::oid)
        FROM pg_control_system() s, pg_control_checkpoint() c
    $$;
    INSERT INTO accounts_feed_state (id, epoch, place, reason, changed_at)
        VALUES (1, gen_random_uuid(), accounts_feed_place(), 'installation', clock_timestamp());
    REVOKE INSERT, UPDATE, DELETE ON accounts_feed_state FROM {APP};
    REVOKE INSERT, UPDATE, DELETE ON accounts_changes FROM {APP};
    ALTER TABLE accounts_changes SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
    CREATE POLICY accounts_changes_trigger ON accounts_changes TO {OWNER} USING (true) WITH CHECK (true);
"""
NO_PLACE = f"""
    DROP POLICY accounts_changes_trigger ON accounts_changes;
    ALTER TABLE accounts_changes RESET (fillfactor, autovacuum_vacuum_scale_factor);
    GRANT INSERT, UPDATE, DELETE ON accounts_changes TO {APP};
    GRANT INSERT, UPDATE, DELETE ON accounts_feed_state TO {APP};
    DELETE FROM accounts_feed_state;
    DROP FUNCTION accounts_feed_place();
"""
OWN = {"key": "changed.user_id", "workspace": "NULL::bigint", "user": "changed.user_id"}
EVERY_MEMBER = {"key": "accounts_changes.resource_id"}


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_change_feed")]

    operations = [
        TenantPolicy("accounts_changes", read=READ, write=NOBODY),
        migrations.RunSQL(PLACE, NO_PLACE),
        NoteChanges("accounts_user_settings", "settings", **OWN),
        NoteChanges("accounts_profiles", "profile", **OWN),
        NoteChanges(
            "accounts_workspaces",
            "workspace",
            workspace="changed.id",
        ),
        NoteChanges(
            "accounts_memberships",
            "member",
            key="changed.user_id",
            columns=("status", "version"),
        ),
        # To the person, the workspace itself came or went.
        NoteChanges(
            "accounts_memberships",
            "workspace",
            key="changed.workspace_id",
            workspace="NULL::bigint",
            user="changed.user_id",
            columns=("status",),
        ),
        NoteChanges("accounts_roles", "role"),
        TouchChanges(
            "accounts_role_permissions",
            "role",
            key="changed.role_id",
        ),
        TouchChanges(
            "accounts_user_roles",
            "member",
            key="changed.user_id",
            only="accounts_changes.workspace_id = changed.workspace_id",
        ),
        TouchChanges(
            "accounts_roles",
            "member",
            **EVERY_MEMBER,
            only="accounts_changes.workspace_id = changed.workspace_id",
            columns=("name",),
        ),
        TouchChanges(
            "accounts_workspaces",
            "member",
            **EVERY_MEMBER,
            only="accounts_changes.workspace_id = changed.id",
            columns=("owner_id",),
        ),
        TouchChanges(
            "accounts_profiles",
            "member",
            key="changed.user_id",
            columns=("display_name",),
        ),
        TouchChanges(
            "accounts_users",
            "member",
            key="changed.id",
            columns=("username", "email"),
        ),
    ]
