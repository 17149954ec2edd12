"""Proposals: what the AI would write, for the author to decide."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from studio.models.base import Owned, Placed, one_of
from studio.models.bound import BoundQuerySet
from studio.models.chapter import Chapter
from studio.models.work import Work


class ProposalQuerySet(BoundQuerySet["Proposal"]):
    def open(self) -> ProposalQuerySet:
        return self.filter(state__in=[Proposal.State.OPEN, Proposal.State.PARTLY])


class Proposal(Placed, Owned):
    """One variant of an answer, bound to a range of a chapter at `base_revision`. Nothing is written before it is accepted.

    `request_id` and `request_at` name the request, which lies in a month's partition. `hunks` are the changes,
    `accepted_hunks` the numbers of those taken.
    """

    class State(models.TextChoices):
        OPEN = "open", _("open")
        ACCEPTED = "accepted", _("accepted")
        PARTLY = "partly", _("partly accepted")
        DISCARDED = "discarded", _("discarded")
        STALE = "stale", _("the text has changed")
        EXPIRED = "expired", _("expired")

    work = models.ForeignKey(
        Work, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    chapter = models.ForeignKey(
        Chapter,
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="proposals",
        db_constraint=False,
    )
    request_id = models.UUIDField()
    request_at = models.DateTimeField()
    variant = models.SmallIntegerField(default=1)
    base_revision = models.BigIntegerField(null=True)
    text = models.TextField()
    hunks = models.JSONField(default=list)
    is_partial = models.BooleanField(default=False)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.OPEN)
    accepted_hunks = models.JSONField(default=list)
    pre_version = models.IntegerField(null=True)
    applied_revision = models.BigIntegerField(null=True)
    decided_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        db_table = "studio_proposals"
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        constraints = [
            models.UniqueConstraint(
                fields=["request_id", "variant"], name="studio_proposals_variant_uniq"
            ),
            models.CheckConstraint(
                condition=Q(variant__range=(1, 3)), name="studio_proposals_variant_ck"
            ),
            one_of(
                "state",
                ["open", "accepted", "partly", "discarded", "stale", "expired"],
                "studio_proposals_state_ck",
            ),
        ]
        indexes = [
            models.Index(fields=["chapter", "state"], name="studio_proposals_chapter_ix"),
            models.Index(fields=["work"], name="studio_proposals_work_ix"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
