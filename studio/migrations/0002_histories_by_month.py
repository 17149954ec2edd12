"""Saves, versions and requests lie in months; saves are never changed, of a version only its name and its time."""

from datetime import UTC, datetime

from django.db import migrations, models

from accounts.rls import APP, MonthlyPartitions

MONTHLY = ("studio_chapter_saves", "studio_chapter_versions", "studio_ai_requests")
PEOPLE = (
    ("studio_chapter_saves", "user_id"),
    ("studio_chapter_versions", "author_id"),
    ("studio_ai_requests", "user_id"),
)
PERSON = """
ALTER TABLE {table} ADD CONSTRAINT {table}_person_fk FOREIGN KEY ({column})
    REFERENCES accounts_users (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED;
"""
APPEND_ONLY = f"""
CREATE FUNCTION studio_chapter_saves_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A row leaves with its chapter and forgets its person: both are triggers within a trigger.
    IF pg_trigger_depth() > 1 THEN RETURN COALESCE(NEW, OLD); END IF;
    RAISE EXCEPTION 'saves are append-only'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'studio_chapter_saves_append_only';
END $$;
CREATE TRIGGER studio_chapter_saves_append_only BEFORE UPDATE OR DELETE ON studio_chapter_saves
    FOR EACH ROW EXECUTE FUNCTION studio_chapter_saves_append_only();
REVOKE UPDATE, DELETE ON studio_chapter_saves FROM {APP};
REVOKE UPDATE, DELETE ON studio_chapter_versions FROM {APP};
GRANT UPDATE (label, is_kept, valid_until, updated_at) ON studio_chapter_versions TO {APP};
"""
FREE = f"""
REVOKE ALL ON studio_chapter_versions FROM {APP};
GRANT SELECT, INSERT, UPDATE, DELETE ON studio_chapter_versions TO {APP};
GRANT UPDATE, DELETE ON studio_chapter_saves TO {APP};
DROP TRIGGER studio_chapter_saves_append_only ON studio_chapter_saves;
DROP FUNCTION studio_chapter_saves_append_only();
"""


def first_month() -> datetime:
    return datetime.now(UTC).replace(day=1)


class Migration(migrations.Migration):
    dependencies = [("studio", "0001_works_and_what_belongs_to_them")]

    operations = [
        *[MonthlyPartitions(table, first=first_month().date()) for table in MONTHLY],
        migrations.AddIndex(
            "ChapterSave",
            models.Index(fields=["chapter", "revision"], name="studio_chapter_saves_rev_ix"),
        ),
        migrations.AddIndex(
            "ChapterVersion",
            models.Index(fields=["chapter", "-version_number"], name="studio_chapter_versions_ix"),
        ),
        migrations.AddIndex(
            "ChapterVersion",
            models.Index(fields=["valid_until"], name="studio_chapter_versions_due_ix"),
        ),
        migrations.AddIndex(
            "AIRequest",
            models.Index(fields=["user", "-created_at"], name="studio_ai_requests_user_ix"),
        ),
        migrations.AddIndex(
            "AIRequest",
            models.Index(fields=["chapter", "-created_at"], name="studio_ai_requests_chapter_ix"),
        ),
        migrations.AddIndex(
            "AIRequest",
            models.Index(
                fields=["created_at"],
                condition=models.Q(status__in=("pending", "processing")),
                name="studio_ai_requests_live_ix",
            ),
        ),
        migrations.AddIndex(
            "AIRequest", models.Index(fields=["work"], name="studio_ai_requests_work_ix")
        ),
        migrations.AddIndex(
            "AIRequest", models.Index(fields=["agent"], name="studio_ai_requests_agent_ix")
        ),
        *[
            migrations.RunSQL(
                PERSON.format(table=table, column=column),
                f"ALTER TABLE {table} DROP CONSTRAINT {table}_person_fk;",
            )
            for table, column in PEOPLE
        ],
        migrations.RunSQL(APPEND_ONLY, FREE),
    ]
