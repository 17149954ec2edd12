"""Plugins in use: begun, switched on and off, set up, taken away."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from accounts.registry import Store
from laojun.audit import Actor
from laojun.models import Plugin, PluginInstance, PluginVersion
from laojun.plugins import consents, generation, health, policy, recording, settings
from laojun.plugins.builtins import builtins
from laojun.plugins.consents import subject_of
from laojun.plugins.installing import lock_slug
from laojun.plugins.manifests import Manifest
from laojun.plugins.refusals import (
    AlreadyInstalled,
    InUse,
    LimitReached,
    MissingDependency,
    PluginBlocked,
    PluginDeprecated,
    VersionUnsound,
    VersionYanked,
)
from laojun.plugins.settings import ConfigInvalid

MAX_INSTANCES = 50
MAX_PER_HOOK = 10
MAX_USERS = 20
MAX_CONFIG_BYTES = 16 * 1024
# `probe(workspace_id=…, slug=…)` lists what uses a plugin of a workspace, as (label, local address).
usage_probes: Store[Callable[..., list[tuple[str, str]]]] = Store("plugin_usage_probes")


@dataclass(frozen=True)
class Wishes:
    """What is asked of an instance; None leaves it as it is. `permissions` are consented to."""

    config: Mapping[str, Any] | None = None
    permissions: Collection[str] | None = None
    enabled: bool | None = None
    priority: int | None = None


@transaction.atomic
def add(
    *, plugin: Plugin, version: PluginVersion, workspace_id: int, wishes: Wishes, actor: Actor
) -> PluginInstance:
    """Begin using a plugin, pinned to a version. Runs in the workspace.

    Raises AlreadyInstalled, PluginBlocked, PluginDeprecated, VersionYanked, LimitReached, and what `change` raises.
    """
    stand_still(plugin, version)
    _check_open(plugin, version)
    if PluginInstance.objects.filter(workspace_id=workspace_id).count() >= MAX_INSTANCES:
        raise LimitReached("plugins in a workspace", limit=MAX_INSTANCES)
    instance = PluginInstance(workspace_id=workspace_id, plugin=plugin, version=version)
    try:
        with transaction.atomic():
            instance.save(force_insert=True)
    except IntegrityError as error:
        raise AlreadyInstalled(plugin.slug) from error
    recording.record(
        actor=actor,
        action="plugin.installed",
        subject=subject_of(instance),
        change=({}, facts_of(instance)),
        moved=("", version.version),
    )
    return change(instance=instance, wishes=wishes, actor=actor)


@transaction.atomic
def change(*, instance: PluginInstance, wishes: Wishes, actor: Actor) -> PluginInstance:
    """Set up, consent, order, switch on or off, all or nothing. `instance` is locked by the caller.

    Raises ConfigInvalid, ConsentMismatch, MissingDependency, PluginBlocked, VersionUnsound, LimitReached.
    """
    stand_still(instance.plugin, instance.version)
    if wishes.permissions is not None:
        consents.grant(instance=instance, permissions=wishes.permissions, actor=actor)
    before = facts_of(instance)
    if wishes.priority is not None:
        instance.priority = wishes.priority
    if wishes.enabled is not None:
        instance.enabled = wishes.enabled
    touched: set[str] = set()
    if wishes.config is not None:
        touched = _set_up(instance, wishes.config, actor)
    if instance.enabled and (wishes.enabled or wishes.config is not None):
        _require_ready(instance)
    _save(instance, before, touched, actor)
    settle(instance)
    return instance


def settle(instance: PluginInstance) -> None:
    """Bring the health up to date and let every process know."""
    health.recompute([instance])
    generation.moved(instance.workspace_id)


def remove(*, instance: PluginInstance, actor: Actor) -> None:
    """Stop using a plugin; its history stays. `instance` is locked by the caller. Raises InUse."""
    users = used_by(instance)
    if instance.enabled or users:
        raise InUse(
            instance.plugin.slug,
            enabled=instance.enabled,
            users=[{"label": label, "url": url} for label, url in users[:MAX_USERS]],
        )
    settings.remove_secrets(instance)
    recording.record(
        actor=actor,
        action="plugin.uninstalled",
        subject=subject_of(instance),
        change=(facts_of(instance), {}),
        moved=(instance.version.version, ""),
    )
    generation.moved(instance.workspace_id)
    instance.delete()


def used_by(instance: PluginInstance) -> list[tuple[str, str]]:
    """What needs this plugin: others that depend on it, and what the apps above say. Label and local address."""
    found = [
        (one.plugin.name, f"/workspace/plugins/{one.pk}/")
        for one in health.dependents(instance)
        if one.enabled
    ]
    for probe in usage_probes.values():
        found += probe(workspace_id=instance.workspace_id, slug=instance.plugin.slug)
    return found


def facts_of(instance: PluginInstance) -> dict[str, Any]:
    """What the history keeps of an instance: its own settings, never a secret."""
    return {
        "version": instance.version.version,
        "enabled": instance.enabled,
        "priority": instance.priority,
        "config": dict(instance.config),
    }


def stand_still(plugin: Plugin, version: PluginVersion) -> None:
    """Read plugin and version again under the plugin's lock: neither is blocked or found unsound meanwhile."""
    lock_slug(plugin.slug)
    plugin.refresh_from_db(fields=["status", "status_reason"])
    version.refresh_from_db(fields=["signature_status", "findings", "yanked_at", "yank_reason"])


