from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.authentication import Principal
from accounts.ids import uuid7


class FileQuerySet(models.QuerySet["File"]):
    def visible_to(self, principal: Principal) -> FileQuerySet:
        """The files this person may see: those of the workspace at hand, and the person's own of no workspace."""
        if principal.user is None:
            return self.none()
        mine = Q(workspace=None, user=principal.user) & ~Q(purpose__contains=".")
        if principal.workspace_id is not None and principal.may("file.view"):
            # A purpose with a dot belongs to an app above, whose own doors and rights decide who may read it;
            # here only its uploader finds it, and only until it is part of something.
            elsewhere = Q(purpose__contains=".") & ~Q(user=principal.user, entity_type="")
            mine |= Q(workspace_id=principal.workspace_id) & ~elsewhere
        return self.live(timezone.now()).filter(mine)

    def deletable_by(self, principal: Principal) -> FileQuerySet:
        """One's own files; everybody's with the right to."""
        visible = self.visible_to(principal)
        if principal.may("file.delete_any"):
            return visible
        own = visible.filter(user=principal.user)
        return own if principal.may("file.upload") else own.filter(workspace=None)

    def live(self, now: datetime) -> FileQuerySet:
        """Stored and not expired: a temporary file is gone at its hour, swept or not."""
        return self.filter(state=File.State.STORED).filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=now)
        )

    def expired(self, now: datetime) -> FileQuerySet:
        return self.filter(state=File.State.STORED, expires_at__lte=now)

    def purgeable(self, now: datetime) -> FileQuerySet:
        return self.filter(state=File.State.DELETED, purge_after__lte=now)

    def abandoned(self, before: datetime) -> FileQuerySet:
        """Reservations whose upload ended without settling them."""
        return self.filter(state=File.State.PENDING, created_at__lt=before)


class File(models.Model):
    """The bytes somebody uploaded or the platform made, under a name of ours in the storage.

    A row without a workspace belongs to its person alone.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("being stored")
        STORED = "stored", _("stored")
        DELETED = "deleted", _("deleted")

    class Provider(models.TextChoices):
        LOCAL = "local", _("this machine")
        S3 = "s3", "S3"
        OSS = "oss", "OSS"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, null=True, related_name="+"
    )
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(_("purpose"), max_length=60)
    filename = models.CharField(max_length=255)
    original_filename = models.CharField(_("name"), max_length=255)
    mime_type = models.CharField(_("type"), max_length=127)
    file_size = models.BigIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    storage_provider = models.CharField(
        max_length=8, choices=Provider.choices, default=Provider.LOCAL
    )
    storage_path = models.CharField(max_length=255)
    url = models.CharField(max_length=500, null=True)
    entity_type = models.CharField(max_length=40, blank=True)
    entity_id = models.CharField(max_length=64, blank=True)
    is_public = models.BooleanField(_("public"), default=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    row_version = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField(_("expires"), null=True)
    deleted_at = models.DateTimeField(null=True)
    purge_after = models.DateTimeField(null=True)
    created_at = models.DateTimeField(_("uploaded"), auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = FileQuerySet.as_manager()

    class Meta:
        db_table = "lao_files"
        verbose_name = _("file")
        verbose_name_plural = _("files")
        constraints = [
            models.UniqueConstraint(
                fields=["storage_provider", "storage_path"], name="lao_files_path_uniq"
            ),
            models.CheckConstraint(condition=Q(file_size__gte=0), name="lao_files_size_ck"),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "stored", "deleted"]), name="lao_files_state_ck"
            ),
            models.CheckConstraint(
                condition=Q(storage_provider__in=["local", "s3", "oss"]),
                name="lao_files_provider_ck",
            ),
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="lao_files_sha256_ck"
            ),
            models.CheckConstraint(
                condition=Q(state="deleted", purge_after__isnull=False, deleted_at__isnull=False)
                | (~Q(state="deleted") & Q(purge_after__isnull=True, deleted_at__isnull=True)),
                name="lao_files_deletion_ck",
            ),
            models.CheckConstraint(
                condition=Q(is_public=True) | Q(url__isnull=True), name="lao_files_url_ck"
            ),
        ]
        indexes = [
            # The files page.
            models.Index(fields=["workspace", "-created_at", "-id"], name="lao_files_page_ix"),
            # One person's files.
            models.Index(fields=["user", "-created_at"], name="lao_files_user_ix"),
            # What hangs on a thing.
            models.Index(fields=["entity_type", "entity_id"], name="lao_files_entity_ix"),
            # The sweeps: expired, abandoned, purgeable.
            models.Index(
                fields=["expires_at"],
                condition=Q(expires_at__isnull=False),
                name="lao_files_expiry_ix",
            ),
            models.Index(
                fields=["state", "created_at"],
                condition=~Q(state="stored"),
                name="lao_files_sweep_ix",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.original_filename} ({self.id})"

    @property
    def version(self) -> int:
        """What entity tags are made of."""
        return self.row_version


class FileUsageQuerySet(models.QuerySet["FileUsage"]):
    def of(self, workspace_id: Any, user_id: Any = None) -> FileUsageQuerySet:
        """The row of one person in a workspace (None: outside of any), or without a person the total."""
        return self.filter(workspace_id=workspace_id, user_id=user_id)


class FileUsage(models.Model):
    """How much one person stores in a workspace, or (`user` NULL) the whole workspace; the lock of quotas."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, null=True, related_name="+"
    )
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, null=True, related_name="+")
    bytes = models.BigIntegerField(default=0)
    reserved_bytes = models.BigIntegerField(default=0)
    files = models.BigIntegerField(default=0)

    objects = FileUsageQuerySet.as_manager()

    class Meta:
        db_table = "lao_file_usage"
        verbose_name = _("storage in use")
        verbose_name_plural = _("storage in use")
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "user"], nulls_distinct=False, name="lao_file_usage_owner_uniq"
            ),
            models.CheckConstraint(
                condition=Q(bytes__gte=0, reserved_bytes__gte=0, files__gte=0),
                name="lao_file_usage_positive_ck",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workspace_id}/{self.user_id}: {self.bytes}"
