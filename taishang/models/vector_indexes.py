"""The generations of a collection's index, and how often they find what an exact search finds."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from taishang.models.vectors import Backend, IndexType, Precision


class VectorIndex(models.Model):
    """One generation: built beside the active one, which serves until this one takes over."""

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        BUILDING = "building", _("being built")
        READY = "ready", _("ready")
        RETIRING = "retiring", _("being removed")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    collection = models.ForeignKey(
        "taishang.VectorCollection",
        on_delete=models.DO_NOTHING,
        related_name="indexes",
        db_constraint=False,
        verbose_name=_("collection"),
    )
    generation = models.IntegerField(_("generation"))
    backend = models.CharField(_("backend"), max_length=8, choices=Backend.choices)
    kind = models.CharField(_("kind"), max_length=7, choices=IndexType.choices)
    precision = models.CharField(_("precision"), max_length=7, choices=Precision.choices)
    params = models.JSONField(_("parameters"), default=dict)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.QUEUED)
    is_active = models.BooleanField(_("in use"), default=False)
    locator = models.CharField(_("place"), max_length=300, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    bytes = models.BigIntegerField(_("size"), default=0)
    rows = models.BigIntegerField(_("rows"), default=0)
    seq = models.BigIntegerField(_("last change"), default=0)
    phase = models.CharField(_("phase"), max_length=200, blank=True)
    progress = models.SmallIntegerField(_("progress"), default=0)
    task_id = models.UUIDField(_("task"), null=True)
    started_at = models.DateTimeField(_("started"), null=True)
    built_at = models.DateTimeField(_("built"), null=True)
    error = models.CharField(_("error"), max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "tai_vector_indexes"
        verbose_name = _("vector index")
        verbose_name_plural = _("vector indexes")
        constraints = [
            models.UniqueConstraint(
                fields=["collection", "generation"], name="tai_vector_indexes_generation_uniq"
            ),
            models.UniqueConstraint(
                fields=["collection"],
                condition=models.Q(is_active=True),
                name="tai_vector_indexes_one_active_uniq",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state__in=["queued", "building", "ready", "retiring", "failed", "cancelled"]
                ),
                name="tai_vector_indexes_state_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(is_active=False) | models.Q(state__in=["ready", "retiring"]),
                name="tai_vector_indexes_active_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(progress__range=(0, 100), rows__gte=0, bytes__gte=0),
                name="tai_vector_indexes_counts_ck",
            ),
        ]


class VectorRecallRun(models.Model):
    """One measurement: what share of the exact answers the index finds, for each search effort."""

    class Source(models.TextChoices):
        STORED = "stored", _("stored rows")
        QUERIES = "queries", _("recorded queries")

    class Verdict(models.TextChoices):
        OK = "ok", _("good")
        LOW = "low", _("low")
        UNKNOWN = "unknown", _("unknown")

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    collection = models.ForeignKey(
        "taishang.VectorCollection",
        on_delete=models.DO_NOTHING,
        related_name="recall_runs",
        db_constraint=False,
    )
    index = models.ForeignKey(
        VectorIndex,
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="recall_runs",
        db_constraint=False,
    )
    source = models.CharField(max_length=7, choices=Source.choices, default=Source.STORED)
    sample = models.IntegerField(_("sample"))
    k = models.SmallIntegerField(default=10)
    filter = models.JSONField(null=True)
    selectivity = models.FloatField(null=True)
    points = models.JSONField(default=list)
    recommended_ef = models.SmallIntegerField(_("recommended effort"), null=True)
    target = models.DecimalField(_("target"), max_digits=4, decimal_places=3)
    verdict = models.CharField(_("verdict"), max_length=7, choices=Verdict.choices)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    partial = models.BooleanField(default=False)
    rows = models.BigIntegerField()
    write_seq = models.BigIntegerField()
    task_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(_("measured"), auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "tai_vector_recall_runs"
        verbose_name = _("recall measurement")
        verbose_name_plural = _("recall measurements")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(verdict__in=["ok", "low", "unknown"]),
                name="tai_vector_recall_runs_verdict_ck",
            ),
        ]
        indexes = [
            # The latest measurement of a collection decides its search effort.
            models.Index(fields=["collection", "-created_at"], name="tai_vector_recall_latest_ix")
        ]
