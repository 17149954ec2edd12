"""Index what left its table for a file, and what was saved; both belong to the platform alone."""

from django.db import migrations, models

from accounts.rls import NOBODY, TenantPolicy


class Migration(migrations.Migration):
    dependencies = [
        ("laojun", "0011_audit_chain_is_guarded"),
    ]

    operations = [
        migrations.CreateModel(
            name="Archive",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("table_name", models.CharField(max_length=63, verbose_name="table")),
                ("partition", models.CharField(max_length=63, verbose_name="part")),
                ("range_start", models.DateTimeField(verbose_name="from")),
                ("range_end", models.DateTimeField(verbose_name="until")),
                ("row_count", models.BigIntegerField(verbose_name="rows")),
                ("min_id", models.CharField(blank=True, max_length=64)),
                ("max_id", models.CharField(blank=True, max_length=64)),
                ("sha256", models.CharField(max_length=64)),
                ("bytes", models.BigIntegerField(verbose_name="size")),
                ("storage_path", models.CharField(max_length=255, unique=True)),
                ("schema_sha256", models.CharField(max_length=64)),
                ("summary", models.JSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("written", "written, rows still in the table"),
                            ("moved", "in the archive"),
                            ("damaged", "damaged"),
                        ],
                        default="written",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("verified_at", models.DateTimeField(null=True, verbose_name="verified")),
                (
                    "side_table",
                    models.CharField(blank=True, max_length=63, verbose_name="side table"),
                ),
                ("side_table_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="archived")),
            ],
            options={
                "verbose_name": "archive",
                "verbose_name_plural": "archives",
                "db_table": "lao_archives",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("table_name", "partition", "range_start", "range_end"),
                        name="lao_archives_range_uniq",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("bytes__gt", 0),
                            ("range_end__gt", models.F("range_start")),
                            ("row_count__gt", 0),
                        ),
                        name="lao_archives_range_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["written", "moved", "damaged"])),
                        name="lao_archives_state_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sha256__regex", "^[0-9a-f]{64}$")),
                        name="lao_archives_sha256_ck",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Backup",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("scheduled", "by the clock"),
                            ("manual", "by hand"),
                            ("pre_migration", "before a migration"),
                            ("pre_restore", "before a restore"),
                        ],
                        max_length=13,
                        verbose_name="made",
                    ),
                ),
                (
                    "tier",
                    models.CharField(
                        choices=[("daily", "daily"), ("weekly", "weekly"), ("monthly", "monthly")],
                        max_length=7,
                        verbose_name="kept as",
                    ),
                ),
                ("path", models.CharField(blank=True, max_length=500, verbose_name="folder")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "running"),
                            ("ok", "good"),
                            ("failed", "failed"),
                            ("corrupt", "damaged"),
                            ("pruned", "removed"),
                        ],
                        default="running",
                        max_length=7,
                        verbose_name="state",
                    ),
                ),
                ("database_bytes", models.BigIntegerField(default=0, verbose_name="database")),
                ("files_bytes", models.BigIntegerField(default=0, verbose_name="files")),
                ("new_bytes", models.BigIntegerField(default=0, verbose_name="new files")),
                ("manifest_sha256", models.CharField(blank=True, max_length=64)),
                ("error", models.TextField(blank=True, verbose_name="error")),
                ("verified_at", models.DateTimeField(null=True, verbose_name="verified")),
                ("drilled_at", models.DateTimeField(null=True, verbose_name="drilled")),
                ("drill_result", models.JSONField(default=dict)),
                ("started_at", models.DateTimeField(verbose_name="began")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="ended")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "backup",
                "verbose_name_plural": "backups",
                "db_table": "lao_backups",
                "indexes": [models.Index(fields=["-started_at"], name="lao_backups_newest_ix")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "running")),
                        fields=("state",),
                        name="lao_backups_one_running_uniq",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["running", "ok", "failed", "corrupt", "pruned"])
                        ),
                        name="lao_backups_state_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["scheduled", "manual", "pre_migration", "pre_restore"])
                        ),
                        name="lao_backups_kind_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("tier__in", ["daily", "weekly", "monthly"])),
                        name="lao_backups_tier_ck",
                    ),
                ],
            },
        ),
        TenantPolicy("lao_archives", read=NOBODY, write=NOBODY),
        TenantPolicy("lao_backups", read=NOBODY, write=NOBODY),
    ]
