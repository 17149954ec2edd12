"""What people are told, and the number that says whether it changed."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.ids


class Migration(migrations.Migration):
    dependencies = [
        ("laojun", "0012_archives_and_backups"),
        ("accounts", "0012_rights_in_the_database"),
    ]

    operations = [
        migrations.CreateModel(
            name="NotificationMark",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("version", models.BigIntegerField(default=1)),
            ],
            options={
                "db_table": "lao_notification_marks",
            },
        ),
        migrations.CreateModel(
            name="Notification",
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
                    "type",
                    models.CharField(
                        choices=[
                            ("system", "system"),
                            ("update", "update"),
                            ("reminder", "reminder"),
                            ("task", "task"),
                            ("security", "security"),
                            ("invite", "invitation"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("info", "information"),
                            ("success", "done"),
                            ("warning", "warning"),
                            ("error", "failure"),
                        ],
                        default="info",
                        max_length=8,
                    ),
                ),
                ("letter", models.CharField(max_length=60)),
                ("params", models.JSONField(default=dict)),
                ("title", models.CharField(max_length=255, verbose_name="title")),
                ("content", models.TextField(blank=True, verbose_name="text")),
                ("link", models.CharField(blank=True, max_length=500)),
                ("link_type", models.CharField(blank=True, max_length=40)),
                ("link_id", models.CharField(blank=True, max_length=100)),
                ("dedup_key", models.CharField(blank=True, max_length=200)),
                ("repeat_count", models.IntegerField(default=1)),
                ("is_read", models.BooleanField(default=False)),
                ("read_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(verbose_name="time")),
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
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "notice",
                "verbose_name_plural": "notices and mail",
                "db_table": "lao_notifications",
                "indexes": [
                    models.Index(
                        fields=["user", "-created_at", "id"], name="lao_notifications_list_ix"
                    ),
                    models.Index(
                        condition=models.Q(("is_read", False)),
                        fields=["user"],
                        name="lao_notifications_unread_ix",
                    ),
                    models.Index(
                        condition=models.Q(("is_read", True)),
                        fields=["read_at"],
                        name="lao_notifications_old_ix",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("is_read", True), ("read_at__isnull", False)),
                            models.Q(("is_read", False), ("read_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="lao_notifications_read_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "type__in",
                                ["system", "update", "reminder", "task", "security", "invite"],
                            )
                        ),
                        name="lao_notifications_type_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("level__in", ["info", "success", "warning", "error"])),
                        name="lao_notifications_level_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("link__regex", "^(/([^/\\\\[:space:]][^\\\\[:space:]]*)?)?$")
                        ),
                        name="lao_notifications_link_ck",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("is_read", False), models.Q(("dedup_key", ""), _negated=True)
                        ),
                        fields=("user", "dedup_key"),
                        name="lao_notifications_dedup_uniq",
                    ),
                ],
            },
        ),
    ]
