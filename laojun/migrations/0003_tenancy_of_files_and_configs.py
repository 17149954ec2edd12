"""Force row-level security on files, settings and outbound rules; versions and generations by trigger."""

from django.db import migrations

from accounts.rls import (
    APP,
    IN_WORKSPACE_OR_PLATFORM,
    OPERATOR,
    OWN_OR_IN_WORKSPACE,
    WORKSPACE,
    RowVersion,
    TenantKey,
    TenantPolicy,
)

# Every change of a setting, whoever makes it, takes a number that is never used again, rolled back or not.
GENERATIONS = f"""
    CREATE SEQUENCE lao_config_generation_seq;
    GRANT USAGE ON SEQUENCE lao_config_generation_seq TO {APP}, {OPERATOR};
    CREATE FUNCTION lao_configs_moved() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE changed lao_configs%ROWTYPE;
    BEGIN
        IF TG_OP = 'DELETE' THEN
            changed := OLD;
            -- A workspace that is being deleted takes its settings along; its generation goes too.
            IF changed.workspace_id IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM accounts_workspaces w WHERE w.id = changed.workspace_id
            ) THEN RETURN OLD; END IF;
        ELSE
            changed := NEW;
            NEW.row_version := nextval('lao_config_generation_seq');
        END IF;
        INSERT INTO lao_config_generations (workspace_id, generation)
            VALUES (changed.workspace_id, nextval('lao_config_generation_seq'))
            ON CONFLICT (workspace_id)
            DO UPDATE SET generation = nextval('lao_config_generation_seq'), changed_at = now();
        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER lao_configs_moved BEFORE INSERT OR UPDATE OR DELETE ON lao_configs
        FOR EACH ROW EXECUTE FUNCTION lao_configs_moved();
    ALTER TABLE lao_configs ADD CONSTRAINT lao_configs_value_size_ck
        CHECK (octet_length(value::text) <= 16384);
    CREATE INDEX lao_configs_value_ix ON lao_configs USING gin (value);
"""
NO_GENERATIONS = """
    DROP INDEX lao_configs_value_ix;
    ALTER TABLE lao_configs DROP CONSTRAINT lao_configs_value_size_ck;
    DROP TRIGGER lao_configs_moved ON lao_configs;
    DROP FUNCTION lao_configs_moved();
    DROP SEQUENCE lao_config_generation_seq;
"""
# `cidr` has no default GiST operator class; a prefix that short would open half the address space.
RULES = """
    CREATE INDEX lao_outbound_rules_cidr_ix ON lao_outbound_rules USING gist (cidr inet_ops);
    ALTER TABLE lao_outbound_rules ADD CONSTRAINT lao_outbound_rules_prefix_ck
        CHECK (masklen(cidr) >= CASE family(cidr) WHEN 4 THEN 8 ELSE 32 END);
    ALTER TABLE lao_outbound_rules ADD CONSTRAINT lao_outbound_rules_purposes_ck
        CHECK (cardinality(purposes) > 0 AND purposes::text[] <@ ARRAY['model', 'database',
            'webhook', 'image', 'smtp', 'oauth', 'storage', 'download']);
"""
NO_RULES = """
    ALTER TABLE lao_outbound_rules DROP CONSTRAINT lao_outbound_rules_purposes_ck;
    ALTER TABLE lao_outbound_rules DROP CONSTRAINT lao_outbound_rules_prefix_ck;
    DROP INDEX lao_outbound_rules_cidr_ix;
"""


class Migration(migrations.Migration):
    dependencies = [("laojun", "0002_audit_is_append_only")]

    operations = [
        TenantPolicy("lao_files", read=OWN_OR_IN_WORKSPACE, write=OWN_OR_IN_WORKSPACE),
        TenantPolicy("lao_file_usage", read=OWN_OR_IN_WORKSPACE, write=OWN_OR_IN_WORKSPACE),
        TenantKey("lao_files"),
        RowVersion("lao_files", "row_version"),
        TenantPolicy(
            "lao_configs",
            read=f"(workspace_id = {WORKSPACE} OR (workspace_id IS NULL AND NOT is_secret))",
        ),
        # The numbers tell nobody anything; the sweep that repeats lost announcements reads all of them.
        TenantPolicy("lao_config_generations", read="true"),
        migrations.RunSQL(GENERATIONS, NO_GENERATIONS),
        TenantPolicy("lao_outbound_rules", read=IN_WORKSPACE_OR_PLATFORM),
        migrations.RunSQL(RULES, NO_RULES),
    ]
