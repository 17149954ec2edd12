from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accounts.authentication import Principal


class UsageDayQuerySet(models.QuerySet["UsageDay"]):
    def visible_to(self, principal: Principal) -> UsageDayQuerySet:
        """One's own use in this workspace; everybody's with `usage.view`."""
        if principal.user is None or principal.workspace_id is None:
            return self.none()
        days = self.filter(workspace_id=principal.workspace_id)
        if principal.may("usage.view"):
            return days
        return days.filter(user_id=principal.user.id)


class UsageDay(models.Model):
    """What one person, or the system (no person), used in one workspace on one day of the platform's zone.

    Shapes: `by_model` (key: the model's id) and `by_type` (key: the purpose) hold `{key: {requests, input_tokens,
    output_tokens, cost, unknown_cost_calls}}`, `cost` as a decimal text. `total_cost` sums the known costs.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        "accounts.Workspace",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
    )
    # Rows of people who left stay with their bare id, so that the sums stay whole.
    user = models.ForeignKey(
        "accounts.User",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
        verbose_name=_("person"),
    )
    stat_date = models.DateField(_("day"))
    total_requests = models.BigIntegerField(default=0)
    failed_requests = models.BigIntegerField(default=0)
    cached_requests = models.BigIntegerField(default=0)
    refused_requests = models.BigIntegerField(default=0)
    total_input_tokens = models.BigIntegerField(default=0)
    total_output_tokens = models.BigIntegerField(default=0)
    total_cost = models.DecimalField(max_digits=18, decimal_places=10, default=0)
    unknown_cost_calls = models.BigIntegerField(default=0)
    by_model = models.JSONField(default=dict)
    by_type = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = UsageDayQuerySet.as_manager()

    class Meta:
        db_table = "tai_usage_daily"
        verbose_name = _("day of use")
        verbose_name_plural = _("days of use")
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "user", "stat_date"],
                nulls_distinct=False,
                name="tai_usage_daily_day_uniq",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    total_requests__gte=0,
                    total_input_tokens__gte=0,
                    total_output_tokens__gte=0,
                    total_cost__gte=0,
                ),
                name="tai_usage_daily_sums_ck",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workspace_id} {self.user_id} {self.stat_date}"
