"""The workspace's plugins: what is in use and how it fares, what could be, and what each may see and do."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.authentication import Principal
from accounts.web.access import needs, person_of, principal_of
from laojun.audit import Actor
from laojun.files import FileTooLarge, Owner, StorageFull, StorageQuotaExceeded
from laojun.models import Plugin, PluginInstance, PluginVersion
from laojun.plugins import (
    catalogue,
    health,
    installing,
    instances,
    manifests,
    settings,
    upgrading,
)
from laojun.plugins.forms import SettingsForm
from laojun.plugins.installing import REFUSALS, Place
from laojun.plugins.instances import Wishes
from laojun.plugins.refusals import PluginRefused
from laojun.plugins.settings import ConfigInvalid
from laojun.plugins.wording import refusal_words

PERMISSIONS = "permissions"


@needs("plugin.view")
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    return _overview(request, principal_of(request))


@needs("plugin.install")
@require_POST
def bring_in(request: HttpRequest) -> HttpResponse:
    """Take a package in as the workspace's own plugin."""
    principal = principal_of(request)
    upload = request.FILES.get("package")
    if upload is None:
        return _overview(request, principal, refused=_("Choose a package first."))
    place = Place(Owner(person_of(request).pk, principal.workspace_id))
    try:
        version, is_new = installing.install(
            data=upload.read(), place=place, actor=Actor.of_principal(principal)
        )
    except (*REFUSALS, FileTooLarge, StorageQuotaExceeded, StorageFull) as error:
        return _overview(request, principal, refused=refusal_words(error))
    said = _("%(name)s is here.") if is_new else _("%(name)s was here already.")
    messages.success(request, said % {"name": f"{version.plugin.name} {version.version}"})
    return redirect("workspace_plugin_offer", plugin_id=version.plugin_id)


@needs("plugin.view")
@require_http_methods(["GET", "HEAD", "POST"])
def offer(request: HttpRequest, plugin_id: int) -> HttpResponse:
    """A plugin that could be used: what it asks for, its settings, and the step to agree."""
    principal = principal_of(request)
    plugin = get_object_or_404(Plugin.objects.visible_to(principal), pk=plugin_id)
    (card,) = catalogue.cards([plugin], principal.workspace_id)
    if card.instance is not None:
        return redirect("workspace_plugin", instance_id=card.instance.pk)
    form = None
    if card.newest is not None:
        schema = manifests.Manifest(card.newest.manifest).config_schema
        data = request.POST if request.method == "POST" else None
        above = settings.inherited(schema, plugin.slug)
        form = SettingsForm(data, schema=schema, config=above, inherited=above)
    if request.method == "POST" and form is not None and card.newest is not None:
        if not principal.may("plugin.enable"):
            return _refuse(request)
        enabled = not card.is_on_everywhere
        added = _add(request, principal, card.newest, form, enabled=enabled)
        if added is not None:
            said = _("It is switched on.") if enabled else _("It is switched off here.")
            messages.success(request, said)
            return redirect("workspace_plugin", instance_id=added.pk)
    context = {
        "card": card,
        "asked": catalogue.permissions(card.newest) if card.newest else [],
        "form": form,
        "may_enable": principal.may("plugin.enable") and plugin.status == Plugin.Status.ACTIVE,
        "needs_consent": plugin.kind != Plugin.Kind.BUILTIN,
    }
    status = 400 if form is not None and form.is_bound else 200
    return render(request, "laojun/plugin_offer.html", context, status=status)


@needs("plugin.view")
@require_safe
def detail(request: HttpRequest, instance_id: int) -> HttpResponse:
    principal = principal_of(request)
    return _detail(request, principal, _instance(principal, instance_id))


@needs("plugin.configure")
@require_POST
def configure(request: HttpRequest, instance_id: int) -> HttpResponse:
    """Save the settings; what does not fit is shown beside its field."""
    principal = principal_of(request)
    instance = _instance(principal, instance_id, lock=True)
    form, was_on = _form(instance, request.POST), instance.enabled
    if not _is_seen(request, instance):
        return _stale(request, instance)
    if not form.is_valid():
        return _detail(request, principal, instance, form=form)
    try:
        changed = instances.change(
            instance=instance,
            wishes=Wishes(config=form.config()),
            actor=Actor.of_principal(principal),
        )
    except ConfigInvalid as error:
        form.show_faults(error.faults)
        return _detail(request, principal, _instance(principal, instance_id), form=form)
    if was_on and not changed.enabled:
        said = _("The address changed: enter its secrets again, then switch it on.")
        messages.warning(request, said)
    else:
        messages.success(request, _("Saved."))
    return redirect("workspace_plugin", instance_id=instance_id)


