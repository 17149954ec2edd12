"""A plugin in use in a workspace, and what its people agreed that it may see and do."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.authentication import Principal
from laojun.models.plugin import Plugin, PluginVersion

PERMISSION_LENGTH = 260
DEFAULT_PRIORITY = 100
RUNNABLE = ("ok", "degraded")


class PluginInstanceQuerySet(models.QuerySet["PluginInstance"]):
    def visible_to(self, principal: Principal) -> PluginInstanceQuerySet:
        if principal.workspace_id is None or not principal.may("plugin.view"):
            return self.none()
        return self.filter(workspace_id=principal.workspace_id)

    def runnable(self) -> PluginInstanceQuerySet:
        """Those whose calls may start now."""
        return self.filter(enabled=True, health__in=RUNNABLE)

    def on_hook(self, hook: str) -> PluginInstanceQuerySet:
        """Those that answer a hook, in the order they are asked."""
        return self.filter(version__hooks__contains=[hook]).order_by("priority", "plugin__slug")

    def with_version(self) -> PluginInstanceQuerySet:
        """Plugin and pinned version in the same query."""
        return self.select_related("plugin", "version", "previous_version")


class PluginInstance(models.Model):
    """One plugin in one workspace, pinned to a version. What it may do stands in its consents.

    `health` is computed by one function from everything it depends on; only `ok` and `degraded` run. The
    `previous_*` columns are what a rollback brings back.
    """

    class Health(models.TextChoices):
        DISABLED = "disabled", _("off")
        OK = "ok", _("working")
        DEGRADED = "degraded", _("failing, tried again soon")
        NEEDS_CONSENT = "needs_consent", _("waiting for your consent")
        CONFIG_INVALID = "config_invalid", _("settings to be completed")
        MISSING_DEPENDENCY = "missing_dependency", _("another plugin is missing")
        INCOMPATIBLE = "incompatible", _("does not fit this platform")
        UNSIGNED = "unsigned", _("not signed")
        REVOKED = "revoked", _("its key was revoked")
        MODIFIED = "modified", _("modified")
        BLOCKED = "blocked", _("blocked by the operators")

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    plugin = models.ForeignKey(Plugin, on_delete=models.RESTRICT, related_name="instances")
    version = models.ForeignKey(PluginVersion, on_delete=models.RESTRICT, related_name="instances")
    enabled = models.BooleanField(_("on"), default=False)
    config = models.JSONField(default=dict)
    priority = models.IntegerField(_("order"), default=DEFAULT_PRIORITY)
    health = models.CharField(
        _("state"), max_length=20, choices=Health.choices, default=Health.DISABLED
    )
    health_detail = models.JSONField(default=dict)
    circuit = models.JSONField(default=dict)
    previous_version = models.ForeignKey(
        PluginVersion, on_delete=models.RESTRICT, null=True, related_name="+"
    )
    previous_config = models.JSONField(null=True)
    previous_permissions = ArrayField(models.CharField(max_length=PERMISSION_LENGTH), null=True)
    row_version = models.BigIntegerField(default=0, editable=False)
    installed_at = models.DateTimeField(_("installed"), auto_now_add=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = PluginInstanceQuerySet.as_manager()

    class Meta:
        db_table = "lao_plugin_instances"
        verbose_name = _("plugin in use")
        verbose_name_plural = _("plugins in use")
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "plugin"], name="lao_plugin_instances_plugin_uniq"
            ),
            models.CheckConstraint(
                condition=Q(
                    health__in=[
                        "disabled",
                        "ok",
                        "degraded",
                        "needs_consent",
                        "config_invalid",
                        "missing_dependency",
                        "incompatible",
                        "unsigned",
                        "revoked",
                        "modified",
                        "blocked",
                    ]
                ),
                name="lao_plugin_instances_health_ck",
            ),
            models.CheckConstraint(
                condition=Q(enabled=True) | ~Q(health__in=["ok", "degraded"]),
                name="lao_plugin_instances_running_ck",
            ),
            models.CheckConstraint(
                condition=Q(priority__gte=0, priority__lte=1000),
                name="lao_plugin_instances_priority_ck",
            ),
        ]
        indexes = [
            # What the host asks for at every hook.
            models.Index(fields=["enabled"], name="lao_plugin_instances_on_ix"),
            # Who runs a version.
            models.Index(fields=["version"], name="lao_plugin_instances_pin_ix"),
        ]

    def __str__(self) -> str:
        return f"plugin instance #{self.pk}"


class PluginConsentQuerySet(models.QuerySet["PluginConsent"]):
    def standing(self) -> PluginConsentQuerySet:
        return self.filter(withdrawn_at=None)


class PluginConsent(models.Model):
    """Somebody agreed that an instance may see or do one thing, and (later) that it no longer may."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    instance = models.ForeignKey(PluginInstance, on_delete=models.CASCADE, related_name="consents")
    version = models.ForeignKey(PluginVersion, on_delete=models.RESTRICT, related_name="+")
    permission = models.CharField(max_length=PERMISSION_LENGTH)
    granted_by = models.CharField(max_length=120)
    granted_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects = PluginConsentQuerySet.as_manager()

    class Meta:
        db_table = "lao_plugin_consents"
        constraints = [
            models.UniqueConstraint(
                fields=["instance", "permission"],
                condition=Q(withdrawn_at__isnull=True),
                name="lao_plugin_consents_standing_uniq",
            )
        ]

    def __str__(self) -> str:
        return f"{self.permission} for #{self.instance_id}"
