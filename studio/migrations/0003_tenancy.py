"""Everything of a work stays in its workspace. Two things can be named from outside, each by its own secret word."""

from django.db import migrations

from accounts.rls import (
    IN_WORKSPACE,
    IN_WORKSPACE_OR_PLATFORM,
    TenantForeignKey,
    TenantKey,
    TenantPolicy,
)

SLUG = "slug = NULLIF(current_setting('app.public_slug', true), '')"
SHARE_CODE = "share_code = NULLIF(current_setting('app.share_code', true), '')"
TABLES = (
    "studio_works",
    "studio_volumes",
    "studio_chapters",
    "studio_chapter_saves",
    "studio_chapter_versions",
    "studio_collaborators",
    "studio_characters",
    "studio_character_relations",
    "studio_appearances",
    "studio_scenes",
    "studio_scenes_characters",
    "studio_worldview",
    "studio_worldview_characters",
    "studio_tags",
    "studio_chapter_tags",
    "studio_agent_ratings",
    "studio_ai_requests",
    "studio_proposals",
    "studio_chats",
    "studio_findings",
    "studio_batches",
    "studio_batch_items",
    "studio_search_segments",
    "studio_comments",
    "studio_likes",
    "studio_reads",
    "studio_reading_days",
    "studio_writing_days",
    "studio_writing_goals",
    "studio_imports",
)
# What others point at by their workspace.
TARGETS = ("studio_works", "studio_chapters", "studio_tags", "studio_publications")
OF_A_WORK = (
    "studio_volumes",
    "studio_chapters",
    "studio_collaborators",
    "studio_characters",
    "studio_character_relations",
    "studio_appearances",
    "studio_scenes",
    "studio_scenes_characters",
    "studio_worldview",
    "studio_worldview_characters",
    "studio_tags",
    "studio_chapter_tags",
    "studio_proposals",
    "studio_chats",
    "studio_findings",
    "studio_batches",
    "studio_batch_items",
    "studio_search_segments",
    "studio_comments",
    "studio_publications",
    "studio_published_chapters",
    "studio_reading_days",
    "studio_writing_days",
    "studio_writing_goals",
)
# Table, column, what it points at. These go with what they belong to.
BELONGS = (
    ("studio_chapter_saves", "chapter_id", "studio_chapters"),
    ("studio_chapter_versions", "chapter_id", "studio_chapters"),
    ("studio_chapter_tags", "tag_id", "studio_tags"),
    ("studio_likes", "publication_id", "studio_publications"),
    ("studio_likes", "chapter_id", "studio_chapters"),
    ("studio_reads", "publication_id", "studio_publications"),
    ("studio_reads", "chapter_id", "studio_chapters"),
    ("studio_imports", "file_id", "lao_files"),
)
# These stay, and forget what they named.
NAMES = (
    ("studio_ai_requests", "work_id", "studio_works"),
    ("studio_ai_requests", "chapter_id", "studio_chapters"),
    ("studio_imports", "work_id", "studio_works"),
)
# Agents of the platform have no workspace that a reference could share.
AGENT = """
ALTER TABLE studio_ai_requests ADD CONSTRAINT studio_ai_requests_agent_fk FOREIGN KEY (agent_id)
    REFERENCES studio_agents (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("studio", "0002_histories_by_month"),
        ("laojun", "0003_tenancy_of_files_and_configs"),
        ("accounts", "0012_rights_in_the_database"),
    ]

    operations = [
        *[TenantPolicy(table) for table in TABLES],
        TenantPolicy("studio_agents", read=f"{IN_WORKSPACE_OR_PLATFORM} OR {SHARE_CODE}"),
        TenantPolicy("studio_agent_versions", read=IN_WORKSPACE_OR_PLATFORM),
        TenantPolicy("studio_publications", read=f"{IN_WORKSPACE} OR {SLUG}"),
        TenantPolicy("studio_published_chapters", read=f"{IN_WORKSPACE} OR {SLUG}"),
        *[TenantKey(table) for table in TARGETS],
        *[TenantForeignKey(table, "work_id", "studio_works") for table in OF_A_WORK],
        *[TenantForeignKey(*reference) for reference in BELONGS],
        *[TenantForeignKey(*reference, on_delete="SET NULL") for reference in NAMES],
        migrations.RunSQL(
            AGENT, "ALTER TABLE studio_ai_requests DROP CONSTRAINT studio_ai_requests_agent_fk;"
        ),
    ]