@needs("plugin.enable")
@require_POST
def switch(request: HttpRequest, instance_id: int) -> HttpResponse:
    """Switch on, with the consent that was shown, or off."""
    principal = principal_of(request)
    on = request.POST.get("enabled") == "yes"
    shown = request.POST.getlist(PERMISSIONS)
    instance = _instance(principal, instance_id, lock=True)
    builtin = instance.plugin.kind == Plugin.Kind.BUILTIN
    wishes = Wishes(enabled=on, permissions=shown if on and not builtin else None)

    def deed() -> None:
        instances.change(instance=instance, wishes=wishes, actor=Actor.of_principal(principal))
        messages.success(request, _("It is switched on.") if on else _("It is switched off."))

    return _done(request, instance, deed)


@needs("plugin.upgrade")
@require_http_methods(["GET", "HEAD", "POST"])
def upgrade(request: HttpRequest, instance_id: int) -> HttpResponse:
    """What a newer version would change; a POST agrees to it."""
    principal = principal_of(request)
    instance = _instance(principal, instance_id, lock=request.method == "POST")
    version = upgrading.newer(instance)
    if version is None:
        messages.info(request, _("This is the newest version."))
        return redirect("workspace_plugin", instance_id=instance_id)
    if request.method == "POST":
        return _upgrade(request, principal, instance)
    try:
        plan = upgrading.plan(instance=instance, version=version)
    except PluginRefused as error:
        messages.error(request, refusal_words(error))
        return redirect("workspace_plugin", instance_id=instance_id)
    granted = health.standing_consents(instance)
    context = {
        "instance": instance,
        "version": version,
        "plan": plan,
        "asked": catalogue.permissions(version, granted),
        "needs_consent": instance.plugin.kind != Plugin.Kind.BUILTIN,
        "name": catalogue.name_of(version),
    }
    return render(request, "laojun/plugin_upgrade.html", context)


@needs("plugin.upgrade")
@require_POST
def roll_back(request: HttpRequest, instance_id: int) -> HttpResponse:
    """Back to the version before the last upgrade, with its settings and consents."""
    principal = principal_of(request)
    instance = _instance(principal, instance_id, lock=True)

    def deed() -> None:
        upgrading.roll_back(instance=instance, actor=Actor.of_principal(principal))
        messages.success(request, _("The former version is back, with its settings and consents."))

    return _done(request, instance, deed)


@needs("plugin.uninstall")
@require_POST
def remove(request: HttpRequest, instance_id: int) -> HttpResponse:
    """Stop using a plugin."""
    principal = principal_of(request)
    instance = _instance(principal, instance_id, lock=True)
    if not _is_seen(request, instance):
        return _stale(request, instance)
    try:
        instances.remove(instance=instance, actor=Actor.of_principal(principal))
    except PluginRefused as error:
        messages.error(request, refusal_words(error))
        return redirect("workspace_plugin", instance_id=instance_id)
    messages.success(request, _("It is gone. Its history stays."))
    return redirect("workspace_plugins")


def _overview(request: HttpRequest, principal: Principal, *, refused: str = "") -> HttpResponse:
    rows = Plugin.objects.visible_to(principal).order_by("slug")[:200]
    cards = catalogue.cards(rows, principal.workspace_id)
    unused = [
        card
        for card in cards
        if card.instance is None and card.plugin.status == Plugin.Status.ACTIVE
    ]
    context = {
        "used": [card for card in cards if card.instance is not None],
        "everywhere": [card for card in unused if card.is_on_everywhere],
        "offered": [card for card in unused if not card.is_on_everywhere],
        "may_install": principal.may("plugin.install"),
        "refused": refused,
    }
    status = 422 if refused else 200
    return render(request, "laojun/plugins.html", context, status=status)


