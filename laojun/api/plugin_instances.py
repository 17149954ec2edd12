"""Plugins in use in a workspace: begun, set up, agreed to, moved to another version and back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web import etags, pagination
from accounts.web.permissions import denied
from accounts.web.problems import Invalid, field_error
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView
from laojun.audit import Actor
from laojun.models import Plugin, PluginAudit, PluginInstance, PluginVersion
from laojun.plugins import catalogue, instances, recording, upgrading
from laojun.plugins.instances import Wishes
from laojun.plugins.settings import ConfigInvalid

MAX_PERMISSIONS = 50
AUDIT_FILTERS = {"actor", "action", "plugin_id", "result", "trace_id", "slug"}


def _permissions(**options: Any) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=260), max_length=MAX_PERMISSIONS, **options
    )


class NewInstanceIn(Serializer):
    plugin = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    version = serializers.CharField(
        max_length=64, required=False, help_text="Without it the newest one."
    )
    config = serializers.DictField(required=False)
    permissions = _permissions(required=False, help_text="What you agree to, by name.")
    enabled = serializers.BooleanField(default=False)
    priority = serializers.IntegerField(min_value=0, max_value=1000, required=False)


class InstanceChangeIn(Serializer):
    config = serializers.DictField(required=False, help_text="`***` leaves a secret as it is.")
    enabled = serializers.BooleanField(required=False)
    priority = serializers.IntegerField(min_value=0, max_value=1000, required=False)


class ConsentsIn(Serializer):
    permissions = _permissions()


class UpgradeIn(Serializer):
    version = serializers.CharField(max_length=64)
    permissions = _permissions(default=list, help_text="What you newly agree to.")
    dry_run = serializers.BooleanField(default=False)


class PluginInstanceOut(serializers.Serializer):
    id = serializers.IntegerField()
    plugin_id = serializers.IntegerField()
    slug = serializers.CharField()
    name = serializers.CharField()
    version = serializers.CharField()
    enabled = serializers.BooleanField()
    health = serializers.CharField()
    health_label = serializers.CharField()
    health_detail = serializers.JSONField()
    priority = serializers.IntegerField()
    config = serializers.JSONField()
    permissions = serializers.ListField(child=serializers.CharField())
    permissions_wanted = serializers.ListField(child=serializers.CharField())
    previous_version = serializers.CharField(allow_null=True)
    deprecated = serializers.BooleanField()
    installed_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class UpgradePlanOut(serializers.Serializer):
    version = serializers.CharField()
    permissions_added = serializers.ListField(child=serializers.CharField())
    permissions_removed = serializers.ListField(child=serializers.CharField())
    settings_added = serializers.ListField(child=serializers.CharField())
    settings_removed = serializers.ListField(child=serializers.CharField())
    invalid_settings = serializers.ListField(child=serializers.CharField())
    hooks_added = serializers.ListField(child=serializers.CharField())
    hooks_removed = serializers.ListField(child=serializers.CharField())
    signer_changed = serializers.BooleanField()
    missing_dependencies = serializers.ListField(child=serializers.CharField())


UPGRADE_OUT = PolymorphicProxySerializer(
    component_name="PluginUpgradeOut",
    serializers=[PluginInstanceOut, UpgradePlanOut],
    resource_type_field_name=None,
)


class PluginAuditOut(serializers.Serializer):
    id = serializers.IntegerField()
    audit_id = serializers.IntegerField()
    plugin_id = serializers.IntegerField(allow_null=True)
    slug = serializers.CharField()
    action = serializers.CharField()
    actor = serializers.CharField()
    result = serializers.CharField()
    version_from = serializers.CharField()
    version_to = serializers.CharField()
    diff = serializers.JSONField()
    trace_id = serializers.CharField()
    created_at = serializers.DateTimeField()


class InstanceView(ApiView):
    @property
    def actor(self) -> Actor:
        return Actor.of_principal(self.principal)

    def instance(self, instance_id: int, *, lock: bool = False) -> PluginInstance:
        rows = PluginInstance.objects.visible_to(self.principal).with_version()
        rows = rows.select_for_update(of=("self",)) if lock else rows
        return self.find(rows, pk=instance_id)

    def seen(self, instance_id: int) -> PluginInstance:
        """The instance, locked, whose current state `If-Match` names."""
        instance = self.instance(instance_id, lock=True)
        thing = (recording.INSTANCE, instance.pk)
        etags.require(self.request, instance, thing=thing, version=instance.row_version)
        return instance

    def of_plugin(self, plugin: Plugin, version: str | None) -> PluginVersion:
        """A version of the plugin by its name, or the newest one."""
        rows = plugin.versions.select_related("plugin")
        if version is None:
            found = rows.pinnable().newest_first().first()
        else:
            found = rows.filter(version=version).first()
        if found is None:
            message = _("No such version of this plugin.")
            raise Invalid([field_error("/version", "does_not_exist", message)])
        return found

    def answer(self, instance: PluginInstance, *, status: int = 200) -> Response:
        instance.refresh_from_db(fields=["row_version", "updated_at"])
        tag = etags.of(self.request, instance, version=instance.row_version)
        if self.request.method == "GET" and etags.matches(self.request, tag):
            return Response(status=304, headers={"ETag": tag})
        (body,) = catalogue.shown([instance])
        return Response(self.shown(body, PluginInstanceOut), status=status, headers={"ETag": tag})


class PluginInstances(InstanceView):
    required_permissions: ClassVar = {"GET": "plugin.view", "POST": "plugin.enable"}
    query_parameters = frozenset({"health", "enabled"})
    orderings = ("-created_at", "priority")

    @extend_schema(responses=page_of(PluginInstanceOut))
    def get(self, request: Request) -> Response:
        """The plugins in use here, each with its health and what it may do."""
        rows = PluginInstance.objects.visible_to(self.principal).with_version()
        if "health" in request.GET:
            rows = rows.filter(health=request.GET["health"])
        if "enabled" in request.GET:
            rows = rows.filter(enabled=request.GET["enabled"] == "true")
        found = pagination.page(request, rows, orderings=self.orderings)
        return Response(
            found.body(self.shown(catalogue.shown(found.rows), PluginInstanceOut, many=True))
        )

    @extend_schema(request=NewInstanceIn, responses={201: PluginInstanceOut})
    def post(self, request: Request) -> Response:
        """Begin using a plugin. To switch it on at once, name every permission you agree to."""
        given = self.read(NewInstanceIn)
        plugin = Plugin.objects.visible_to(self.principal).filter(pk=given.pop("plugin")).first()
        if plugin is None:
            message = _("No such plugin.")
            raise Invalid([field_error("/plugin", "does_not_exist", message)])
        version = self.of_plugin(plugin, given.pop("version", None))
        with faults_named():
            instance = instances.add(
                plugin=plugin,
                version=version,
                workspace_id=self.workspace_id,
                wishes=Wishes(**given),
                actor=self.actor,
            )
        return self.answer(instance, status=201)


class PluginInstanceDetail(InstanceView):
    required_permissions: ClassVar = {
        "GET": "plugin.view",
        "PATCH": "plugin.configure",
        "DELETE": "plugin.uninstall",
    }

    @extend_schema(responses=PluginInstanceOut)
    def get(self, request: Request, instance_id: int) -> Response:
        """One plugin in use; secrets are masked."""
        return self.answer(self.instance(instance_id))

    @extend_schema(request=InstanceChangeIn, responses=PluginInstanceOut)
    def patch(self, request: Request, instance_id: int) -> Response:
        """Set up, order, switch on or off. A new address clears the secrets that went with the former one."""
        instance = self.seen(instance_id)
        given = self.read(InstanceChangeIn)
        if "enabled" in given and not self.principal.may("plugin.enable"):
            raise denied("plugin.enable")
        with faults_named():
            changed = instances.change(instance=instance, wishes=Wishes(**given), actor=self.actor)
        return self.answer(changed)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, instance_id: int) -> Response:
        """Stop using a plugin that is switched off and that nothing needs. Its history stays."""
        instances.remove(instance=self.seen(instance_id), actor=self.actor)
        return Response(status=204)


class PluginConsents(InstanceView):
    required_permissions: ClassVar = {"POST": "plugin.enable"}

    @extend_schema(request=ConsentsIn, responses=PluginInstanceOut)
    def post(self, request: Request, instance_id: int) -> Response:
        """Agree to exactly what the pinned version asks for."""
        instance = self.seen(instance_id)
        wishes = Wishes(permissions=self.read(ConsentsIn)["permissions"])
        return self.answer(instances.change(instance=instance, wishes=wishes, actor=self.actor))


class PluginUpgrade(InstanceView):
    required_permissions: ClassVar = {"POST": "plugin.upgrade"}

    @extend_schema(request=UpgradeIn, responses=UPGRADE_OUT)
    def post(self, request: Request, instance_id: int) -> Response:
        """Move to a newer version. With `dry_run` the answer is what would change, and nothing does."""
        instance = self.instance(instance_id)
        given = self.read(UpgradeIn)
        dry = given["dry_run"]
        instance = instance if dry else self.seen(instance_id)
        version = self.of_plugin(instance.plugin, given["version"])
        if dry:
            plan = upgrading.plan(instance=instance, version=version)
            return Response(UpgradePlanOut(asdict(plan)).data)
        with faults_named():
            moved = upgrading.upgrade(
                instance=instance,
                version=version,
                permissions=given["permissions"],
                actor=self.actor,
            )
        return self.answer(moved)


class PluginRollback(InstanceView):
    required_permissions: ClassVar = {"POST": "plugin.upgrade"}

    @extend_schema(request=None, responses=PluginInstanceOut)
    def post(self, request: Request, instance_id: int) -> Response:
        """Bring back the version, settings and consents of before the last upgrade."""
        restored = upgrading.roll_back(instance=self.seen(instance_id), actor=self.actor)
        return self.answer(restored)


class PluginAudits(ApiView):
    required_permissions: ClassVar = {"GET": "plugin_audit.view"}
    query_parameters = frozenset(AUDIT_FILTERS)
    orderings = ("-created_at",)

    @extend_schema(responses=page_of(PluginAuditOut))
    def get(self, request: Request) -> Response:
        """What happened to plugins in this workspace, newest first."""
        asked = {name: request.GET[name] for name in AUDIT_FILTERS if name in request.GET}
        if not asked.get("plugin_id", "0").isdecimal():
            message = _("A whole number.")
            raise Invalid([field_error("plugin_id", "invalid", message)])
        return self.page(
            PluginAudit.objects.visible_to(self.principal).filter(**asked), PluginAuditOut
        )


@contextmanager
def faults_named() -> Iterator[None]:
    """Settings that do not fit are faults of their fields."""
    try:
        yield
    except ConfigInvalid as error:
        entries = [
            field_error(f"/config/{one.path.replace('.', '/')}", one.code, one.message)
            for one in error.faults
        ]
        raise Invalid(entries) from error
