"""Reserve and charge in the database: each limit is one conditional UPDATE, in the order workspace, member, plan."""

from django.db import migrations

PERIOD = """
CREATE FUNCTION tai_anchored(month date, anchor integer) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT LEAST(month + anchor - 1, (month + interval '1 month' - interval '1 day')::date)
$$;
-- The month of a quota around a moment: from its anchor day to the next, on the wall clock of a zone.
CREATE FUNCTION tai_quota_period(
    anchor integer, moment timestamptz, zone text, OUT begins timestamptz, OUT ends timestamptz
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    today CONSTANT date := (moment AT TIME ZONE zone)::date;
    month date := date_trunc('month', today)::date;
BEGIN
    IF today < tai_anchored(month, anchor) THEN
        month := (month - interval '1 month')::date;
    END IF;
    begins := tai_anchored(month, anchor)::timestamp AT TIME ZONE zone;
    ends := tai_anchored((month + interval '1 month')::date, anchor)::timestamp AT TIME ZONE zone;
END $$;
"""
NO_PERIOD = """
DROP FUNCTION tai_quota_period(integer, timestamptz, text);
DROP FUNCTION tai_anchored(date, integer);
"""
RESERVE = """
CREATE FUNCTION tai_reserve_workspace(
    p_workspace bigint, p_tokens bigint, p_cost numeric, p_known boolean, p_born bigint, p_zone text
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
    q tai_quotas%ROWTYPE;
    token_limit bigint;
    cost_limit numeric;
    fault jsonb;
BEGIN
    LOOP
        -- The first call of a month rolls it over in the same statement; what runs on is charged where it ends.
        UPDATE tai_quotas t SET
            reserved = t.reserved + p_tokens,
            cost_reserved = t.cost_reserved + p_cost,
            running = t.running + 1,
            usage = CASE WHEN t.resets_at > moment THEN t.usage ELSE 0 END,
            cost_usage = CASE WHEN t.resets_at > moment THEN t.cost_usage ELSE 0 END,
            warned = CASE WHEN t.resets_at > moment THEN t.warned ELSE '{}' END,
            period_start = CASE WHEN t.resets_at > moment THEN t.period_start
                ELSE (tai_quota_period(t.anchor_day, moment, p_zone)).begins END,
            resets_at = CASE WHEN t.resets_at > moment THEN t.resets_at
                ELSE (tai_quota_period(t.anchor_day, moment, p_zone)).ends END,
            updated_at = moment
        WHERE t.workspace_id = p_workspace
          AND (t.max_parallel_calls IS NULL OR t.running < t.max_parallel_calls)
          AND (p_tokens = 0 OR LEAST(t.monthly_quota, t.monthly_ceiling) IS NULL
               OR CASE WHEN t.resets_at > moment THEN t.usage ELSE 0 END + t.reserved + p_tokens
                  <= LEAST(t.monthly_quota, t.monthly_ceiling))
          AND (LEAST(t.cost_quota, t.cost_ceiling) IS NULL OR CASE WHEN p_known
               THEN p_cost = 0 OR CASE WHEN t.resets_at > moment THEN t.cost_usage ELSE 0 END
                    + t.cost_reserved + p_cost <= LEAST(t.cost_quota, t.cost_ceiling)
               ELSE t.on_unknown_price = 'allow' END);
        IF FOUND THEN RETURN NULL; END IF;
        -- Why not? Locked, so that what is read here holds; when it fits after all, the loop takes it.
        SELECT * INTO q FROM tai_quotas t WHERE t.workspace_id = p_workspace FOR UPDATE;
        IF NOT FOUND THEN
            INSERT INTO tai_quotas (workspace_id, monthly_quota, usage, reserved, cost_usage,
                cost_reserved, running, on_exhaust, on_unknown_price, warn_at, warned,
                count_own_keys, anchor_day, row_version, created_at, updated_at)
            VALUES (p_workspace, p_born, 0, 0, 0, 0, 0, 'refuse', 'allow', '{80,100}', '{}',
                false, 1, 0, moment, moment)
            ON CONFLICT (workspace_id) DO NOTHING;
            CONTINUE;
        END IF;
        token_limit := LEAST(q.monthly_quota, q.monthly_ceiling);
        cost_limit := LEAST(q.cost_quota, q.cost_ceiling);
        IF q.resets_at IS NULL OR q.resets_at <= moment THEN
            q.usage := 0;
            q.cost_usage := 0;
            q.resets_at := (tai_quota_period(q.anchor_day, moment, p_zone)).ends;
        END IF;
        IF q.running >= q.max_parallel_calls THEN
            fault := jsonb_build_object('scope', 'parallel', 'unit', 'calls',
                'limit', q.max_parallel_calls, 'used', q.running, 'reserved', 0, 'needed', 1);
        ELSIF p_tokens > 0 AND q.usage + q.reserved + p_tokens > token_limit THEN
            fault := jsonb_build_object('scope', 'workspace', 'unit', 'tokens', 'limit', token_limit,
                'used', q.usage, 'reserved', q.reserved, 'needed', p_tokens);
        ELSIF cost_limit IS NOT NULL AND NOT p_known AND q.on_unknown_price = 'refuse' THEN
            fault := jsonb_build_object('scope', 'workspace', 'unit', 'price_unknown',
                'limit', cost_limit::text, 'used', q.cost_usage::text,
                'reserved', q.cost_reserved::text, 'needed', NULL);
        ELSIF p_known AND p_cost > 0 AND q.cost_usage + q.cost_reserved + p_cost > cost_limit THEN
            fault := jsonb_build_object('scope', 'workspace', 'unit', 'cost',
                'limit', cost_limit::text, 'used', q.cost_usage::text,
                'reserved', q.cost_reserved::text, 'needed', p_cost::text);
        ELSE
            CONTINUE;
        END IF;
        RETURN fault || jsonb_build_object('resets_at', q.resets_at, 'on_exhaust', q.on_exhaust);
    END LOOP;
END $$;

CREATE FUNCTION tai_reserve_person(
    p_workspace bigint, p_user uuid, p_tokens bigint, p_limit bigint, p_parallel integer,
    p_anchor integer, p_zone text
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
    q tai_user_quotas%ROWTYPE;
BEGIN
    LOOP
        UPDATE tai_user_quotas t SET
            reserved = t.reserved + p_tokens,
            running = t.running + 1,
            usage = CASE WHEN t.resets_at > moment THEN t.usage ELSE 0 END,
            warned = CASE WHEN t.resets_at > moment THEN t.warned ELSE '{}' END,
            period_start = CASE WHEN t.resets_at > moment THEN t.period_start
                ELSE (tai_quota_period(p_anchor, moment, p_zone)).begins END,
            resets_at = CASE WHEN t.resets_at > moment THEN t.resets_at
                ELSE (tai_quota_period(p_anchor, moment, p_zone)).ends END,
            updated_at = moment
        WHERE t.workspace_id IS NOT DISTINCT FROM p_workspace AND t.user_id = p_user
          AND (p_parallel IS NULL OR t.running < p_parallel)
          AND (p_tokens = 0 OR COALESCE(t.monthly_quota, p_limit) IS NULL
               OR CASE WHEN t.resets_at > moment THEN t.usage ELSE 0 END + t.reserved + p_tokens
                  <= COALESCE(t.monthly_quota, p_limit));
        IF FOUND THEN RETURN NULL; END IF;
        SELECT * INTO q FROM tai_user_quotas t
        WHERE t.workspace_id IS NOT DISTINCT FROM p_workspace AND t.user_id = p_user FOR UPDATE;
        IF NOT FOUND THEN
            INSERT INTO tai_user_quotas (workspace_id, user_id, usage, reserved, running, warned,
                row_version, created_at, updated_at)
            VALUES (p_workspace, p_user, 0, 0, 0, '{}', 0, moment, moment)
            ON CONFLICT (workspace_id, user_id) DO NOTHING;
            CONTINUE;
        END IF;
        IF q.resets_at IS NULL OR q.resets_at <= moment THEN
            q.usage := 0;
            q.resets_at := (tai_quota_period(p_anchor, moment, p_zone)).ends;
        END IF;
        IF q.running >= p_parallel THEN
            RETURN jsonb_build_object('scope', 'parallel', 'unit', 'calls', 'limit', p_parallel,
                'used', q.running, 'reserved', 0, 'needed', 1, 'resets_at', q.resets_at);
        ELSIF p_tokens > 0 AND q.usage + q.reserved + p_tokens > COALESCE(q.monthly_quota, p_limit)
        THEN
            RETURN jsonb_build_object(
                'scope', CASE WHEN p_workspace IS NULL THEN 'user_plan' ELSE 'member' END,
                'unit', 'tokens', 'limit', COALESCE(q.monthly_quota, p_limit), 'used', q.usage,
                'reserved', q.reserved, 'needed', p_tokens, 'resets_at', q.resets_at);
        END IF;
    END LOOP;
END $$;

-- All scopes of one call, or none: whoever gets a `refused` rolls its transaction back.
-- p_owner is whose key pays: platform, workspace, user.
CREATE FUNCTION tai_reserve(
    p_workspace bigint, p_user uuid, p_owner text, p_exempt boolean, p_tokens bigint,
    p_cost numeric, p_born bigint, p_plan_tokens bigint, p_plan_parallel integer, p_zone text
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    tokens CONSTANT bigint := CASE WHEN p_exempt THEN 0 ELSE p_tokens END;
    charged text[] := '{}';
    anchor integer;
    fault jsonb;
BEGIN
    IF p_workspace IS NULL OR (p_owner = 'user' AND NOT EXISTS (
            SELECT 1 FROM tai_quotas t WHERE t.workspace_id = p_workspace AND t.count_own_keys)) THEN
        RETURN jsonb_build_object('charged', charged);
    END IF;
    fault := tai_reserve_workspace(
        p_workspace, tokens, COALESCE(p_cost, 0), p_cost IS NOT NULL, p_born, p_zone);
    IF fault IS NOT NULL THEN RETURN jsonb_build_object('refused', fault); END IF;
    charged := charged || 'workspace'::text;
    IF p_user IS NOT NULL AND p_owner <> 'user' AND EXISTS (SELECT 1 FROM tai_user_quotas t
            WHERE t.workspace_id = p_workspace AND t.user_id = p_user) THEN
        SELECT t.anchor_day INTO anchor FROM tai_quotas t WHERE t.workspace_id = p_workspace;
        fault := tai_reserve_person(p_workspace, p_user, tokens, NULL, NULL, anchor, p_zone);
        IF fault IS NOT NULL THEN RETURN jsonb_build_object('refused', fault); END IF;
        charged := charged || 'member'::text;
    END IF;
    IF p_user IS NOT NULL AND p_owner = 'platform' THEN
        fault := tai_reserve_person(
            NULL, p_user, tokens, p_plan_tokens, p_plan_parallel, 1, p_zone);
        IF fault IS NOT NULL THEN RETURN jsonb_build_object('refused', fault); END IF;
        charged := charged || 'plan'::text;
    END IF;
    IF p_exempt THEN charged := charged || 'exempt'::text; END IF;
    RETURN jsonb_build_object('charged', charged);
END $$;
"""
NO_RESERVE = """
DROP FUNCTION tai_reserve(bigint, uuid, text, boolean, bigint, numeric, bigint, bigint, integer, text);
DROP FUNCTION tai_reserve_person(bigint, uuid, bigint, bigint, integer, integer, text);
DROP FUNCTION tai_reserve_workspace(bigint, bigint, numeric, boolean, bigint, text);
"""
CHARGE = """
-- Thresholds that this use crosses for the first time in its month, as `unit:percent`.
CREATE FUNCTION tai_crossed(
    p_unit text, p_used numeric, p_limit numeric, p_marks smallint[], p_warned text[]
) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT COALESCE(array_agg(p_unit || ':' || mark ORDER BY mark), '{}') FROM unnest(p_marks) AS mark
    WHERE p_limit > 0 AND p_used * 100 >= p_limit * mark
      AND NOT (p_unit || ':' || mark) = ANY (p_warned)
$$;

-- Give a reservation back and charge what was used. Answers the thresholds that were crossed by it.
CREATE FUNCTION tai_charge(
    p_workspace bigint, p_user uuid, p_charged text[], p_reserved bigint, p_reserved_cost numeric,
    p_released integer, p_tokens bigint, p_cost numeric, p_plan_tokens bigint, p_zone text
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
    tokens CONSTANT bigint := CASE WHEN 'exempt' = ANY (p_charged) THEN 0 ELSE p_tokens END;
    w tai_quotas%ROWTYPE;
    u tai_user_quotas%ROWTYPE;
    crossed text[];
    found jsonb := '[]';
BEGIN
    IF 'workspace' = ANY (p_charged) THEN
        UPDATE tai_quotas t SET
            reserved = GREATEST(0, t.reserved - p_reserved),
            cost_reserved = GREATEST(0, t.cost_reserved - p_reserved_cost),
            running = GREATEST(0, t.running - p_released),
            usage = CASE WHEN t.resets_at > moment THEN t.usage ELSE 0 END + tokens,
            cost_usage = CASE WHEN t.resets_at > moment THEN t.cost_usage ELSE 0 END
                + COALESCE(p_cost, 0),
            warned = CASE WHEN t.resets_at > moment THEN t.warned ELSE '{}' END,
            period_start = CASE WHEN t.resets_at > moment THEN t.period_start
                ELSE (tai_quota_period(t.anchor_day, moment, p_zone)).begins END,
            resets_at = CASE WHEN t.resets_at > moment THEN t.resets_at
                ELSE (tai_quota_period(t.anchor_day, moment, p_zone)).ends END,
            updated_at = moment
        WHERE t.workspace_id = p_workspace RETURNING * INTO w;
        crossed := tai_crossed('tokens', w.usage, LEAST(w.monthly_quota, w.monthly_ceiling),
                w.warn_at, w.warned)
            || tai_crossed('cost', w.cost_usage, LEAST(w.cost_quota, w.cost_ceiling),
                w.warn_at, w.warned);
        IF crossed <> '{}' THEN
            UPDATE tai_quotas t SET warned = t.warned || crossed::varchar[]
            WHERE t.workspace_id = p_workspace;
            found := found || jsonb_build_object('scope', 'workspace', 'crossed', crossed);
        END IF;
    END IF;
    IF 'member' = ANY (p_charged) THEN
        UPDATE tai_user_quotas t SET
            reserved = GREATEST(0, t.reserved - p_reserved),
            running = GREATEST(0, t.running - p_released),
            usage = CASE WHEN t.resets_at > moment THEN t.usage ELSE 0 END + tokens,
            resets_at = CASE WHEN t.resets_at > moment THEN t.resets_at
                ELSE (tai_quota_period(w.anchor_day, moment, p_zone)).ends END,
            updated_at = moment
        WHERE t.workspace_id = p_workspace AND t.user_id = p_user;
    END IF;
    IF 'plan' = ANY (p_charged) THEN
        UPDATE tai_user_quotas t SET
            reserved = GREATEST(0, t.reserved - p_reserved),
            running = GREATEST(0, t.running - p_released),
            usage = CASE WHEN t.resets_at > moment THEN t.usage ELSE 0 END + tokens,
            warned = CASE WHEN t.resets_at > moment THEN t.warned ELSE '{}' END,
            period_start = CASE WHEN t.resets_at > moment THEN t.period_start
                ELSE (tai_quota_period(1, moment, p_zone)).begins END,
            resets_at = CASE WHEN t.resets_at > moment THEN t.resets_at
                ELSE (tai_quota_period(1, moment, p_zone)).ends END,
            updated_at = moment
        WHERE t.workspace_id IS NULL AND t.user_id = p_user RETURNING * INTO u;
        crossed := tai_crossed('tokens', u.usage, COALESCE(u.monthly_quota, p_plan_tokens),
            '{80,100}', u.warned);
        IF crossed <> '{}' THEN
            UPDATE tai_user_quotas t SET warned = t.warned || crossed::varchar[]
            WHERE t.workspace_id IS NULL AND t.user_id = p_user;
            found := found || jsonb_build_object('scope', 'user_plan', 'crossed', crossed);
        END IF;
    END IF;
    RETURN found;
END $$;
"""
NO_CHARGE = """
DROP FUNCTION tai_charge(
    bigint, uuid, text[], bigint, numeric, integer, bigint, numeric, bigint, text);
DROP FUNCTION tai_crossed(text, numeric, numeric, smallint[], text[]);
"""


class Migration(migrations.Migration):
    dependencies = [("taishang", "0016_tenancy_of_calls")]

    operations = [
        migrations.RunSQL(PERIOD, NO_PERIOD),
        migrations.RunSQL(RESERVE, NO_RESERVE),
        migrations.RunSQL(CHARGE, NO_CHARGE),
    ]
