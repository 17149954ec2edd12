"""Partition the system logs by month; only the log writer's role adds to them, nobody rewrites them."""

from datetime import UTC, datetime

from django.db import migrations, models

from accounts.rls import APP, NOBODY, OPERATOR, MonthlyPartitions, TenantPolicy

WRITER = "taishang_log_writer"
WRITTEN = (
    "workspace_id, level, logger, message, context, exception, repeat_count, service, method, path,"
    " user_id, ip_address, user_agent, trace_id, created_at"
)
GRANTS = f"""
    REVOKE ALL ON lao_system_logs FROM {APP}, {OPERATOR};
    GRANT SELECT ON lao_system_logs TO {APP};
    -- What is too old is deleted to the second, across workspaces.
    GRANT SELECT, DELETE ON lao_system_logs TO {OPERATOR};
    GRANT INSERT ({WRITTEN}) ON lao_system_logs TO {WRITER};
    CREATE POLICY lao_system_logs_write ON lao_system_logs FOR INSERT TO {WRITER}
        WITH CHECK (true);
"""
UNGRANT = f"""
    DROP POLICY lao_system_logs_write ON lao_system_logs;
    REVOKE ALL ON lao_system_logs FROM {APP}, {OPERATOR}, {WRITER};
    GRANT SELECT, INSERT, UPDATE, DELETE ON lao_system_logs TO {APP}, {OPERATOR};
"""


class Migration(migrations.Migration):
    dependencies = [("laojun", "0015_system_logs")]

    operations = [
        MonthlyPartitions("lao_system_logs", first=datetime.now(UTC).date().replace(day=1)),
        migrations.AddIndex(
            "SystemLog",
            models.Index(fields=["level", "created_at"], name="lao_system_logs_level_ix"),
        ),
        migrations.AddIndex(
            "SystemLog",
            models.Index(fields=["workspace_id", "-created_at"], name="lao_system_logs_page_ix"),
        ),
        migrations.AddIndex(
            "SystemLog", models.Index(fields=["trace_id"], name="lao_system_logs_trace_ix")
        ),
        migrations.AddIndex(
            "SystemLog",
            models.Index(fields=["user_id", "created_at"], name="lao_system_logs_user_ix"),
        ),
        TenantPolicy("lao_system_logs", insert=NOBODY, update=NOBODY, delete=NOBODY),
        migrations.RunSQL(GRANTS, UNGRANT),
    ]
