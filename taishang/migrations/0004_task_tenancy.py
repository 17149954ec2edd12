"""Who sees which task: its workspace; the dispatcher sees what it needs to hand tasks out, never their content."""

from django.db import migrations

from accounts.rls import DISPATCHER, NOBODY, TenantPolicy

READS = (
    "id, workspace_id, user_id, type, queue, dedup_key, schedule_name, trace_id, state, priority, rank,"
    " ready, fence, row_version, event_seq, attempts, max_attempts, crashes, timeout_s, lease_owner,"
    " lease_until, cancel_requested_at, cancel_by, scheduled_at, due_at, expires_at, started_at,"
    " finished_at, created_at, updated_at, error_code, acknowledged_at"
)
WRITES = (
    "state, ready, event_seq, attempts, crashes, lease_owner, lease_until, due_at, started_at,"
    " finished_at, error, error_code, error_detail, cancel_requested_at, cancel_by, cancel_reason"
)
GRANTS = f"""
GRANT SELECT ({READS}), UPDATE ({WRITES}), INSERT ON tai_tasks TO {DISPATCHER};
GRANT INSERT ON tai_task_events TO {DISPATCHER};
GRANT SELECT ON tai_task_lanes TO {DISPATCHER};
GRANT SELECT, INSERT, UPDATE, DELETE ON tai_workers, tai_schedules TO {DISPATCHER};
CREATE POLICY tai_tasks_dispatch_read ON tai_tasks FOR SELECT TO {DISPATCHER} USING (true);
CREATE POLICY tai_tasks_dispatch_update ON tai_tasks FOR UPDATE TO {DISPATCHER}
    USING (true) WITH CHECK (true);
CREATE POLICY tai_tasks_dispatch_insert ON tai_tasks FOR INSERT TO {DISPATCHER}
    WITH CHECK (workspace_id IS NULL);
CREATE POLICY tai_task_events_dispatch ON tai_task_events FOR INSERT TO {DISPATCHER}
    WITH CHECK (true);
CREATE POLICY tai_task_lanes_dispatch ON tai_task_lanes FOR SELECT TO {DISPATCHER} USING (true);
CREATE POLICY tai_workers_dispatch ON tai_workers TO {DISPATCHER} USING (true) WITH CHECK (true);
CREATE POLICY tai_schedules_dispatch ON tai_schedules TO {DISPATCHER}
    USING (true) WITH CHECK (true);
"""
REVERSE = f"""
DROP POLICY tai_schedules_dispatch ON tai_schedules;
DROP POLICY tai_workers_dispatch ON tai_workers;
DROP POLICY tai_task_lanes_dispatch ON tai_task_lanes;
DROP POLICY tai_task_events_dispatch ON tai_task_events;
DROP POLICY tai_tasks_dispatch_insert ON tai_tasks;
DROP POLICY tai_tasks_dispatch_update ON tai_tasks;
DROP POLICY tai_tasks_dispatch_read ON tai_tasks;
REVOKE ALL ON tai_tasks, tai_task_events, tai_task_lanes, tai_workers, tai_schedules
    FROM {DISPATCHER};
"""


class Migration(migrations.Migration):
    dependencies = [("taishang", "0003_task_guard")]

    operations = [
        TenantPolicy("tai_tasks"),
        TenantPolicy("tai_task_events"),
        TenantPolicy("tai_task_lanes", write=NOBODY),
        TenantPolicy("tai_workers", read=NOBODY, write=NOBODY),
        TenantPolicy("tai_schedules", read=NOBODY, write=NOBODY),
        migrations.RunSQL(GRANTS, REVERSE),
    ]
