"""The search in a person's conversations, by the role that may use its index.

Under a row policy PostgreSQL uses no GIN index for `@@`, which could leak what a policy hides. The function carries
the workspace and the person of the transaction in the statement instead, and answers ids alone.
"""

from django.db import migrations

from accounts.rls import USER, WORKSPACE

SEARCH = "taishang_search"
COLUMNS = "id, workspace_id, user_id, search, is_favorite, last_message_at, deleted_at"
GRANTS = f"""
GRANT SELECT ({COLUMNS}) ON querygpt_conversations TO {SEARCH};
CREATE POLICY querygpt_conversations_search ON querygpt_conversations FOR SELECT TO {SEARCH}
    USING (true);
"""
FUNCTION = f"""
GRANT CREATE ON SCHEMA public TO {SEARCH};

-- Ids of one's own conversations that hold the terms: starred first, then the latest, at most p_most of them.
CREATE FUNCTION querygpt_conversations_matching(p_terms tsquery, p_most integer)
RETURNS SETOF uuid LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    tenant bigint := {WORKSPACE};
    person uuid := {USER};
BEGIN
    IF tenant IS NULL OR person IS NULL THEN RETURN; END IF;
    RETURN QUERY SELECT c.id FROM public.querygpt_conversations c
        WHERE c.workspace_id = tenant AND c.user_id = person AND c.deleted_at IS NULL
            AND c.search @@ p_terms
        ORDER BY c.is_favorite DESC, c.last_message_at DESC, c.id LIMIT p_most;
END $$;

ALTER FUNCTION querygpt_conversations_matching(tsquery, integer) OWNER TO {SEARCH};
REVOKE CREATE ON SCHEMA public FROM {SEARCH};
SET LOCAL ROLE {SEARCH};
REVOKE EXECUTE ON FUNCTION querygpt_conversations_matching(tsquery, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION querygpt_conversations_matching(tsquery, integer) TO taishang_app;
RESET ROLE;
"""


class Migration(migrations.Migration):
    dependencies = [("querygpt", "0002_tenancy")]

    operations = [
        migrations.RunSQL(
            GRANTS,
            f"""
            DROP POLICY querygpt_conversations_search ON querygpt_conversations;
            REVOKE ALL ON querygpt_conversations FROM {SEARCH};
            """,
        ),
        migrations.RunSQL(
            FUNCTION,
            f"""
            SET LOCAL ROLE {SEARCH};
            DROP FUNCTION querygpt_conversations_matching(tsquery, integer);
            RESET ROLE;
            """,
        ),
    ]
