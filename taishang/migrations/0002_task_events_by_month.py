"""Partition the history of tasks by month, bind it to its task, and refuse changes to it."""

from datetime import date

from django.db import migrations

from accounts.rls import MonthlyPartitions, TenantForeignKey, TenantKey

APPEND_ONLY = """
CREATE FUNCTION tai_task_events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A history leaves together with its task (a cascade is a trigger within a trigger), never by itself.
    IF TG_OP = 'DELETE' AND pg_trigger_depth() > 1 THEN RETURN OLD; END IF;
    RAISE EXCEPTION 'the history of a task is append-only'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'tai_task_events_append_only';
END $$;
CREATE TRIGGER tai_task_events_append_only BEFORE UPDATE OR DELETE ON tai_task_events
    FOR EACH ROW EXECUTE FUNCTION tai_task_events_append_only();
REVOKE UPDATE, DELETE ON tai_task_events FROM taishang_app;
"""


class Migration(migrations.Migration):
    dependencies = [("taishang", "0001_tasks")]

    operations = [
        MonthlyPartitions(
            "tai_task_events",
            first=date(2026, 11, 1),
            unique="CONSTRAINT tai_task_events_seq_uniq UNIQUE (task_id, seq, created_at)",
        ),
        TenantKey("tai_tasks"),
        TenantForeignKey("tai_task_events", "task_id", "tai_tasks"),
        migrations.RunSQL(
            APPEND_ONLY,
            """
            DROP TRIGGER tai_task_events_append_only ON tai_task_events;
            DROP FUNCTION tai_task_events_append_only();
            """,
        ),
    ]
