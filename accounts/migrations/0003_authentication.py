"""The statement that opens every request: who is it, which workspace, and the context that follows."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION accounts_authenticate(
    p_kind text, p_credential text, p_token_version integer, p_workspace bigint
) RETURNS TABLE (
    user_id uuid, session_id uuid, api_key_id uuid, scopes text[],
    email text, username text, status text, is_active boolean, is_staff boolean,
    is_superuser boolean, plan text, subscription_expires_at timestamptz, language text,
    user_authz integer, workspace_id bigint, workspace_status text, workspace_authz integer,
    is_owner boolean
) LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    found_session accounts_sessions%ROWTYPE;
    found_key accounts_api_keys%ROWTYPE;
    found_user accounts_users%ROWTYPE;
    found_workspace accounts_workspaces%ROWTYPE;
    chosen bigint := p_workspace;
BEGIN
    PERFORM set_config('app.user_id', '', true), set_config('app.workspace_id', '', true);
    IF p_kind = 'key' THEN
        PERFORM set_config('app.credential', p_credential, true);
        SELECT k.* INTO found_key FROM accounts_api_keys k
            WHERE k.key_hash = p_credential AND k.revoked_at IS NULL
              AND (k.expires_at IS NULL OR k.expires_at > now());
        PERFORM set_config('app.credential', '', true);
        IF found_key.id IS NULL THEN RETURN; END IF;
        chosen := CASE WHEN p_workspace IS NULL OR p_workspace = found_key.workspace_id
                       THEN found_key.workspace_id END;
        SELECT u.* INTO found_user FROM accounts_users u WHERE u.id = found_key.user_id;
    ELSE
        SELECT s.* INTO found_session FROM accounts_sessions s
            WHERE s.revoked_at IS NULL AND s.expires_at > now()
              AND CASE WHEN p_kind = 'browser'
                       THEN s.session_key_hash = decode(p_credential, 'hex')
                       ELSE s.id = p_credential::uuid END;
        IF found_session.id IS NULL THEN RETURN; END IF;
        SELECT u.* INTO found_user FROM accounts_users u WHERE u.id = found_session.user_id;
        IF p_kind = 'access' AND found_user.token_version <> p_token_version THEN RETURN; END IF;
        -- At most one write a minute, and never a wait for another request of the same session.
        IF found_session.last_seen_at < now() - interval '60 seconds' THEN
            UPDATE accounts_sessions SET last_seen_at = now() WHERE id = (
                SELECT s.id FROM accounts_sessions s WHERE s.id = found_session.id
                FOR UPDATE SKIP LOCKED);
        END IF;
    END IF;
    IF found_user.id IS NULL OR NOT found_user.is_active THEN RETURN; END IF;
    PERFORM set_config('app.user_id', found_user.id::text, true);
    IF chosen IS NULL AND p_kind = 'browser' THEN
        SELECT m.workspace_id INTO chosen FROM accounts_memberships m
            WHERE m.user_id = found_user.id AND m.status = 'active' ORDER BY m.id LIMIT 1;
    END IF;
    SELECT w.* INTO found_workspace FROM accounts_workspaces w
        JOIN accounts_memberships m ON m.workspace_id = w.id
        WHERE w.id = chosen AND m.user_id = found_user.id AND m.status = 'active'
          AND (w.status IN ('active', 'suspended')
               OR (w.status = 'deleting' AND w.owner_id = found_user.id));
    IF found_workspace.id IS NOT NULL THEN
        PERFORM set_config('app.workspace_id', found_workspace.id::text, true);
    END IF;
    RETURN QUERY SELECT found_user.id, found_session.id, found_key.id,
        found_key.scopes::text[],
        found_user.email::text, found_user.username::text, found_user.status::text,
        found_user.is_active, found_user.is_staff, found_user.is_superuser, found_user.plan::text,
        found_user.subscription_expires_at,
        (SELECT p.language::text FROM accounts_user_settings p WHERE p.user_id = found_user.id),
        found_user.authz_version, found_workspace.id, found_workspace.status::text,
        found_workspace.authz_version, found_workspace.owner_id = found_user.id;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_tenancy")]

    operations = [
        migrations.RunSQL(
            FORWARD, "DROP FUNCTION accounts_authenticate(text, text, integer, bigint);"
        )
    ]
