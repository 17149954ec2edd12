"""Invitations belong to their workspace; the database itself keeps owners in, and grants where they belong."""

from django.db import migrations

from accounts.rls import CREDENTIAL, IN_WORKSPACE, RowVersion, TenantPolicy

# Who is offered a workspace must be in it; who leaves is offered it no longer.
OFFER = """
    ALTER TABLE accounts_workspaces ADD CONSTRAINT accounts_workspaces_offer_member_fk
        FOREIGN KEY (id, offered_to_id)
        REFERENCES accounts_memberships (workspace_id, user_id)
        ON DELETE SET NULL (offered_to_id) DEFERRABLE INITIALLY DEFERRED;
"""
NO_OFFER = """
    ALTER TABLE accounts_workspaces DROP CONSTRAINT accounts_workspaces_offer_member_fk;
"""
# The composite foreign key demands that an owner is a member; this, that the membership is not suspended.
OWNERS = """
CREATE FUNCTION accounts_owner_is_active() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM accounts_workspaces w JOIN accounts_memberships m
            ON m.workspace_id = w.id AND m.user_id = w.owner_id
        WHERE m.status <> 'active' AND w.id = CASE TG_TABLE_NAME
            WHEN 'accounts_workspaces' THEN (to_jsonb(NEW) ->> 'id')::bigint
            ELSE (to_jsonb(NEW) ->> 'workspace_id')::bigint END
    ) THEN
        RAISE EXCEPTION 'an owner cannot be suspended' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'accounts_owner_is_active';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER accounts_owner_is_active AFTER INSERT OR UPDATE ON accounts_memberships
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.status <> 'active')
    EXECUTE FUNCTION accounts_owner_is_active();
CREATE CONSTRAINT TRIGGER accounts_owner_is_active AFTER UPDATE OF owner_id ON accounts_workspaces
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.owner_id <> OLD.owner_id)
    EXECUTE FUNCTION accounts_owner_is_active();
"""
NO_OWNERS = """
DROP TRIGGER accounts_owner_is_active ON accounts_workspaces;
DROP TRIGGER accounts_owner_is_active ON accounts_memberships;
DROP FUNCTION accounts_owner_is_active();
"""
# A role may be the platform's (no workspace), so no composite foreign key can say where it may be used.
GRANTS = """
CREATE FUNCTION accounts_role_belongs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.role_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM accounts_roles r WHERE r.id = NEW.role_id AND (
            r.workspace_id = NEW.workspace_id
            OR (r.workspace_id IS NULL AND (NEW.workspace_id IS NULL OR r.key <> 'ops_admin'))
        )
    ) THEN
        RAISE EXCEPTION 'this role does not exist here' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'accounts_role_belongs';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER accounts_role_belongs BEFORE INSERT OR UPDATE OF role_id, workspace_id
    ON accounts_user_roles FOR EACH ROW EXECUTE FUNCTION accounts_role_belongs();
CREATE TRIGGER accounts_role_belongs BEFORE INSERT OR UPDATE OF role_id, workspace_id
    ON accounts_invitations FOR EACH ROW EXECUTE FUNCTION accounts_role_belongs();
CREATE FUNCTION accounts_permission_belongs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM accounts_roles r CROSS JOIN accounts_permissions p
        WHERE r.id = NEW.role_id AND p.id = NEW.permission_id
          AND r.workspace_id IS NOT DISTINCT FROM NEW.workspace_id
          AND (r.workspace_id IS NULL OR p.scope = 'workspace')
    ) THEN
        RAISE EXCEPTION 'this permission cannot be in this role'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'accounts_permission_belongs';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER accounts_permission_belongs BEFORE INSERT OR UPDATE ON accounts_role_permissions
    FOR EACH ROW EXECUTE FUNCTION accounts_permission_belongs();
"""
NO_GRANTS = """
DROP TRIGGER accounts_permission_belongs ON accounts_role_permissions;
DROP FUNCTION accounts_permission_belongs();
DROP TRIGGER accounts_role_belongs ON accounts_invitations;
DROP TRIGGER accounts_role_belongs ON accounts_user_roles;
DROP FUNCTION accounts_role_belongs();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0011_invitations_and_offers")]

    operations = [
        # The holder of the link reads the one row it names, and nothing else does so without membership.
        TenantPolicy("accounts_invitations", read=f"({IN_WORKSPACE} OR token_hash = {CREDENTIAL})"),
        RowVersion("accounts_invitations"),
        migrations.RunSQL(OFFER, NO_OFFER),
        migrations.RunSQL(OWNERS, NO_OWNERS),
        migrations.RunSQL(GRANTS, NO_GRANTS),
    ]
