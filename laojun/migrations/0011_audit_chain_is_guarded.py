"""The sealer alone moves chains and writes anchors; nobody rewrites anchors, checkpoints or a seal."""

from django.db import migrations

from accounts.rls import APP, NOBODY, OPERATOR, OWNER, SEALER, TenantPolicy

TABLES = (
    "lao_audit_instance",
    "lao_audit_chains",
    "lao_audit_anchors",
    "lao_audit_checkpoints",
)
GRANTS = {
    "lao_audit_instance": "SELECT",
    "lao_audit_chains": "SELECT, INSERT, UPDATE",
    "lao_audit_anchors": "SELECT, INSERT, UPDATE (sinks)",
    "lao_audit_checkpoints": "SELECT",
}


def _opened(table: str) -> str:
    return f"""
        REVOKE ALL ON {table} FROM {APP}, {OPERATOR};
        GRANT SELECT ON {table} TO {APP}, {OPERATOR};
        GRANT {GRANTS[table]} ON {table} TO {SEALER};
        CREATE POLICY {table}_seal ON {table} TO {SEALER} USING (true) WITH CHECK (true);
    """


def _closed(table: str) -> str:
    return f"""
        DROP POLICY {table}_seal ON {table};
        REVOKE ALL ON {table} FROM {SEALER};
        GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {APP}, {OPERATOR};
    """


# A stored function cannot be trusted with a hash, but it can hold what is written once.
KEPT = """
    CREATE FUNCTION lao_audit_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE changed record;
    BEGIN
        IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'lao_audit_anchors' THEN
            changed := NEW;
            changed.sinks := OLD.sinks;
            IF changed *= OLD THEN RETURN NEW; END IF;
        END IF;
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege',
            CONSTRAINT = 'lao_audit_kept';
    END $$;
    CREATE TRIGGER lao_audit_anchors_kept BEFORE UPDATE OR DELETE ON lao_audit_anchors
        FOR EACH ROW EXECUTE FUNCTION lao_audit_kept();
    CREATE TRIGGER lao_audit_checkpoints_kept BEFORE UPDATE OR DELETE ON lao_audit_checkpoints
        FOR EACH ROW EXECUTE FUNCTION lao_audit_kept();
    CREATE INDEX lao_audit_anchors_heads_ix ON lao_audit_anchors USING gin (heads jsonb_path_ops);
"""
NOT_KEPT = """
    DROP INDEX lao_audit_anchors_heads_ix;
    DROP TRIGGER lao_audit_checkpoints_kept ON lao_audit_checkpoints;
    DROP TRIGGER lao_audit_anchors_kept ON lao_audit_anchors;
    DROP FUNCTION lao_audit_kept();
"""
BEGINNING = """
    INSERT INTO lao_audit_instance (id, instance_id) VALUES (1, gen_random_uuid());
"""
# The images of a row are compared byte by byte, without making jsonb of both for every sealed row.
GUARD = """
    CREATE OR REPLACE FUNCTION lao_audit_logs_keep() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE unsealed record;
    BEGIN
        IF TG_OP = 'DELETE' THEN
            IF current_user = '{owner}' AND current_setting('app.migrating', true) = 'on' THEN
                RETURN OLD;
            END IF;
        ELSIF OLD.seq IS NULL AND NEW.seq IS NOT NULL THEN
            {comparison}
        END IF;
        RAISE EXCEPTION 'audit rows are append-only' USING ERRCODE = 'insufficient_privilege',
            CONSTRAINT = 'lao_audit_logs_keep';
    END $$;
"""
BY_IMAGE = """
            unsealed := NEW;
            unsealed.seq := NULL;
            unsealed.hash := NULL;
            unsealed.sealed_at := NULL;
            IF unsealed *= OLD THEN RETURN NEW; END IF;
"""
BY_JSON = """
            IF (to_jsonb(NEW) - '{seq,hash,sealed_at}'::text[])
             = (to_jsonb(OLD) - '{seq,hash,sealed_at}'::text[]) THEN RETURN NEW; END IF;
"""


class Migration(migrations.Migration):
    dependencies = [("laojun", "0010_audit_chain")]

    operations = [
        migrations.RunSQL(BEGINNING, migrations.RunSQL.noop),
        TenantPolicy("lao_audit_instance", read="true", write=NOBODY),
        TenantPolicy("lao_audit_chains", write=NOBODY),
        TenantPolicy("lao_audit_anchors", read=NOBODY, write=NOBODY),
        TenantPolicy("lao_audit_checkpoints", write=NOBODY),
        migrations.RunSQL(
            "".join(_opened(table) for table in TABLES), "".join(_closed(table) for table in TABLES)
        ),
        migrations.RunSQL(KEPT, NOT_KEPT),
        migrations.RunSQL(
            GUARD.format(owner=OWNER, comparison=BY_IMAGE),
            GUARD.format(owner=OWNER, comparison=BY_JSON),
        ),
    ]
