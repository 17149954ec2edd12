from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accounts.authentication import Principal


def usual_thresholds() -> list[int]:
    return [80, 100]


class QuotaQuerySet(models.QuerySet["Quota"]):
    def visible_to(self, principal: Principal) -> QuotaQuerySet:
        if principal.workspace_id is None:
            return self.none()
        return self.filter(workspace_id=principal.workspace_id)


class Quota(models.Model):
    """What a workspace may use in a month, what it has used and what running calls hold back.

    The owner sets `monthly_quota` (tokens) and `cost_quota` (the platform's currency) within the operator's ceilings;
    None is unlimited. `running` counts the calls under way. A month begins on `anchor_day` (31: the last day).
    """

    class OnExhaust(models.TextChoices):
        REFUSE = "refuse", _("refuse")
        DEGRADE = "degrade", _("go on with a cheaper model")

    class OnUnknownPrice(models.TextChoices):
        ALLOW = "allow", _("allow and mark")
        REFUSE = "refuse", _("refuse")

    workspace = models.OneToOneField(
        "accounts.Workspace", on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    monthly_quota = models.BigIntegerField(_("tokens per month"), null=True, blank=True)
    monthly_ceiling = models.BigIntegerField(_("operator's token ceiling"), null=True, blank=True)
    usage = models.BigIntegerField(_("tokens used"), default=0)
    reserved = models.BigIntegerField(_("tokens reserved"), default=0)
    cost_quota = models.DecimalField(
        _("cost per month"), max_digits=18, decimal_places=10, null=True, blank=True
    )
    cost_ceiling = models.DecimalField(
        _("operator's cost ceiling"), max_digits=18, decimal_places=10, null=True, blank=True
    )
    cost_usage = models.DecimalField(_("cost used"), max_digits=18, decimal_places=10, default=0)
    cost_reserved = models.DecimalField(
        _("cost reserved"), max_digits=18, decimal_places=10, default=0
    )
    running = models.IntegerField(_("calls under way"), default=0)
    max_parallel_calls = models.IntegerField(_("calls at a time"), null=True, blank=True)
    on_exhaust = models.CharField(
        _("when used up"), max_length=8, choices=OnExhaust.choices, default=OnExhaust.REFUSE
    )
    on_unknown_price = models.CharField(
        _("models without a price"),
        max_length=6,
        choices=OnUnknownPrice.choices,
        default=OnUnknownPrice.ALLOW,
    )
    warn_at = ArrayField(
        models.SmallIntegerField(), verbose_name=_("warn at percent"), default=usual_thresholds
    )
    warned = ArrayField(models.CharField(max_length=12), default=list)
    count_own_keys = models.BooleanField(_("count calls with own keys"), default=False)
    anchor_day = models.SmallIntegerField(_("first day of a month"), default=1)
    period_start = models.DateTimeField(null=True)
    resets_at = models.DateTimeField(null=True)
    row_version = models.BigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = QuotaQuerySet.as_manager()

    class Meta:
        db_table = "tai_quotas"
        verbose_name = _("quota of a workspace")
        verbose_name_plural = _("quotas of workspaces")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    usage__gte=0,
                    reserved__gte=0,
                    cost_usage__gte=0,
                    cost_reserved__gte=0,
                    running__gte=0,
                ),
                name="tai_quotas_counts_ck",
            ),
            models.CheckConstraint(
                condition=(models.Q(monthly_quota__isnull=True) | models.Q(monthly_quota__gte=0))
                & (models.Q(monthly_ceiling__isnull=True) | models.Q(monthly_ceiling__gte=0))
                & (models.Q(cost_quota__isnull=True) | models.Q(cost_quota__gte=0))
                & (models.Q(cost_ceiling__isnull=True) | models.Q(cost_ceiling__gte=0))
                & (models.Q(max_parallel_calls__isnull=True) | models.Q(max_parallel_calls__gte=1)),
                name="tai_quotas_limits_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(anchor_day__gte=1, anchor_day__lte=31),
                name="tai_quotas_anchor_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(on_exhaust__in=["refuse", "degrade"])
                & models.Q(on_unknown_price__in=["allow", "refuse"]),
                name="tai_quotas_choices_ck",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workspace_id}"

    @property
    def version(self) -> int:
        """What entity tags are made of."""
        return self.row_version

    @property
    def token_limit(self) -> int | None:
        """The lower of the owner's limit and the operator's ceiling; None is unlimited."""
        return min(
            (limit for limit in (self.monthly_quota, self.monthly_ceiling) if limit is not None),
            default=None,
        )


class UserQuota(models.Model):
    """What one person may use in a month: over the whole platform by their plan (no workspace), or as a member of one.

    `monthly_quota` None is the plan's number, or no cap of the member.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, null=True, related_name="+"
    )
    # The database takes the row along, whatever the deleter's context can see.
    user = models.ForeignKey(
        "accounts.User",
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        verbose_name=_("person"),
    )
    monthly_quota = models.BigIntegerField(_("tokens per month"), null=True, blank=True)
    usage = models.BigIntegerField(_("tokens used"), default=0)
    reserved = models.BigIntegerField(_("tokens reserved"), default=0)
    running = models.IntegerField(_("calls under way"), default=0)
    warned = ArrayField(models.CharField(max_length=12), default=list)
    period_start = models.DateTimeField(null=True)
    resets_at = models.DateTimeField(null=True)
    row_version = models.BigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "tai_user_quotas"
        verbose_name = _("quota of a person")
        verbose_name_plural = _("quotas of people")
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "user"], nulls_distinct=False, name="tai_user_quotas_pair_uniq"
            ),
            models.CheckConstraint(
                condition=models.Q(usage__gte=0, reserved__gte=0, running__gte=0),
                name="tai_user_quotas_counts_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(monthly_quota__isnull=True) | models.Q(monthly_quota__gte=0),
                name="tai_user_quotas_limit_ck",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.workspace_id or 'plan'}"
