from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.ids import uuid7

if TYPE_CHECKING:
    from accounts.authentication import Principal


def moment_of(number: UUID) -> datetime:
    """The millisecond inside a UUIDv7: `created_at` of its row, which names the month the row lies in."""
    return datetime.fromtimestamp((number.int >> 80) / 1000, UTC)


class ModelCallQuerySet(models.QuerySet["ModelCall"]):
    def visible_to(self, principal: Principal) -> ModelCallQuerySet:
        """One's own calls in this workspace; everybody's with `usage.view`."""
        if principal.user is None or principal.workspace_id is None:
            return self.none()
        calls = self.filter(workspace_id=principal.workspace_id)
        if principal.may("usage.view"):
            return calls
        return calls.filter(user_id=principal.user.id)

    def at(self, number: UUID) -> ModelCallQuerySet:
        """The call of this id. The time lets the planner touch one month."""
        try:
            return self.filter(pk=number, created_at=moment_of(number))
        except (ValueError, OverflowError):
            # Not one of ours: the time in it is beyond the calendar.
            return self.none()

    def among(self, numbers: Sequence[UUID]) -> ModelCallQuerySet:
        """The calls of these ids, touching no month before theirs."""
        moments = [moment_of(number) for number in numbers]
        if not moments:
            return self.none()
        return self.filter(
            pk__in=numbers, created_at__gte=min(moments), created_at__lte=max(moments)
        )

    def running(self) -> ModelCallQuerySet:
        return self.filter(status=ModelCall.Status.RUNNING)


class ModelCall(models.Model):
    """One call of a model that reached, or tried to reach, a provider or the cache. The row is also its reservation.

    What was asked is not stored. `partial_text` is what had arrived at the latest checkpoint; it is emptied when
    whoever asked has taken it. Units: `cost` and `reserved_cost` in the platform's currency, None where the price
    was unknown; `queue_ms`, `duration_ms` milliseconds; tokens.
    """

    class Status(models.TextChoices):
        RUNNING = "running", _("running")
        SUCCEEDED = "succeeded", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    class UsageSource(models.TextChoices):
        PROVIDER = "provider", _("counted by the provider")
        TOKENIZER = "tokenizer", _("counted by us")
        ESTIMATE = "estimate", _("estimated")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(
        "accounts.Workspace",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
    )
    # The database itself clears this column, whatever the deleter's context can see.
    user = models.ForeignKey(
        "accounts.User",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
        verbose_name=_("person"),
    )
    api_key_id = models.UUIDField(null=True)
    # A bare id: a call outlives what the catalogue forgets.
    model_id = models.BigIntegerField(_("model"), null=True)

    asked_for = models.CharField(_("asked for"), max_length=150, blank=True)
    fallback_of = models.UUIDField(null=True)
    degraded = models.BooleanField(default=False)
    kind = models.CharField(_("kind"), max_length=10)
    purpose = models.CharField(_("purpose"), max_length=50)
    subject_type = models.CharField(max_length=50, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)
    task_id = models.UUIDField(null=True)
    trace_id = models.CharField(max_length=64, blank=True)
    params = models.JSONField(default=dict)
    is_streaming = models.BooleanField(default=False)
    is_cached = models.BooleanField(default=False)

    status = models.CharField(
        _("state"), max_length=10, choices=Status.choices, default=Status.RUNNING
    )
    error_class = models.CharField(_("error"), max_length=30, blank=True)
    error_detail = models.CharField(max_length=500, blank=True)
    http_status = models.SmallIntegerField(null=True)
    provider_request_id = models.CharField(max_length=200, blank=True)
    finish_reason = models.CharField(max_length=30, blank=True)
    tries = models.SmallIntegerField(default=1)
    partial_text = models.TextField(blank=True)

    input_tokens = models.BigIntegerField(_("tokens in"), default=0)
    output_tokens = models.BigIntegerField(_("tokens out"), default=0)
    cached_input_tokens = models.BigIntegerField(default=0)
    usage_source = models.CharField(max_length=10, choices=UsageSource.choices, blank=True)
    reserved_tokens = models.BigIntegerField(default=0)
    reserved_cost = models.DecimalField(max_digits=18, decimal_places=10, default=0)
    # Which scopes hold the reservation and are charged at the end: workspace, member, plan.
    charged_to = models.JSONField(default=list)
    price_id = models.BigIntegerField(null=True)
    # The price of the call's start: [input, output, cached input] per 1,000 tokens, null where unknown.
    prices = models.JSONField(default=list)
    cost = models.DecimalField(_("cost"), max_digits=18, decimal_places=10, null=True)

    lease_owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(default=timezone.now)
    first_token_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    queue_ms = models.IntegerField(default=0)
    duration_ms = models.IntegerField(null=True)
    stat_date = models.DateField()
    created_at = models.DateTimeField(_("created"))

    objects = ModelCallQuerySet.as_manager()

    class Meta:
        db_table = "tai_model_calls"
        verbose_name = _("model call")
        verbose_name_plural = _("model calls")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["running", "succeeded", "failed", "cancelled"]),
                name="tai_model_calls_status_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(status="running", completed_at__isnull=True)
                | (~models.Q(status="running") & models.Q(completed_at__isnull=False)),
                name="tai_model_calls_completed_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    input_tokens__gte=0,
                    output_tokens__gte=0,
                    cached_input_tokens__gte=0,
                    cached_input_tokens__lte=models.F("input_tokens"),
                    reserved_tokens__gte=0,
                    reserved_cost__gte=0,
                ),
                name="tai_model_calls_tokens_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(cost__isnull=True) | models.Q(cost__gte=0),
                name="tai_model_calls_cost_ck",
            ),
        ]
        indexes = [
            # The list of a workspace, newest first.
            models.Index(fields=["workspace", "-created_at"], name="tai_model_calls_newest_ix"),
            # One's own calls, and use by person.
            models.Index(fields=["user", "-created_at"], name="tai_model_calls_user_ix"),
            # The calls that a new price touches.
            models.Index(fields=["model_id", "-created_at"], name="tai_model_calls_model_ix"),
            # "The calls of this thing."
            models.Index(fields=["subject_type", "subject_id"], name="tai_model_calls_subject_ix"),
            # The sweep of orphans, renewal and the look for wishes to stop.
            models.Index(
                fields=["lease_until"],
                condition=models.Q(status="running"),
                name="tai_model_calls_lease_ix",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.id}"

    @property
    def is_live(self) -> bool:
        return self.status == self.Status.RUNNING

    @property
    def total_tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    @property
    def subject(self) -> dict[str, Any] | None:
        if not self.subject_type:
            return None
        return {"type": self.subject_type, "id": self.subject_id}
