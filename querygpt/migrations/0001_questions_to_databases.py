"""Connections, what is known of them, conversations with their messages, runs and results, and prompts."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models

import accounts.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0012_rights_in_the_database"),
        ("taishang", "0023_vector_models"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Connection",
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
                ("name", models.CharField(max_length=100, verbose_name="name")),
                (
                    "description",
                    models.CharField(blank=True, max_length=500, verbose_name="description"),
                ),
                (
                    "visibility",
                    models.CharField(
                        choices=[("private", "only me"), ("workspace", "the workspace")],
                        default="private",
                        max_length=9,
                        verbose_name="visible to",
                    ),
                ),
                ("is_default", models.BooleanField(default=False, verbose_name="default")),
                (
                    "driver",
                    models.CharField(
                        choices=[
                            ("postgresql", "PostgreSQL"),
                            ("mysql", "MySQL / MariaDB"),
                            ("sqlite", "SQLite"),
                            ("duckdb", "DuckDB"),
                        ],
                        max_length=10,
                        verbose_name="driver",
                    ),
                ),
                ("flavour", models.CharField(blank=True, max_length=20)),
                (
                    "server_version",
                    models.CharField(blank=True, max_length=60, verbose_name="version"),
                ),
                ("host", models.CharField(blank=True, max_length=255, verbose_name="host")),
                ("port", models.IntegerField(blank=True, null=True, verbose_name="port")),
                (
                    "username",
                    models.CharField(blank=True, max_length=128, verbose_name="user name"),
                ),
                ("password_encrypted", models.TextField(blank=True, editable=False)),
                ("secret_set_at", models.DateTimeField(null=True)),
                (
                    "database_name",
                    models.CharField(blank=True, max_length=255, verbose_name="database"),
                ),
                ("extra_options", models.JSONField(blank=True, default=dict)),
                (
                    "tls_mode",
                    models.CharField(
                        choices=[
                            ("verify", "encrypted, certificate verified"),
                            ("require", "encrypted"),
                            ("off", "not encrypted"),
                        ],
                        default="require",
                        max_length=7,
                        verbose_name="encryption",
                    ),
                ),
                (
                    "timeout_seconds",
                    models.PositiveSmallIntegerField(default=15, verbose_name="time limit"),
                ),
                ("max_rows", models.PositiveIntegerField(default=1000, verbose_name="most rows")),
                (
                    "disclosure",
                    models.CharField(
                        choices=[
                            ("schema", "names of tables and columns"),
                            ("samples", "names and sample values"),
                            ("rows", "names, sample values and rows"),
                        ],
                        default="schema",
                        max_length=7,
                        verbose_name="models may see",
                    ),
                ),
                ("values_enabled", models.BooleanField(default=False, verbose_name="value index")),
                (
                    "reference_date",
                    models.DateField(blank=True, null=True, verbose_name="counts as today"),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("new", "not tested"),
                            ("ok", "works"),
                            ("failing", "does not answer"),
                            ("unsafe", "too powerful"),
                            ("disabled", "switched off"),
                        ],
                        default="new",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("findings", models.JSONField(default=list)),
                ("last_tested_at", models.DateTimeField(null=True, verbose_name="last test")),
                (
                    "last_error_code",
                    models.CharField(blank=True, max_length=40, verbose_name="last error"),
                ),
                ("catalogue_version", models.IntegerField(default=0)),
                ("catalogue_at", models.DateTimeField(null=True, verbose_name="structure read")),
                ("catalogue_truncated", models.BooleanField(default=False)),
                ("knowledge_version", models.BigIntegerField(default=0)),
                ("values_file_id", models.UUIDField(null=True)),
                ("values_key_encrypted", models.TextField(blank=True, editable=False)),
                ("values_at", models.DateTimeField(null=True)),
                ("version", models.BigIntegerField(default=0)),
                ("deleted_at", models.DateTimeField(null=True)),
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
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "connection",
                "verbose_name_plural": "connections",
                "db_table": "querygpt_connections",
            },
        ),
        migrations.CreateModel(
            name="ConnectionFile",
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
                ("file_id", models.UUIDField()),
                ("table_name", models.CharField(max_length=128, verbose_name="table")),
                ("sheet", models.CharField(blank=True, max_length=128)),
                ("options", models.JSONField(default=dict)),
                ("columns", models.JSONField(default=list)),
                ("rows_count", models.BigIntegerField(null=True)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "being imported"),
                            ("ready", "ready"),
                            ("failed", "failed"),
                        ],
                        default="pending",
                        max_length=7,
                        verbose_name="state",
                    ),
                ),
                ("error_code", models.CharField(blank=True, max_length=40)),
                ("version", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "connection",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="files",
                        to="querygpt.connection",
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
            ],
            options={
                "verbose_name": "file of a connection",
                "verbose_name_plural": "files of connections",
                "db_table": "querygpt_connection_files",
            },
        ),
        migrations.CreateModel(
            name="Conversation",
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
                ("title", models.CharField(blank=True, max_length=200, verbose_name="title")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("active", "open"),
                            ("completed", "archived"),
                            ("error", "the last answer failed"),
                        ],
                        default="active",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("is_favorite", models.BooleanField(default=False, verbose_name="starred")),
                ("metadata", models.JSONField(default=dict)),
                (
                    "search",
                    django.contrib.postgres.search.SearchVectorField(editable=False, null=True),
                ),
                ("last_message_at", models.DateTimeField(verbose_name="last message")),
                ("version", models.BigIntegerField(default=0)),
                ("deleted_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "connection",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="conversations",
                        to="querygpt.connection",
                    ),
                ),
                (
                    "forked_from",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="querygpt.conversation",
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="taishang.model",
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
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "conversation",
                "verbose_name_plural": "conversations",
                "db_table": "querygpt_conversations",
            },
        ),
        migrations.CreateModel(
            name="Message",
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
                ("position", models.IntegerField()),
                (
                    "role",
                    models.CharField(
                        choices=[("user", "question"), ("assistant", "answer"), ("system", "note")],
                        max_length=9,
                    ),
                ),
                ("variant", models.PositiveSmallIntegerField(default=1)),
                ("content", models.TextField(blank=True)),
                ("language", models.CharField(blank=True, max_length=2)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "waiting"),
                            ("running", "running"),
                            ("done", "done"),
                            ("error", "failed"),
                            ("cancelled", "stopped"),
                        ],
                        max_length=9,
                        null=True,
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("answered", "answered"),
                            ("clarification", "asked back"),
                            ("not_data", "no question about data"),
                            ("unanswerable", "cannot be answered here"),
                            ("refused", "refused"),
                            ("failed", "failed"),
                            ("cancelled", "stopped"),
                        ],
                        max_length=13,
                        null=True,
                    ),
                ),
                (
                    "engine",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("model", "model"),
                            ("planner", "planner"),
                            ("example", "example"),
                            ("manual", "edited by hand"),
                        ],
                        max_length=7,
                    ),
                ),
                ("plan", models.JSONField(null=True)),
                ("metadata", models.JSONField(default=dict)),
                ("event_seq", models.IntegerField(default=0)),
                ("task_id", models.UUIDField(null=True)),
                ("feedback", models.SmallIntegerField(default=0)),
                ("feedback_note", models.CharField(blank=True, max_length=1000)),
                ("version", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "conversation",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="messages",
                        to="querygpt.conversation",
                    ),
                ),
                (
                    "reply_to",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="replies",
                        to="querygpt.message",
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
            ],
            options={
                "verbose_name": "message",
                "verbose_name_plural": "messages",
                "db_table": "querygpt_messages",
            },
        ),
        migrations.CreateModel(
            name="Example",
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
                ("question", models.CharField(max_length=500, verbose_name="question")),
                ("question_key", models.CharField(editable=False, max_length=500)),
                ("language", models.CharField(max_length=2, verbose_name="language")),
                ("sql", models.TextField(verbose_name="SQL")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("approved", "approved"),
                            ("broken", "broken"),
                            ("archived", "archived"),
                        ],
                        default="draft",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("approved_by_name", models.CharField(blank=True, max_length=100)),
                ("approved_at", models.DateTimeField(null=True, verbose_name="approved")),
                ("uses", models.IntegerField(default=0, verbose_name="uses")),
                ("version", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "approved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="examples",
                        to="querygpt.connection",
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
                (
                    "source_message",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="querygpt.message",
                    ),
                ),
            ],
            options={
                "verbose_name": "example",
                "verbose_name_plural": "examples",
                "db_table": "querygpt_examples",
            },
        ),
        migrations.CreateModel(
            name="Prompt",
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
                ("name", models.CharField(blank=True, max_length=100, verbose_name="name")),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("system", "who it is"),
                            ("routing", "what to do with a question"),
                            ("analysis", "how to write SQL"),
                            ("qa", "questions about the structure"),
                            ("repair", "mending a statement"),
                            ("summary", "summing up"),
                        ],
                        max_length=8,
                        verbose_name="part",
                    ),
                ),
                ("content_zh", models.TextField(blank=True, verbose_name="text (Chinese)")),
                ("content_en", models.TextField(blank=True, verbose_name="text (English)")),
                ("is_active", models.BooleanField(default=True, verbose_name="in use")),
                ("version", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "prompt",
                "verbose_name_plural": "prompts",
                "db_table": "querygpt_prompts",
            },
        ),
        migrations.CreateModel(
            name="Run",
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
                ("actor_name", models.CharField(blank=True, max_length=100, verbose_name="by")),
                ("attempt", models.PositiveSmallIntegerField(default=1)),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("model", "model"),
                            ("planner", "planner"),
                            ("example", "example"),
                            ("edited", "edited by hand"),
                            ("rerun", "run again"),
                            ("saved", "saved question"),
                            ("plugin", "plugin"),
                            ("api", "API"),
                            ("evaluation", "evaluation"),
                            ("introspection", "reading the structure"),
                        ],
                        max_length=13,
                        verbose_name="origin",
                    ),
                ),
                ("sql_submitted", models.TextField(verbose_name="statement")),
                ("sql_executed", models.TextField(blank=True)),
                ("sql_sha256", models.CharField(max_length=64)),
                (
                    "verdict",
                    models.CharField(
                        choices=[("allowed", "allowed"), ("refused", "refused")],
                        max_length=7,
                        null=True,
                        verbose_name="verdict",
                    ),
                ),
                ("rule", models.CharField(blank=True, max_length=40, verbose_name="rule")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "running"),
                            ("refused", "refused"),
                            ("ok", "done"),
                            ("failed", "failed"),
                            ("timeout", "took too long"),
                            ("cancelled", "stopped"),
                            ("killed", "killed"),
                            ("too_large", "too large"),
                        ],
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("error_code", models.CharField(blank=True, max_length=40)),
                ("rows_count", models.IntegerField(null=True, verbose_name="rows")),
                ("bytes", models.BigIntegerField(null=True)),
                ("truncated", models.BooleanField(default=False)),
                ("wait_ms", models.IntegerField(null=True)),
                ("guard_ms", models.IntegerField(null=True)),
                ("execution_ms", models.IntegerField(null=True, verbose_name="time")),
                ("peak_rss_kb", models.IntegerField(null=True)),
                ("server_abandoned", models.BooleanField(default=False)),
                ("trace_id", models.CharField(blank=True, max_length=64)),
                (
                    "review",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "not reviewed"),
                            ("right", "rightly refused"),
                            ("false", "wrongly refused"),
                        ],
                        max_length=5,
                        verbose_name="review",
                    ),
                ),
                ("reviewed_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="started")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "connection",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="runs",
                        to="querygpt.connection",
                        verbose_name="connection",
                    ),
                ),
                (
                    "conversation",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="runs",
                        to="querygpt.conversation",
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="runs",
                        to="querygpt.message",
                    ),
                ),
                (
                    "reviewed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "run",
                "verbose_name_plural": "runs",
                "db_table": "querygpt_runs",
            },
        ),
        migrations.CreateModel(
            name="Result",
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
                ("file_id", models.UUIDField(null=True)),
                ("data_key_encrypted", models.TextField(blank=True, editable=False)),
                ("columns", models.JSONField(default=list)),
                ("rows_count", models.IntegerField(default=0)),
                ("bytes", models.BigIntegerField(default=0)),
                ("truncated", models.BooleanField(default=False)),
                ("sha256", models.CharField(max_length=64)),
                ("expires_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("stored", "stored"),
                            ("expired", "expired"),
                            ("purged", "removed"),
                        ],
                        default="stored",
                        max_length=7,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "message",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="results",
                        to="querygpt.message",
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
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="results",
                        to="querygpt.run",
                    ),
                ),
            ],
            options={
                "verbose_name": "result",
                "verbose_name_plural": "results",
                "db_table": "querygpt_results",
            },
        ),
        migrations.CreateModel(
            name="Table",
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
                ("schema_name", models.CharField(blank=True, max_length=255)),
                ("name", models.CharField(max_length=255, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("table", "table"),
                            ("view", "view"),
                            ("matview", "materialised view"),
                            ("foreign", "foreign table"),
                        ],
                        default="table",
                        max_length=7,
                        verbose_name="kind",
                    ),
                ),
                ("comment", models.TextField(blank=True, verbose_name="comment")),
                (
                    "description_zh",
                    models.CharField(
                        blank=True, max_length=500, verbose_name="description (Chinese)"
                    ),
                ),
                (
                    "description_en",
                    models.CharField(
                        blank=True, max_length=500, verbose_name="description (English)"
                    ),
                ),
                ("rows_estimate", models.BigIntegerField(null=True, verbose_name="rows")),
                (
                    "access",
                    models.CharField(
                        choices=[("allowed", "may be asked"), ("denied", "closed")],
                        default="allowed",
                        max_length=7,
                        verbose_name="access",
                    ),
                ),
                ("is_pinned", models.BooleanField(default=False, verbose_name="pinned")),
                ("fingerprint", models.CharField(blank=True, max_length=64)),
                ("seen_version", models.IntegerField(default=0)),
                ("vanished_at", models.DateTimeField(null=True)),
                ("version", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "connection",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="tables",
                        to="querygpt.connection",
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
            ],
            options={
                "verbose_name": "table",
                "verbose_name_plural": "tables",
                "db_table": "querygpt_tables",
            },
        ),
        migrations.CreateModel(
            name="Relationship",
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
                    "from_columns",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=255), size=None
                    ),
                ),
                (
                    "to_columns",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=255), size=None
                    ),
                ),
                (
                    "cardinality",
                    models.CharField(
                        choices=[("1:1", "1:1"), ("N:1", "N:1"), ("N:M", "N:M")],
                        default="N:1",
                        max_length=3,
                        verbose_name="cardinality",
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("fk", "the database"),
                            ("name", "suggested by names"),
                            ("person", "a person"),
                        ],
                        max_length=6,
                        verbose_name="source",
                    ),
                ),
                ("confidence", models.DecimalField(decimal_places=2, default=1, max_digits=3)),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                ("version", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "connection",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="relationships",
                        to="querygpt.connection",
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
                (
                    "from_table",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="querygpt.table",
                    ),
                ),
                (
                    "to_table",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="querygpt.table",
                    ),
                ),
            ],
            options={
                "verbose_name": "relationship",
                "verbose_name_plural": "relationships",
                "db_table": "querygpt_relationships",
            },
        ),
        migrations.CreateModel(
            name="Column",
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
                ("ordinal", models.IntegerField()),
                ("name", models.CharField(max_length=255, verbose_name="name")),
                ("data_type", models.CharField(blank=True, max_length=255, verbose_name="type")),
                (
                    "family",
                    models.CharField(
                        choices=[
                            ("int", "whole number"),
                            ("decimal", "decimal number"),
                            ("float", "floating number"),
                            ("text", "text"),
                            ("bool", "yes or no"),
                            ("date", "date"),
                            ("datetime", "date and time"),
                            ("time", "time of day"),
                            ("json", "JSON"),
                            ("binary", "bytes"),
                            ("other", "other"),
                        ],
                        default="other",
                        max_length=8,
                    ),
                ),
                ("is_nullable", models.BooleanField(default=True)),
                ("is_primary_key", models.BooleanField(default=False)),
                ("is_unique", models.BooleanField(default=False)),
                ("comment", models.TextField(blank=True, verbose_name="comment")),
                (
                    "description_zh",
                    models.CharField(
                        blank=True, max_length=500, verbose_name="description (Chinese)"
                    ),
                ),
                (
                    "description_en",
                    models.CharField(
                        blank=True, max_length=500, verbose_name="description (English)"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("id", "key"),
                            ("name", "name"),
                            ("measure", "measure"),
                            ("category", "category"),
                            ("time", "time"),
                            ("flag", "flag"),
                            ("other", "other"),
                        ],
                        default="other",
                        max_length=8,
                        verbose_name="role",
                    ),
                ),
                ("unit", models.CharField(blank=True, max_length=30, verbose_name="unit")),
                ("is_hidden", models.BooleanField(default=False, verbose_name="hidden")),
                ("is_sensitive", models.BooleanField(default=False, verbose_name="sensitive")),
                (
                    "edits",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20), default=list, size=None
                    ),
                ),
                ("distinct_estimate", models.BigIntegerField(null=True)),
                ("version", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                (
                    "table",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="columns",
                        to="querygpt.table",
                    ),
                ),
            ],
            options={
                "verbose_name": "column",
                "verbose_name_plural": "columns",
                "db_table": "querygpt_columns",
            },
        ),
        migrations.CreateModel(
            name="Term",
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
                    "kind",
                    models.CharField(
                        choices=[
                            ("metric", "measure"),
                            ("dimension", "dimension"),
                            ("filter", "condition"),
                            ("alias", "another name"),
                        ],
                        max_length=9,
                        verbose_name="kind",
                    ),
                ),
                (
                    "name_zh",
                    models.CharField(blank=True, max_length=80, verbose_name="name (Chinese)"),
                ),
                (
                    "name_en",
                    models.CharField(blank=True, max_length=80, verbose_name="name (English)"),
                ),
                ("key_zh", models.CharField(editable=False, max_length=80, null=True)),
                ("key_en", models.CharField(editable=False, max_length=80, null=True)),
                (
                    "synonyms",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=80),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("table", models.CharField(max_length=511, verbose_name="table")),
                ("expression", models.TextField(blank=True, verbose_name="expression")),
                (
                    "description",
                    models.CharField(blank=True, max_length=500, verbose_name="description"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("valid", "in use"),
                            ("broken", "broken"),
                            ("off", "switched off"),
                        ],
                        default="valid",
                        max_length=6,
                        verbose_name="state",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("version", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "connection",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="terms",
                        to="querygpt.connection",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
            ],
            options={
                "verbose_name": "term",
                "verbose_name_plural": "terms",
                "db_table": "querygpt_terms",
            },
        ),
        migrations.AddIndex(
            model_name="connection",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["workspace", "user", "-created_at"],
                name="querygpt_connections_list_ix",
            ),
        ),
        migrations.AddConstraint(
            model_name="connection",
            constraint=models.UniqueConstraint(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=("workspace", "user", "name"),
                name="querygpt_connections_name_uniq",
            ),
        ),
        migrations.AddConstraint(
            model_name="connection",
            constraint=models.UniqueConstraint(
                condition=models.Q(("deleted_at__isnull", True), ("is_default", True)),
                fields=("workspace", "user"),
                name="querygpt_connections_default_uniq",
            ),
        ),
        migrations.AddConstraint(
            model_name="connection",
            constraint=models.CheckConstraint(
                condition=models.Q(("driver__in", ["postgresql", "mysql", "sqlite", "duckdb"])),
                name="querygpt_connections_driver_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="connection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("driver__in", ("postgresql", "mysql")), _negated=True),
                    models.Q(("host", ""), _negated=True),
                    _connector="OR",
                ),
                name="querygpt_connections_host_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="connection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("driver__in", ("sqlite", "duckdb")), _negated=True),
                    models.Q(
                        ("host", ""),
                        ("password_encrypted", ""),
                        ("port__isnull", True),
                        ("username", ""),
                    ),
                    _connector="OR",
                ),
                name="querygpt_connections_file_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="connection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("port__isnull", True), ("port__range", (1, 65535)), _connector="OR"
                ),
                name="querygpt_connections_port_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="connection",
            constraint=models.CheckConstraint(
                condition=models.Q(("visibility__in", ["private", "workspace"])),
                name="querygpt_connections_visibility_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="connection",
            constraint=models.CheckConstraint(
                condition=models.Q(("tls_mode__in", ["verify", "require", "off"])),
                name="querygpt_connections_tls_mode_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="connection",
            constraint=models.CheckConstraint(
                condition=models.Q(("disclosure__in", ["schema", "samples", "rows"])),
                name="querygpt_connections_disclosure_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="connection",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["new", "ok", "failing", "unsafe", "disabled"])),
                name="querygpt_connections_status_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="connection",
            constraint=models.CheckConstraint(
                condition=models.Q(("timeout_seconds__range", (1, 120))),
                name="querygpt_connections_timeout_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="connection",
            constraint=models.CheckConstraint(
                condition=models.Q(("max_rows__range", (1, 50000))),
                name="querygpt_connections_max_rows_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="connectionfile",
            constraint=models.UniqueConstraint(
                fields=("connection", "table_name"), name="querygpt_connection_files_table_uniq"
            ),
        ),
        migrations.AddConstraint(
            model_name="connectionfile",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["pending", "ready", "failed"])),
                name="querygpt_connection_files_state_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="connectionfile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "ready"), _negated=True),
                    ("sha256__regex", "^[0-9a-f]{64}$"),
                    _connector="OR",
                ),
                name="querygpt_connection_files_ready_ck",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["workspace", "user", "-last_message_at", "id"],
                name="querygpt_conversations_list_ix",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True), ("is_favorite", True)),
                fields=["workspace", "user", "-last_message_at", "id"],
                name="querygpt_conversations_star_ix",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["search"], name="querygpt_conversations_text_ix"
            ),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["active", "completed", "error"])),
                name="querygpt_conversations_status_ck",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("state__in", ("queued", "running"))),
                fields=["updated_at"],
                name="querygpt_messages_live_ix",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(
                fields=("conversation", "position"), name="querygpt_messages_position_uniq"
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(
                condition=models.Q(("role", "assistant")),
                fields=("reply_to", "variant"),
                name="querygpt_messages_variant_uniq",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("queued", "running"))),
                fields=("conversation",),
                name="querygpt_messages_live_uniq",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["user", "assistant", "system"])),
                name="querygpt_messages_role_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        models.Q(("role", "assistant"), _negated=True),
                        ("outcome__isnull", True),
                        ("state__isnull", True),
                    ),
                    models.Q(
                        ("outcome__isnull", True),
                        ("role", "assistant"),
                        ("state__in", ("queued", "running")),
                        ("state__isnull", False),
                    ),
                    models.Q(
                        ("outcome__isnull", False),
                        ("role", "assistant"),
                        ("state__in", ("done", "error", "cancelled")),
                        ("state__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="querygpt_messages_state_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("outcome__isnull", True),
                    (
                        "outcome__in",
                        [
                            "answered",
                            "clarification",
                            "not_data",
                            "unanswerable",
                            "refused",
                            "failed",
                            "cancelled",
                        ],
                    ),
                    _connector="OR",
                ),
                name="querygpt_messages_outcome_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("engine__in", ["", "model", "planner", "example", "manual"])),
                name="querygpt_messages_engine_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("language__in", ["", "zh", "en"])),
                name="querygpt_messages_language_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("feedback__in", [-1, 0, 1])),
                name="querygpt_messages_feedback_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("position__gte", 0), ("variant__gte", 1)),
                name="querygpt_messages_number_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.LessThanOrEqual(
                    models.Func(
                        django.db.models.functions.comparison.Cast(
                            models.F("metadata"), models.TextField()
                        ),
                        function="octet_length",
                        output_field=models.IntegerField(),
                    ),
                    65536,
                ),
                name="querygpt_messages_metadata_ck",
            ),
        ),
        migrations.AddIndex(
            model_name="example",
            index=models.Index(
                fields=["connection", "-created_at", "id"], name="querygpt_examples_list_ix"
            ),
        ),
        migrations.AddConstraint(
            model_name="example",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "approved")),
                fields=("connection", "question_key"),
                name="querygpt_examples_question_uniq",
            ),
        ),
        migrations.AddConstraint(
            model_name="example",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "approved"), _negated=True),
                    models.Q(
                        ("approved_at__isnull", False),
                        models.Q(("approved_by_name", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="querygpt_examples_approved_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="example",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["draft", "approved", "broken", "archived"])),
                name="querygpt_examples_state_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="example",
            constraint=models.CheckConstraint(
                condition=models.Q(("language__in", ["zh", "en"])),
                name="querygpt_examples_language_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="example",
            constraint=models.CheckConstraint(
                condition=models.Q(("question_key", ""), _negated=True),
                name="querygpt_examples_question_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="example",
            constraint=models.CheckConstraint(
                condition=models.Q(("uses__gte", 0)), name="querygpt_examples_uses_ck"
            ),
        ),
        migrations.AddConstraint(
            model_name="prompt",
            constraint=models.UniqueConstraint(
                fields=("workspace", "user", "type"),
                name="querygpt_prompts_level_uniq",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="prompt",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("type__in", ["system", "routing", "analysis", "qa", "repair", "summary"])
                ),
                name="querygpt_prompts_type_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="prompt",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("content_zh", ""), _negated=True),
                    models.Q(("content_en", ""), _negated=True),
                    _connector="OR",
                ),
                name="querygpt_prompts_content_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="prompt",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("user__isnull", True), ("workspace__isnull", False), _connector="OR"
                ),
                name="querygpt_prompts_level_ck",
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["workspace", "-created_at"], name="querygpt_runs_newest_ix"),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(("verdict", "refused")),
                fields=["-created_at"],
                name="querygpt_runs_refused_ix",
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(("state", "running")),
                fields=["created_at"],
                name="querygpt_runs_running_ix",
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["message"], name="querygpt_runs_message_ix"),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                fields=["connection", "-created_at"], name="querygpt_runs_connection_ix"
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "origin__in",
                        [
                            "model",
                            "planner",
                            "example",
                            "edited",
                            "rerun",
                            "saved",
                            "plugin",
                            "api",
                            "evaluation",
                            "introspection",
                        ],
                    )
                ),
                name="querygpt_runs_origin_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("verdict__isnull", True),
                    ("verdict__in", ["allowed", "refused"]),
                    _connector="OR",
                ),
                name="querygpt_runs_verdict_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "running",
                            "refused",
                            "ok",
                            "failed",
                            "timeout",
                            "cancelled",
                            "killed",
                            "too_large",
                        ],
                    )
                ),
                name="querygpt_runs_state_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        models.Q(("rule", ""), _negated=True),
                        ("sql_executed", ""),
                        ("state", "refused"),
                        ("verdict", "refused"),
                        ("verdict__isnull", False),
                    ),
                    models.Q(
                        models.Q(("state", "refused"), _negated=True), ("verdict__isnull", True)
                    ),
                    models.Q(models.Q(("state", "refused"), _negated=True), ("verdict", "allowed")),
                    _connector="OR",
                ),
                name="querygpt_runs_refused_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.LessThanOrEqual(
                    models.Func(
                        models.F("sql_submitted"),
                        function="octet_length",
                        output_field=models.IntegerField(),
                    ),
                    32768,
                ),
                name="querygpt_runs_sql_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.CheckConstraint(
                condition=models.Q(("attempt__gte", 1)), name="querygpt_runs_attempt_ck"
            ),
        ),
        migrations.AddIndex(
            model_name="result",
            index=models.Index(
                condition=models.Q(("state", "stored")),
                fields=["expires_at"],
                name="querygpt_results_expiry_ix",
            ),
        ),
        migrations.AddIndex(
            model_name="result",
            index=models.Index(fields=["message"], name="querygpt_results_message_ix"),
        ),
        migrations.AddConstraint(
            model_name="result",
            constraint=models.UniqueConstraint(fields=("run",), name="querygpt_results_run_uniq"),
        ),
        migrations.AddConstraint(
            model_name="result",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["stored", "expired", "purged"])),
                name="querygpt_results_state_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="result",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("file_id__isnull", False),
                        ("state", "stored"),
                        models.Q(("data_key_encrypted", ""), _negated=True),
                    ),
                    models.Q(
                        models.Q(("state", "stored"), _negated=True), ("data_key_encrypted", "")
                    ),
                    _connector="OR",
                ),
                name="querygpt_results_key_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="table",
            constraint=models.UniqueConstraint(
                fields=("connection", "schema_name", "name"), name="querygpt_tables_name_uniq"
            ),
        ),
        migrations.AddConstraint(
            model_name="table",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["table", "view", "matview", "foreign"])),
                name="querygpt_tables_kind_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="table",
            constraint=models.CheckConstraint(
                condition=models.Q(("access__in", ["allowed", "denied"])),
                name="querygpt_tables_access_ck",
            ),
        ),
        migrations.AddIndex(
            model_name="relationship",
            index=models.Index(fields=["connection"], name="querygpt_relationships_conn_ix"),
        ),
        migrations.AddConstraint(
            model_name="relationship",
            constraint=models.UniqueConstraint(
                fields=("from_table", "from_columns", "to_table", "to_columns"),
                name="querygpt_relationships_ends_uniq",
            ),
        ),
        migrations.AddConstraint(
            model_name="relationship",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("from_columns__len", models.F("to_columns__len")),
                    ("from_columns__len__range", (1, 4)),
                ),
                name="querygpt_relationships_columns_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="relationship",
            constraint=models.CheckConstraint(
                condition=models.Q(("cardinality__in", ["1:1", "N:1", "N:M"])),
                name="querygpt_relationships_cardinality_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="relationship",
            constraint=models.CheckConstraint(
                condition=models.Q(("source__in", ["fk", "name", "person"])),
                name="querygpt_relationships_source_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="relationship",
            constraint=models.CheckConstraint(
                condition=models.Q(("confidence__range", (0, 1))),
                name="querygpt_relationships_confidence_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="column",
            constraint=models.UniqueConstraint(
                fields=("table", "name"), name="querygpt_columns_name_uniq"
            ),
        ),
        migrations.AddConstraint(
            model_name="column",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "family__in",
                        [
                            "int",
                            "decimal",
                            "float",
                            "text",
                            "bool",
                            "date",
                            "datetime",
                            "time",
                            "json",
                            "binary",
                            "other",
                        ],
                    )
                ),
                name="querygpt_columns_family_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="column",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("role__in", ["id", "name", "measure", "category", "time", "flag", "other"])
                ),
                name="querygpt_columns_role_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="term",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("name_zh", ""), _negated=True),
                    models.Q(("name_en", ""), _negated=True),
                    _connector="OR",
                ),
                name="querygpt_terms_named_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="term",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        models.Q(("key_zh__isnull", True), ("name_zh", "")),
                        models.Q(
                            models.Q(("name_zh", ""), _negated=True),
                            ("key_zh__gt", ""),
                            ("key_zh__isnull", False),
                        ),
                        _connector="OR",
                    ),
                    models.Q(
                        models.Q(("key_en__isnull", True), ("name_en", "")),
                        models.Q(
                            models.Q(("name_en", ""), _negated=True),
                            ("key_en__gt", ""),
                            ("key_en__isnull", False),
                        ),
                        _connector="OR",
                    ),
                ),
                name="querygpt_terms_keys_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="term",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["metric", "dimension", "filter", "alias"])),
                name="querygpt_terms_kind_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="term",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["valid", "broken", "off"])),
                name="querygpt_terms_state_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="term",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind", "alias"), models.Q(("expression", ""), _negated=True), _connector="OR"
                ),
                name="querygpt_terms_expression_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="term",
            constraint=models.UniqueConstraint(
                condition=models.Q(("key_zh__isnull", False)),
                fields=("workspace", "connection", "kind", "key_zh"),
                name="querygpt_terms_zh_uniq",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="term",
            constraint=models.UniqueConstraint(
                condition=models.Q(("key_en__isnull", False)),
                fields=("workspace", "connection", "kind", "key_en"),
                name="querygpt_terms_en_uniq",
                nulls_distinct=False,
            ),
        ),
    ]
