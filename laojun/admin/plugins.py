"""The catalogue and every private plugin: who signed what, who runs it, and the switches over all workspaces."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from accounts import registry
from accounts.models import User
from accounts.web.console import may_act
from laojun.admin.console import OperatorAdmin, actor, in_scope
from laojun.files import FileTooLarge, Owner, StorageFull, StorageQuotaExceeded
from laojun.models import Plugin, PluginInstance, PluginVersion
from laojun.plugins import defaults, installing, scanning, settings, statuses
from laojun.plugins.forms import SettingsForm
from laojun.plugins.installing import REFUSALS, Place
from laojun.plugins.manifests import Manifest
from laojun.plugins.refusals import PluginRefused
from laojun.plugins.settings import ConfigInvalid
from laojun.plugins.statuses import ReasonMissing
from laojun.plugins.versions import PLATFORM
from laojun.plugins.wording import finding_words, refusal_words

STATUSES = {"active": "success", "draft": "info", "deprecated": "warning", "blocked": "danger"}
SIGNATURES = {"signed": "success", "unsigned": "warning", "incompatible": "warning",
              "revoked": "danger", "modified": "danger"}  # fmt: skip
HEALTHS = {"ok": "success", "degraded": "warning", "disabled": "info"}
SCAN = "laojun.plugin_scan"
LISTED = 200


class PackageForm(forms.Form):
    package = forms.FileField(label=gettext_lazy("Package"))


@admin.register(Plugin)
class PluginAdmin(OperatorAdmin):
    icon = "extension"
    list_display = ("slug", "place", "kind", "publisher", "state", "newest", "users", "updated_at")
    list_filter = ("status", "kind")
    list_select_related = ("workspace",)
    search_fields = ("slug", "name", "publisher")
    ordering = ("slug",)
    list_before_template = "admin/laojun/plugin_tools.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Plugin]:
        newest = PluginVersion.objects.filter(plugin=OuterRef("pk")).order_by("-version_sort")
        return (
            super()
            .get_queryset(request)
            .annotate(
                newest_version=Subquery(newest.values("version")[:1]),
                newest_status=Subquery(newest.values("signature_status")[:1]),
                user_count=Count("instances"),
            )
        )

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        return may_act(self, request)

    def get_urls(self) -> list[URLPattern]:
        own = path("scan/", self.admin_site.admin_view(self.scan_view), name="laojun_plugin_scan")
        return [own, *super().get_urls()]

    @display(description=gettext_lazy("place"))
    def place(self, row: Plugin) -> str:
        return str(row.workspace) if row.workspace else _("catalogue")

    @display(description=gettext_lazy("status"), label=STATUSES)
    def state(self, row: Plugin) -> tuple[str, str]:
        return row.status, str(row.get_status_display())

    @display(description=gettext_lazy("newest version"), label=SIGNATURES)
    def newest(self, row: Any) -> tuple[str, str]:
        return row.newest_status or "unsigned", row.newest_version or "–"

    @display(description=gettext_lazy("used by"))
    def users(self, row: Any) -> int:
        return int(row.user_count)

    @in_scope
    def scan_view(self, request: HttpRequest) -> HttpResponse:
        """How far the last scan is; a POST has every version judged again by a worker."""
        if request.method == "POST":
            registry.enqueue(kind=SCAN, payload={}, workspace=None, user=request.user)
            messages.success(request, _("The scan is under way."))
            return redirect("admin:laojun_plugin_scan")
        rows = PluginVersion.objects.select_related("plugin")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Scan of plugins"),
            "opts": self.opts,
            "total": rows.count(),
            "oldest": rows.order_by("verified_at").first(),
            "unsound": [
                {"row": row, "words": [finding_words(one) for one in row.findings]}
                for row in rows.exclude(signature_status="signed").order_by("plugin__slug")[:LISTED]
            ],
            "may_act": may_act(self, request),
        }
        return TemplateResponse(request, "admin/laojun/plugin_scan.html", context)

    @in_scope
    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *_args: Any, **_kwargs: Any
    ) -> HttpResponse:
        if object_id is None:
            return self._bring_in(request)
        if not self.has_view_permission(request):
            raise PermissionDenied
        plugin = get_object_or_404(Plugin.objects.select_related("workspace"), pk=object_id)
        if request.method == "POST":
            gone = self._act(request, plugin)
            if gone:
                return redirect("admin:laojun_plugin_changelist")
            return redirect("admin:laojun_plugin_change", plugin.pk)
        return self._page(request, plugin)

    def _page(self, request: HttpRequest, plugin: Plugin) -> HttpResponse:
        versions = [
            {"row": row, "words": [finding_words(one) for one in row.findings], "users": row.users}
            for row in plugin.versions.newest_first().annotate(users=Count("instances"))[:LISTED]
        ]
        used = PluginInstance.objects.with_version().filter(plugin=plugin)
        context = {
            **self.admin_site.each_context(request),
            "title": plugin.slug,
            "opts": self.opts,
            "plugin": plugin,
            "versions": versions,
            "used": used.select_related("workspace", "version")[:LISTED],
            "next_statuses": sorted(statuses.TRANSITIONS[Plugin.Status(plugin.status)]),
            "platform": PLATFORM,
            "form": _form(plugin) if plugin.workspace_id is None else None,
            "may_act": may_act(self, request),
        }
        return TemplateResponse(request, "admin/laojun/plugin.html", context)

    def _act(self, request: HttpRequest, seen: Plugin) -> bool:
        """Do what was asked of a plugin; True where it is gone then."""
        plugin = Plugin.objects.select_for_update().get(pk=seen.pk)
        deed, reason = request.POST.get("deed", ""), request.POST.get("reason", "")
        try:
            return _deed(request, plugin, deed, reason)
        except ReasonMissing:
            messages.error(request, _("Say why, for those who use it."))
        except PluginRefused as error:
            messages.error(request, refusal_words(error))
        return False

    def _bring_in(self, request: HttpRequest) -> HttpResponse:
        """Take a package into the catalogue."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = PackageForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            place = Place(Owner(_operator(request).pk))
            try:
                version, _is_new = installing.install(
                    data=form.cleaned_data["package"].read(), place=place, actor=actor(request)
                )
            except (*REFUSALS, FileTooLarge, StorageQuotaExceeded, StorageFull) as error:
                form.add_error("package", refusal_words(error))
            else:
                messages.success(request, _("The package is in the catalogue."))
                return redirect("admin:laojun_plugin_change", version.plugin_id)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Bring a plugin into the catalogue"),
            "opts": self.opts,
            "form": form,
        }
        return TemplateResponse(request, "admin/laojun/plugin_package.html", context)


