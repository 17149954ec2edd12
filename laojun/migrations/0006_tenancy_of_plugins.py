"""Force row-level security on plugins, keep signed bytes and keys as they are, partition the history by month."""

from datetime import UTC, datetime

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models

from accounts.rls import (
    APP,
    IN_WORKSPACE_OR_PLATFORM,
    NOBODY,
    OPERATOR,
    OWNER,
    MonthlyPartitions,
    RowVersion,
    TenantForeignKey,
    TenantKey,
    TenantPolicy,
)

# A plain foreign key ignores row-level security, and a composite one cannot point at a row of no workspace.
PLACES = """
    CREATE FUNCTION lao_plugin_versions_place() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM lao_plugins p WHERE p.id = NEW.plugin_id
                       AND p.workspace_id IS NOT DISTINCT FROM NEW.workspace_id) THEN
            RAISE EXCEPTION 'a version stands where its plugin stands'
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'lao_plugin_versions_place';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER lao_plugin_versions_place BEFORE INSERT ON lao_plugin_versions
        FOR EACH ROW EXECUTE FUNCTION lao_plugin_versions_place();
    CREATE FUNCTION lao_plugin_instances_place() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM lao_plugins p WHERE p.id = NEW.plugin_id
                       AND (p.workspace_id IS NULL OR p.workspace_id = NEW.workspace_id))
            OR NOT EXISTS (SELECT 1 FROM lao_plugin_versions v
                           WHERE v.id = NEW.version_id AND v.plugin_id = NEW.plugin_id)
            OR NEW.previous_version_id IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM lao_plugin_versions v
                WHERE v.id = NEW.previous_version_id AND v.plugin_id = NEW.plugin_id)
        THEN
            RAISE EXCEPTION 'a plugin is used from the catalogue or from its own workspace'
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'lao_plugin_instances_place';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER lao_plugin_instances_place
        BEFORE INSERT OR UPDATE OF workspace_id, plugin_id, version_id, previous_version_id
        ON lao_plugin_instances FOR EACH ROW EXECUTE FUNCTION lao_plugin_instances_place();
"""
NO_PLACES = """
    DROP TRIGGER lao_plugin_instances_place ON lao_plugin_instances;
    DROP FUNCTION lao_plugin_instances_place();
    DROP TRIGGER lao_plugin_versions_place ON lao_plugin_versions;
    DROP FUNCTION lao_plugin_versions_place();
"""
# What is part of the platform has no package; its row follows the tree it came with.
SIGNED_BYTES = """
    CREATE FUNCTION lao_plugin_versions_keep() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.package_file_id IS NULL AND NEW.package_file_id IS NULL
            AND (OLD.plugin_id, OLD.version) = (NEW.plugin_id, NEW.version) THEN
            RETURN NEW;
        END IF;
        IF (OLD.plugin_id, OLD.workspace_id, OLD.version, OLD.version_sort, OLD.manifest,
            OLD.manifest_bytes, OLD.package_file_id, OLD.checksum, OLD.permissions, OLD.hooks)
            IS DISTINCT FROM
           (NEW.plugin_id, NEW.workspace_id, NEW.version, NEW.version_sort, NEW.manifest,
            NEW.manifest_bytes, NEW.package_file_id, NEW.checksum, NEW.permissions, NEW.hooks)
            OR NOT NEW.signature @> OLD.signature
        THEN
            RAISE EXCEPTION 'a version never changes'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'lao_plugin_versions_keep';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER lao_plugin_versions_keep BEFORE UPDATE ON lao_plugin_versions
        FOR EACH ROW EXECUTE FUNCTION lao_plugin_versions_keep();
"""
NO_SIGNED_BYTES = """
    DROP TRIGGER lao_plugin_versions_keep ON lao_plugin_versions;
    DROP FUNCTION lao_plugin_versions_keep();
"""
# A key leaves only with the workspace it belonged to; a revocation can only become graver.
KEYS = f"""
    CREATE FUNCTION lao_plugin_keys_keep() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            IF EXISTS (SELECT 1 FROM accounts_workspaces w WHERE w.id = OLD.workspace_id
                       AND (w.status = 'deleted' OR current_user = '{OPERATOR}')) THEN
                RETURN OLD;
            END IF;
        ELSIF (OLD.workspace_id, OLD.key_id, OLD.public_key, OLD.role)
                IS NOT DISTINCT FROM (NEW.workspace_id, NEW.key_id, NEW.public_key, NEW.role)
            AND (OLD.status <> 'revoked' OR NEW.status = 'revoked'
                 AND (NEW.revoke_reason = OLD.revoke_reason OR NEW.revoke_reason = 'compromised'))
        THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'keys are kept for ever'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'lao_plugin_keys_keep';
    END $$;
    CREATE TRIGGER lao_plugin_keys_keep BEFORE UPDATE OR DELETE ON lao_plugin_keys
        FOR EACH ROW EXECUTE FUNCTION lao_plugin_keys_keep();
"""
NO_KEYS = """
    DROP TRIGGER lao_plugin_keys_keep ON lao_plugin_keys;
    DROP FUNCTION lao_plugin_keys_keep();
"""
WRITTEN = (
    "workspace_id, plugin_id, slug, audit_id, action, actor, actor_id, result, version_from,"
    " version_to, diff, trace_id"
)
HISTORY = f"""
    REVOKE ALL ON lao_plugin_audits FROM {APP}, {OPERATOR};
    GRANT SELECT, INSERT ({WRITTEN}) ON lao_plugin_audits TO {APP}, {OPERATOR};
    CREATE FUNCTION lao_plugin_audits_keep() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND current_user = '{OWNER}'
            AND current_setting('app.migrating', true) = 'on' THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'the history of plugins is append-only'
            USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'lao_plugin_audits_keep';
    END $$;
    CREATE TRIGGER lao_plugin_audits_keep BEFORE UPDATE OR DELETE ON lao_plugin_audits
        FOR EACH ROW EXECUTE FUNCTION lao_plugin_audits_keep();
"""
NO_HISTORY = f"""
    DROP TRIGGER lao_plugin_audits_keep ON lao_plugin_audits;
    DROP FUNCTION lao_plugin_audits_keep();
    GRANT SELECT, INSERT, UPDATE, DELETE ON lao_plugin_audits TO {APP}, {OPERATOR};
"""


