"""What the program tells of itself."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("laojun", "0014_tenancy_of_notifications")]

    operations = [
        migrations.CreateModel(
            name="SystemLog",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("workspace_id", models.BigIntegerField(null=True, verbose_name="workspace")),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("DEBUG", "detail"),
                            ("INFO", "information"),
                            ("WARN", "warning"),
                            ("ERROR", "error"),
                        ],
                        max_length=5,
                        verbose_name="level",
                    ),
                ),
                ("logger", models.CharField(max_length=120, verbose_name="logger")),
                ("message", models.TextField(verbose_name="message")),
                ("context", models.JSONField(default=dict, verbose_name="details")),
                ("exception", models.TextField(blank=True, verbose_name="traceback")),
                ("repeat_count", models.IntegerField(default=1, verbose_name="times")),
                ("service", models.CharField(max_length=40, verbose_name="service")),
                ("method", models.CharField(blank=True, max_length=10)),
                ("path", models.CharField(blank=True, max_length=500, verbose_name="path")),
                ("user_id", models.UUIDField(null=True, verbose_name="person")),
                ("ip_address", models.GenericIPAddressField(null=True, verbose_name="address")),
                ("user_agent", models.CharField(blank=True, max_length=300)),
                ("trace_id", models.CharField(blank=True, max_length=64, verbose_name="request")),
                ("created_at", models.DateTimeField(verbose_name="time")),
            ],
            options={
                "verbose_name": "log line",
                "verbose_name_plural": "system logs",
                "db_table": "lao_system_logs",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("level__in", ["DEBUG", "INFO", "WARN", "ERROR"])),
                        name="lao_system_logs_level_ck",
                    )
                ],
            },
        ),
    ]
