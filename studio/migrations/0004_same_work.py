"""What belongs together belongs to one work: no chapter in another work's volume, no scene with a stranger's hero."""

from django.db import migrations

from accounts.rls import SameForeignKey, SameKey

TARGETS = (
    "studio_volumes",
    "studio_chapters",
    "studio_characters",
    "studio_scenes",
    "studio_worldview",
    "studio_batches",
    "studio_comments",
    "studio_publications",
)
# Table, column, what it points at. These go with what they belong to.
BELONGS = (
    ("studio_character_relations", "from_id", "studio_characters"),
    ("studio_character_relations", "to_id", "studio_characters"),
    ("studio_appearances", "chapter_id", "studio_chapters"),
    ("studio_appearances", "character_id", "studio_characters"),
    ("studio_scenes", "chapter_id", "studio_chapters"),
    ("studio_scenes_characters", "scene_id", "studio_scenes"),
    ("studio_scenes_characters", "character_id", "studio_characters"),
    ("studio_worldview", "parent_id", "studio_worldview"),
    ("studio_worldview_characters", "entry_id", "studio_worldview"),
    ("studio_worldview_characters", "character_id", "studio_characters"),
    ("studio_chapter_tags", "chapter_id", "studio_chapters"),
    ("studio_proposals", "chapter_id", "studio_chapters"),
    ("studio_findings", "chapter_id", "studio_chapters"),
    ("studio_batch_items", "batch_id", "studio_batches"),
    ("studio_batch_items", "chapter_id", "studio_chapters"),
    ("studio_comments", "chapter_id", "studio_chapters"),
    ("studio_comments", "parent_id", "studio_comments"),
    ("studio_published_chapters", "publication_id", "studio_publications"),
    ("studio_published_chapters", "chapter_id", "studio_chapters"),
    ("studio_reading_days", "chapter_id", "studio_chapters"),
)
# These stay, and forget what they named.
NAMES = (
    ("studio_characters", "first_appearance_chapter_id", "studio_chapters"),
    ("studio_character_relations", "since_chapter_id", "studio_chapters"),
    ("studio_character_relations", "until_chapter_id", "studio_chapters"),
    ("studio_scenes", "pov_character_id", "studio_characters"),
)


class Migration(migrations.Migration):
    dependencies = [("studio", "0003_tenancy")]

    operations = [
        *[SameKey(table) for table in TARGETS],
        # A volume with chapters stays; a work takes both along.
        SameForeignKey("studio_chapters", "volume_id", "studio_volumes", on_delete="NO ACTION"),
        *[SameForeignKey(*reference) for reference in BELONGS],
        *[SameForeignKey(*reference, on_delete="SET NULL") for reference in NAMES],
    ]
