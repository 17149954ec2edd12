"""Calls of plugins: what was asked or told, how it ended, and what still has to be told."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.authentication import Principal
from accounts.ids import uuid7

MAX_ERROR = 2048


class PluginDeliveryQuerySet(models.QuerySet["PluginDelivery"]):
    def visible_to(self, principal: Principal) -> PluginDeliveryQuerySet:
        if principal.workspace_id is None or not principal.may("plugin.view"):
            return self.none()
        return self.filter(workspace_id=principal.workspace_id)

    def due(self, now: datetime) -> PluginDeliveryQuerySet:
        """What is to be sent now: waiting long enough, or left behind by a sender that died."""
        waiting = Q(state=PluginDelivery.State.PENDING, next_attempt_at__lte=now)
        left = Q(state=PluginDelivery.State.SENDING, lease_until__lt=now)
        return self.filter(waiting | left)

    def dead(self) -> PluginDeliveryQuerySet:
        return self.filter(state=PluginDelivery.State.DEAD)

    def newest_first(self) -> PluginDeliveryQuerySet:
        return self.order_by("-created_at", "-id")


class PluginDelivery(models.Model):
    """One call of a plugin. An `async` row is the outbox: it is written with the event it tells of.

    `instance` is empty where a plugin of the platform works without having been set up. `payload` is what still
    has to be told and goes once it is; `answer` is what a test call brought back. Units: ms, bytes.
    """

    class Mode(models.TextChoices):
        SYNC = "sync", _("asked")
        ASYNC = "async", _("told")

    class State(models.TextChoices):
        PENDING = "pending", _("waiting")
        SENDING = "sending", _("under way")
        DELIVERED = "delivered", _("done")
        FAILED = "failed", _("failed")
        DEAD = "dead", _("given up")
        SKIPPED = "skipped", _("left out")
        HELD = "held", _("held back")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    plugin = models.ForeignKey("laojun.Plugin", on_delete=models.CASCADE, related_name="deliveries")
    instance = models.ForeignKey(
        "laojun.PluginInstance", on_delete=models.CASCADE, null=True, related_name="deliveries"
    )
    version = models.ForeignKey(
        "laojun.PluginVersion", on_delete=models.CASCADE, null=True, related_name="+"
    )
    hook = models.CharField(_("hook"), max_length=60)
    mode = models.CharField(max_length=5, choices=Mode.choices)
    is_test = models.BooleanField(_("test"), default=False)
    event_id = models.UUIDField(null=True)
    event_type = models.CharField(_("event"), max_length=60, blank=True, default="")
    payload = models.JSONField(null=True)
    answer = models.JSONField(null=True)
    state = models.CharField(_("state"), max_length=9, choices=State.choices)
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    # Rises with every claim, so that the end of a call that lost its lease changes nothing.
    fence = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    status_code = models.PositiveSmallIntegerField(null=True)
    duration_ms = models.PositiveIntegerField(_("took (ms)"), null=True)
    bytes_in = models.PositiveIntegerField(default=0)
    bytes_out = models.PositiveIntegerField(default=0)
    error_code = models.CharField(_("failure"), max_length=40, blank=True, default="")
    error = models.CharField(max_length=MAX_ERROR, blank=True, default="")
    trace_id = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(_("time"), db_default=Now())

    objects = PluginDeliveryQuerySet.as_manager()

    class Meta:
        db_table = "lao_plugin_deliveries"
        verbose_name = _("call of a plugin")
        verbose_name_plural = _("calls of plugins")
        constraints = [
            models.UniqueConstraint(
                fields=["instance", "event_id"], name="lao_plugin_deliveries_event_uniq"
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "pending",
                        "sending",
                        "delivered",
                        "failed",
                        "dead",
                        "skipped",
                        "held",
                    ]
                ),
                name="lao_plugin_deliveries_state_ck",
            ),
            models.CheckConstraint(
                condition=Q(mode__in=["sync", "async"]), name="lao_plugin_deliveries_mode_ck"
            ),
            models.CheckConstraint(
                condition=~Q(state="pending") | Q(next_attempt_at__isnull=False),
                name="lao_plugin_deliveries_pending_ck",
            ),
            models.CheckConstraint(
                condition=Q(state="sending", lease_until__isnull=False)
                | ~Q(state="sending") & Q(lease_until__isnull=True),
                name="lao_plugin_deliveries_lease_ck",
            ),
            models.CheckConstraint(
                condition=~Q(state="delivered") | Q(payload__isnull=True),
                name="lao_plugin_deliveries_told_ck",
            ),
        ]
        indexes = [
            # What the dispatcher asks for every two seconds.
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(state__in=["pending", "sending"]),
                name="lao_plugin_deliveries_due_ix",
            ),
            # The last calls of an instance.
            models.Index(fields=["instance", "-created_at"], name="lao_plugin_deliveries_last_ix"),
            # The console's list of what was given up.
            models.Index(
                fields=["-created_at"],
                condition=Q(state="dead"),
                name="lao_plugin_deliveries_dead_ix",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hook} {self.id}"
