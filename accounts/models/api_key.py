from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.ids import uuid7

if TYPE_CHECKING:
    from accounts.models.user import User


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def visible_to(self, user: User) -> ApiKeyQuerySet:
        """A person's own keys; the workspace in force narrows them further."""
        return self.filter(user=user)

    def live(self, now: datetime) -> ApiKeyQuerySet:
        return self.filter(revoked_at__isnull=True).filter(
            models.Q(expires_at__isnull=True) | models.Q(expires_at__gt=now)
        )


class ApiKey(models.Model):
    """A key that a program shows: one person's rights in one workspace, narrowed to its scopes."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(max_length=8)
    key_hash = models.CharField(max_length=64)
    pepper_id = models.CharField(max_length=16)
    scopes = ArrayField(models.CharField(max_length=100))
    rate_limit_per_minute = models.IntegerField(null=True, blank=True)
    replaces = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")
    overlap_until = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    last_used_ip = models.GenericIPAddressField(null=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True)
    version = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        db_table = "accounts_api_keys"
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        constraints = [
            models.UniqueConstraint(fields=["prefix"], name="accounts_api_keys_prefix_uniq"),
            models.UniqueConstraint(fields=["key_hash"], name="accounts_api_keys_hash_uniq"),
            models.CheckConstraint(
                condition=models.Q(scopes__len__gte=1), name="accounts_api_keys_scopes_ck"
            ),
        ]
        # The keys page: this person's keys in this workspace.
        indexes = [models.Index(fields=["workspace", "user"], name="accounts_api_keys_owner_ix")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
