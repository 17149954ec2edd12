"""What is told about a story is in the feed of changes: people, relations, scenes, the world, tags."""

from django.db import migrations

from accounts.changes import NoteChanges, TouchChanges

BINNABLE = ("version", "deleted_at")
# A save moves a scene's passage without another version of the scene.
SCENE = (*BINNABLE, "start_position", "end_position", "anchor_state")


class Migration(migrations.Migration):
    dependencies = [("studio", "0020_search_of_works")]

    operations = [
        NoteChanges("studio_characters", "character", columns=BINNABLE),
        NoteChanges("studio_character_relations", "relation", columns=("version",)),
        NoteChanges("studio_scenes", "scene", columns=SCENE),
        TouchChanges("studio_scenes_characters", "scene", key="changed.scene_id"),
        NoteChanges("studio_worldview", "world_entry", columns=BINNABLE),
        TouchChanges("studio_worldview_characters", "world_entry", key="changed.entry_id"),
        NoteChanges("studio_tags", "tag", columns=("version",)),
    ]