@admin.register(PluginVersion)
class PluginVersionAdmin(OperatorAdmin):
    """Every version with its verdict; what can be done stands on the plugin's page."""

    icon = "deployed_code"
    list_display = ("plugin", "version", "verdict", "asks", "verified_at", "yanked_at")
    list_filter = ("signature_status",)
    list_select_related = ("plugin",)
    search_fields = ("plugin__slug", "checksum", "version")
    ordering = ("plugin__slug", "-version_sort")
    fields = readonly_fields = (
        "plugin",
        "version",
        "verdict",
        "found",
        "checksum",
        "asks",
        "hooks",
        "yanked_at",
        "yank_reason",
        "verified_at",
        "first_verified_at",
        "created_by",
        "created_at",
    )

    @display(description=gettext_lazy("signature"), label=SIGNATURES)
    def verdict(self, row: PluginVersion) -> tuple[str, str]:
        return row.signature_status, str(row.get_signature_status_display())

    @display(description=gettext_lazy("findings"))
    def found(self, row: PluginVersion) -> str:
        return " ".join(finding_words(one) for one in row.findings) or "–"

    @display(description=gettext_lazy("asks for"))
    def asks(self, row: PluginVersion) -> str:
        return ", ".join(row.permissions) or "–"


@admin.register(PluginInstance)
class PluginInstanceAdmin(OperatorAdmin):
    """Who runs what, in every workspace."""

    icon = "power"
    list_display = ("plugin", "workspace", "version", "state", "updated_at")
    list_filter = ("health", "enabled")
    list_select_related = ("plugin", "workspace", "version")
    search_fields = ("plugin__slug", "workspace__slug")
    ordering = ("plugin__slug", "workspace_id")
    fields = readonly_fields = (
        "plugin",
        "workspace",
        "version",
        "previous_version",
        "enabled",
        "state",
        "priority",
        "installed_at",
        "updated_at",
    )

    @display(description=gettext_lazy("state"), label=HEALTHS)
    def state(self, row: PluginInstance) -> tuple[str, str]:
        return row.health, str(row.get_health_display())


