"""The catalogue and private plugins: what there is, who signed it, and what becomes of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import tenancy
from accounts.web import etags, pagination
from accounts.web.permissions import denied
from accounts.web.problems import Invalid, field_error
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from accounts.web.views import UploadView
from laojun.audit import Actor
from laojun.files import Owner
from laojun.models import Plugin, PluginVersion
from laojun.plugins import catalogue, installing, scanning, statuses
from laojun.plugins.catalogue import Card
from laojun.plugins.installing import Place
from laojun.plugins.statuses import ReasonMissing

WORKSPACE, CATALOGUE = "workspace", "catalogue"
REASON = "plugins of the catalogue"


class PackageIn(Serializer):
    package = serializers.FileField(max_length=1000, help_text="What `plugin_sign` wrote.")


class NewPluginIn(PackageIn):
    scope = serializers.ChoiceField(
        [WORKSPACE, CATALOGUE],
        default=WORKSPACE,
        help_text="The catalogue is for operators.",
    )


class PluginChangeIn(Serializer):
    status = serializers.ChoiceField(["active", "deprecated", "blocked", "deleted"])
    reason = serializers.CharField(max_length=500, default="", allow_blank=True)


class VersionChangeIn(Serializer):
    yanked = serializers.BooleanField()
    reason = serializers.CharField(max_length=500, default="", allow_blank=True)


class AskedOut(serializers.Serializer):
    key = serializers.CharField()
    risk = serializers.CharField(help_text="low, medium or high")
    sentence = serializers.CharField()


class FindingOut(serializers.Serializer):
    status = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class PluginVersionOut(serializers.Serializer):
    id = serializers.IntegerField()
    version = serializers.CharField()
    signature_status = serializers.CharField()
    findings = FindingOut(many=True)
    permissions = serializers.SerializerMethodField()
    hooks = serializers.ListField(child=serializers.CharField())
    checksum = serializers.CharField()
    verified_at = serializers.DateTimeField(allow_null=True)
    yanked_at = serializers.DateTimeField(allow_null=True)
    yank_reason = serializers.CharField()
    created_at = serializers.DateTimeField()

    @extend_schema_field(AskedOut(many=True))
    def get_permissions(self, row: PluginVersion) -> list[dict[str, Any]]:
        return AskedOut(catalogue.permissions(row), many=True).data  # type: ignore[return-value]


class UsedOut(serializers.Serializer):
    id = serializers.IntegerField()
    version = serializers.CharField(source="version.version")
    enabled = serializers.BooleanField()
    health = serializers.CharField()


class PluginOut(serializers.Serializer):
    id = serializers.IntegerField(source="plugin.id")
    slug = serializers.CharField(source="plugin.slug")
    name = serializers.SerializerMethodField()
    description = serializers.SerializerMethodField()
    kind = serializers.CharField(source="plugin.kind")
    publisher = serializers.CharField(source="plugin.publisher")
    status = serializers.CharField(source="plugin.status")
    status_reason = serializers.CharField(source="plugin.status_reason")
    is_private = serializers.SerializerMethodField()
    newest = PluginVersionOut(allow_null=True)
    instance = UsedOut(allow_null=True)
    created_at = serializers.DateTimeField(source="plugin.created_at")
    updated_at = serializers.DateTimeField(source="plugin.updated_at")

    def get_name(self, card: Card) -> str:
        return catalogue.name_of(card.newest) if card.newest else card.plugin.name

    def get_description(self, card: Card) -> str:
        return catalogue.description_of(card.newest) if card.newest else card.plugin.description

    def get_is_private(self, card: Card) -> bool:
        return card.plugin.workspace_id is not None


class PluginView(UploadView):
    """What these views share: who acts, in the workspace or for the catalogue."""

    @property
    def actor(self) -> Actor:
        return Actor.of_principal(self.principal)

    @contextmanager
    def place_of(self, workspace_id: int | None) -> Iterator[None]:
        """Where a plugin is changed: its workspace, or for operators the catalogue."""
        if workspace_id is not None:
            yield
            return
        if self.principal.api_key_id or not self.user.may_on_platform("plugin.install"):
            raise denied("platform")
        with tenancy.platform_scope(reason=REASON):
            yield

    def owner(self, workspace_id: int | None) -> Owner:
        return Owner(self.user.pk, workspace_id)

    def plugin(self, plugin_id: int) -> Plugin:
        return self.find(Plugin.objects.visible_to(self.principal), pk=plugin_id)

    def install(self, workspace_id: int | None, into: Plugin | None = None) -> Response:
        """The body's package, brought in here: 201, or 200 when it was there already."""
        shape = PackageIn if into else NewPluginIn
        upload = self.read(shape)["package"]
        with self.place_of(workspace_id):
            version, is_new = installing.install(
                data=upload.read(),
                place=Place(self.owner(workspace_id)),
                actor=self.actor,
                into=into,
            )
            body = self.shown(version, PluginVersionOut)
        address = f"/api/v1/plugins/{version.plugin_id}/versions/{version.version}/"
        return Response(
            {**body, "plugin_id": version.plugin_id},
            status=201 if is_new else 200,
            headers={"Location": address},
        )

    def version(self, plugin: Plugin, version: str) -> PluginVersion:
        rows = PluginVersion.objects.select_related("plugin").filter(plugin=plugin)
        return self.find(rows.select_for_update(of=("self",)), version=version)


