from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Archive(models.Model):
    """A month, or a batch of rows, that left its table for a file: what it holds and how to prove it."""

    class State(models.TextChoices):
        WRITTEN = "written", _("written, rows still in the table")
        MOVED = "moved", _("in the archive")
        DAMAGED = "damaged", _("damaged")

    id = models.BigAutoField(primary_key=True)
    table_name = models.CharField(_("table"), max_length=63)
    # The month's own table, or the key of the first row of a batch.
    partition = models.CharField(_("part"), max_length=63)
    range_start = models.DateTimeField(_("from"))
    range_end = models.DateTimeField(_("until"))
    row_count = models.BigIntegerField(_("rows"))
    min_id = models.CharField(max_length=64, blank=True)
    max_id = models.CharField(max_length=64, blank=True)
    sha256 = models.CharField(max_length=64)
    bytes = models.BigIntegerField(_("size"))
    storage_path = models.CharField(max_length=255, unique=True)
    schema_sha256 = models.CharField(max_length=64)
    # {"workspaces": {number: rows}}; "" counts the platform's own.
    summary = models.JSONField(default=dict)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WRITTEN)
    verified_at = models.DateTimeField(_("verified"), null=True)
    # The side table that holds the rows again, for people to look into.
    side_table = models.CharField(_("side table"), max_length=63, blank=True)
    side_table_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(_("archived"), auto_now_add=True)

    class Meta:
        db_table = "lao_archives"
        verbose_name = _("archive")
        verbose_name_plural = _("archives")
        constraints = [
            models.UniqueConstraint(
                fields=["table_name", "partition", "range_start", "range_end"],
                name="lao_archives_range_uniq",
            ),
            models.CheckConstraint(
                condition=Q(range_end__gt=models.F("range_start"), row_count__gt=0, bytes__gt=0),
                name="lao_archives_range_ck",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["written", "moved", "damaged"]), name="lao_archives_state_ck"
            ),
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="lao_archives_sha256_ck"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.table_name} {self.partition}"