def _deed(request: HttpRequest, plugin: Plugin, deed: str, reason: str) -> bool:
    who = actor(request)
    if deed == "block" and request.POST.get("slug", "").strip() != plugin.slug:
        messages.error(request, _("Type the slug to block it."))
        return False
    if deed == "settings":
        return _set_up(request, plugin)
    if deed == "delete":
        statuses.delete_draft(plugin=plugin, actor=who)
    elif deed == "transfer":
        publisher = request.POST.get("publisher", "").strip()[:100]
        if not publisher:
            messages.error(request, _("Name the new publisher."))
            return False
        statuses.transfer(plugin=plugin, publisher=publisher, reason=reason, actor=who)
    elif deed in {"yank", "unyank", "verify"}:
        _deed_on_version(request, plugin, deed, reason)
    else:
        status = "blocked" if deed == "block" else deed
        if status not in statuses.TRANSITIONS[Plugin.Status(plugin.status)]:
            messages.error(request, _("Not from where it stands."))
            return False
        statuses.change(plugin=plugin, status=status, reason=reason, actor=who)
    messages.success(request, _("Done."))
    return deed == "delete"


def _form(plugin: Plugin, data: Any = None) -> SettingsForm | None:
    """The settings of the newest version, with what stands for every workspace."""
    newest = plugin.versions.pinnable().newest_first().first()
    if newest is None:
        return None
    schema = Manifest(newest.manifest).config_schema
    return SettingsForm(
        data, schema=schema, config=settings.platform_values(plugin.slug), with_secrets=False
    )


def _set_up(request: HttpRequest, plugin: Plugin) -> bool:
    """Keep what was entered for every workspace."""
    form = _form(plugin, request.POST)
    newest = plugin.versions.pinnable().newest_first().first()
    if form is None or newest is None or not form.is_valid():
        messages.error(request, _("Nothing was saved: %(faults)s") % {"faults": _faults_of(form)})
        return False
    try:
        defaults.write(plugin=plugin, version=newest, config=form.config(), actor=actor(request))
    except ConfigInvalid as error:
        form.show_faults(error.faults)
        messages.error(request, _("Nothing was saved: %(faults)s") % {"faults": _faults_of(form)})
    else:
        messages.success(request, _("Saved. Workspaces may set it otherwise."))
    return False


def _faults_of(form: SettingsForm | None) -> str:
    if form is None:
        return "–"
    return "; ".join(f"{name}: {' '.join(map(str, said))}" for name, said in form.errors.items())


def _deed_on_version(request: HttpRequest, plugin: Plugin, deed: str, reason: str) -> None:
    rows = PluginVersion.objects.select_related("plugin").select_for_update(of=("self",))
    version = get_object_or_404(rows, plugin=plugin, version=request.POST.get("version", "")[:64])
    if deed == "verify":
        scanning.verify(version, actor=actor(request))
    else:
        statuses.yank(version=version, yanked=deed == "yank", reason=reason, actor=actor(request))


def _operator(request: HttpRequest) -> User:
    return request.user  # type: ignore[return-value]
