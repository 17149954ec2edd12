"""Note changes of files and settings for clients that keep a copy."""

from django.db import migrations

from accounts.changes import NoteChanges


class Migration(migrations.Migration):
    dependencies = [
        ("laojun", "0003_tenancy_of_files_and_configs"),
        ("accounts", "0008_note_changes"),
    ]

    operations = [
        NoteChanges(
            "lao_files",
            "file",
            user="CASE WHEN changed.workspace_id IS NULL THEN changed.user_id END",
        ),
        NoteChanges(
            "lao_configs",
            "config",
            key="changed.key",
            only="changed.scope IN ('global', 'workspace')",
        ),
    ]
