"""Partition the audit log by month, let nobody rewrite it, and show each workspace its own rows."""

from datetime import UTC, datetime

from django.db import migrations, models

from accounts.rls import (
    APP,
    IN_WORKSPACE_OR_PLATFORM,
    NOBODY,
    OPERATOR,
    OWNER,
    MonthlyPartitions,
    TenantPolicy,
)

SEALER = "taishang_sealer"
# The time, the key and the seal are the database's: a writer can neither backdate a deed nor number it.
WRITTEN = (
    "workspace_id, actor_kind, actor, actor_id, action, resource_type, resource_id, result,"
    " payload, ip_address, user_agent, trace_id"
)
GRANTS = f"""
    REVOKE ALL ON lao_audit_logs FROM {APP}, {OPERATOR};
    GRANT SELECT, INSERT ({WRITTEN}) ON lao_audit_logs TO {APP}, {OPERATOR};
    GRANT SELECT, UPDATE (seq, hash, sealed_at) ON lao_audit_logs TO {SEALER};
    CREATE POLICY lao_audit_logs_seal ON lao_audit_logs TO {SEALER}
        USING (true) WITH CHECK (true);
"""
UNGRANT = f"""
    DROP POLICY lao_audit_logs_seal ON lao_audit_logs;
    REVOKE ALL ON lao_audit_logs FROM {APP}, {OPERATOR}, {SEALER};
    GRANT SELECT, INSERT, UPDATE, DELETE ON lao_audit_logs TO {APP}, {OPERATOR};
"""
# The owner moves rows of the default partition into their month inside a migration scope, nothing else.
GUARD = f"""
    CREATE FUNCTION lao_audit_logs_keep() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            IF current_user = '{OWNER}' AND current_setting('app.migrating', true) = 'on' THEN
                RETURN OLD;
            END IF;
        ELSIF OLD.seq IS NULL AND NEW.seq IS NOT NULL
            AND (to_jsonb(NEW) - '{{seq,hash,sealed_at}}'::text[])
              = (to_jsonb(OLD) - '{{seq,hash,sealed_at}}'::text[])
        THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'audit rows are append-only' USING ERRCODE = 'insufficient_privilege',
            CONSTRAINT = 'lao_audit_logs_keep';
    END $$;
    CREATE TRIGGER lao_audit_logs_keep BEFORE UPDATE OR DELETE ON lao_audit_logs
        FOR EACH ROW EXECUTE FUNCTION lao_audit_logs_keep();
"""
UNGUARD = """
    DROP TRIGGER lao_audit_logs_keep ON lao_audit_logs;
    DROP FUNCTION lao_audit_logs_keep();
"""


class Migration(migrations.Migration):
    dependencies = [("laojun", "0001_audit_files_and_configs"), ("accounts", "0003_authentication")]

    operations = [
        MonthlyPartitions("lao_audit_logs", first=datetime.now(UTC).date().replace(day=1)),
        migrations.AddIndex(
            "AuditLog",
            models.Index(
                fields=["workspace_id", "-created_at", "id"], name="lao_audit_logs_page_ix"
            ),
        ),
        migrations.AddIndex(
            "AuditLog", models.Index(fields=["workspace_id", "seq"], name="lao_audit_logs_chain_ix")
        ),
        migrations.AddIndex(
            "AuditLog", models.Index(fields=["actor", "created_at"], name="lao_audit_logs_actor_ix")
        ),
        migrations.AddIndex(
            "AuditLog",
            models.Index(
                fields=["resource_type", "resource_id", "created_at"],
                name="lao_audit_logs_thing_ix",
            ),
        ),
        migrations.AddIndex(
            "AuditLog", models.Index(fields=["trace_id"], name="lao_audit_logs_trace_ix")
        ),
        migrations.AddIndex(
            "AuditLog",
            models.Index(
                condition=models.Q(("seq__isnull", True)),
                fields=["workspace_id", "created_at", "id"],
                name="lao_audit_logs_pending_ix",
            ),
        ),
        TenantPolicy(
            "lao_audit_logs", insert=IN_WORKSPACE_OR_PLATFORM, update=NOBODY, delete=NOBODY
        ),
        migrations.RunSQL(GRANTS, UNGRANT),
        migrations.RunSQL(GUARD, UNGUARD),
        TenantPolicy("lao_audit_actors", insert=IN_WORKSPACE_OR_PLATFORM),
    ]
