"""Let the database itself refuse what the engine does not know."""

from django.db import migrations

GUARD = """
CREATE FUNCTION tai_tasks_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    terminal CONSTANT text[] := ARRAY['succeeded', 'failed', 'cancelled'];
    refused text;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'queued' THEN refused := 'a task begins as queued'; END IF;
        NEW.fence := 0;
        NEW.row_version := 0;
    ELSE
        IF NEW.id <> OLD.id OR NEW.workspace_id IS DISTINCT FROM OLD.workspace_id
           OR NEW.type <> OLD.type THEN
            refused := 'identity, workspace and kind of a task never change';
        ELSIF NEW.fence <> OLD.fence OR NEW.row_version <> OLD.row_version THEN
            refused := 'fence and row_version are raised by the database alone';
        ELSIF NEW.payload IS DISTINCT FROM OLD.payload
           AND NOT (NEW.state = ANY (terminal) AND NEW.payload = '{}'::jsonb) THEN
            refused := 'a payload never changes';
        ELSIF NEW.state = OLD.state THEN
            IF OLD.state = ANY (terminal) AND (NEW.result IS DISTINCT FROM OLD.result
               OR NEW.error IS DISTINCT FROM OLD.error
               OR NEW.error_code IS DISTINCT FROM OLD.error_code) THEN
                refused := 'how a task ended never changes';
            END IF;
        ELSIF NOT (
            (OLD.state = 'queued' AND NEW.state = 'running' AND NEW.attempts = OLD.attempts + 1)
            OR (OLD.state = 'queued' AND NEW.state IN ('cancelled', 'failed'))
            OR (OLD.state = 'running'
                AND NEW.state IN ('succeeded', 'queued', 'failed', 'cancelled'))
            OR (OLD.state IN ('failed', 'cancelled') AND NEW.state = 'queued'
                AND NEW.attempts = 0)
        ) THEN
            refused := 'illegal transition ' || OLD.state || ' to ' || NEW.state;
        END IF;
        IF NEW.state <> OLD.state THEN NEW.fence := OLD.fence + 1; END IF;
        -- What a lost or failed attempt had done is only worth showing when the next one goes on from it.
        IF NEW.state = 'queued' AND OLD.state <> 'queued' AND NEW.checkpoint IS NULL THEN
            NEW.progress := 0;
            NEW.progress_message := '';
            NEW.progress_current := NULL;
            NEW.progress_total := NULL;
        END IF;
        NEW.row_version := OLD.row_version + 1;
        NEW.updated_at := clock_timestamp();
    END IF;
    IF refused IS NOT NULL THEN
        RAISE EXCEPTION '%', refused
            USING ERRCODE = 'check_violation', CONSTRAINT = 'tai_tasks_guard';
    END IF;
    IF TG_OP = 'INSERT' OR NEW.due_at <> OLD.due_at OR NEW.state <> OLD.state THEN
        NEW.ready := NEW.due_at <= clock_timestamp();
    END IF;
    -- One point of priority is worth 30 seconds of waiting: ageing as a static sort key.
    NEW.rank := floor(extract(epoch FROM NEW.due_at) * 1000)::bigint - NEW.priority * 30000;
    RETURN NEW;
END $$;
CREATE TRIGGER tai_tasks_guard BEFORE INSERT OR UPDATE ON tai_tasks
    FOR EACH ROW EXECUTE FUNCTION tai_tasks_guard();
"""
EXTRAS = """
ALTER TABLE tai_tasks ADD CONSTRAINT tai_tasks_payload_ck
    CHECK (octet_length(payload::text) <= 262144);
ALTER TABLE tai_tasks ADD CONSTRAINT tai_tasks_user_fk FOREIGN KEY (user_id)
    REFERENCES accounts_users (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED;
-- The claim: the head of each lane. The tenant of the platform is 0.
CREATE INDEX tai_tasks_claim_ix ON tai_tasks (queue, COALESCE(workspace_id, 0), rank)
    WHERE state = 'queued' AND ready;
ALTER TABLE tai_tasks SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);
"""


class Migration(migrations.Migration):
    dependencies = [("taishang", "0002_task_events_by_month")]

    operations = [
        migrations.RunSQL(
            GUARD,
            "DROP TRIGGER tai_tasks_guard ON tai_tasks; DROP FUNCTION tai_tasks_guard();",
        ),
        migrations.RunSQL(
            EXTRAS,
            """
            ALTER TABLE tai_tasks RESET (fillfactor, autovacuum_vacuum_scale_factor);
            DROP INDEX tai_tasks_claim_ix;
            ALTER TABLE tai_tasks DROP CONSTRAINT tai_tasks_user_fk;
            ALTER TABLE tai_tasks DROP CONSTRAINT tai_tasks_payload_ck;
            """,
        ),
    ]