def _detail(
    request: HttpRequest,
    principal: Principal,
    instance: PluginInstance,
    *,
    form: SettingsForm | None = None,
) -> HttpResponse:
    granted = health.standing_consents(instance)
    context = {
        "instance": instance,
        "name": catalogue.name_of(instance.version),
        "description": catalogue.description_of(instance.version),
        "asked": catalogue.permissions(instance.version, granted),
        "needs_consent": instance.plugin.kind != Plugin.Kind.BUILTIN,
        "consented": granted >= set(instance.version.permissions),
        "form": form or _form(instance),
        "newer": upgrading.newer(instance),
        "users": instances.used_by(instance),
        "may": {
            deed: principal.may(f"plugin.{deed}")
            for deed in ("enable", "configure", "upgrade", "uninstall")
        },
    }
    return render(request, "laojun/plugin.html", context, status=400 if form is not None else 200)


def _upgrade(request: HttpRequest, principal: Principal, instance: PluginInstance) -> HttpResponse:
    rows = instance.plugin.versions.select_related("plugin")
    version = get_object_or_404(rows, version=request.POST.get("version", "")[:64])

    def deed() -> None:
        upgrading.upgrade(
            instance=instance,
            version=version,
            permissions=request.POST.getlist(PERMISSIONS),
            actor=Actor.of_principal(principal),
        )
        messages.success(
            request, _("Version %(version)s is in use.") % {"version": version.version}
        )

    return _done(request, instance, deed)


def _add(
    request: HttpRequest,
    principal: Principal,
    version: PluginVersion,
    form: SettingsForm,
    *,
    enabled: bool,
) -> PluginInstance | None:
    """Begin using a version, with the consent that was shown; None where the form says why not."""
    if not form.is_valid() or principal.workspace_id is None:
        return None
    builtin = version.plugin.kind == Plugin.Kind.BUILTIN
    wishes = Wishes(
        config=form.config(),
        permissions=None if builtin else request.POST.getlist(PERMISSIONS),
        enabled=enabled,
    )
    try:
        return instances.add(
            plugin=version.plugin,
            version=version,
            workspace_id=principal.workspace_id,
            wishes=wishes,
            actor=Actor.of_principal(principal),
        )
    except ConfigInvalid as error:
        form.show_faults(error.faults)
    except PluginRefused as error:
        form.add_error(None, refusal_words(error))
    return None


def _instance(principal: Principal, pk: int, *, lock: bool = False) -> PluginInstance:
    rows = PluginInstance.objects.visible_to(principal).with_version()
    rows = rows.select_for_update(of=("self",)) if lock else rows
    return get_object_or_404(rows, pk=pk)


def _form(instance: PluginInstance, data: Any = None) -> SettingsForm:
    schema = settings.schema_of(instance)
    return SettingsForm(
        data,
        schema=schema,
        config=settings.effective(instance),
        inherited=settings.inherited(schema, instance.plugin.slug),
        secrets_set=settings.secrets_set(instance),
    )


def _done(request: HttpRequest, instance: PluginInstance, deed: Any) -> HttpResponse:
    """Do it if the page showed what stands, and say what is in the way otherwise."""
    if not _is_seen(request, instance):
        return _stale(request, instance)
    try:
        deed()
    except ConfigInvalid as error:
        paths = ", ".join(sorted({fault.path for fault in error.faults}))
        messages.error(request, _("Complete its settings first: %(paths)s") % {"paths": paths})
    except PluginRefused as error:
        messages.error(request, refusal_words(error))
    return redirect("workspace_plugin", instance_id=instance.pk)


def _is_seen(request: HttpRequest, instance: PluginInstance) -> bool:
    return request.POST.get("seen") == str(instance.row_version)


def _stale(request: HttpRequest, instance: PluginInstance) -> HttpResponse:
    messages.error(request, _("Somebody changed it meanwhile. This is how it stands now."))
    return redirect("workspace_plugin", instance_id=instance.pk)


def _refuse(request: HttpRequest) -> HttpResponse:
    messages.error(request, _("You may look at plugins here, not switch them on."))
    return redirect("workspace_plugins")
