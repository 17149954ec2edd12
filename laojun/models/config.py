from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connections, models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

KEY_PATTERN = r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+){1,5}$"
SNAPSHOT = """
    SELECT COALESCE((SELECT generation FROM lao_config_generations
                     WHERE workspace_id IS NULL), 0),
           COALESCE((SELECT generation FROM lao_config_generations
                     WHERE workspace_id = %(workspace_id)s), 0),
           COALESCE((SELECT jsonb_agg(jsonb_build_array(scope, key, value)) FROM lao_configs
                     WHERE NOT is_secret AND scope IN ('global', 'workspace')
                       AND (workspace_id IS NULL OR workspace_id = %(workspace_id)s)),
                    '[]'::jsonb)::text
"""


@dataclass(frozen=True)
class Snapshot:
    """Shapes: `values` is `{scope: {key: value}}`; the generations are of the platform and of the workspace."""

    platform_generation: int
    generation: int
    values: dict[str, dict[str, Any]]


class ConfigQuerySet(models.QuerySet["Config"]):
    def of(self, workspace_id: int | None) -> ConfigQuerySet:
        """The settings of a place: of the platform, or of one workspace. Plugins keep theirs apart."""
        scope = Config.GLOBAL if workspace_id is None else Config.WORKSPACE
        return self.filter(scope=scope, workspace_id=workspace_id)

    def snapshot(self, workspace_id: int | None) -> Snapshot:
        """Every plain value in force in a place, with the generations it was read at: one statement, one view.

        Two statements could see a change between them and store old values under the new generation.
        """
        with connections[self.db].cursor() as cursor:
            cursor.execute(SNAPSHOT, {"workspace_id": workspace_id})
            platform, own, rows = cursor.fetchone()
        values: dict[str, dict[str, Any]] = {self.model.GLOBAL: {}, self.model.WORKSPACE: {}}
        for scope, key, value in orjson.loads(rows):
            values[scope][key] = value
        return Snapshot(platform, own, values)


class Config(models.Model):
    """A setting's value in one place: the platform (`workspace` NULL), a workspace, or a plugin in either.

    `row_version` comes from one sequence and is never used twice, so a value that was reset and set again
    cannot be taken for the one somebody saw before.
    """

    GLOBAL = "global"
    WORKSPACE = "workspace"

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, null=True, related_name="+"
    )
    scope = models.CharField(max_length=80)
    key = models.CharField(max_length=100)
    value = models.JSONField(null=True)
    description = models.CharField(max_length=500, blank=True)
    is_secret = models.BooleanField(default=False)
    secret_ciphertext = models.TextField(null=True)
    row_version = models.BigIntegerField(default=0, editable=False)
    updated_by = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ConfigQuerySet.as_manager()

    class Meta:
        db_table = "lao_configs"
        verbose_name = _("setting")
        verbose_name_plural = _("configuration")
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "scope", "key"],
                nulls_distinct=False,
                name="lao_configs_place_uniq",
            ),
            models.CheckConstraint(
                condition=Q(scope="global", workspace__isnull=True)
                | Q(scope="workspace", workspace__isnull=False)
                | Q(scope__regex=r"^plugin:[a-z][a-z0-9_-]{1,63}$"),
                name="lao_configs_scope_ck",
            ),
            models.CheckConstraint(condition=Q(key__regex=KEY_PATTERN), name="lao_configs_key_ck"),
            models.CheckConstraint(
                condition=Q(is_secret=True, value__isnull=True, secret_ciphertext__isnull=False)
                | Q(is_secret=False, value__isnull=False, secret_ciphertext__isnull=True),
                name="lao_configs_secret_ck",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope}/{self.key}"


class ConfigGeneration(models.Model):
    """The number that moves whenever a setting of a workspace (or of the platform, NULL) changes."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, null=True, related_name="+"
    )
    generation = models.BigIntegerField()
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "lao_config_generations"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace"],
                nulls_distinct=False,
                name="lao_config_generations_place_uniq",
            )
        ]

    def __str__(self) -> str:
        return f"{self.workspace_id}: {self.generation}"
