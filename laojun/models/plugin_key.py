"""The keys that plugins are signed with."""

from __future__ import annotations

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.utils.translation import gettext_lazy as _

models.BinaryField.register_lookup(Length)


class PluginKeyQuerySet(models.QuerySet["PluginKey"]):
    def of(self, workspace_id: int | None) -> PluginKeyQuerySet:
        """The keys that may sign for a place: the platform's, and a workspace's own for its private plugins."""
        platform = Q(workspace=None)
        if workspace_id is None:
            return self.filter(platform)
        return self.filter(platform | Q(workspace_id=workspace_id))


class PluginKey(models.Model):
    """A public Ed25519 key: whose it is, in which role it signs, and for which plugins.

    Keys are never deleted: what a key signed must stay explicable. `revoke_reason` decides what becomes of it:
    `compromised` ends every signature of the key, the others refuse new packages only.
    """

    class Role(models.TextChoices):
        PUBLISHER = "publisher", _("publisher")
        REVIEWER = "reviewer", _("reviewer")

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        RETIRED = "retired", _("retired")
        REVOKED = "revoked", _("revoked")

    class Reason(models.TextChoices):
        COMPROMISED = "compromised", _("compromised: stop everything it signed")
        SUPERSEDED = "superseded", _("superseded by another key")
        WITHDRAWN = "withdrawn", _("withdrawn by its owner")

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, null=True, related_name="+"
    )
    key_id = models.CharField(_("key"), max_length=16)
    public_key = models.BinaryField(max_length=32)
    role = models.CharField(_("role"), max_length=9, choices=Role.choices)
    owner_name = models.CharField(_("owner"), max_length=100)
    slug_patterns = ArrayField(models.CharField(max_length=65), verbose_name=_("may sign"))
    not_before = models.DateTimeField(_("valid from"))
    not_after = models.DateTimeField(_("valid until"), null=True)
    status = models.CharField(
        _("status"), max_length=8, choices=Status.choices, default=Status.ACTIVE
    )
    revoked_at = models.DateTimeField(_("revoked"), null=True)
    revoke_reason = models.CharField(_("reason"), max_length=11, choices=Reason.choices, blank=True)
    created_by = models.CharField(max_length=120)
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    objects = PluginKeyQuerySet.as_manager()

    class Meta:
        db_table = "lao_plugin_keys"
        verbose_name = _("plugin key")
        verbose_name_plural = _("plugin keys")
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "key_id", "role"],
                nulls_distinct=False,
                name="lao_plugin_keys_key_uniq",
            ),
            models.CheckConstraint(
                condition=Q(public_key__length=32), name="lao_plugin_keys_length_ck"
            ),
            models.CheckConstraint(
                condition=Q(key_id__regex=r"^[0-9a-f]{16}$"), name="lao_plugin_keys_id_ck"
            ),
            models.CheckConstraint(
                condition=Q(role__in=["publisher", "reviewer"]), name="lao_plugin_keys_role_ck"
            ),
            models.CheckConstraint(
                condition=Q(
                    status="revoked",
                    revoked_at__isnull=False,
                    revoke_reason__in=["compromised", "superseded", "withdrawn"],
                )
                | Q(status__in=["active", "retired"], revoked_at__isnull=True, revoke_reason=""),
                name="lao_plugin_keys_status_ck",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key_id} ({self.role})"

    def is_open(self, now: datetime) -> bool:
        """Whether the key may sign something new."""
        if self.status != self.Status.ACTIVE or now < self.not_before:
            return False
        return self.not_after is None or now < self.not_after
