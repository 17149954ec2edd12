"""The sliding window in the database: one call that counts, judges and says when the next call is free."""

from django.db import migrations

FORWARD = """
ALTER TABLE accounts_rate_limits SET (fillfactor = 70);
INSERT INTO accounts_cache_epoch (id, epoch, changed_at) VALUES (1, 1, now());
CREATE FUNCTION accounts_rate_hit(
    p_key text, p_class text, p_user uuid, p_limit integer, p_window_ms bigint,
    p_floor integer, p_now_ms bigint DEFAULT NULL
) RETURNS TABLE (allowed boolean, used integer, reset_ms bigint)
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    width bigint := p_window_ms / 60;
    found accounts_rate_limits%ROWTYPE;
    head bigint;
    newest bigint;
    now_ms bigint;
    shift integer;
    target integer;
    gone integer := 0;
    place integer;
BEGIN
    LOOP
        SELECT r.* INTO found FROM accounts_rate_limits r WHERE r.rate_key = p_key FOR UPDATE;
        EXIT WHEN found.id IS NOT NULL;
        INSERT INTO accounts_rate_limits (rate_key, route_class, user_id, buckets, count, seeded,
                limit_per_window, window_duration, window_start, expires_at, created_at, updated_at)
            VALUES (p_key, p_class, p_user, array_fill(0, ARRAY[61]), 0, 0, p_limit,
                p_window_ms / 1000, 'epoch', now(), now(), now())
            ON CONFLICT (rate_key) DO NOTHING;
    END LOOP;
    -- The clock is read under the lock: who waited for it would count in the past.
    now_ms := coalesce(p_now_ms, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint);
    head := floor(extract(epoch FROM found.window_start) * 1000)::bigint / width + 60;
    newest := greatest(now_ms / width, head);
    shift := least(newest - head, 61);
    IF shift > 60 OR found.window_duration <> p_window_ms / 1000 THEN
        newest := now_ms / width;
        found.buckets := array_fill(0, ARRAY[61]);
        found.seeded := 0;
    ELSIF shift > 0 THEN
        found.buckets := found.buckets[shift + 1:61] || array_fill(0, ARRAY[shift]);
    END IF;
    IF p_floor > found.seeded THEN
        found.buckets[61] := found.buckets[61] + p_floor - found.seeded;
        found.seeded := p_floor;
    END IF;
    SELECT sum(b) INTO used FROM unnest(found.buckets) b;
    allowed := used < p_limit;
    IF allowed THEN
        found.buckets[61] := found.buckets[61] + 1;
        used := used + 1;
    END IF;
    UPDATE accounts_rate_limits r SET
        buckets = found.buckets, count = used, seeded = found.seeded, user_id = p_user,
        limit_per_window = p_limit, window_duration = p_window_ms / 1000,
        window_start = to_timestamp((newest - 60) * width / 1000.0),
        expires_at = to_timestamp((now_ms + p_window_ms + width) / 1000.0), updated_at = now()
        WHERE r.id = found.id;
    target := least(used, p_limit) - 1;
    FOR place IN 1..61 LOOP
        gone := gone + found.buckets[place];
        reset_ms := (newest + place) * width - now_ms;
        EXIT WHEN used - gone <= target;
    END LOOP;
    RETURN NEXT;
END $$;
"""
REVERSE = """
DROP FUNCTION accounts_rate_hit(text, text, uuid, integer, bigint, integer, bigint);
DELETE FROM accounts_cache_epoch;
ALTER TABLE accounts_rate_limits RESET (fillfactor);
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_rate_limits")]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
