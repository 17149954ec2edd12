"""What happened to plugins, beside the audit log: from which version to which, with the whole difference."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Func, Q
from django.utils.translation import gettext_lazy as _

from accounts.authentication import Principal

RESULTS = ["ok", "denied", "failed"]


class PluginAuditQuerySet(models.QuerySet["PluginAudit"]):
    def visible_to(self, principal: Principal) -> PluginAuditQuerySet:
        if principal.workspace_id is None or not principal.may("plugin_audit.view"):
            return self.none()
        return self.filter(workspace_id=principal.workspace_id)


class PluginAudit(models.Model):
    """One deed in a plugin's life. Its row in the audit log (`audit_id`) holds the sha256 of `diff`.

    Ids are bare, and nothing is ever changed: history outlives what it tells of. The database's key is
    `(id, created_at)`, since the table is partitioned by month.
    """

    id = models.BigAutoField(primary_key=True)
    workspace_id = models.BigIntegerField(null=True)
    plugin_id = models.BigIntegerField(null=True)
    slug = models.CharField(_("plugin"), max_length=64, blank=True)
    audit_id = models.BigIntegerField()
    action = models.CharField(_("action"), max_length=80)
    actor = models.CharField(_("actor"), max_length=120)
    actor_id = models.UUIDField(null=True)
    result = models.CharField(_("result"), max_length=6)
    version_from = models.CharField(_("from"), max_length=64, blank=True)
    version_to = models.CharField(_("to"), max_length=64, blank=True)
    diff = models.JSONField(default=dict)
    trace_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(
        _("time"), db_default=Func(function="clock_timestamp", output_field=models.DateTimeField())
    )

    objects = PluginAuditQuerySet.as_manager()

    class Meta:
        db_table = "lao_plugin_audits"
        verbose_name = _("deed on a plugin")
        verbose_name_plural = _("deeds on plugins")
        constraints = [
            models.CheckConstraint(
                condition=Q(result__in=RESULTS), name="lao_plugin_audits_result_ck"
            ),
            models.CheckConstraint(
                condition=Q(action__regex=r"^plugin(_key)?\.[a-z_]+$"),
                name="lao_plugin_audits_action_ck",
            ),
        ]
        indexes = [
            # The history page, newest first.
            models.Index(
                fields=["workspace_id", "-created_at", "id"], name="lao_plugin_audits_page_ix"
            ),
            # History of one plugin.
            models.Index(fields=["plugin_id", "created_at"], name="lao_plugin_audits_plugin_ix"),
            GinIndex(fields=["diff"], name="lao_plugin_audits_diff_ix"),
        ]

    def __str__(self) -> str:
        return f"{self.action} #{self.pk}"
