"""Jobs, artifacts and projects belong to one workspace, point only into it, and versions are never rewritten."""

from django.db import migrations

from accounts.rls import APP, RowVersion, TenantForeignKey, TenantKey, TenantPolicy

TABLES = (
    "tai_projects",
    "tai_generation_jobs",
    "tai_generation_artifacts",
    "tai_project_versions",
)
# A purge of the whole project deletes its versions by cascade, and says so first.
APPEND_ONLY = f"""
CREATE FUNCTION tai_project_versions_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('app.purging_project', true) = OLD.project_id::text THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'author_id' = to_jsonb(OLD) - 'author_id' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'project versions are append-only' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER tai_project_versions_append_only BEFORE UPDATE OR DELETE ON tai_project_versions
    FOR EACH ROW EXECUTE FUNCTION tai_project_versions_keep();
REVOKE TRUNCATE ON tai_project_versions FROM {APP};
"""
REVERSE = """
DROP TRIGGER tai_project_versions_append_only ON tai_project_versions;
DROP FUNCTION tai_project_versions_keep();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("taishang", "0006_generation"),
        ("laojun", "0003_tenancy_of_files_and_configs"),
    ]

    operations = [
        *[TenantPolicy(table) for table in TABLES],
        TenantKey("tai_projects"),
        TenantKey("tai_generation_jobs"),
        TenantKey("tai_project_versions"),
        TenantForeignKey("tai_generation_jobs", "id", "tai_tasks", on_delete="RESTRICT"),
        TenantForeignKey("tai_generation_jobs", "project_id", "tai_projects", on_delete="SET NULL"),
        TenantForeignKey(
            "tai_generation_jobs", "parent_id", "tai_generation_jobs", on_delete="SET NULL"
        ),
        TenantForeignKey(
            "tai_generation_jobs", "upload_file_id", "lao_files", on_delete="SET NULL"
        ),
        TenantForeignKey("tai_generation_jobs", "chat_file_id", "lao_files", on_delete="SET NULL"),
        TenantForeignKey("tai_generation_artifacts", "job_id", "tai_generation_jobs"),
        TenantForeignKey("tai_generation_artifacts", "file_id", "lao_files"),
        TenantForeignKey(
            "tai_projects", "head_version_id", "tai_project_versions", on_delete="SET NULL"
        ),
        TenantForeignKey("tai_project_versions", "project_id", "tai_projects"),
        TenantForeignKey(
            "tai_project_versions", "job_id", "tai_generation_jobs", on_delete="RESTRICT"
        ),
        TenantForeignKey(
            "tai_project_versions", "reverts_id", "tai_project_versions", on_delete="RESTRICT"
        ),
        TenantForeignKey("tai_project_versions", "pack_file_id", "lao_files", on_delete="RESTRICT"),
        TenantForeignKey("tai_project_versions", "ir_file_id", "lao_files", on_delete="RESTRICT"),
        migrations.RunSQL(APPEND_ONLY, REVERSE),
        RowVersion("tai_projects"),
    ]
