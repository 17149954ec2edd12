"""Note changes of plugins in use for clients that keep a copy; a call that failed is no change of theirs."""

from django.db import migrations

from accounts.changes import NoteChanges

# The circuit moves with every failed call: it would make each open form stale.
RAISE = """
    DROP TRIGGER lao_plugin_instances_version ON lao_plugin_instances;
    CREATE TRIGGER lao_plugin_instances_version BEFORE UPDATE ON lao_plugin_instances
        FOR EACH ROW WHEN ((to_jsonb(OLD) - 'circuit') IS DISTINCT FROM (to_jsonb(NEW) - 'circuit'))
        EXECUTE FUNCTION lao_plugin_instances_raise_version();
"""
RAISE_ALWAYS = """
    DROP TRIGGER lao_plugin_instances_version ON lao_plugin_instances;
    CREATE TRIGGER lao_plugin_instances_version BEFORE UPDATE ON lao_plugin_instances
        FOR EACH ROW EXECUTE FUNCTION lao_plugin_instances_raise_version();
"""


class Migration(migrations.Migration):
    dependencies = [("laojun", "0006_tenancy_of_plugins")]

    operations = [
        migrations.RunSQL(RAISE, RAISE_ALWAYS),
        NoteChanges("lao_plugin_instances", "plugin_instance", columns=("row_version",)),
    ]
