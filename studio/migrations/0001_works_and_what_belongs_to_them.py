"""Novels: works, volumes, chapters with their saves and versions, and all that stands beside the text."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.constraints
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.text
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models

import accounts.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0012_rights_in_the_database"),
        ("laojun", "0016_system_logs_by_month"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Work",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                ("title", models.CharField(max_length=255, verbose_name="title")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                ("cover_url", models.CharField(blank=True, max_length=500, verbose_name="cover")),
                ("genre", models.CharField(blank=True, max_length=50, verbose_name="genre")),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=50),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        choices=[
                            ("zh-Hans", "Simplified Chinese"),
                            ("zh-Hant", "Traditional Chinese"),
                            ("en", "English"),
                            ("other", "another language"),
                        ],
                        default="zh-Hans",
                        max_length=7,
                        verbose_name="language",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("publishing", "appearing"),
                            ("completed", "completed"),
                            ("paused", "paused"),
                        ],
                        default="draft",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("settings", models.JSONField(blank=True, default=dict)),
                ("is_published", models.BooleanField(default=False, verbose_name="published")),
                ("published_at", models.DateTimeField(null=True)),
                ("chapters_count", models.IntegerField(default=0, verbose_name="chapters")),
                ("total_words", models.BigIntegerField(default=0, verbose_name="words")),
                ("words_plain", models.BigIntegerField(default=0)),
                ("char_count", models.BigIntegerField(default=0)),
                ("reading_count", models.BigIntegerField(default=0)),
                ("like_count", models.BigIntegerField(default=0)),
                ("revision", models.BigIntegerField(default=1)),
                ("structure_revision", models.BigIntegerField(default=1)),
                ("last_edited_at", models.DateTimeField(null=True, verbose_name="last edited")),
                ("deleted_at", models.DateTimeField(null=True)),
                (
                    "deleted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "work",
                "verbose_name_plural": "works",
                "db_table": "studio_works",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("title__regex", "\\S")), name="studio_works_title_ck"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["draft", "publishing", "completed", "paused"])
                        ),
                        name="studio_works_status_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("language__in", ["zh-Hans", "zh-Hant", "en", "other"])),
                        name="studio_works_language_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_published", False),
                            ("published_at__isnull", False),
                            _connector="OR",
                        ),
                        name="studio_works_published_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("chapters_count__gte", 0),
                            ("char_count__gte", 0),
                            ("like_count__gte", 0),
                            ("reading_count__gte", 0),
                            ("total_words__gte", 0),
                            ("words_plain__gte", 0),
                        ),
                        name="studio_works_counters_ck",
                    ),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["workspace", "user", "-updated_at"],
                        name="studio_works_shelf_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", False)),
                        fields=["deleted_at"],
                        name="studio_works_bin_ix",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Volume",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="volumes",
                        to="studio.work",
                    ),
                ),
                ("title", models.CharField(blank=True, max_length=255, verbose_name="title")),
                ("synopsis", models.TextField(blank=True, verbose_name="synopsis")),
                ("is_numbered", models.BooleanField(default=True, verbose_name="numbered")),
                ("order_index", models.CharField(db_collation="C", max_length=64)),
                (
                    "order_scope",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(deleted_at__isnull=True, then=models.F("work_id"))
                        ),
                        output_field=models.UUIDField(null=True),
                    ),
                ),
                ("version", models.BigIntegerField(default=0)),
                ("deleted_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "volume",
                "verbose_name_plural": "volumes",
                "db_table": "studio_volumes",
                "constraints": [
                    models.UniqueConstraint(
                        deferrable=django.db.models.constraints.Deferrable["DEFERRED"],
                        fields=("order_scope", "order_index"),
                        name="studio_volumes_order_uniq",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("order_index__regex", "^[0-9A-Za-z]+$")),
                        name="studio_volumes_rank_ck",
                    ),
                ],
                "indexes": [models.Index(fields=["work"], name="studio_volumes_work_ix")],
            },
        ),
        migrations.CreateModel(
            name="Chapter",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="chapters",
                        to="studio.work",
                    ),
                ),
                (
                    "volume",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="chapters",
                        to="studio.volume",
                    ),
                ),
                ("title", models.CharField(blank=True, max_length=255, verbose_name="title")),
                ("content", models.TextField(blank=True)),
                ("synopsis", models.TextField(blank=True, verbose_name="synopsis")),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("outline", "outline"),
                            ("draft", "draft"),
                            ("revising", "revising"),
                            ("final", "final"),
                        ],
                        default="draft",
                        max_length=8,
                        verbose_name="stage",
                    ),
                ),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=50),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("target_words", models.IntegerField(null=True, verbose_name="aim")),
                ("is_numbered", models.BooleanField(default=True, verbose_name="numbered")),
                ("order_index", models.CharField(db_collation="C", max_length=64)),
                (
                    "order_scope",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(
                                deleted_at__isnull=True,
                                then=django.db.models.functions.comparison.Coalesce(
                                    "volume_id", "work_id", output_field=models.UUIDField()
                                ),
                            )
                        ),
                        output_field=models.UUIDField(null=True),
                    ),
                ),
                ("revision", models.BigIntegerField(default=1)),
                ("content_sha256", models.CharField(blank=True, max_length=64)),
                ("saved_at", models.DateTimeField(null=True, verbose_name="saved")),
                (
                    "saved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("saved_tab", models.CharField(blank=True, max_length=64)),
                ("saved_device", models.CharField(blank=True, max_length=100)),
                ("last_save_id", models.UUIDField(null=True)),
                ("version_seq", models.IntegerField(default=0)),
                ("fence", models.BigIntegerField(default=0)),
                ("indexed_revision", models.BigIntegerField(default=0)),
                ("counted_revision", models.BigIntegerField(default=0)),
                ("summary", models.TextField(blank=True)),
                ("summary_revision", models.BigIntegerField(null=True)),
                ("word_count", models.IntegerField(default=0, verbose_name="words")),
                ("words_plain", models.IntegerField(default=0)),
                ("char_count", models.IntegerField(default=0)),
                ("reading_time", models.IntegerField(default=0)),
                ("view_count", models.BigIntegerField(default=0)),
                ("like_count", models.BigIntegerField(default=0)),
                ("ai_version_count", models.IntegerField(default=0)),
                ("last_ai_generated_at", models.DateTimeField(null=True)),
                ("deleted_at", models.DateTimeField(null=True)),
                (
                    "deleted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "chapter",
                "verbose_name_plural": "chapters",
                "db_table": "studio_chapters",
                "constraints": [
                    models.UniqueConstraint(
                        deferrable=django.db.models.constraints.Deferrable["DEFERRED"],
                        fields=("order_scope", "order_index"),
                        name="studio_chapters_order_uniq",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("order_index__regex", "^[0-9A-Za-z]+$")),
                        name="studio_chapters_rank_ck",
                    ),
                    models.CheckConstraint(
                        condition=django.db.models.lookups.LessThanOrEqual(
                            django.db.models.functions.text.Length("content"), 2000000
                        ),
                        name="studio_chapters_content_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("stage__in", ["outline", "draft", "revising", "final"])
                        ),
                        name="studio_chapters_stage_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("char_count__gte", 0),
                            ("reading_time__gte", 0),
                            ("word_count__gte", 0),
                            ("words_plain__gte", 0),
                        ),
                        name="studio_chapters_counters_ck",
                    ),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["work"],
                        name="studio_chapters_work_ix",
                    ),
                    models.Index(
                        condition=models.Q(("indexed_revision__lt", models.F("revision"))),
                        fields=["work"],
                        name="studio_chapters_dirty_ix",
                    ),
                    models.Index(fields=["volume"], name="studio_chapters_volume_ix"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", False)),
                        fields=["deleted_at"],
                        name="studio_chapters_bin_ix",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ChapterSave",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                (
                    "chapter",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="saves",
                        to="studio.chapter",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("revision", models.BigIntegerField()),
                ("base_revision", models.BigIntegerField()),
                ("save_id", models.UUIDField()),
                ("kind", models.CharField(max_length=11)),
                ("tab_id", models.CharField(blank=True, max_length=64)),
                ("device", models.CharField(blank=True, max_length=100)),
                ("fence", models.BigIntegerField(null=True)),
                ("bytes", models.IntegerField()),
                ("chars_added", models.IntegerField(default=0)),
                ("chars_removed", models.IntegerField(default=0)),
                ("words_delta", models.IntegerField(default=0)),
                ("typed_words", models.IntegerField(default=0)),
                ("pasted_words", models.IntegerField(default=0)),
                ("ai_words", models.IntegerField(default=0)),
                ("active_seconds", models.IntegerField(default=0)),
                ("sha256", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="time")),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "verbose_name": "save",
                "verbose_name_plural": "saves",
                "db_table": "studio_chapter_saves",
            },
        ),
        migrations.CreateModel(
            name="ChapterVersion",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                (
                    "chapter",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="versions",
                        to="studio.chapter",
                    ),
                ),
                ("version_number", models.IntegerField(verbose_name="number")),
                (
                    "change_type",
                    models.CharField(
                        choices=[
                            ("autosave", "saved by itself"),
                            ("manual", "saved by hand"),
                            ("ai", "after the AI"),
                            ("pre_ai", "before the AI"),
                            ("restore", "restored"),
                            ("pre_restore", "before restoring"),
                            ("merge", "merged"),
                            ("conflict", "kept from a conflict"),
                            ("import", "imported"),
                            ("replace", "after replacing"),
                            ("pre_replace", "before replacing"),
                            ("published", "published"),
                        ],
                        max_length=11,
                        verbose_name="kind",
                    ),
                ),
                ("title", models.CharField(blank=True, max_length=255)),
                ("content", models.TextField()),
                ("revision", models.BigIntegerField()),
                ("label", models.CharField(blank=True, max_length=200, verbose_name="name")),
                ("is_kept", models.BooleanField(default=False, verbose_name="kept for ever")),
                (
                    "author",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("author_name", models.CharField(blank=True, max_length=150, verbose_name="by")),
                ("tab_id", models.CharField(blank=True, max_length=64)),
                ("device", models.CharField(blank=True, max_length=100)),
                ("sha256", models.CharField(max_length=64)),
                ("word_count", models.IntegerField(default=0, verbose_name="words")),
                ("char_count", models.IntegerField(default=0)),
                ("bytes", models.IntegerField(default=0)),
                ("diff_summary", models.JSONField(default=dict)),
                ("source_version", models.IntegerField(null=True)),
                ("agent_id", models.UUIDField(null=True)),
                ("ai_request_id", models.UUIDField(null=True)),
                ("model_id", models.CharField(blank=True, max_length=200)),
                ("valid_until", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(verbose_name="time")),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "verbose_name": "version",
                "verbose_name_plural": "versions",
                "db_table": "studio_chapter_versions",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "change_type__in",
                                [
                                    "autosave",
                                    "manual",
                                    "ai",
                                    "pre_ai",
                                    "restore",
                                    "pre_restore",
                                    "merge",
                                    "conflict",
                                    "import",
                                    "replace",
                                    "pre_replace",
                                    "published",
                                ],
                            )
                        ),
                        name="studio_chapter_versions_kind_ck",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Collaborator",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="collaborators",
                        to="studio.work",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("owner", "owner"),
                            ("editor", "editor"),
                            ("commenter", "commenter"),
                        ],
                        max_length=9,
                        verbose_name="role",
                    ),
                ),
                ("permissions", models.JSONField(default=dict)),
                (
                    "invited_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("accepted_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "collaborator",
                "verbose_name_plural": "collaborators",
                "db_table": "studio_collaborators",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("work", "user"), name="studio_collaborators_person_uniq"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("role", "owner")),
                        fields=("work",),
                        name="studio_collaborators_owner_uniq",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["owner", "editor", "commenter"])),
                        name="studio_collaborators_role_ck",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["user", "work"], name="studio_collaborators_user_ix")
                ],
            },
        ),
        migrations.CreateModel(
            name="Character",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="characters",
                        to="studio.work",
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                (
                    "aliases",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=100),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="aliases",
                    ),
                ),
                (
                    "alias",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.F("aliases__0"),
                        output_field=models.CharField(max_length=100, null=True),
                    ),
                ),
                (
                    "exclusions",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=100),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("case_sensitive", models.BooleanField(default=False)),
                ("is_tracked", models.BooleanField(default=True, verbose_name="looked for")),
                (
                    "ai_inclusion",
                    models.CharField(
                        choices=[
                            ("always", "always"),
                            ("detected", "when it is mentioned"),
                            ("manual", "when I add it"),
                            ("never", "never"),
                        ],
                        default="detected",
                        max_length=8,
                    ),
                ),
                ("role", models.CharField(blank=True, max_length=50, verbose_name="role")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                ("avatar_url", models.CharField(blank=True, max_length=500)),
                ("attributes", models.JSONField(blank=True, default=dict)),
                ("relationships", models.JSONField(blank=True, default=list)),
                ("order_index", models.CharField(blank=True, db_collation="C", max_length=64)),
                (
                    "first_appearance_chapter",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="studio.chapter",
                    ),
                ),
                ("first_appearance_position", models.IntegerField(null=True)),
                ("appearance_count", models.IntegerField(default=0)),
                ("version", models.BigIntegerField(default=0)),
                ("deleted_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "character",
                "verbose_name_plural": "characters",
                "db_table": "studio_characters",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("work", "name"),
                        name="studio_characters_name_uniq",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name__regex", "\\S")), name="studio_characters_name_ck"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("aliases__len__lte", 50), ("exclusions__len__lte", 50)),
                        name="studio_characters_aliases_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ai_inclusion__in", ["always", "detected", "manual", "never"])
                        ),
                        name="studio_characters_inclusion_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("appearance_count__gte", 0)),
                        name="studio_characters_count_ck",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CharacterRelation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="relations",
                        to="studio.work",
                    ),
                ),
                (
                    "from_character",
                    models.ForeignKey(
                        db_column="from_id",
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="relations_from",
                        to="studio.character",
                    ),
                ),
                (
                    "to_character",
                    models.ForeignKey(
                        db_column="to_id",
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="relations_to",
                        to="studio.character",
                    ),
                ),
                ("kind", models.CharField(max_length=50, verbose_name="kind")),
                ("is_directed", models.BooleanField(default=False)),
                ("note", models.CharField(blank=True, max_length=1000, verbose_name="note")),
                (
                    "since_chapter",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="studio.chapter",
                    ),
                ),
                (
                    "until_chapter",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="studio.chapter",
                    ),
                ),
                ("weight", models.SmallIntegerField(default=3)),
                ("version", models.BigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "relation",
                "verbose_name_plural": "relations",
                "db_table": "studio_character_relations",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("from_character", "to_character", "kind"),
                        name="studio_character_relations_uniq",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("from_character", models.F("to_character")), _negated=True
                        ),
                        name="studio_character_relations_ends_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_directed", True),
                            ("from_character__lt", models.F("to_character")),
                            _connector="OR",
                        ),
                        name="studio_character_relations_pair_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("weight__range", (1, 5))),
                        name="studio_character_relations_weight_ck",
                    ),
                ],
                "indexes": [models.Index(fields=["work"], name="studio_character_relations_ix")],
            },
        ),
        migrations.CreateModel(
            name="Appearance",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="appearances",
                        to="studio.work",
                    ),
                ),
                (
                    "chapter",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="appearances",
                        to="studio.chapter",
                    ),
                ),
                (
                    "character",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="appearances",
                        to="studio.character",
                    ),
                ),
                ("surface", models.CharField(max_length=100, null=True)),
                ("count", models.IntegerField()),
                ("first_position", models.IntegerField()),
                (
                    "candidates",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), default=list, size=None
                    ),
                ),
                ("names_hash", models.CharField(max_length=64)),
            ],
            options={
                "verbose_name": "appearance",
                "verbose_name_plural": "appearances",
                "db_table": "studio_appearances",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("chapter", "character", "surface"),
                        name="studio_appearances_uniq",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("character__isnull", False),
                            ("surface__isnull", False),
                            _connector="OR",
                        ),
                        name="studio_appearances_subject_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("count__gte", 1)), name="studio_appearances_count_ck"
                    ),
                ],
                "indexes": [
                    models.Index(fields=["work"], name="studio_appearances_work_ix"),
                    models.Index(fields=["character"], name="studio_appearances_who_ix"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Scene",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("anchor_quote", models.CharField(blank=True, max_length=200)),
                ("anchor_prefix", models.CharField(blank=True, max_length=32)),
                ("anchor_suffix", models.CharField(blank=True, max_length=32)),
                ("anchor_revision", models.BigIntegerField(null=True)),
                (
                    "anchor_state",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("anchored", "in place"),
                            ("moved", "moved"),
                            ("orphaned", "passage gone"),
                        ],
                        default="",
                        max_length=8,
                    ),
                ),
                ("start_position", models.IntegerField(null=True)),
                ("end_position", models.IntegerField(null=True)),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="scenes",
                        to="studio.work",
                    ),
                ),
                (
                    "chapter",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="scenes",
                        to="studio.chapter",
                    ),
                ),
                ("title", models.CharField(max_length=255, verbose_name="title")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                ("location", models.CharField(blank=True, max_length=200, verbose_name="place")),
                ("time_period", models.CharField(blank=True, max_length=100, verbose_name="time")),
                ("mood", models.CharField(blank=True, max_length=100, verbose_name="mood")),
                ("goal", models.TextField(blank=True, verbose_name="goal")),
                ("conflict", models.TextField(blank=True, verbose_name="conflict")),
                ("outcome", models.TextField(blank=True, verbose_name="outcome")),
                (
                    "pov_character",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="studio.character",
                    ),
                ),
                ("order_index", models.CharField(blank=True, db_collation="C", max_length=64)),
                ("version", models.BigIntegerField(default=0)),
                ("deleted_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "scene",
                "verbose_name_plural": "scenes",
                "db_table": "studio_scenes",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("start_position__isnull", True),
                            ("end_position__isnull", True),
                            ("start_position__lte", models.F("end_position")),
                            _connector="OR",
                        ),
                        name="studio_scenes_positions_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("anchor_state__in", ["", "anchored", "moved", "orphaned"])
                        ),
                        name="studio_scenes_anchor_ck",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["work"], name="studio_scenes_work_ix"),
                    models.Index(fields=["chapter"], name="studio_scenes_chapter_ix"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SceneCharacter",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="studio.work",
                    ),
                ),
                (
                    "scene",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="cast",
                        to="studio.scene",
                    ),
                ),
                (
                    "character",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="scenes",
                        to="studio.character",
                    ),
                ),
            ],
            options={
                "verbose_name": "character of a scene",
                "verbose_name_plural": "characters of scenes",
                "db_table": "studio_scenes_characters",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scene", "character"), name="studio_scenes_characters_uniq"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="WorldEntry",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="worldview",
                        to="studio.work",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="children",
                        to="studio.worldentry",
                    ),
                ),
                (
                    "category",
                    models.CharField(
                        choices=[
                            ("geography", "geography"),
                            ("history", "history"),
                            ("magic", "magic"),
                            ("technology", "technology"),
                            ("culture", "culture"),
                            ("organisation", "organisation"),
                            ("item", "item"),
                            ("other", "other"),
                        ],
                        default="other",
                        max_length=12,
                        verbose_name="category",
                    ),
                ),
                ("title", models.CharField(max_length=255, verbose_name="title")),
                ("content", models.TextField(blank=True, verbose_name="text")),
                (
                    "aliases",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=100),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                (
                    "ai_inclusion",
                    models.CharField(
                        choices=[
                            ("always", "always"),
                            ("detected", "when it is mentioned"),
                            ("manual", "when I add it"),
                            ("never", "never"),
                        ],
                        default="detected",
                        max_length=8,
                    ),
                ),
                ("depth", models.SmallIntegerField(default=0)),
                ("order_index", models.CharField(blank=True, db_collation="C", max_length=64)),
                ("version", models.BigIntegerField(default=0)),
                ("deleted_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "world entry",
                "verbose_name_plural": "world entries",
                "db_table": "studio_worldview",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("parent__isnull", True),
                            models.Q(("parent", models.F("id")), _negated=True),
                            _connector="OR",
                        ),
                        name="studio_worldview_parent_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("depth__range", (0, 8))),
                        name="studio_worldview_depth_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("aliases__len__lte", 50)),
                        name="studio_worldview_aliases_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "category__in",
                                [
                                    "geography",
                                    "history",
                                    "magic",
                                    "technology",
                                    "culture",
                                    "organisation",
                                    "item",
                                    "other",
                                ],
                            )
                        ),
                        name="studio_worldview_category_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ai_inclusion__in", ["always", "detected", "manual", "never"])
                        ),
                        name="studio_worldview_inclusion_ck",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["work"], name="studio_worldview_work_ix"),
                    models.Index(fields=["parent"], name="studio_worldview_parent_ix"),
                ],
            },
        ),
        migrations.CreateModel(
            name="WorldEntryCharacter",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="studio.work",
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="cast",
                        to="studio.worldentry",
                    ),
                ),
                (
                    "character",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="worldview",
                        to="studio.character",
                    ),
                ),
            ],
            options={
                "verbose_name": "character of a world entry",
                "verbose_name_plural": "characters of world entries",
                "db_table": "studio_worldview_characters",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("entry", "character"), name="studio_worldview_characters_uniq"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Tag",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="own_tags",
                        to="studio.work",
                    ),
                ),
                ("name", models.CharField(max_length=50, verbose_name="name")),
                ("color", models.CharField(default="#808080", max_length=7, verbose_name="colour")),
                (
                    "description",
                    models.CharField(blank=True, max_length=500, verbose_name="description"),
                ),
                ("version", models.BigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "tag",
                "verbose_name_plural": "tags",
                "db_table": "studio_tags",
                "constraints": [
                    models.UniqueConstraint(
                        models.F("workspace"),
                        models.F("user"),
                        models.F("work"),
                        django.db.models.functions.text.Lower("name"),
                        name="studio_tags_name_uniq",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("color__regex", "^#[0-9A-Fa-f]{6}$")),
                        name="studio_tags_color_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("user__isnull", False), ("work__isnull", False), _connector="OR"
                        ),
                        name="studio_tags_home_ck",
                    ),
                ],
                "indexes": [models.Index(fields=["work"], name="studio_tags_work_ix")],
            },
        ),
        migrations.CreateModel(
            name="ChapterTag",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("anchor_quote", models.CharField(blank=True, max_length=200)),
                ("anchor_prefix", models.CharField(blank=True, max_length=32)),
                ("anchor_suffix", models.CharField(blank=True, max_length=32)),
                ("anchor_revision", models.BigIntegerField(null=True)),
                (
                    "anchor_state",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("anchored", "in place"),
                            ("moved", "moved"),
                            ("orphaned", "passage gone"),
                        ],
                        default="",
                        max_length=8,
                    ),
                ),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="studio.work",
                    ),
                ),
                (
                    "chapter",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="chapter_tags",
                        to="studio.chapter",
                    ),
                ),
                (
                    "tag",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="chapter_tags",
                        to="studio.tag",
                    ),
                ),
                ("position", models.IntegerField(null=True)),
                ("end_position", models.IntegerField(null=True)),
            ],
            options={
                "verbose_name": "tag of a chapter",
                "verbose_name_plural": "tags of chapters",
                "db_table": "studio_chapter_tags",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("chapter", "tag", "position"),
                        name="studio_chapter_tags_uniq",
                        nulls_distinct=False,
                    )
                ],
                "indexes": [models.Index(fields=["tag"], name="studio_chapter_tags_tag_ix")],
            },
        ),
        migrations.CreateModel(
            name="Agent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                (
                    "description",
                    models.CharField(blank=True, max_length=1000, verbose_name="description"),
                ),
                ("avatar_url", models.CharField(blank=True, max_length=500)),
                (
                    "category",
                    models.CharField(
                        choices=[
                            ("builtin", "built in"),
                            ("custom", "own"),
                            ("genre", "for a genre"),
                            ("task", "for a task"),
                        ],
                        default="custom",
                        max_length=7,
                        verbose_name="category",
                    ),
                ),
                ("subcategory", models.CharField(blank=True, max_length=50)),
                ("system_prompt", models.TextField(verbose_name="prompt")),
                ("behavior", models.JSONField(default=dict)),
                ("knowledge", models.JSONField(default=list)),
                ("examples", models.JSONField(default=list)),
                ("variables", models.JSONField(default=list)),
                (
                    "context_policy",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=30), default=list, size=None
                    ),
                ),
                (
                    "output_mode",
                    models.CharField(
                        choices=[
                            ("prose", "prose"),
                            ("outline", "outline"),
                            ("findings", "findings"),
                            ("chat", "conversation"),
                        ],
                        default="prose",
                        max_length=8,
                    ),
                ),
                ("model_preference", models.CharField(blank=True, max_length=150)),
                ("is_builtin", models.BooleanField(default=False)),
                ("is_public", models.BooleanField(default=False, verbose_name="in the gallery")),
                ("is_official", models.BooleanField(default=False)),
                ("version", models.IntegerField(default=1)),
                ("row_version", models.BigIntegerField(default=0)),
                ("share_code", models.CharField(max_length=8, null=True, unique=True)),
                ("shared_at", models.DateTimeField(null=True)),
                ("share_expires_at", models.DateTimeField(null=True)),
                ("origin_agent_id", models.UUIDField(null=True)),
                ("origin_version", models.IntegerField(null=True)),
                ("usage_count", models.BigIntegerField(default=0)),
                ("rating", models.DecimalField(decimal_places=2, max_digits=4, null=True)),
                ("rating_sum", models.IntegerField(default=0)),
                ("rating_count", models.IntegerField(default=0)),
                ("deleted_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "verbose_name": "agent",
                "verbose_name_plural": "agents",
                "db_table": "studio_agents",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("workspace", "user", "name"),
                        name="studio_agents_name_uniq",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("category__in", ["builtin", "custom", "genre", "task"])
                        ),
                        name="studio_agents_category_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("output_mode__in", ["prose", "outline", "findings", "chat"])
                        ),
                        name="studio_agents_output_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("is_builtin", True), ("workspace__isnull", True)),
                            models.Q(("is_builtin", False), ("workspace__isnull", False)),
                            _connector="OR",
                        ),
                        name="studio_agents_builtin_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("share_code__isnull", True),
                            ("share_code__regex", "^[A-HJ-NP-Z2-9]{8}$"),
                            _connector="OR",
                        ),
                        name="studio_agents_code_ck",
                    ),
                ],
                "indexes": [models.Index(fields=["user"], name="studio_agents_user_ix")],
            },
        ),
        migrations.CreateModel(
            name="AgentVersion",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="studio.agent",
                    ),
                ),
                ("version", models.IntegerField()),
                ("system_prompt", models.TextField()),
                ("behavior", models.JSONField(default=dict)),
                ("knowledge", models.JSONField(default=list)),
                ("examples", models.JSONField(default=list)),
                ("variables", models.JSONField(default=list)),
                (
                    "context_policy",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=30), default=list, size=None
                    ),
                ),
                ("output_mode", models.CharField(default="prose", max_length=8)),
                ("model_preference", models.CharField(blank=True, max_length=150)),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "verbose_name": "version of an agent",
                "verbose_name_plural": "versions of agents",
                "db_table": "studio_agent_versions",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("agent", "version"), name="studio_agent_versions_number_uniq"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AgentRating",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="ratings",
                        to="studio.agent",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("stars", models.SmallIntegerField(verbose_name="stars")),
                ("comment", models.CharField(blank=True, max_length=1000, verbose_name="comment")),
            ],
            options={
                "verbose_name": "rating",
                "verbose_name_plural": "ratings",
                "db_table": "studio_agent_ratings",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("agent", "user"), name="studio_agent_ratings_person_uniq"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("stars__range", (1, 5))),
                        name="studio_agent_ratings_stars_ck",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AIRequest",
            fields=[
                ("anchor_quote", models.CharField(blank=True, max_length=200)),
                ("anchor_prefix", models.CharField(blank=True, max_length=32)),
                ("anchor_suffix", models.CharField(blank=True, max_length=32)),
                ("anchor_revision", models.BigIntegerField(null=True)),
                (
                    "anchor_state",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("anchored", "in place"),
                            ("moved", "moved"),
                            ("orphaned", "passage gone"),
                        ],
                        default="",
                        max_length=8,
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("user_name", models.CharField(blank=True, max_length=150, verbose_name="by")),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="studio.work",
                    ),
                ),
                (
                    "chapter",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="ai_requests",
                        to="studio.chapter",
                    ),
                ),
                (
                    "agent",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="studio.agent",
                    ),
                ),
                ("agent_version", models.IntegerField(null=True)),
                (
                    "request_type",
                    models.CharField(
                        choices=[
                            ("continue", "continue"),
                            ("rewrite", "rewrite"),
                            ("polish", "polish"),
                            ("expand", "expand"),
                            ("condense", "condense"),
                            ("generate", "write from an instruction"),
                            ("outline", "outline"),
                            ("chat", "talk"),
                            ("analyze", "check"),
                            ("summarize", "summarise"),
                        ],
                        max_length=9,
                        verbose_name="kind",
                    ),
                ),
                ("instruction", models.TextField(blank=True)),
                ("input_text", models.TextField(blank=True)),
                ("base_revision", models.BigIntegerField(null=True)),
                ("range_start", models.IntegerField(null=True)),
                ("range_end", models.IntegerField(null=True)),
                ("variants", models.SmallIntegerField(default=1)),
                ("context", models.JSONField(default=dict)),
                ("context_sha256", models.CharField(blank=True, max_length=64)),
                ("context_tokens", models.IntegerField(null=True)),
                ("output_text", models.TextField(blank=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "waiting"),
                            ("processing", "writing"),
                            ("completed", "done"),
                            ("failed", "failed"),
                            ("cancelled", "stopped"),
                        ],
                        default="pending",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("finish_reason", models.CharField(blank=True, max_length=30)),
                ("is_partial", models.BooleanField(default=False)),
                ("error_message", models.CharField(blank=True, max_length=500)),
                ("parent_id", models.UUIDField(null=True)),
                ("chat_id", models.UUIDField(null=True)),
                ("batch_item_id", models.UUIDField(null=True)),
                ("model_call_id", models.UUIDField(null=True)),
                ("task_id", models.UUIDField(null=True)),
                ("trace_id", models.CharField(blank=True, max_length=64)),
                ("created_at", models.DateTimeField(verbose_name="asked")),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "verbose_name": "AI request",
                "verbose_name_plural": "AI requests",
                "db_table": "studio_ai_requests",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "request_type__in",
                                [
                                    "continue",
                                    "rewrite",
                                    "polish",
                                    "expand",
                                    "condense",
                                    "generate",
                                    "outline",
                                    "chat",
                                    "analyze",
                                    "summarize",
                                ],
                            )
                        ),
                        name="studio_ai_requests_type_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                ["pending", "processing", "completed", "failed", "cancelled"],
                            )
                        ),
                        name="studio_ai_requests_status_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("variants__range", (1, 3))),
                        name="studio_ai_requests_variants_ck",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Proposal",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("anchor_quote", models.CharField(blank=True, max_length=200)),
                ("anchor_prefix", models.CharField(blank=True, max_length=32)),
                ("anchor_suffix", models.CharField(blank=True, max_length=32)),
                ("anchor_revision", models.BigIntegerField(null=True)),
                (
                    "anchor_state",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("anchored", "in place"),
                            ("moved", "moved"),
                            ("orphaned", "passage gone"),
                        ],
                        default="",
                        max_length=8,
                    ),
                ),
                ("start_position", models.IntegerField(null=True)),
                ("end_position", models.IntegerField(null=True)),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="studio.work",
                    ),
                ),
                (
                    "chapter",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="proposals",
                        to="studio.chapter",
                    ),
                ),
                ("request_id", models.UUIDField()),
                ("request_at", models.DateTimeField()),
                ("variant", models.SmallIntegerField(default=1)),
                ("base_revision", models.BigIntegerField(null=True)),
                ("text", models.TextField()),
                ("hunks", models.JSONField(default=list)),
                ("is_partial", models.BooleanField(default=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("accepted", "accepted"),
                            ("partly", "partly accepted"),
                            ("discarded", "discarded"),
                            ("stale", "the text has changed"),
                            ("expired", "expired"),
                        ],
                        default="open",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("accepted_hunks", models.JSONField(default=list)),
                ("pre_version", models.IntegerField(null=True)),
                ("applied_revision", models.BigIntegerField(null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "proposal",
                "verbose_name_plural": "proposals",
                "db_table": "studio_proposals",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("request_id", "variant"), name="studio_proposals_variant_uniq"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("variant__range", (1, 3))),
                        name="studio_proposals_variant_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                ["open", "accepted", "partly", "discarded", "stale", "expired"],
                            )
                        ),
                        name="studio_proposals_state_ck",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["chapter", "state"], name="studio_proposals_chapter_ix"),
                    models.Index(fields=["work"], name="studio_proposals_work_ix"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Chat",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="chats",
                        to="studio.work",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("title", models.CharField(blank=True, max_length=200, verbose_name="title")),
                ("pins", models.JSONField(default=list)),
                ("version", models.BigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "talk",
                "verbose_name_plural": "talks",
                "db_table": "studio_chats",
                "indexes": [models.Index(fields=["work", "user"], name="studio_chats_work_ix")],
            },
        ),
        migrations.CreateModel(
            name="Finding",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="findings",
                        to="studio.work",
                    ),
                ),
                (
                    "chapter",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="findings",
                        to="studio.chapter",
                    ),
                ),
                ("request_id", models.UUIDField(null=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("consistency", "consistency"),
                            ("style", "style"),
                            ("pacing", "pacing"),
                            ("character", "character"),
                        ],
                        max_length=11,
                        verbose_name="kind",
                    ),
                ),
                ("severity", models.SmallIntegerField(default=2, verbose_name="severity")),
                ("message", models.TextField()),
                ("suggestion", models.TextField(blank=True)),
                ("quotes", models.JSONField(default=list)),
                ("fingerprint", models.CharField(max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("fixed", "mended"),
                            ("dismissed", "dismissed"),
                            ("intentional", "intended"),
                        ],
                        default="open",
                        max_length=11,
                        verbose_name="state",
                    ),
                ),
                ("version", models.BigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "finding",
                "verbose_name_plural": "findings",
                "db_table": "studio_findings",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("work", "fingerprint"), name="studio_findings_fingerprint_uniq"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("severity__range", (1, 3))),
                        name="studio_findings_severity_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["consistency", "style", "pacing", "character"])
                        ),
                        name="studio_findings_kind_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["open", "fixed", "dismissed", "intentional"])
                        ),
                        name="studio_findings_state_ck",
                    ),
                ],
                "indexes": [models.Index(fields=["chapter"], name="studio_findings_chapter_ix")],
            },
        ),
        migrations.CreateModel(
            name="Batch",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="batches",
                        to="studio.work",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "agent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="studio.agent",
                    ),
                ),
                ("options", models.JSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("running", "running"),
                            ("paused", "paused"),
                            ("completed", "done"),
                            ("cancelled", "cancelled"),
                            ("failed", "failed"),
                        ],
                        default="draft",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("pause_reason", models.CharField(blank=True, max_length=60)),
                ("max_cost", models.DecimalField(decimal_places=10, max_digits=18, null=True)),
                ("spent", models.DecimalField(decimal_places=10, default=0, max_digits=18)),
                ("task_id", models.UUIDField(null=True)),
                ("version", models.BigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "batch",
                "verbose_name_plural": "batches",
                "db_table": "studio_batches",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("draft", "running", "paused"))),
                        fields=("work",),
                        name="studio_batches_live_uniq",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                ["draft", "running", "paused", "completed", "cancelled", "failed"],
                            )
                        ),
                        name="studio_batches_state_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("spent__gte", 0)), name="studio_batches_spent_ck"
                    ),
                ],
                "indexes": [
                    models.Index(fields=["work", "-created_at"], name="studio_batches_work_ix")
                ],
            },
        ),
        migrations.CreateModel(
            name="BatchItem",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="studio.work",
                    ),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="items",
                        to="studio.batch",
                    ),
                ),
                (
                    "chapter",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="studio.chapter",
                    ),
                ),
                ("ordinal", models.IntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("writing", "writing"),
                            ("done", "done"),
                            ("failed", "failed"),
                            ("skipped", "skipped"),
                        ],
                        default="waiting",
                        max_length=7,
                        verbose_name="state",
                    ),
                ),
                ("attempts", models.SmallIntegerField(default=0)),
                ("error", models.CharField(blank=True, max_length=500)),
                ("request_id", models.UUIDField(null=True)),
                ("proposal_id", models.UUIDField(null=True)),
            ],
            options={
                "verbose_name": "chapter of a batch",
                "verbose_name_plural": "chapters of batches",
                "db_table": "studio_batch_items",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("batch", "ordinal"), name="studio_batch_items_ordinal_uniq"
                    ),
                    models.UniqueConstraint(
                        fields=("batch", "chapter"), name="studio_batch_items_chapter_uniq"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["waiting", "writing", "done", "failed", "skipped"])
                        ),
                        name="studio_batch_items_state_ck",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SearchSegment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="studio.work",
                    ),
                ),
                (
                    "object_type",
                    models.CharField(
                        choices=[
                            ("work", "work"),
                            ("chapter", "chapter"),
                            ("synopsis", "synopsis"),
                            ("character", "character"),
                            ("scene", "scene"),
                            ("worldview", "world entry"),
                        ],
                        max_length=9,
                    ),
                ),
                ("object_id", models.UUIDField()),
                ("field", models.CharField(max_length=20)),
                ("segment", models.IntegerField()),
                ("start", models.IntegerField()),
                ("folded", models.TextField()),
                ("grams", django.contrib.postgres.search.SearchVectorField()),
                ("revision", models.BigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "part of the search index",
                "verbose_name_plural": "parts of the search index",
                "db_table": "studio_search_segments",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("object_type", "object_id", "field", "segment"),
                        name="studio_search_segments_uniq",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "object_type__in",
                                ["work", "chapter", "synopsis", "character", "scene", "worldview"],
                            )
                        ),
                        name="studio_search_segments_type_ck",
                    ),
                ],
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fastupdate=False, fields=["grams"], name="studio_search_segments_gram_ix"
                    ),
                    models.Index(fields=["work"], name="studio_search_segments_work_ix"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Comment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("anchor_quote", models.CharField(blank=True, max_length=200)),
                ("anchor_prefix", models.CharField(blank=True, max_length=32)),
                ("anchor_suffix", models.CharField(blank=True, max_length=32)),
                ("anchor_revision", models.BigIntegerField(null=True)),
                (
                    "anchor_state",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("anchored", "in place"),
                            ("moved", "moved"),
                            ("orphaned", "passage gone"),
                        ],
                        default="",
                        max_length=8,
                    ),
                ),
                ("start_position", models.IntegerField(null=True)),
                ("end_position", models.IntegerField(null=True)),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="comments",
                        to="studio.work",
                    ),
                ),
                (
                    "chapter",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="comments",
                        to="studio.chapter",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="replies",
                        to="studio.comment",
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("author_name", models.CharField(blank=True, max_length=150)),
                ("body", models.TextField()),
                ("revision", models.BigIntegerField(null=True)),
                ("resolved_at", models.DateTimeField(null=True)),
                (
                    "resolved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("version", models.BigIntegerField(default=0)),
                ("deleted_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "comment",
                "verbose_name_plural": "comments",
                "db_table": "studio_comments",
                "constraints": [
                    models.CheckConstraint(
                        condition=django.db.models.lookups.LessThanOrEqual(
                            django.db.models.functions.text.Length("body"), 5000
                        ),
                        name="studio_comments_body_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("parent__isnull", True), ("resolved_at__isnull", True), _connector="OR"
                        ),
                        name="studio_comments_reply_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("anchor_state__in", ["", "anchored", "moved", "orphaned"])
                        ),
                        name="studio_comments_anchor_ck",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["chapter"], name="studio_comments_chapter_ix"),
                    models.Index(fields=["work"], name="studio_comments_work_ix"),
                    models.Index(fields=["parent"], name="studio_comments_parent_ix"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Publication",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "work",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="publication",
                        to="studio.work",
                    ),
                ),
                ("slug", models.CharField(max_length=64, unique=True)),
                (
                    "visibility",
                    models.CharField(
                        choices=[("workspace", "the workspace"), ("link", "whoever has the link")],
                        default="workspace",
                        max_length=9,
                        verbose_name="visible to",
                    ),
                ),
                ("title", models.CharField(max_length=255, verbose_name="title")),
                ("blurb", models.TextField(blank=True)),
                ("author_name", models.CharField(blank=True, max_length=150)),
                ("cover_file_id", models.UUIDField(null=True)),
                ("published_at", models.DateTimeField(null=True)),
                ("withdrawn_at", models.DateTimeField(null=True)),
                ("version", models.BigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "publication",
                "verbose_name_plural": "publications",
                "db_table": "studio_publications",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("visibility__in", ["workspace", "link"])),
                        name="studio_publications_visibility_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("slug__regex", "^[0-9A-Za-z_-]{22,64}$")),
                        name="studio_publications_slug_ck",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PublishedChapter",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="studio.work",
                    ),
                ),
                (
                    "publication",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="chapters",
                        to="studio.publication",
                    ),
                ),
                (
                    "chapter",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="published",
                        to="studio.chapter",
                    ),
                ),
                ("slug", models.CharField(max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "not published"),
                            ("scheduled", "scheduled"),
                            ("published", "published"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="draft",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("scheduled_for", models.DateTimeField(null=True)),
                ("title", models.CharField(blank=True, max_length=255)),
                ("content", models.TextField(blank=True)),
                ("word_count", models.IntegerField(default=0)),
                ("source_revision", models.BigIntegerField(null=True)),
                ("published_at", models.DateTimeField(null=True)),
                ("order_key", models.CharField(blank=True, db_collation="C", max_length=200)),
                ("version", models.BigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "published chapter",
                "verbose_name_plural": "published chapters",
                "db_table": "studio_published_chapters",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["draft", "scheduled", "published", "withdrawn"])
                        ),
                        name="studio_published_chapters_state_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("scheduled_for__isnull", False), ("state", "scheduled")),
                            models.Q(
                                models.Q(("state", "scheduled"), _negated=True),
                                ("scheduled_for__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="studio_published_chapters_scheduled_ck",
                    ),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "scheduled")),
                        fields=["scheduled_for"],
                        name="studio_published_due_ix",
                    ),
                    models.Index(
                        fields=["publication", "order_key"], name="studio_published_chapters_ix"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Like",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "publication",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="likes",
                        to="studio.publication",
                    ),
                ),
                (
                    "chapter",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="studio.chapter",
                    ),
                ),
                ("reader_key", models.CharField(max_length=64)),
            ],
            options={
                "verbose_name": "like",
                "verbose_name_plural": "likes",
                "db_table": "studio_likes",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("publication", "chapter", "reader_key"),
                        name="studio_likes_reader_uniq",
                        nulls_distinct=False,
                    )
                ],
                "indexes": [models.Index(fields=["chapter"], name="studio_likes_chapter_ix")],
            },
        ),
        migrations.CreateModel(
            name="Read",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "publication",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="reads",
                        to="studio.publication",
                    ),
                ),
                (
                    "chapter",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="studio.chapter",
                    ),
                ),
                ("reader_key", models.CharField(max_length=64)),
                ("day", models.DateField()),
            ],
            options={
                "verbose_name": "reading",
                "verbose_name_plural": "readings",
                "db_table": "studio_reads",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("publication", "chapter", "reader_key", "day"),
                        name="studio_reads_reader_uniq",
                        nulls_distinct=False,
                    )
                ],
                "indexes": [
                    models.Index(fields=["day"], name="studio_reads_day_ix"),
                    models.Index(fields=["chapter"], name="studio_reads_chapter_ix"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReadingDay",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="studio.work",
                    ),
                ),
                (
                    "chapter",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="reading_days",
                        to="studio.chapter",
                    ),
                ),
                ("day", models.DateField()),
                ("readers", models.IntegerField(default=0)),
                ("likes", models.IntegerField(default=0)),
            ],
            options={
                "verbose_name": "day of readers",
                "verbose_name_plural": "days of readers",
                "db_table": "studio_reading_days",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("chapter", "day"), name="studio_reading_days_uniq"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="WritingDay",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="writing_days",
                        to="studio.work",
                    ),
                ),
                ("day", models.DateField()),
                ("typed_words", models.IntegerField(default=0)),
                ("pasted_words", models.IntegerField(default=0)),
                ("ai_words", models.IntegerField(default=0)),
                ("deleted_words", models.IntegerField(default=0)),
                ("active_seconds", models.IntegerField(default=0)),
                ("sessions", models.IntegerField(default=0)),
            ],
            options={
                "verbose_name": "day of writing",
                "verbose_name_plural": "days of writing",
                "db_table": "studio_writing_days",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "work", "day"), name="studio_writing_days_uniq"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="WritingGoal",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="goals",
                        to="studio.work",
                    ),
                ),
                ("daily_words", models.IntegerField(null=True, verbose_name="words a day")),
                (
                    "days_off",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.SmallIntegerField(), blank=True, default=list, size=None
                    ),
                ),
                ("target_words", models.IntegerField(null=True, verbose_name="words in all")),
                ("deadline_on", models.DateField(null=True, verbose_name="until")),
                ("version", models.BigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "writing goal",
                "verbose_name_plural": "writing goals",
                "db_table": "studio_writing_goals",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workspace", "user", "work"),
                        name="studio_writing_goals_uniq",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("daily_words__isnull", True),
                            ("daily_words__range", (1, 100000)),
                            _connector="OR",
                        ),
                        name="studio_writing_goals_daily_ck",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Import",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "work",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="imports",
                        to="studio.work",
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="laojun.file",
                    ),
                ),
                ("format", models.CharField(blank=True, max_length=10)),
                ("encoding", models.CharField(blank=True, max_length=30)),
                ("encoding_confidence", models.FloatField(null=True)),
                ("plan", models.JSONField(default=dict)),
                ("warnings", models.JSONField(default=list)),
                ("options", models.JSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("uploaded", "uploaded"),
                            ("reading", "being read"),
                            ("preview", "to be confirmed"),
                            ("adjusting", "being adjusted"),
                            ("importing", "being imported"),
                            ("done", "done"),
                            ("failed", "failed"),
                            ("cancelled", "cancelled"),
                        ],
                        default="uploaded",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("error_code", models.CharField(blank=True, max_length=60)),
                ("task_id", models.UUIDField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("version", models.BigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "import",
                "verbose_name_plural": "imports",
                "db_table": "studio_imports",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "uploaded",
                                    "reading",
                                    "preview",
                                    "adjusting",
                                    "importing",
                                    "done",
                                    "failed",
                                    "cancelled",
                                ],
                            )
                        ),
                        name="studio_imports_state_ck",
                    )
                ],
                "indexes": [
                    models.Index(fields=["user", "-created_at"], name="studio_imports_user_ix")
                ],
            },
        ),
    ]
