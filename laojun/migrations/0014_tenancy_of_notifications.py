"""Show notices to their person alone, and count every change of them by trigger."""

from django.db import migrations

from accounts.rls import USER, WORKSPACE, TenantPolicy

# Whoever tells somebody writes as that person; the end of a workspace comes from nobody, inside it.
OWN = f"(user_id = {USER} OR ({USER} IS NULL AND workspace_id = {WORKSPACE}))"
# By statement, so that marking five thousand rows as read raises one number once.
MARKS = """
    CREATE FUNCTION lao_notifications_marked() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            INSERT INTO lao_notification_marks AS mark (user_id, version)
                SELECT DISTINCT user_id, 1 FROM moved
                ON CONFLICT (user_id) DO UPDATE SET version = mark.version + 1;
        ELSE
            UPDATE lao_notification_marks SET version = version + 1
                WHERE user_id IN (SELECT user_id FROM moved);
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER lao_notifications_came AFTER INSERT ON lao_notifications
        REFERENCING NEW TABLE AS moved
        FOR EACH STATEMENT EXECUTE FUNCTION lao_notifications_marked();
    CREATE TRIGGER lao_notifications_changed AFTER UPDATE ON lao_notifications
        REFERENCING NEW TABLE AS moved
        FOR EACH STATEMENT EXECUTE FUNCTION lao_notifications_marked();
    CREATE TRIGGER lao_notifications_went AFTER DELETE ON lao_notifications
        REFERENCING OLD TABLE AS moved
        FOR EACH STATEMENT EXECUTE FUNCTION lao_notifications_marked();
"""
NO_MARKS = """
    DROP TRIGGER lao_notifications_went ON lao_notifications;
    DROP TRIGGER lao_notifications_changed ON lao_notifications;
    DROP TRIGGER lao_notifications_came ON lao_notifications;
    DROP FUNCTION lao_notifications_marked();
"""


class Migration(migrations.Migration):
    dependencies = [("laojun", "0013_notifications")]

    operations = [
        TenantPolicy("lao_notifications", read=OWN, write=OWN),
        # The numbers tell nobody anything; one look of a process asks for all who wait at it.
        TenantPolicy("lao_notification_marks", read="true", write="true"),
        migrations.RunSQL(MARKS, NO_MARKS),
    ]
