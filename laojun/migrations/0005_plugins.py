"""Plugins, their versions and keys, their use in workspaces, consents and history."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0012_rights_in_the_database"),
        ("laojun", "0004_note_changes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Plugin",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("slug", models.CharField(max_length=64, verbose_name="slug")),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("builtin", "part of the platform"),
                            ("http", "a service elsewhere"),
                            ("wasm", "a program that runs here, caged"),
                        ],
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                ("publisher", models.CharField(max_length=100, verbose_name="publisher")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("active", "active"),
                            ("deprecated", "deprecated"),
                            ("blocked", "blocked"),
                        ],
                        default="draft",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                (
                    "status_reason",
                    models.CharField(blank=True, max_length=500, verbose_name="reason"),
                ),
                ("blocked_at", models.DateTimeField(null=True, verbose_name="blocked")),
                ("row_version", models.BigIntegerField(default=0, editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="added")),
                ("updated_at", models.DateTimeField(auto_now=True)),
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
                "verbose_name": "plugin",
                "verbose_name_plural": "plugins",
                "db_table": "lao_plugins",
            },
        ),
        migrations.CreateModel(
            name="PluginAudit",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("workspace_id", models.BigIntegerField(null=True)),
                ("plugin_id", models.BigIntegerField(null=True)),
                ("slug", models.CharField(blank=True, max_length=64, verbose_name="plugin")),
                ("audit_id", models.BigIntegerField()),
                ("action", models.CharField(max_length=80, verbose_name="action")),
                ("actor", models.CharField(max_length=120, verbose_name="actor")),
                ("actor_id", models.UUIDField(null=True)),
                ("result", models.CharField(max_length=6, verbose_name="result")),
                ("version_from", models.CharField(blank=True, max_length=64, verbose_name="from")),
                ("version_to", models.CharField(blank=True, max_length=64, verbose_name="to")),
                ("diff", models.JSONField(default=dict)),
                ("trace_id", models.CharField(blank=True, max_length=64)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=models.Func(
                            function="clock_timestamp", output_field=models.DateTimeField()
                        ),
                        verbose_name="time",
                    ),
                ),
            ],
            options={
                "verbose_name": "deed on a plugin",
                "verbose_name_plural": "deeds on plugins",
                "db_table": "lao_plugin_audits",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("result__in", ["ok", "denied", "failed"])),
                        name="lao_plugin_audits_result_ck",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("action__regex", "^plugin(_key)?\\.[a-z_]+$")),
                        name="lao_plugin_audits_action_ck",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PluginGeneration",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("generation", models.BigIntegerField(default=0)),
                (
                    "changed_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
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
                "db_table": "lao_plugin_generations",
            },
        ),
        migrations.CreateModel(
            name="PluginKey",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key_id", models.CharField(max_length=16, verbose_name="key")),
                ("public_key", models.BinaryField(max_length=32)),
                (
                    "role",
                    models.CharField(
                        choices=[("publisher", "publisher"), ("reviewer", "reviewer")],
                        max_length=9,
                        verbose_name="role",
                    ),
                ),
                ("owner_name", models.CharField(max_length=100, verbose_name="owner")),
                (
                    "slug_patterns",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=65),
                        size=None,
                        verbose_name="may sign",
                    ),
                ),
                ("not_before", models.DateTimeField(verbose_name="valid from")),
                ("not_after", models.DateTimeField(null=True, verbose_name="valid until")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("active", "active"),
                            ("retired", "retired"),
                            ("revoked", "revoked"),
                        ],
                        default="active",
                        max_length=8,
                        verbose_name="status",
                    ),
                ),
                ("revoked_at", models.DateTimeField(null=True, verbose_name="revoked")),
                (
                    "revoke_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("compromised", "compromised: stop everything it signed"),
                            ("superseded", "superseded by another key"),
                            ("withdrawn", "withdrawn by its owner"),
                        ],
                        max_length=11,
                        verbose_name="reason",
                    ),
                ),
                ("created_by", models.CharField(max_length=120)),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="added")),
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
                "verbose_name": "plugin key",
                "verbose_name_plural": "plugin keys",
                "db_table": "lao_plugin_keys",
            },
        ),
        migrations.CreateModel(
            name="PluginVersion",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("version", models.CharField(max_length=64, verbose_name="version")),
                ("version_sort", models.CharField(db_collation="C", max_length=200)),
                ("manifest", models.JSONField()),
                ("manifest_bytes", models.BinaryField()),
                ("checksum", models.CharField(max_length=64)),
                ("signature", models.JSONField(default=list)),
                (
                    "signature_status",
                    models.CharField(
                        choices=[
                            ("signed", "signed"),
                            ("unsigned", "not signed"),
                            ("incompatible", "does not fit this platform"),
                            ("revoked", "its key was revoked"),
                            ("modified", "modified"),
                        ],
                        max_length=12,
                        verbose_name="signature",
                    ),
                ),
                ("findings", models.JSONField(default=list, verbose_name="findings")),
                (
                    "permissions",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=260), default=list, size=None
                    ),
                ),
                (
                    "hooks",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60), default=list, size=None
                    ),
                ),
                ("yanked_at", models.DateTimeField(null=True, verbose_name="withdrawn")),
                (
                    "yank_reason",
                    models.CharField(blank=True, max_length=500, verbose_name="reason"),
                ),
                ("created_by", models.CharField(max_length=120)),
                ("verified_at", models.DateTimeField(null=True, verbose_name="checked")),
                ("first_verified_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="added")),
                (
                    "package_file",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="+",
                        to="laojun.file",
                    ),
                ),
                (
                    "plugin",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="laojun.plugin",
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
                "verbose_name": "plugin version",
                "verbose_name_plural": "plugin versions",
                "db_table": "lao_plugin_versions",
            },
        ),
        migrations.CreateModel(
            name="PluginInstance",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("enabled", models.BooleanField(default=False, verbose_name="on")),
                ("config", models.JSONField(default=dict)),
                ("priority", models.IntegerField(default=100, verbose_name="order")),
                (
                    "health",
                    models.CharField(
                        choices=[
                            ("disabled", "off"),
                            ("ok", "working"),
                            ("degraded", "failing, tried again soon"),
                            ("needs_consent", "waiting for your consent"),
                            ("config_invalid", "settings to be completed"),
                            ("missing_dependency", "another plugin is missing"),
                            ("incompatible", "does not fit this platform"),
                            ("unsigned", "not signed"),
                            ("revoked", "its key was revoked"),
                            ("modified", "modified"),
                            ("blocked", "blocked by the operators"),
                        ],
                        default="disabled",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("health_detail", models.JSONField(default=dict)),
                ("circuit", models.JSONField(default=dict)),
                ("previous_config", models.JSONField(null=True)),
                (
                    "previous_permissions",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=260), null=True, size=None
                    ),
                ),
                ("row_version", models.BigIntegerField(default=0, editable=False)),
                ("installed_at", models.DateTimeField(auto_now_add=True, verbose_name="installed")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "plugin",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="instances",
                        to="laojun.plugin",
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
                    "previous_version",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="+",
                        to="laojun.pluginversion",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="instances",
                        to="laojun.pluginversion",
                    ),
                ),
            ],
            options={
                "verbose_name": "plugin in use",
                "verbose_name_plural": "plugins in use",
                "db_table": "lao_plugin_instances",
            },
        ),
        migrations.CreateModel(
            name="PluginConsent",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("permission", models.CharField(max_length=260)),
                ("granted_by", models.CharField(max_length=120)),
                ("granted_at", models.DateTimeField(auto_now_add=True)),
                ("withdrawn_at", models.DateTimeField(null=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                (
                    "instance",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="consents",
                        to="laojun.plugininstance",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="+",
                        to="laojun.pluginversion",
                    ),
                ),
            ],
            options={
                "db_table": "lao_plugin_consents",
            },
        ),
        migrations.AddIndex(
            model_name="plugin",
            index=models.Index(fields=["status"], name="lao_plugins_status_ix"),
        ),
        migrations.AddConstraint(
            model_name="plugin",
            constraint=models.UniqueConstraint(
                fields=("workspace", "slug"), name="lao_plugins_slug_uniq", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="plugin",
            constraint=models.UniqueConstraint(
                fields=("workspace", "name"), name="lao_plugins_name_uniq", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="plugin",
            constraint=models.CheckConstraint(
                condition=models.Q(("slug__regex", "^[a-z][a-z0-9_-]{1,63}$")),
                name="lao_plugins_slug_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="plugin",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["builtin", "http", "wasm"])),
                name="lao_plugins_kind_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="plugin",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["draft", "active", "deprecated", "blocked"])),
                name="lao_plugins_status_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="plugin",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("blocked_at__isnull", False),
                        ("status", "blocked"),
                        models.Q(("status_reason", ""), _negated=True),
                    ),
                    models.Q(
                        models.Q(("status", "blocked"), _negated=True), ("blocked_at__isnull", True)
                    ),
                    _connector="OR",
                ),
                name="lao_plugins_blocked_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="plugingeneration",
            constraint=models.UniqueConstraint(
                fields=("workspace",),
                name="lao_plugin_generations_place_uniq",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="pluginkey",
            constraint=models.UniqueConstraint(
                fields=("workspace", "key_id", "role"),
                name="lao_plugin_keys_key_uniq",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="pluginkey",
            constraint=models.CheckConstraint(
                condition=models.Q(("public_key__length", 32)), name="lao_plugin_keys_length_ck"
            ),
        ),
        migrations.AddConstraint(
            model_name="pluginkey",
            constraint=models.CheckConstraint(
                condition=models.Q(("key_id__regex", "^[0-9a-f]{16}$")),
                name="lao_plugin_keys_id_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="pluginkey",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["publisher", "reviewer"])),
                name="lao_plugin_keys_role_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="pluginkey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("revoke_reason__in", ["compromised", "superseded", "withdrawn"]),
                        ("revoked_at__isnull", False),
                        ("status", "revoked"),
                    ),
                    models.Q(
                        ("revoke_reason", ""),
                        ("revoked_at__isnull", True),
                        ("status__in", ["active", "retired"]),
                    ),
                    _connector="OR",
                ),
                name="lao_plugin_keys_status_ck",
            ),
        ),
        migrations.AddIndex(
            model_name="pluginversion",
            index=models.Index(
                fields=["plugin", "-version_sort"], name="lao_plugin_versions_newest_ix"
            ),
        ),
        migrations.AddIndex(
            model_name="pluginversion",
            index=models.Index(fields=["signature_status"], name="lao_plugin_versions_state_ix"),
        ),
        migrations.AddIndex(
            model_name="pluginversion",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["manifest"],
                name="lao_plugin_versions_manifest",
                opclasses=["jsonb_path_ops"],
            ),
        ),
        migrations.AddConstraint(
            model_name="pluginversion",
            constraint=models.UniqueConstraint(
                fields=("plugin", "version"), name="lao_plugin_versions_version_uniq"
            ),
        ),
        migrations.AddConstraint(
            model_name="pluginversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("checksum__regex", "^[0-9a-f]{64}$")),
                name="lao_plugin_versions_checksum_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="pluginversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "signature_status__in",
                        ["signed", "unsigned", "incompatible", "revoked", "modified"],
                    )
                ),
                name="lao_plugin_versions_signature_ck",
            ),
        ),
        migrations.AddIndex(
            model_name="plugininstance",
            index=models.Index(fields=["enabled"], name="lao_plugin_instances_on_ix"),
        ),
        migrations.AddIndex(
            model_name="plugininstance",
            index=models.Index(fields=["version"], name="lao_plugin_instances_pin_ix"),
        ),
        migrations.AddConstraint(
            model_name="plugininstance",
            constraint=models.UniqueConstraint(
                fields=("workspace", "plugin"), name="lao_plugin_instances_plugin_uniq"
            ),
        ),
        migrations.AddConstraint(
            model_name="plugininstance",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "health__in",
                        [
                            "disabled",
                            "ok",
                            "degraded",
                            "needs_consent",
                            "config_invalid",
                            "missing_dependency",
                            "incompatible",
                            "unsigned",
                            "revoked",
                            "modified",
                            "blocked",
                        ],
                    )
                ),
                name="lao_plugin_instances_health_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="plugininstance",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("enabled", True),
                    models.Q(("health__in", ["ok", "degraded"]), _negated=True),
                    _connector="OR",
                ),
                name="lao_plugin_instances_running_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="plugininstance",
            constraint=models.CheckConstraint(
                condition=models.Q(("priority__gte", 0), ("priority__lte", 1000)),
                name="lao_plugin_instances_priority_ck",
            ),
        ),
        migrations.AddConstraint(
            model_name="pluginconsent",
            constraint=models.UniqueConstraint(
                condition=models.Q(("withdrawn_at__isnull", True)),
                fields=("instance", "permission"),
                name="lao_plugin_consents_standing_uniq",
            ),
        ),
    ]
