"""Days of writing, and what one set out to write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from studio.models.base import Owned
from studio.models.work import Work

if TYPE_CHECKING:
    from accounts.authentication import Principal


class WritingDayQuerySet(models.QuerySet["WritingDay"]):
    def visible_to(self, principal: Principal) -> WritingDayQuerySet:
        """One's own."""
        if principal.user is None:
            return self.none()
        return self.filter(workspace_id=principal.workspace_id, user=principal.user)


class WritingDay(Owned):
    """What one person wrote in one work on one day of their time zone. Words as 字数, time in seconds."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    work = models.ForeignKey(
        Work, on_delete=models.DO_NOTHING, related_name="writing_days", db_constraint=False
    )
    day = models.DateField()
    typed_words = models.IntegerField(default=0)
    pasted_words = models.IntegerField(default=0)
    ai_words = models.IntegerField(default=0)
    deleted_words = models.IntegerField(default=0)
    active_seconds = models.IntegerField(default=0)
    sessions = models.IntegerField(default=0)

    objects = WritingDayQuerySet.as_manager()

    class Meta:
        db_table = "studio_writing_days"
        verbose_name = _("day of writing")
        verbose_name_plural = _("days of writing")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "work", "day"], name="studio_writing_days_uniq"
            ),
        ]

    def __str__(self) -> str:
        return str(self.day)


class WritingGoalQuerySet(models.QuerySet["WritingGoal"]):
    def visible_to(self, principal: Principal) -> WritingGoalQuerySet:
        """One's own."""
        if principal.user is None:
            return self.none()
        return self.filter(workspace_id=principal.workspace_id, user=principal.user)

    def editable_by(self, principal: Principal) -> WritingGoalQuerySet:
        return self.visible_to(principal)


class WritingGoal(Owned):
    """What a person set out to write a day, in one work or in all; `days_off` are ISO weekdays 1–7."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    work = models.ForeignKey(
        Work, on_delete=models.DO_NOTHING, null=True, related_name="goals", db_constraint=False
    )
    daily_words = models.IntegerField(_("words a day"), null=True)
    days_off = ArrayField(models.SmallIntegerField(), default=list, blank=True)
    target_words = models.IntegerField(_("words in all"), null=True)
    deadline_on = models.DateField(_("until"), null=True)
    version = models.BigIntegerField(default=0)

    objects = WritingGoalQuerySet.as_manager()

    class Meta:
        db_table = "studio_writing_goals"
        verbose_name = _("writing goal")
        verbose_name_plural = _("writing goals")
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "user", "work"],
                nulls_distinct=False,
                name="studio_writing_goals_uniq",
            ),
            models.CheckConstraint(
                condition=Q(daily_words__isnull=True) | Q(daily_words__range=(1, 100_000)),
                name="studio_writing_goals_daily_ck",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
