"""Entity tags rise in the database, and the tree of a world has no circles."""

from django.db import migrations

from accounts.rls import RowVersion

VERSIONED = (
    "studio_volumes",
    "studio_character_relations",
    "studio_scenes",
    "studio_worldview",
    "studio_tags",
    "studio_chats",
    "studio_findings",
    "studio_batches",
    "studio_comments",
    "studio_publications",
    "studio_published_chapters",
    "studio_writing_goals",
    "studio_imports",
)
# What a writer sets; what is counted beside it moves by itself.
CHARACTER = (
    "name",
    "aliases",
    "exclusions",
    "case_sensitive",
    "is_tracked",
    "ai_inclusion",
    "role",
    "description",
    "avatar_url",
    "attributes",
    "relationships",
    "order_index",
    "deleted_at",
)
AGENT = (
    "name",
    "description",
    "avatar_url",
    "category",
    "subcategory",
    "version",
    "is_public",
    "is_official",
    "share_code",
    "share_expires_at",
    "deleted_at",
)
# Two crossing moves would each see the tree without the other; the lock lets the second see the first.
ACYCLIC = """
CREATE FUNCTION studio_worldview_acyclic() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.parent_id IS NULL THEN RETURN NULL; END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('studio_worldview:' || NEW.work_id::text, 0));
    IF EXISTS (
        WITH RECURSIVE above AS (
            SELECT w.id, w.parent_id FROM studio_worldview w WHERE w.id = NEW.parent_id
            UNION
            SELECT w.id, w.parent_id FROM studio_worldview w JOIN above a ON w.id = a.parent_id
        )
        SELECT 1 FROM above WHERE id = NEW.id
    ) THEN
        RAISE EXCEPTION 'an entry cannot lie below itself'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'studio_worldview_acyclic';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER studio_worldview_acyclic AFTER INSERT OR UPDATE OF parent_id
    ON studio_worldview FOR EACH ROW EXECUTE FUNCTION studio_worldview_acyclic();
"""


class Migration(migrations.Migration):
    dependencies = [("studio", "0004_same_work")]

    operations = [
        *[RowVersion(table) for table in VERSIONED],
        RowVersion("studio_characters", columns=CHARACTER),
        RowVersion("studio_agents", "row_version", columns=AGENT),
        migrations.RunSQL(
            ACYCLIC,
            """
            DROP TRIGGER studio_worldview_acyclic ON studio_worldview;
            DROP FUNCTION studio_worldview_acyclic();
            """,
        ),
    ]
