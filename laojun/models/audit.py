from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Func, Q
from django.utils.translation import gettext_lazy as _

from accounts.authentication import Principal


class AuditLogQuerySet(models.QuerySet["AuditLog"]):
    def visible_to(self, principal: Principal) -> AuditLogQuerySet:
        """The rows of the workspace at hand. Those of the platform's own chain are for operators."""
        if principal.workspace_id is None or not principal.may("audit.view"):
            return self.none()
        return self.filter(workspace_id=principal.workspace_id)

    def between(self, start: datetime, end: datetime) -> AuditLogQuerySet:
        """Half open; names the months, so that the planner opens those partitions only."""
        return self.filter(created_at__gte=start, created_at__lt=end)


class AuditLog(models.Model):
    """One deed: who did what to which thing, when, from where, and what changed. Never changed or deleted.

    The database's key is `(id, created_at)`, since the table is partitioned by month. `seq`, `hash` and
    `sealed_at` are filled once, by the sealer. Ids are bare: nobody's deletion rewrites history.
    """

    class ActorKind(models.TextChoices):
        USER = "user", _("person")
        API_KEY = "api_key", _("API key")
        SYSTEM = "system", _("the platform")
        PLUGIN = "plugin", _("plugin")
        ANONYMOUS = "anonymous", _("not signed in")

    class Result(models.TextChoices):
        OK = "ok", _("done")
        DENIED = "denied", _("refused")
        FAILED = "failed", _("failed")

    id = models.BigAutoField(primary_key=True)
    workspace_id = models.BigIntegerField(null=True)
    actor_kind = models.CharField(_("kind of actor"), max_length=10, choices=ActorKind.choices)
    actor = models.CharField(_("actor"), max_length=120)
    actor_id = models.UUIDField(null=True)
    action = models.CharField(_("action"), max_length=80)
    resource_type = models.CharField(_("kind of thing"), max_length=40)
    resource_id = models.CharField(_("thing"), max_length=200)
    result = models.CharField(_("result"), max_length=6, choices=Result.choices)
    payload = models.JSONField(_("change"), default=dict)
    ip_address = models.GenericIPAddressField(_("address"), null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    trace_id = models.CharField(_("request"), max_length=64, blank=True)
    seq = models.BigIntegerField(null=True)
    hash = models.BinaryField(max_length=32, null=True)
    sealed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(
        _("time"), db_default=Func(function="clock_timestamp", output_field=models.DateTimeField())
    )

    objects = AuditLogQuerySet.as_manager()

    class Meta:
        db_table = "lao_audit_logs"
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        constraints = [
            models.CheckConstraint(
                condition=Q(result__in=["ok", "denied", "failed"]), name="lao_audit_logs_result_ck"
            ),
            models.CheckConstraint(
                condition=Q(actor_kind__in=["user", "api_key", "system", "plugin", "anonymous"]),
                name="lao_audit_logs_actor_kind_ck",
            ),
            models.CheckConstraint(
                condition=Q(seq__isnull=True, hash__isnull=True, sealed_at__isnull=True)
                | Q(seq__isnull=False, hash__isnull=False, sealed_at__isnull=False),
                name="lao_audit_logs_seal_ck",
            ),
        ]
        indexes = [
            # The audit page, newest first.
            models.Index(
                fields=["workspace_id", "-created_at", "id"], name="lao_audit_logs_page_ix"
            ),
            # Verification walks a chain.
            models.Index(fields=["workspace_id", "seq"], name="lao_audit_logs_chain_ix"),
            models.Index(fields=["actor", "created_at"], name="lao_audit_logs_actor_ix"),
            # History of one thing.
            models.Index(
                fields=["resource_type", "resource_id", "created_at"],
                name="lao_audit_logs_thing_ix",
            ),
            # "Same request".
            models.Index(fields=["trace_id"], name="lao_audit_logs_trace_ix"),
            # The sealer's queue.
            models.Index(
                fields=["workspace_id", "created_at", "id"],
                condition=Q(seq__isnull=True),
                name="lao_audit_logs_pending_ix",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} #{self.pk}"


class AuditActor(models.Model):
    """The name behind an actor: the only home of it, outside every hash, so that it can be erased."""

    id = models.BigAutoField(primary_key=True)
    workspace_id = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=120)
    display_name = models.CharField(max_length=150)
    email_masked = models.CharField(max_length=120, blank=True)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "lao_audit_actors"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace_id", "actor"],
                nulls_distinct=False,
                name="lao_audit_actors_actor_uniq",
            )
        ]

    def __str__(self) -> str:
        return f"{self.workspace_id}: {self.actor}"
