"""Plugins and their versions: what may be turned on, and the exact bytes that were signed."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.authentication import Principal

SLUG_PATTERN = r"^[a-z][a-z0-9_-]{1,63}$"
HEX_64 = r"^[0-9a-f]{64}$"


class PluginQuerySet(models.QuerySet["Plugin"]):
    def visible_to(self, principal: Principal) -> PluginQuerySet:
        """The catalogue and the plugins of the workspace at hand. Drafts of the catalogue are for operators."""
        if principal.workspace_id is None or not principal.may("plugin.view"):
            return self.none()
        catalogue = Q(workspace=None) & ~Q(status=Plugin.Status.DRAFT)
        return self.filter(catalogue | Q(workspace_id=principal.workspace_id))

    def catalogue(self) -> PluginQuerySet:
        return self.filter(workspace=None)


class Plugin(models.Model):
    """Something that can be turned on in a workspace. Without a workspace it stands in everybody's catalogue."""

    class Kind(models.TextChoices):
        BUILTIN = "builtin", _("part of the platform")
        HTTP = "http", _("a service elsewhere")
        WASM = "wasm", _("a program that runs here, caged")

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        ACTIVE = "active", _("active")
        DEPRECATED = "deprecated", _("deprecated")
        BLOCKED = "blocked", _("blocked")

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, null=True, related_name="+"
    )
    slug = models.CharField(_("slug"), max_length=64)
    name = models.CharField(_("name"), max_length=100)
    description = models.TextField(_("description"), blank=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    publisher = models.CharField(_("publisher"), max_length=100)
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.DRAFT
    )
    status_reason = models.CharField(_("reason"), max_length=500, blank=True)
    blocked_at = models.DateTimeField(_("blocked"), null=True)
    row_version = models.BigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("added"), auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = PluginQuerySet.as_manager()

    class Meta:
        db_table = "lao_plugins"
        verbose_name = _("plugin")
        verbose_name_plural = _("plugins")
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "slug"], nulls_distinct=False, name="lao_plugins_slug_uniq"
            ),
            models.UniqueConstraint(
                fields=["workspace", "name"], nulls_distinct=False, name="lao_plugins_name_uniq"
            ),
            models.CheckConstraint(
                condition=Q(slug__regex=SLUG_PATTERN), name="lao_plugins_slug_ck"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["builtin", "http", "wasm"]), name="lao_plugins_kind_ck"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "active", "deprecated", "blocked"]),
                name="lao_plugins_status_ck",
            ),
            models.CheckConstraint(
                condition=Q(status="blocked", blocked_at__isnull=False) & ~Q(status_reason="")
                | ~Q(status="blocked") & Q(blocked_at__isnull=True),
                name="lao_plugins_blocked_ck",
            ),
        ]
        # The catalogue's filter.
        indexes = [models.Index(fields=["status"], name="lao_plugins_status_ix")]

    def __str__(self) -> str:
        return f"{self.slug} #{self.pk}"

    @property
    def version(self) -> int:
        """What entity tags are made of."""
        return self.row_version


class PluginVersionQuerySet(models.QuerySet["PluginVersion"]):
    def newest_first(self) -> PluginVersionQuerySet:
        return self.order_by("plugin_id", "-version_sort")

    def pinnable(self) -> PluginVersionQuerySet:
        """Versions that instances may be moved to."""
        return self.filter(yanked_at=None)


class PluginVersion(models.Model):
    """One version of a plugin, bound to the bytes that were signed.

    `manifest` is a copy for reading, since jsonb reorders keys; `manifest_bytes` is what was signed. Bytes,
    checksum and version never change; `signature` may only gain another signature.
    Shapes: `signature` `[{role, key_id, alg, sig}]`; `findings` `[{code, detail}]`.
    """

    class SignatureStatus(models.TextChoices):
        SIGNED = "signed", _("signed")
        UNSIGNED = "unsigned", _("not signed")
        INCOMPATIBLE = "incompatible", _("does not fit this platform")
        REVOKED = "revoked", _("its key was revoked")
        MODIFIED = "modified", _("modified")

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, null=True, related_name="+"
    )
    plugin = models.ForeignKey(Plugin, on_delete=models.CASCADE, related_name="versions")
    version = models.CharField(_("version"), max_length=64)
    # Text that sorts as versions do, so that the newest one is found by an index.
    version_sort = models.CharField(max_length=200, db_collation="C")
    manifest = models.JSONField()
    manifest_bytes = models.BinaryField()
    # Empty where the code is part of the platform.
    package_file = models.ForeignKey(
        "laojun.File", on_delete=models.RESTRICT, null=True, related_name="+"
    )
    checksum = models.CharField(max_length=64)
    signature = models.JSONField(default=list)
    signature_status = models.CharField(
        _("signature"), max_length=12, choices=SignatureStatus.choices
    )
    findings = models.JSONField(_("findings"), default=list)
    permissions = ArrayField(models.CharField(max_length=260), default=list)
    hooks = ArrayField(models.CharField(max_length=60), default=list)
    yanked_at = models.DateTimeField(_("withdrawn"), null=True)
    yank_reason = models.CharField(_("reason"), max_length=500, blank=True)
    created_by = models.CharField(max_length=120)
    verified_at = models.DateTimeField(_("checked"), null=True)
    first_verified_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    objects = PluginVersionQuerySet.as_manager()

    class Meta:
        db_table = "lao_plugin_versions"
        verbose_name = _("plugin version")
        verbose_name_plural = _("plugin versions")
        constraints = [
            models.UniqueConstraint(
                fields=["plugin", "version"], name="lao_plugin_versions_version_uniq"
            ),
            models.CheckConstraint(
                condition=Q(checksum__regex=HEX_64), name="lao_plugin_versions_checksum_ck"
            ),
            models.CheckConstraint(
                condition=Q(
                    signature_status__in=[
                        "signed",
                        "unsigned",
                        "incompatible",
                        "revoked",
                        "modified",
                    ]
                ),
                name="lao_plugin_versions_signature_ck",
            ),
        ]
        indexes = [
            # The newest version of each plugin.
            models.Index(fields=["plugin", "-version_sort"], name="lao_plugin_versions_newest_ix"),
            # What the scan and the console look for.
            models.Index(fields=["signature_status"], name="lao_plugin_versions_state_ix"),
            # Which versions need a plugin, offer a hook, want a permission.
            GinIndex(
                fields=["manifest"],
                opclasses=["jsonb_path_ops"],
                name="lao_plugin_versions_manifest",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plugin_id} {self.version}"


class PluginGeneration(models.Model):
    """The number that moves whenever what may run in a workspace (or, NULL, anywhere) changes."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, null=True, related_name="+"
    )
    generation = models.BigIntegerField(default=0)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "lao_plugin_generations"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace"],
                nulls_distinct=False,
                name="lao_plugin_generations_place_uniq",
            )
        ]

    def __str__(self) -> str:
        return f"{self.workspace_id}: {self.generation}"
