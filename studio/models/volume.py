"""Volumes: parts of a work that hold chapters."""

from __future__ import annotations

from django.db import models
from django.db.models import Case, Deferrable, F, Q, When
from django.utils.translation import gettext_lazy as _

from studio.models.base import Owned
from studio.models.bound import BinnableQuerySet
from studio.models.work import MAX_TITLE, Work

MAX_RANK = 64


class VolumeQuerySet(BinnableQuerySet["Volume"]):
    def in_order(self) -> VolumeQuerySet:
        return self.order_by("order_index", "id")


class Volume(Owned):
    """A part of a work. `order_index` is a rank key of `studio.ranks`; `order_scope` is NULL in the bin."""

    work = models.ForeignKey(
        Work, on_delete=models.DO_NOTHING, related_name="volumes", db_constraint=False
    )
    title = models.CharField(_("title"), max_length=MAX_TITLE, blank=True)
    synopsis = models.TextField(_("synopsis"), blank=True)
    is_numbered = models.BooleanField(_("numbered"), default=True)
    order_index = models.CharField(max_length=MAX_RANK, db_collation="C")
    order_scope = models.GeneratedField(
        expression=Case(When(deleted_at__isnull=True, then=F("work_id"))),
        output_field=models.UUIDField(null=True),
        db_persist=True,
    )
    version = models.BigIntegerField(default=0)
    deleted_at = models.DateTimeField(null=True)

    objects = VolumeQuerySet.as_manager()

    class Meta:
        db_table = "studio_volumes"
        verbose_name = _("volume")
        verbose_name_plural = _("volumes")
        constraints = [
            models.UniqueConstraint(
                fields=["order_scope", "order_index"],
                deferrable=Deferrable.DEFERRED,
                name="studio_volumes_order_uniq",
            ),
            models.CheckConstraint(
                condition=Q(order_index__regex=r"^[0-9A-Za-z]+$"), name="studio_volumes_rank_ck"
            ),
        ]
        indexes = [models.Index(fields=["work"], name="studio_volumes_work_ix")]

    def __str__(self) -> str:
        return self.title or str(self.pk)
