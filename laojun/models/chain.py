from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accounts.authentication import Principal

PLATFORM_CHAIN = 0


class AuditInstance(models.Model):
    """This installation's own number. Every chain begins with it, so that chains of two installations never agree."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    instance_id = models.UUIDField(default=uuid.uuid4, editable=False)

    class Meta:
        db_table = "lao_audit_instance"
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="lao_audit_instance_one_ck"),
        ]

    def __str__(self) -> str:
        return str(self.instance_id)


class AuditChainQuerySet(models.QuerySet["AuditChain"]):
    def visible_to(self, principal: Principal) -> AuditChainQuerySet:
        """The workspace's own chain."""
        if principal.workspace_id is None or not principal.may("audit.view"):
            return self.none()
        return self.filter(workspace_id=principal.workspace_id)


class AuditChain(models.Model):
    """The sealed rows of one workspace's log (0: the platform's), from the first to `head_seq`.

    Made and moved on by the sealer alone. `verdict` is what the last verification found.
    """

    class Status(models.TextChoices):
        OK = "ok", _("no fault known")
        BROKEN = "broken", _("broken")
        RESTORED = "restored", _("restored")

    chain_id = models.BigIntegerField(_("chain"), primary_key=True)
    workspace_id = models.BigIntegerField(_("workspace"), null=True)
    status = models.CharField(
        _("state"), max_length=8, choices=Status.choices, default=Status.OK, db_default=Status.OK
    )
    head_seq = models.BigIntegerField(_("rows"), default=0)
    head_hash = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField(_("sealed"), null=True)
    anchored_seq = models.BigIntegerField(_("anchored up to"), default=0, db_default=0)
    anchored_at = models.DateTimeField(_("anchored"), null=True)
    verified_seq = models.BigIntegerField(_("verified up to"), default=0, db_default=0)
    verified_at = models.DateTimeField(_("verified"), null=True)
    verdict = models.JSONField(null=True)

    objects = AuditChainQuerySet.as_manager()

    class Meta:
        db_table = "lao_audit_chains"
        verbose_name = _("audit chain")
        verbose_name_plural = _("audit chains")
        constraints = [
            models.CheckConstraint(
                condition=Q(chain_id=PLATFORM_CHAIN, workspace_id__isnull=True)
                | Q(chain_id__gt=PLATFORM_CHAIN, workspace_id=models.F("chain_id")),
                name="lao_audit_chains_place_ck",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["ok", "broken", "restored"]),
                name="lao_audit_chains_status_ck",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.chain_id}: {self.head_seq}"


class AuditAnchor(models.Model):
    """One signed line outside the database: how far which chains had come. Numbers have no gap.

    `heads` lists `{chain, seq, hash}` of the chains that moved; `details` is what the other kinds of line say.
    """

    class Kind(models.TextChoices):
        HEADS = "heads", _("heads")
        ROTATION = "rotation", _("new key")
        RESTORE = "restore", _("after a restore")

    anchor_no = models.BigIntegerField(_("number"), primary_key=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    heads = models.JSONField(default=list)
    details = models.JSONField(default=dict)
    prev_sha256 = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)
    signature = models.CharField(max_length=128)
    signing_key_id = models.CharField(_("signing key"), max_length=16)
    sinks = models.JSONField(_("written to"), default=dict)
    created_at = models.DateTimeField(_("time"))

    class Meta:
        db_table = "lao_audit_anchors"
        verbose_name = _("audit anchor")
        verbose_name_plural = _("audit anchors")
        constraints = [
            models.UniqueConstraint(fields=["sha256"], name="lao_audit_anchors_sha256_uniq"),
            models.CheckConstraint(
                condition=Q(anchor_no__gte=1), name="lao_audit_anchors_number_ck"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["heads", "rotation", "restore"]),
                name="lao_audit_anchors_kind_ck",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.anchor_no}"


class AuditCheckpoint(models.Model):
    """Where a chain begins since its older rows stand in an archive.

    `hash` is that of the row `up_to_seq`. `bridge` lists `[seq, hash]` of later rows that left as well: the order
    of seals and the edge of a month differ by a few rows.
    """

    id = models.BigAutoField(primary_key=True)
    workspace_id = models.BigIntegerField(_("workspace"), null=True)
    up_to_seq = models.BigIntegerField(_("up to"))
    hash = models.BinaryField(max_length=32)
    bridge = models.JSONField(default=list)
    row_count = models.BigIntegerField(_("rows that left"))
    archive_id = models.BigIntegerField(_("archive"), null=True)
    signature = models.CharField(max_length=128)
    signing_key_id = models.CharField(_("signing key"), max_length=16)
    created_at = models.DateTimeField(_("time"), db_default=Now())

    class Meta:
        db_table = "lao_audit_checkpoints"
        verbose_name = _("audit checkpoint")
        verbose_name_plural = _("audit checkpoints")
        constraints = [
            models.UniqueConstraint(
                fields=["workspace_id", "up_to_seq"],
                nulls_distinct=False,
                name="lao_audit_checkpoints_place_uniq",
            )
        ]

    def __str__(self) -> str:
        return f"{self.workspace_id or PLATFORM_CHAIN}: {self.up_to_seq}"