class InstalledOut(PluginVersionOut):
    plugin_id = serializers.IntegerField()


class Plugins(PluginView):
    required_permissions: ClassVar = {"GET": "plugin.view", "POST": "plugin.install"}
    query_parameters = catalogue.FILTERS
    orderings = ("slug", "-created_at")

    @extend_schema(responses=page_of(PluginOut))
    def get(self, request: Request) -> Response:
        """The catalogue and this workspace's own plugins, with the newest version and what is in use here."""
        asked = {name: request.GET[name] for name in catalogue.FILTERS if name in request.GET}
        rows = catalogue.search(Plugin.objects.visible_to(self.principal), asked)
        found = pagination.page(request, rows, orderings=self.orderings)
        cards = catalogue.cards(found.rows, self.workspace_id)
        return Response(found.body(self.shown(cards, PluginOut, many=True)))

    @extend_schema(
        request={"multipart/form-data": NewPluginIn},
        responses={201: InstalledOut, 200: InstalledOut},
    )
    def post(self, request: Request) -> Response:
        """Bring a package in: everything is checked before anything is written. The same again is no change."""
        scope = self.read(NewPluginIn)["scope"]
        return self.install(None if scope == CATALOGUE else self.workspace_id)


class PluginDetail(PluginView):
    required_permissions: ClassVar = {"GET": "plugin.view", "PATCH": "plugin.install"}

    @extend_schema(responses=PluginOut)
    def get(self, request: Request, plugin_id: int) -> Response:
        """One plugin."""
        return self._card(self.plugin(plugin_id))

    @extend_schema(request=PluginChangeIn, responses={200: PluginOut, 204: None})
    def patch(self, request: Request, plugin_id: int) -> Response:
        """Open, deprecate, block or (a draft) delete a plugin. Blocking stops every call of it within seconds."""
        seen = self.plugin(plugin_id)
        wanted = self.read(PluginChangeIn)
        with self.place_of(seen.workspace_id):
            plugin = Plugin.objects.select_for_update().get(pk=seen.pk)
            etags.require(request, plugin)
            if wanted["status"] == "deleted":
                statuses.delete_draft(plugin=plugin, actor=self.actor)
                return Response(status=204)
            with reasons_named():
                statuses.change(plugin=plugin, actor=self.actor, **wanted)
        return self._card(plugin)

    def _card(self, plugin: Plugin) -> Response:
        (card,) = catalogue.cards([plugin], self.workspace_id)
        tag = etags.of(self.request, plugin, also=card.also)
        if self.request.method == "GET" and etags.matches(self.request, tag):
            return Response(status=304, headers={"ETag": tag})
        return Response(self.shown(card, PluginOut), headers={"ETag": tag})


class PluginVersions(PluginView):
    required_permissions: ClassVar = {"GET": "plugin.view", "POST": "plugin.install"}
    orderings = ("-version_sort",)

    @extend_schema(responses=page_of(PluginVersionOut))
    def get(self, request: Request, plugin_id: int) -> Response:
        """The versions of a plugin, newest first."""
        return self.page(self.plugin(plugin_id).versions.all(), PluginVersionOut)

    @extend_schema(
        request={"multipart/form-data": PackageIn}, responses={201: InstalledOut, 200: InstalledOut}
    )
    def post(self, request: Request, plugin_id: int) -> Response:
        """Bring another version of this plugin in."""
        plugin = self.plugin(plugin_id)
        return self.install(plugin.workspace_id, into=plugin)


class PluginVersionDetail(PluginView):
    required_permissions: ClassVar = {"PATCH": "plugin.install"}

    @extend_schema(request=VersionChangeIn, responses=PluginVersionOut)
    def patch(self, request: Request, plugin_id: int, version: str) -> Response:
        """Withdraw a version, or take that back. What runs goes on; nobody is moved to it."""
        plugin = self.plugin(plugin_id)
        wanted = self.read(VersionChangeIn)
        with self.place_of(plugin.workspace_id), reasons_named():
            row = statuses.yank(version=self.version(plugin, version), actor=self.actor, **wanted)
            return Response(self.shown(row, PluginVersionOut))


class PluginVerification(PluginView):
    required_permissions: ClassVar = {"POST": "plugin.install"}

    @extend_schema(request=None, responses=PluginVersionOut)
    def post(self, request: Request, plugin_id: int, version: str) -> Response:
        """Judge a version again, from its bytes."""
        plugin = self.plugin(plugin_id)
        with self.place_of(plugin.workspace_id):
            row = self.version(plugin, version)
            scanning.verify(row, actor=self.actor)
            return Response(self.shown(row, PluginVersionOut))


@contextmanager
def reasons_named() -> Iterator[None]:
    """A missing reason is a fault of the field `reason`."""
    try:
        yield
    except ReasonMissing as error:
        message = _("Say why, for those who use it.")
        raise Invalid([field_error("/reason", "required", message)]) from error
