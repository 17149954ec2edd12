"""Works, volumes and chapters are in the feed of changes. Counters, locks and the index move without a word."""

from django.db import migrations

from accounts.changes import NoteChanges

WORK = (
    "user_id",
    "revision",
    "structure_revision",
    "is_published",
    "published_at",
    "deleted_at",
)
VOLUME = ("title", "synopsis", "is_numbered", "order_index", "deleted_at")
CHAPTER = (
    "volume_id",
    "revision",
    "tags",
    "target_words",
    "is_numbered",
    "order_index",
    "deleted_at",
)


class Migration(migrations.Migration):
    dependencies = [("studio", "0005_versions_and_trees"), ("accounts", "0008_note_changes")]

    operations = [
        NoteChanges("studio_works", "work", columns=WORK),
        NoteChanges("studio_volumes", "volume", columns=VOLUME),
        NoteChanges("studio_chapters", "chapter", columns=CHAPTER),
    ]
