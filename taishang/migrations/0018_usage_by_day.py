"""Write a day of use in the transaction that settles a call."""

from django.db import migrations

DAILY = """
-- One key of by_model or by_type, raised. Costs are decimal texts: a JSON number would be read as a float.
CREATE FUNCTION tai_usage_raised(
    groups jsonb, key text, requests integer, input bigint, output bigint, cost numeric, unknown integer
) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT groups || jsonb_build_object(key, jsonb_build_object(
        'requests', COALESCE((groups->key->>'requests')::bigint, 0) + requests,
        'input_tokens', COALESCE((groups->key->>'input_tokens')::bigint, 0) + input,
        'output_tokens', COALESCE((groups->key->>'output_tokens')::bigint, 0) + output,
        'cost', (COALESCE((groups->key->>'cost')::numeric, 0)
            + COALESCE(cost, 0))::numeric(18, 10)::text,
        'unknown_cost_calls',
            COALESCE((groups->key->>'unknown_cost_calls')::bigint, 0) + unknown))
$$;

-- p_cost NULL is an unknown cost.
CREATE FUNCTION tai_usage_add(
    p_workspace bigint, p_user uuid, p_day date, p_model text, p_purpose text, p_input bigint,
    p_output bigint, p_cost numeric, p_failed integer, p_cached integer
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO tai_usage_daily AS d (workspace_id, user_id, stat_date, total_requests,
        failed_requests, cached_requests, refused_requests, total_input_tokens,
        total_output_tokens, total_cost, unknown_cost_calls, by_model, by_type, created_at, updated_at)
    VALUES (p_workspace, p_user, p_day, 1, p_failed, p_cached, 0, p_input, p_output,
        COALESCE(p_cost, 0), (p_cost IS NULL)::integer,
        tai_usage_raised('{}', p_model, 1, p_input, p_output, p_cost, (p_cost IS NULL)::integer),
        tai_usage_raised('{}', p_purpose, 1, p_input, p_output, p_cost, (p_cost IS NULL)::integer),
        clock_timestamp(), clock_timestamp())
    ON CONFLICT (workspace_id, user_id, stat_date) DO UPDATE SET
        total_requests = d.total_requests + 1,
        failed_requests = d.failed_requests + EXCLUDED.failed_requests,
        cached_requests = d.cached_requests + EXCLUDED.cached_requests,
        total_input_tokens = d.total_input_tokens + EXCLUDED.total_input_tokens,
        total_output_tokens = d.total_output_tokens + EXCLUDED.total_output_tokens,
        total_cost = d.total_cost + EXCLUDED.total_cost,
        unknown_cost_calls = d.unknown_cost_calls + EXCLUDED.unknown_cost_calls,
        by_model = tai_usage_raised(
            d.by_model, p_model, 1, p_input, p_output, p_cost, (p_cost IS NULL)::integer),
        by_type = tai_usage_raised(
            d.by_type, p_purpose, 1, p_input, p_output, p_cost, (p_cost IS NULL)::integer),
        updated_at = clock_timestamp()
$$;

CREATE FUNCTION tai_usage_refused(p_workspace bigint, p_user uuid, p_day date)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO tai_usage_daily AS d (workspace_id, user_id, stat_date, total_requests,
        failed_requests, cached_requests, refused_requests, total_input_tokens,
        total_output_tokens, total_cost, unknown_cost_calls, by_model, by_type, created_at, updated_at)
    VALUES (p_workspace, p_user, p_day, 0, 0, 0, 1, 0, 0, 0, 0, '{}', '{}',
        clock_timestamp(), clock_timestamp())
    ON CONFLICT (workspace_id, user_id, stat_date) DO UPDATE SET
        refused_requests = d.refused_requests + 1, updated_at = clock_timestamp()
$$;
"""
NO_DAILY = """
DROP FUNCTION tai_usage_refused(bigint, uuid, date);
DROP FUNCTION tai_usage_add(
    bigint, uuid, date, text, text, bigint, bigint, numeric, integer, integer);
DROP FUNCTION tai_usage_raised(jsonb, text, integer, bigint, bigint, numeric, integer);
"""


class Migration(migrations.Migration):
    dependencies = [("taishang", "0017_reserving")]

    operations = [migrations.RunSQL(DAILY, NO_DAILY)]
