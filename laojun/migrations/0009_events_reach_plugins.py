"""Force row-level security on the calls of plugins, and hand events to plugins in the transaction of the deed."""

from django.db import migrations

from accounts.rls import OPERATOR, TenantForeignKey, TenantPolicy

# RFC 9562 by hand: PostgreSQL makes such keys itself from version 18 on.
UUID7 = """
    CREATE FUNCTION lao_uuid7() RETURNS uuid LANGUAGE sql VOLATILE AS $$
        SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING
            substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
            FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid
    $$;
"""
# One row for each sink that works here and may hear of it. 256 KB is what a sink is sent at most.
EMIT = """
    CREATE FUNCTION lao_plugin_emit(
        place bigint, kind text, permission text, about text, event uuid, content jsonb, trace text
    ) RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE
        told bigint;
        large boolean;
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM lao_plugin_instances i
                       WHERE i.workspace_id = place AND i.enabled) THEN
            RETURN 0;
        END IF;
        large := octet_length(content::text) > 262144;
        INSERT INTO lao_plugin_deliveries (id, workspace_id, plugin_id, instance_id, version_id,
            hook, mode, is_test, event_id, event_type, payload, state, attempts, fence,
            next_attempt_at, bytes_in, bytes_out, error_code, error, trace_id)
        SELECT lao_uuid7(), place, i.plugin_id, i.id, i.version_id, 'event.sink', 'async', false,
            event, lao_plugin_emit.kind, jsonb_build_object(
                'subject', about, 'time', clock_timestamp(), 'truncated', large,
                'data', CASE WHEN large THEN '{}'::jsonb ELSE content END),
            'pending', 0, 0, clock_timestamp(), 0, 0, '', '', trace
        FROM lao_plugin_instances i
            JOIN lao_plugin_versions v ON v.id = i.version_id
            JOIN lao_plugins p ON p.id = i.plugin_id
        WHERE i.workspace_id = place AND i.enabled AND i.health IN ('ok', 'degraded')
            AND v.hooks @> ARRAY['event.sink']::varchar[]
            AND v.permissions @> ARRAY[lao_plugin_emit.permission]::varchar[]
            AND (p.kind = 'builtin' OR EXISTS (
                SELECT 1 FROM lao_plugin_consents c WHERE c.instance_id = i.id
                AND c.withdrawn_at IS NULL AND c.permission = lao_plugin_emit.permission));
        GET DIAGNOSTICS told = ROW_COUNT;
        RETURN told;
    END $$;
"""
# What an audit row tells; some deeds are events of their own besides. The platform's own are told by operators' hands
# only, to the workspace that a setting names: nobody else may write there. Where no plugin is on, one look into an
# index is all it costs; BEFORE, since a queue of AFTER triggers would cost more.
AUDITED = f"""
    CREATE FUNCTION lao_plugin_audited(place bigint, deed text, about text, content jsonb, trace text)
    RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        kind text := CASE
            WHEN deed LIKE 'config.%' THEN 'config.changed'
            WHEN deed LIKE 'plugin.%' THEN 'plugin.state_changed'
            WHEN deed IN ('backup.made', 'backup.failed') THEN 'backup.finished'
            WHEN deed = 'audit.broken' THEN 'audit.broken'
        END;
    BEGIN
        IF place IS NULL THEN
            SELECT w.id INTO place FROM accounts_workspaces w JOIN lao_configs c
                ON w.id = (c.value #>> '{{}}')::bigint
                WHERE c.key = 'plugins.platform_events_workspace' AND c.workspace_id IS NULL;
        ELSE
            PERFORM lao_plugin_emit(place, 'audit.recorded', 'event:audit', about, lao_uuid7(),
                content, trace);
        END IF;
        IF place IS NOT NULL AND kind IS NOT NULL THEN
            PERFORM lao_plugin_emit(place, kind, 'event:audit', about, lao_uuid7(), content, trace);
        END IF;
    END $$;
    CREATE FUNCTION lao_audit_logs_told() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.workspace_id IS NOT NULL AND EXISTS (
                SELECT 1 FROM lao_plugin_instances i
                WHERE i.workspace_id = NEW.workspace_id AND i.enabled)
            OR NEW.workspace_id IS NULL AND current_user = '{OPERATOR}'
                AND (NEW.action LIKE 'backup.%' OR NEW.action = 'audit.broken')
        THEN
            PERFORM lao_plugin_audited(NEW.workspace_id, NEW.action,
                NEW.resource_type || '/' || NEW.resource_id,
                jsonb_build_object('action', NEW.action, 'actor', NEW.actor,
                    'actor_kind', NEW.actor_kind, 'resource_type', NEW.resource_type,
                    'resource_id', NEW.resource_id, 'result', NEW.result, 'payload', NEW.payload),
                NEW.trace_id);
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER lao_audit_logs_told BEFORE INSERT ON lao_audit_logs
        FOR EACH ROW EXECUTE FUNCTION lao_audit_logs_told();
"""
NOT_TOLD = """
    DROP TRIGGER lao_audit_logs_told ON lao_audit_logs;
    DROP FUNCTION lao_audit_logs_told();
    DROP FUNCTION lao_plugin_audited(bigint, text, text, jsonb, text);
"""


class Migration(migrations.Migration):
    dependencies = [("laojun", "0008_plugin_deliveries")]

    operations = [
        TenantPolicy("lao_plugin_deliveries"),
        TenantForeignKey("lao_plugin_deliveries", "instance_id", "lao_plugin_instances"),
        migrations.RunSQL(UUID7, "DROP FUNCTION lao_uuid7();"),
        migrations.RunSQL(
            EMIT, "DROP FUNCTION lao_plugin_emit(bigint, text, text, text, uuid, jsonb, text);"
        ),
        migrations.RunSQL(AUDITED, NOT_TOLD),
    ]
