"""Results: rows that a run brought, sealed in a file of their own until they expire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.ids import uuid7
from querygpt.models.message import Message
from querygpt.models.run import Run

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.authentication import Principal


class ResultQuerySet(models.QuerySet["Result"]):
    def visible_to(self, principal: Principal) -> ResultQuerySet:
        """Those of one's own conversations and of one's own statements."""
        mine = Q(message__in=Message.objects.visible_to(principal)) | Q(
            message__isnull=True, run__in=Run.objects.visible_to(principal)
        )
        return self.filter(mine)

    def stored(self) -> ResultQuerySet:
        return self.filter(state=Result.State.STORED)

    def due(self, now: datetime) -> ResultQuerySet:
        return self.stored().filter(expires_at__lte=now)


class Result(models.Model):
    """The rows of one run. Without its data key the file is noise: letting go of the key is the purge."""

    class State(models.TextChoices):
        STORED = "stored", _("stored")
        EXPIRED = "expired", _("expired")
        PURGED = "purged", _("removed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(
        Run, on_delete=models.DO_NOTHING, related_name="results", db_constraint=False
    )
    message = models.ForeignKey(
        Message,
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="results",
        db_constraint=False,
    )
    file_id = models.UUIDField(null=True)
    data_key_encrypted = models.TextField(blank=True, editable=False)
    columns = models.JSONField(default=list)
    rows_count = models.IntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    truncated = models.BooleanField(default=False)
    sha256 = models.CharField(max_length=64)
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=7, choices=State.choices, default=State.STORED)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ResultQuerySet.as_manager()

    class Meta:
        db_table = "querygpt_results"
        verbose_name = _("result")
        verbose_name_plural = _("results")
        constraints = [
            models.UniqueConstraint(fields=["run"], name="querygpt_results_run_uniq"),
            models.CheckConstraint(
                condition=Q(state__in=["stored", "expired", "purged"]),
                name="querygpt_results_state_ck",
            ),
            # Only what is stored has its key, and what has no key is not stored.
            models.CheckConstraint(
                condition=Q(state="stored", file_id__isnull=False) & ~Q(data_key_encrypted="")
                | ~Q(state="stored") & Q(data_key_encrypted=""),
                name="querygpt_results_key_ck",
            ),
        ]
        indexes = [
            # What expires next.
            models.Index(
                fields=["expires_at"],
                condition=Q(state="stored"),
                name="querygpt_results_expiry_ix",
            ),
            # The result of a message.
            models.Index(fields=["message"], name="querygpt_results_message_ix"),
        ]

    def __str__(self) -> str:
        return str(self.id)
