"""To another version and back: first shown as a plan, then done in one transaction.

Calls in flight end on the former version; the next ones find the new one.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from laojun.audit import Actor
from laojun.models import Plugin, PluginInstance, PluginVersion
from laojun.plugins import consents, health, policy, recording, schemas, settings, versions
from laojun.plugins.consents import subject_of
from laojun.plugins.instances import facts_of, settle, stand_still
from laojun.plugins.manifests import Manifest
from laojun.plugins.refusals import (
    ConsentRequired,
    DowngradeRefused,
    MissingDependency,
    NothingToRollBack,
    PluginBlocked,
    VersionUnsound,
    VersionYanked,
)
from laojun.plugins.settings import ConfigInvalid


@dataclass(frozen=True)
class Plan:
    """What an upgrade would change. Paths of settings are dotted; `invalid_settings` no longer fit."""

    version: str
    permissions_added: list[str]
    permissions_removed: list[str]
    settings_added: list[str]
    settings_removed: list[str]
    invalid_settings: list[str]
    hooks_added: list[str]
    hooks_removed: list[str]
    signer_changed: bool
    missing_dependencies: list[str]


def plan(*, instance: PluginInstance, version: PluginVersion) -> Plan:
    """What moving to `version` would mean; changes nothing. Raises what keeps it from being done."""
    _check(instance, version)
    old, new = Manifest(instance.version.manifest), Manifest(version.manifest)
    old_fields = {field.path for field in schemas.fields(old.config_schema)}
    new_fields = {field.path for field in schemas.fields(new.config_schema)}
    return Plan(
        version=version.version,
        permissions_added=sorted(set(new.permissions) - set(old.permissions)),
        permissions_removed=sorted(set(old.permissions) - set(new.permissions)),
        settings_added=sorted(new_fields - old_fields),
        settings_removed=sorted(old_fields - new_fields),
        invalid_settings=sorted({fault.path for fault in _faults_on(instance, version)}),
        hooks_added=sorted(set(new.hooks) - set(old.hooks)),
        hooks_removed=sorted(set(old.hooks) - set(new.hooks)),
        signer_changed=_signers(instance.version) != _signers(version),
        missing_dependencies=health.missing(new, instance.workspace_id),
    )


@transaction.atomic
def upgrade(
    *,
    instance: PluginInstance,
    version: PluginVersion,
    permissions: Collection[str],
    actor: Actor,
) -> PluginInstance:
    """Pin the instance to `version`; `permissions` are what is agreed to beyond what stands.

    Settings the new version no longer has are left behind. `instance` is locked by the caller. Raises
    PluginBlocked, VersionYanked, VersionUnsound, DowngradeRefused, ConsentRequired, MissingDependency,
    ConfigInvalid; then nothing is changed and the former version goes on.
    """
    stand_still(instance.plugin, version)
    found = plan(instance=instance, version=version)
    standing = health.standing_consents(instance)
    wanted = _agreed(instance, version, standing, permissions)
    if instance.enabled and found.missing_dependencies:
        raise MissingDependency(
            ", ".join(found.missing_dependencies), missing=found.missing_dependencies
        )
    if instance.enabled and found.invalid_settings:
        raise ConfigInvalid(_faults_on(instance, version))
    before = facts_of(instance)
    former = instance.version
    instance.previous_version = former
    instance.previous_config = dict(instance.config)
    instance.previous_permissions = sorted(standing)
    instance.config = _kept(instance.config, version)
    instance.version = version
    _save(instance)
    consents.replace(instance=instance, before=standing, permissions=wanted, actor=actor)
    _record(instance, "plugin.upgraded", before, former.version, actor)
    settle(instance)
    return instance


@transaction.atomic
def roll_back(*, instance: PluginInstance, actor: Actor) -> PluginInstance:
    """Bring version, settings and consents of before the last upgrade back. `instance` is locked by the caller.

    Raises NothingToRollBack, PluginBlocked, VersionYanked, VersionUnsound.
    """
    target = instance.previous_version
    if target is None:
        raise NothingToRollBack
    stand_still(instance.plugin, target)
    _check_sound(instance.plugin, target)
    before, former = facts_of(instance), instance.version.version
    standing = health.standing_consents(instance)
    wanted = set(instance.previous_permissions or [])
    instance.version = target
    instance.config = dict(instance.previous_config or {})
    instance.previous_version = instance.previous_config = instance.previous_permissions = None
    _save(instance)
    consents.replace(instance=instance, before=standing, permissions=wanted, actor=actor)
    _record(instance, "plugin.rolled_back", before, former, actor)
    settle(instance)
    return instance


def newer(instance: PluginInstance) -> PluginVersion | None:
    """The newest version this instance could move to, if any. One query."""
    found = instance.plugin.versions.pinnable().newest_first().first()
    if found is None or found.version_sort <= instance.version.version_sort:
        return None
    return found


def _check(instance: PluginInstance, version: PluginVersion) -> None:
    _check_sound(instance.plugin, version)
    if versions.parse(version.version) <= versions.parse(instance.version.version):
        raise DowngradeRefused(version.version, version=instance.version.version)


def _check_sound(plugin: Plugin, version: PluginVersion) -> None:
    if plugin.status == Plugin.Status.BLOCKED:
        raise PluginBlocked(plugin.slug, reason=plugin.status_reason)
    if version.yanked_at is not None:
        raise VersionYanked(version.version, reason=version.yank_reason)
    if not policy.current().runs(
        status=version.signature_status, slug=plugin.slug, checksum=version.checksum
    ):
        raise VersionUnsound(version.version, findings=version.findings)


def _agreed(
    instance: PluginInstance,
    version: PluginVersion,
    standing: set[str],
    permissions: Collection[str],
) -> set[str]:
    """The consents that will stand. Whoever never agreed to the version in use agrees to all of the new one."""
    wanted = set(version.permissions)
    if instance.plugin.kind == Plugin.Kind.BUILTIN:
        return set()
    lacking = wanted - standing - set(permissions)
    foreign = set(permissions) - wanted
    if lacking or foreign:
        raise ConsentRequired(version.version, permissions=sorted(wanted - standing))
    return wanted


def _kept(config: Mapping[str, Any], version: PluginVersion) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for field in schemas.fields(Manifest(version.manifest).config_schema):
        value = schemas.get(config, field.path)
        if value is not None:
            schemas.put(kept, field.path, value)
    return kept


def _faults_on(instance: PluginInstance, version: PluginVersion) -> list[schemas.Fault]:
    """What would be wrong with today's settings under another version's schema."""
    moved = PluginInstance(
        workspace_id=instance.workspace_id,
        plugin=instance.plugin,
        version=version,
        config=_kept(instance.config, version),
    )
    return settings.faults(moved)


def _signers(version: PluginVersion) -> set[tuple[str, str]]:
    return {(one["role"], one["key_id"]) for one in version.signature}


def _save(instance: PluginInstance) -> None:
    instance.save(
        update_fields=[
            "version",
            "config",
            "previous_version",
            "previous_config",
            "previous_permissions",
            "updated_at",
        ]
    )


def _record(
    instance: PluginInstance, action: str, before: dict[str, Any], former: str, actor: Actor
) -> None:
    recording.record(
        actor=actor,
        action=action,
        subject=subject_of(instance),
        change=(before, facts_of(instance)),
        moved=(former, instance.version.version),
    )
