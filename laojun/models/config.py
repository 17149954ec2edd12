from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

KEY_PATTERN = r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+){1,5}$"


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