class Migration(migrations.Migration):
    dependencies = [("laojun", "0005_plugins")]

    operations = [
        TenantPolicy("lao_plugins", read=IN_WORKSPACE_OR_PLATFORM),
        TenantPolicy("lao_plugin_versions", read=IN_WORKSPACE_OR_PLATFORM),
        TenantPolicy("lao_plugin_keys", read=IN_WORKSPACE_OR_PLATFORM),
        TenantPolicy("lao_plugin_instances"),
        TenantPolicy("lao_plugin_consents"),
        # The numbers tell nobody anything, and every process asks for those of its workspaces.
        TenantPolicy("lao_plugin_generations", read="true"),
        RowVersion("lao_plugins", "row_version"),
        RowVersion("lao_plugin_instances", "row_version"),
        TenantKey("lao_plugin_instances"),
        TenantForeignKey("lao_plugin_consents", "instance_id", "lao_plugin_instances"),
        migrations.RunSQL(PLACES, NO_PLACES),
        migrations.RunSQL(SIGNED_BYTES, NO_SIGNED_BYTES),
        migrations.RunSQL(KEYS, NO_KEYS),
        MonthlyPartitions("lao_plugin_audits", first=datetime.now(UTC).date().replace(day=1)),
        migrations.AddIndex(
            "PluginAudit",
            models.Index(
                fields=["workspace_id", "-created_at", "id"], name="lao_plugin_audits_page_ix"
            ),
        ),
        migrations.AddIndex(
            "PluginAudit",
            models.Index(fields=["plugin_id", "created_at"], name="lao_plugin_audits_plugin_ix"),
        ),
        migrations.AddIndex(
            "PluginAudit", GinIndex(fields=["diff"], name="lao_plugin_audits_diff_ix")
        ),
        TenantPolicy(
            "lao_plugin_audits", insert=IN_WORKSPACE_OR_PLATFORM, update=NOBODY, delete=NOBODY
        ),
        migrations.RunSQL(HISTORY, NO_HISTORY),
    ]
