"""What a check of the text found."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from studio.models.base import Owned, one_of
from studio.models.bound import BoundQuerySet
from studio.models.chapter import Chapter
from studio.models.work import Work


class FindingQuerySet(BoundQuerySet["Finding"]):
    def open(self) -> FindingQuerySet:
        return self.filter(state=Finding.State.OPEN)


class Finding(Owned):
    """One thing that may be wrong, with the passages that show it. Its `fingerprint` keeps what was decided from coming back."""

    class Kind(models.TextChoices):
        CONSISTENCY = "consistency", _("consistency")
        STYLE = "style", _("style")
        PACING = "pacing", _("pacing")
        CHARACTER = "character", _("character")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        FIXED = "fixed", _("mended")
        DISMISSED = "dismissed", _("dismissed")
        INTENTIONAL = "intentional", _("intended")

    work = models.ForeignKey(
        Work, on_delete=models.DO_NOTHING, related_name="findings", db_constraint=False
    )
    chapter = models.ForeignKey(
        Chapter,
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="findings",
        db_constraint=False,
    )
    request_id = models.UUIDField(null=True)
    kind = models.CharField(_("kind"), max_length=11, choices=Kind.choices)
    severity = models.SmallIntegerField(_("severity"), default=2)
    message = models.TextField()
    suggestion = models.TextField(blank=True)
    quotes = models.JSONField(default=list)
    fingerprint = models.CharField(max_length=64)
    state = models.CharField(_("state"), max_length=11, choices=State.choices, default=State.OPEN)
    version = models.BigIntegerField(default=0)

    objects = FindingQuerySet.as_manager()

    class Meta:
        db_table = "studio_findings"
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        constraints = [
            models.UniqueConstraint(
                fields=["work", "fingerprint"], name="studio_findings_fingerprint_uniq"
            ),
            models.CheckConstraint(
                condition=Q(severity__range=(1, 3)), name="studio_findings_severity_ck"
            ),
            one_of(
                "kind",
                ["consistency", "style", "pacing", "character"],
                "studio_findings_kind_ck",
            ),
            one_of(
                "state",
                ["open", "fixed", "dismissed", "intentional"],
                "studio_findings_state_ck",
            ),
        ]
        indexes = [models.Index(fields=["chapter"], name="studio_findings_chapter_ix")]

    def __str__(self) -> str:
        return str(self.pk)
