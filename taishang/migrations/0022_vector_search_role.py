"""The role that searches own partitions by their GIN indexes, and the functions it is reached by.

Under a row policy PostgreSQL uses no index for `@>`, `@@` or `->>`, which could leak what a policy hides. These
functions carry the workspace of the transaction in the statement instead. They answer ids alone.
"""

from django.db import migrations

from accounts.rls import WORKSPACE

SEARCH = "taishang_search"
GRANTS = f"""
GRANT SELECT (id, workspace_id, collection_id, namespace, payload, tsv) ON tai_vectors TO {SEARCH};
CREATE POLICY tai_vectors_search ON tai_vectors FOR SELECT TO {SEARCH} USING (true);
"""
FUNCTIONS = f"""
GRANT CREATE ON SCHEMA public TO {SEARCH};

-- Ids of rows whose payload contains every document of p_contains, at most p_most of them.
CREATE FUNCTION tai_vectors_containing(
    p_collection bigint, p_namespaces text[], p_contains jsonb[], p_most integer
) RETURNS SETOF bigint LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    tenant bigint := {WORKSPACE};
    document jsonb;
    conditions text := '';
BEGIN
    IF tenant IS NULL THEN RETURN; END IF;
    FOREACH document IN ARRAY p_contains LOOP
        conditions := conditions || format(' AND payload @> %L::jsonb', document);
    END LOOP;
    IF p_namespaces IS NOT NULL THEN
        conditions := conditions || format(' AND namespace = ANY (%L::text[])', p_namespaces);
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT id FROM public.tai_vectors WHERE collection_id = %s AND workspace_id = %s%s LIMIT %s',
        p_collection, tenant, conditions, p_most);
END $$;

-- Ids of rows that hold any of the terms: heaviest first, then those with the fewest terms, at most p_most.
CREATE FUNCTION tai_vectors_matching(
    p_collection bigint, p_namespaces text[], p_terms tsquery[], p_weights float8[], p_most integer
) RETURNS SETOF bigint LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    tenant bigint := {WORKSPACE};
    conditions text := '';
    any_term tsquery;
    term tsquery;
BEGIN
    IF tenant IS NULL THEN RETURN; END IF;
    FOREACH term IN ARRAY p_terms LOOP
        any_term := CASE WHEN any_term IS NULL THEN term ELSE any_term || term END;
    END LOOP;
    IF p_namespaces IS NOT NULL THEN
        conditions := format(' AND v.namespace = ANY (%L::text[])', p_namespaces);
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT v.id FROM public.tai_vectors v, LATERAL ('
        '  SELECT sum(a.weight) AS weight FROM unnest($1, $2) a (term, weight) WHERE v.tsv @@ a.term) f'
        ' WHERE v.collection_id = %s AND v.workspace_id = %s AND v.tsv @@ %L::tsquery%s'
        ' ORDER BY f.weight DESC, length(v.tsv), v.id LIMIT %s',
        p_collection, tenant, any_term, conditions, p_most) USING p_terms, p_weights;
END $$;

ALTER FUNCTION tai_vectors_containing(bigint, text[], jsonb[], integer) OWNER TO {SEARCH};
ALTER FUNCTION tai_vectors_matching(bigint, text[], tsquery[], float8[], integer) OWNER TO {SEARCH};
REVOKE CREATE ON SCHEMA public FROM {SEARCH};
SET LOCAL ROLE {SEARCH};
REVOKE EXECUTE ON FUNCTION tai_vectors_containing(bigint, text[], jsonb[], integer) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION tai_vectors_matching(bigint, text[], tsquery[], float8[], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tai_vectors_containing(bigint, text[], jsonb[], integer) TO taishang_app;
GRANT EXECUTE ON FUNCTION tai_vectors_matching(bigint, text[], tsquery[], float8[], integer) TO taishang_app;
RESET ROLE;
"""


class Migration(migrations.Migration):
    dependencies = [("taishang", "0021_vector_tenancy")]

    operations = [
        migrations.RunSQL(
            GRANTS,
            f"""
            DROP POLICY tai_vectors_search ON tai_vectors;
            REVOKE ALL ON tai_vectors FROM {SEARCH};
            """,
        ),
        migrations.RunSQL(
            FUNCTIONS,
            f"""
            SET LOCAL ROLE {SEARCH};
            DROP FUNCTION tai_vectors_matching(bigint, text[], tsquery[], float8[], integer);
            DROP FUNCTION tai_vectors_containing(bigint, text[], jsonb[], integer);
            RESET ROLE;
            """,
        ),
    ]
