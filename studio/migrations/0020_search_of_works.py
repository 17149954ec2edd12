"""The search in works, by the role that may use its index.

Under a row policy PostgreSQL uses no GIN index for `@@`, which could leak what a policy hides. The function carries
the workspace of the transaction in the statement instead, and answers ids alone; texts are read by the caller.
"""

from django.db import migrations

from accounts.rls import WORKSPACE

SEARCH = "taishang_search"
COLUMNS = "id, workspace_id, work_id, object_type, object_id, segment, grams"
GRANTS = f"""
GRANT SELECT ({COLUMNS}) ON studio_search_segments TO {SEARCH};
CREATE POLICY studio_search_segments_search ON studio_search_segments FOR SELECT TO {SEARCH}
    USING (true);
"""
NAME = "studio_segments_matching(uuid[], tsquery, text[], integer)"
FUNCTION = f"""
GRANT CREATE ON SCHEMA public TO {SEARCH};

-- Segments of these works and kinds that hold the grams, at most p_most of them.
CREATE FUNCTION studio_segments_matching(
    p_works uuid[], p_grams tsquery, p_kinds text[], p_most integer
) RETURNS TABLE (id uuid, object_type text, object_id uuid) LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    tenant bigint := {WORKSPACE};
BEGIN
    IF tenant IS NULL THEN RETURN; END IF;
    RETURN QUERY SELECT s.id, s.object_type::text, s.object_id FROM public.studio_search_segments s
        WHERE s.workspace_id = tenant AND s.work_id = ANY (p_works)
            AND s.object_type = ANY (p_kinds) AND s.grams @@ p_grams
        ORDER BY s.object_type, s.object_id, s.segment LIMIT p_most;
END $$;

ALTER FUNCTION {NAME} OWNER TO {SEARCH};
REVOKE CREATE ON SCHEMA public FROM {SEARCH};
SET LOCAL ROLE {SEARCH};
REVOKE EXECUTE ON FUNCTION {NAME} FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {NAME} TO taishang_app;
RESET ROLE;
"""


class Migration(migrations.Migration):
    dependencies = [("studio", "0006_note_changes")]

    operations = [
        migrations.RunSQL(
            GRANTS,
            f"""
            DROP POLICY studio_search_segments_search ON studio_search_segments;
            REVOKE ALL ON studio_search_segments FROM {SEARCH};
            """,
        ),
        migrations.RunSQL(
            FUNCTION,
            f"""
            SET LOCAL ROLE {SEARCH};
            DROP FUNCTION {NAME};
            RESET ROLE;
            """,
        ),
    ]
