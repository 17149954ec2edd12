"""Batches: chapters written one after the other."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from studio.models.base import Owned, one_of
from studio.models.bound import BoundQuerySet
from studio.models.chapter import Chapter
from studio.models.work import Work

LIVE = ("draft", "running", "paused")


class BatchQuerySet(BoundQuerySet["Batch"]):
    def live(self) -> BatchQuerySet:
        return self.filter(state__in=LIVE)


class Batch(Owned):
    """A run over chosen chapters within `max_cost` (in the platform's currency). A work has one live batch at most."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        RUNNING = "running", _("running")
        PAUSED = "paused", _("paused")
        COMPLETED = "completed", _("done")
        CANCELLED = "cancelled", _("cancelled")
        FAILED = "failed", _("failed")

    work = models.ForeignKey(
        Work, on_delete=models.DO_NOTHING, related_name="batches", db_constraint=False
    )
    user = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    agent = models.ForeignKey(
        "studio.Agent", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    options = models.JSONField(default=dict)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.DRAFT)
    pause_reason = models.CharField(max_length=60, blank=True)
    max_cost = models.DecimalField(max_digits=18, decimal_places=10, null=True)
    spent = models.DecimalField(max_digits=18, decimal_places=10, default=0)
    task_id = models.UUIDField(null=True)
    version = models.BigIntegerField(default=0)

    objects = BatchQuerySet.as_manager()

    class Meta:
        db_table = "studio_batches"
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        constraints = [
            models.UniqueConstraint(
                fields=["work"], condition=Q(state__in=LIVE), name="studio_batches_live_uniq"
            ),
            one_of(
                "state",
                ["draft", "running", "paused", "completed", "cancelled", "failed"],
                "studio_batches_state_ck",
            ),
            models.CheckConstraint(condition=Q(spent__gte=0), name="studio_batches_spent_ck"),
        ]
        indexes = [models.Index(fields=["work", "-created_at"], name="studio_batches_work_ix")]

    def __str__(self) -> str:
        return str(self.pk)


class BatchItemQuerySet(BoundQuerySet["BatchItem"]):
    pass


class BatchItem(Owned):
    """One chapter of a batch, in its turn."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        WRITING = "writing", _("writing")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        SKIPPED = "skipped", _("skipped")

    work = models.ForeignKey(
        Work, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    batch = models.ForeignKey(
        Batch, on_delete=models.DO_NOTHING, related_name="items", db_constraint=False
    )
    chapter = models.ForeignKey(
        Chapter, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    ordinal = models.IntegerField()
    state = models.CharField(_("state"), max_length=7, choices=State.choices, default=State.WAITING)
    attempts = models.SmallIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)
    request_id = models.UUIDField(null=True)
    proposal_id = models.UUIDField(null=True)

    objects = BatchItemQuerySet.as_manager()

    class Meta:
        db_table = "studio_batch_items"
        verbose_name = _("chapter of a batch")
        verbose_name_plural = _("chapters of batches")
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "ordinal"], name="studio_batch_items_ordinal_uniq"
            ),
            models.UniqueConstraint(
                fields=["batch", "chapter"], name="studio_batch_items_chapter_uniq"
            ),
            one_of(
                "state",
                ["waiting", "writing", "done", "failed", "skipped"],
                "studio_batch_items_state_ck",
            ),
        ]

    def __str__(self) -> str:
        return str(self.ordinal)
