from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class BackupQuerySet(models.QuerySet["Backup"]):
    def good(self) -> BackupQuerySet:
        """Those that can be restored from, newest first."""
        return self.filter(state=Backup.State.OK).order_by("-started_at")


class Backup(models.Model):
    """One saved state of the platform: database, files, archives, and the manifest that proves them."""

    class Kind(models.TextChoices):
        SCHEDULED = "scheduled", _("by the clock")
        MANUAL = "manual", _("by hand")
        PRE_MIGRATION = "pre_migration", _("before a migration")
        PRE_RESTORE = "pre_restore", _("before a restore")

    class Tier(models.TextChoices):
        DAILY = "daily", _("daily")
        WEEKLY = "weekly", _("weekly")
        MONTHLY = "monthly", _("monthly")

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        OK = "ok", _("good")
        FAILED = "failed", _("failed")
        CORRUPT = "corrupt", _("damaged")
        PRUNED = "pruned", _("removed")

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(_("made"), max_length=13, choices=Kind.choices)
    tier = models.CharField(_("kept as"), max_length=7, choices=Tier.choices)
    path = models.CharField(_("folder"), max_length=500, blank=True)
    state = models.CharField(_("state"), max_length=7, choices=State.choices, default=State.RUNNING)
    database_bytes = models.BigIntegerField(_("database"), default=0)
    files_bytes = models.BigIntegerField(_("files"), default=0)
    new_bytes = models.BigIntegerField(_("new files"), default=0)
    manifest_sha256 = models.CharField(max_length=64, blank=True)
    error = models.TextField(_("error"), blank=True)
    verified_at = models.DateTimeField(_("verified"), null=True)
    drilled_at = models.DateTimeField(_("drilled"), null=True)
    drill_result = models.JSONField(default=dict)
    started_at = models.DateTimeField(_("began"))
    finished_at = models.DateTimeField(_("ended"), null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = BackupQuerySet.as_manager()

    class Meta:
        db_table = "lao_backups"
        verbose_name = _("backup")
        verbose_name_plural = _("backups")
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="running"), name="lao_backups_one_running_uniq"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["running", "ok", "failed", "corrupt", "pruned"]),
                name="lao_backups_state_ck",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["scheduled", "manual", "pre_migration", "pre_restore"]),
                name="lao_backups_kind_ck",
            ),
            models.CheckConstraint(
                condition=Q(tier__in=["daily", "weekly", "monthly"]), name="lao_backups_tier_ck"
            ),
        ]
        indexes = [models.Index(fields=["-started_at"], name="lao_backups_newest_ix")]

    def __str__(self) -> str:
        return self.path or f"#{self.pk}"

    @property
    def total_bytes(self) -> int:
        return self.database_bytes + self.files_bytes