def _check_open(plugin: Plugin, version: PluginVersion) -> None:
    """Whether somebody may begin with this version."""
    if plugin.status == Plugin.Status.BLOCKED:
        raise PluginBlocked(plugin.slug, reason=plugin.status_reason)
    if plugin.status == Plugin.Status.DRAFT:
        raise VersionUnsound(version.version, findings=version.findings)
    if plugin.status == Plugin.Status.DEPRECATED:
        raise PluginDeprecated(plugin.slug)
    if version.yanked_at is not None:
        raise VersionYanked(version.version, reason=version.yank_reason)


def _set_up(instance: PluginInstance, sent: Mapping[str, Any], actor: Actor) -> set[str]:
    """Write settings and secrets; the paths of the secrets that were touched.

    A secret belongs to the address it was entered for: when an address changes and a secret is not entered
    again, it is cleared and the instance waits, switched off. Raises ConfigInvalid.
    """
    schema = settings.schema_of(instance)
    parted = settings.part(schema, sent)
    before = settings.effective(instance)
    instance.config = parted.plain
    moved = settings.moved_addresses(schema, before, settings.effective(instance))
    void = settings.secrets_set(instance) - parted.secrets.keys() if moved else frozenset()
    written = {**dict.fromkeys(void, ""), **parted.secrets}
    settings.write_secrets(instance, written, actor=actor)
    if void:
        instance.enabled = False
    wrong = [
        fault for fault in settings.faults(instance) if instance.enabled or fault.code != "required"
    ]
    if wrong:
        raise ConfigInvalid(wrong)
    return set(written)


def _require_ready(instance: PluginInstance) -> None:
    """Raises what keeps an instance from running, the first reason people can do something about."""
    plugin, version = instance.plugin, instance.version
    if plugin.status == Plugin.Status.BLOCKED:
        raise PluginBlocked(plugin.slug, reason=plugin.status_reason)
    rules = policy.current()
    if not rules.runs(status=version.signature_status, slug=plugin.slug, checksum=version.checksum):
        raise VersionUnsound(version.version, findings=version.findings)
    missing = health.missing(Manifest(version.manifest), instance.workspace_id)
    if missing:
        raise MissingDependency(", ".join(missing), missing=missing)
    if plugin.kind != Plugin.Kind.BUILTIN:
        consents.check_exact(version, health.standing_consents(instance))
    faults = settings.faults(instance)
    if faults:
        raise ConfigInvalid(faults)
    _check_room(instance)


def _check_room(instance: PluginInstance) -> None:
    on = PluginInstance.objects.filter(workspace_id=instance.workspace_id, enabled=True)
    for hook in instance.version.hooks:
        others = on.filter(version__hooks__contains=[hook]).exclude(pk=instance.pk)
        if others.count() >= MAX_PER_HOOK:
            raise LimitReached(hook, limit=MAX_PER_HOOK)


def _save(
    instance: PluginInstance, before: dict[str, Any], touched: set[str], actor: Actor
) -> None:
    after = facts_of(instance)
    if not instance.enabled:
        instance.health = PluginInstance.Health.DISABLED
    instance.save(update_fields=["enabled", "config", "priority", "health", "updated_at"])
    deeds = []
    if before["enabled"] != after["enabled"]:
        deeds.append("plugin.enabled" if instance.enabled else "plugin.disabled")
    if touched or before | {"enabled": 0} != after | {"enabled": 0}:
        deeds.append("plugin.configured")
    for action in deeds:
        recording.record(
            actor=actor,
            action=action,
            subject=subject_of(instance),
            change=(before, after),
            moved=(instance.version.version, instance.version.version),
            details={"secrets_entered": sorted(touched)} if touched else None,
        )


def is_on_by_itself(plugin: Plugin) -> bool:
    """Whether a plugin of the platform works without anybody having switched it on."""
    builtin = builtins.get(plugin.slug)
    return builtin is not None and bool(builtin.manifest.get("default_on"))
