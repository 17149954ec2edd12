"""Note changes of tasks, generation jobs and projects for clients that keep a copy."""

from django.db import migrations

from accounts.changes import NoteChanges, TouchChanges

# What a reader sees of a task; leases and heartbeats are nobody's news.
SEEN = (
    "state",
    "progress",
    "progress_message",
    "progress_current",
    "progress_total",
    "priority",
    "attempts",
    "result",
    "error_code",
    "scheduled_at",
    "started_at",
    "finished_at",
    "expires_at",
    "cancel_requested_at",
)


class Migration(migrations.Migration):
    dependencies = [
        ("taishang", "0008_job_usage"),
        ("accounts", "0008_note_changes"),
    ]

    operations = [
        NoteChanges("tai_tasks", "task", only="changed.workspace_id IS NOT NULL", columns=SEEN),
        NoteChanges("tai_generation_jobs", "generation_job"),
        TouchChanges("tai_tasks", "generation_job", columns=SEEN),
        TouchChanges("tai_project_versions", "generation_job", key="changed.job_id"),
        NoteChanges("tai_projects", "project"),
    ]
