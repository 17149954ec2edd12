"""Hand out the next task in one round trip: fair between workspaces, exact about limits."""

from django.db import migrations

CLAIM = """
CREATE FUNCTION tai_claim(
    p_queues text[], p_kinds text[], p_leases integer[], p_owner text, p_last_queue text,
    p_last_tenant bigint
) RETURNS TABLE (task_id uuid, tenant bigint, contended boolean) LANGUAGE plpgsql AS $$
DECLARE
    lane record;
    taken record;
    counted bigint;
    missed boolean := false;
BEGIN
    FOR lane IN
        -- A skip scan over the claim index: one probe for each lane that has something ready.
        WITH RECURSIVE waiting AS (
            (SELECT t.queue, COALESCE(t.workspace_id, 0) AS tenant FROM tai_tasks t
             WHERE t.state = 'queued' AND t.ready ORDER BY 1, 2 LIMIT 1)
            UNION ALL
            SELECT n.queue, n.tenant FROM waiting w CROSS JOIN LATERAL (
                SELECT t.queue, COALESCE(t.workspace_id, 0) AS tenant FROM tai_tasks t
                WHERE t.state = 'queued' AND t.ready
                  AND (t.queue, COALESCE(t.workspace_id, 0)) > (w.queue, w.tenant)
                ORDER BY 1, 2 LIMIT 1) n
        ), running AS (
            SELECT t.queue, COALESCE(t.workspace_id, 0) AS tenant, count(*) AS number
            FROM tai_tasks t WHERE t.state = 'running' GROUP BY 1, 2
        )
        SELECT w.queue, w.tenant, own.max_running AS own_limit, whole.max_running AS whole_limit
        FROM waiting w
        LEFT JOIN running r ON r.queue = w.queue AND r.tenant = w.tenant
        LEFT JOIN tai_task_lanes own ON own.queue = w.queue AND own.workspace_id = w.tenant
        LEFT JOIN tai_task_lanes whole ON whole.queue = w.queue AND whole.workspace_id IS NULL
        CROSS JOIN LATERAL (
            SELECT t.rank FROM tai_tasks t
            WHERE t.queue = w.queue AND COALESCE(t.workspace_id, 0) = w.tenant
              AND t.state = 'queued' AND t.ready AND t.type = ANY (p_kinds)
            ORDER BY t.rank LIMIT 1) head
        WHERE w.queue = ANY (p_queues) AND NOT EXISTS (
            SELECT 1 FROM tai_task_lanes p WHERE p.paused_at IS NOT NULL
              AND p.queue IN (w.queue, '*')
              AND (p.workspace_id IS NULL OR p.workspace_id = w.tenant))
        -- The lane this slot served last counts as running, so that even one slot alternates.
        ORDER BY (COALESCE(r.number, 0) + CASE
                    WHEN w.queue = p_last_queue AND w.tenant = p_last_tenant THEN 1 ELSE 0 END)
                 ::float / COALESCE(own.weight, whole.weight, 10), head.rank
    LOOP
        -- A limit is exact because only the holder of the lane's lock counts and adds.
        IF lane.whole_limit IS NOT NULL THEN
            IF NOT pg_try_advisory_xact_lock(hashtextextended('lane:' || lane.queue, 0)) THEN
                missed := true; CONTINUE;
            END IF;
            SELECT count(*) INTO counted FROM tai_tasks t
            WHERE t.state = 'running' AND t.queue = lane.queue;
            IF counted >= lane.whole_limit THEN CONTINUE; END IF;
        END IF;
        IF lane.own_limit IS NOT NULL THEN
            IF NOT pg_try_advisory_xact_lock(
                hashtextextended('lane:' || lane.queue || ':' || lane.tenant, 0)) THEN
                missed := true; CONTINUE;
            END IF;
            SELECT count(*) INTO counted FROM tai_tasks t
            WHERE t.state = 'running' AND t.queue = lane.queue AND t.workspace_id = lane.tenant;
            IF counted >= lane.own_limit THEN CONTINUE; END IF;
        END IF;
        UPDATE tai_tasks t SET state = 'running', attempts = t.attempts + 1,
            lease_owner = p_owner, started_at = clock_timestamp(), event_seq = t.event_seq + 1,
            lease_until = clock_timestamp()
                + make_interval(secs => p_leases[array_position(p_kinds, t.type::text)])
        WHERE t.id = (
            SELECT c.id FROM tai_tasks c
            WHERE c.queue = lane.queue AND COALESCE(c.workspace_id, 0) = lane.tenant
              AND c.state = 'queued' AND c.ready AND c.type = ANY (p_kinds)
              AND (c.expires_at IS NULL OR c.expires_at > clock_timestamp() OR c.started_at IS NOT NULL)
            ORDER BY c.rank LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING t.id, t.workspace_id, t.event_seq, t.attempts, t.trace_id INTO taken;
        IF FOUND THEN
            INSERT INTO tai_task_events
                (workspace_id, task_id, seq, event, detail, actor, attempt, trace_id, created_at)
            VALUES (taken.workspace_id, taken.id, taken.event_seq, 'claimed', '{}', p_owner,
                taken.attempts, taken.trace_id, clock_timestamp());
            task_id := taken.id;
            tenant := lane.tenant;
            contended := false;
            RETURN NEXT;
            RETURN;
        END IF;
    END LOOP;
    IF missed THEN
        contended := true;
        RETURN NEXT;
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("taishang", "0004_task_tenancy")]

    operations = [
        migrations.RunSQL(
            CLAIM, "DROP FUNCTION tai_claim(text[], text[], integer[], text, text, bigint);"
        ),
    ]
