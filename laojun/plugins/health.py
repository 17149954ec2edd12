"""Why an instance runs or does not: one function, asked again after everything that may change the answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from laojun.models import Plugin, PluginConsent, PluginInstance, PluginVersion
from laojun.plugins import policy, settings, telling, versions
from laojun.plugins.builtins import builtins
from laojun.plugins.manifests import Manifest
from laojun.plugins.verdicts import Policy

Health = PluginInstance.Health
UNSOUND = {
    PluginVersion.SignatureStatus.MODIFIED: Health.MODIFIED,
    PluginVersion.SignatureStatus.REVOKED: Health.REVOKED,
    PluginVersion.SignatureStatus.INCOMPATIBLE: Health.INCOMPATIBLE,
    PluginVersion.SignatureStatus.UNSIGNED: Health.UNSIGNED,
}
MAX_DEPTH = 5
RUNNING = frozenset({Health.OK, Health.DEGRADED})


@dataclass(frozen=True)
class State:
    """The answer, with what it rests on. Shapes: `detail` `{missing[], permissions[], faults[], yanked}`."""

    health: str
    detail: dict[str, Any]


def of(instance: PluginInstance, *, rules: Policy | None = None) -> State:
    """Compute one instance's health. Reads its consents, its dependencies and its secrets: at most five queries."""
    detail: dict[str, Any] = {}
    if instance.version.yanked_at is not None:
        detail["yanked"] = instance.version.yank_reason
    for judge in (_stopped, _unsound, _dependent, _consented, _configured):
        found = judge(instance, rules or policy.current())
        if found is not None:
            return State(found.health, {**detail, **found.detail})
    failing = bool(instance.circuit.get("open_until"))
    return State(Health.DEGRADED if failing else Health.OK, detail)


def recompute(instances: Iterable[PluginInstance]) -> list[PluginInstance]:
    """Bring the health of these instances up to date, and of those that need them. Returns those that changed.

    Those given may have been switched on or off already, so what needs them is asked in any case. Runs where the instances are: in their workspace, or in the platform scope.
    """
    rules = policy.current()
    waiting = list(instances)
    changed = [instance for instance in waiting if _update(instance, rules)]
    moved = waiting
    for _depth in range(MAX_DEPTH):
        needing = [one for instance in moved for one in dependents(instance)]
        moved = [instance for instance in needing if _update(instance, rules)]
        if not moved:
            break
        changed += moved
    return changed


def dependents(instance: PluginInstance) -> list[PluginInstance]:
    """The instances of the same workspace whose pinned version needs this plugin. One query."""
    wanted = {"dependencies": [{"slug": instance.plugin.slug}]}
    rows = PluginInstance.objects.with_version().filter(
        workspace_id=instance.workspace_id, version__manifest__contains=wanted
    )
    return list(rows.exclude(pk=instance.pk).order_by("pk"))


def missing(manifest: Manifest, workspace_id: int) -> list[str]:
    """The slugs of needed plugins that are not there, not running, or of another version. At most two queries."""
    needed = [one for one in manifest.dependencies if not one.optional]
    if not needed:
        return []
    slugs = [one.slug for one in needed]
    rows = PluginInstance.objects.with_version().filter(
        workspace_id=workspace_id, plugin__slug__in=slugs
    )
    there = {row.plugin.slug: row for row in rows}
    return [one.slug for one in needed if not _serves(there.get(one.slug), one.slug, one.range)]


def standing_consents(instance: PluginInstance) -> set[str]:
    rows = PluginConsent.objects.standing().filter(instance_id=instance.pk)
    return set(rows.values_list("permission", flat=True))


def _serves(instance: PluginInstance | None, slug: str, wanted: str) -> bool:
    if instance is not None:
        fits = versions.fits(wanted, instance.version.version)
        return instance.enabled and instance.health in RUNNING and fits
    builtin = builtins.get(slug)
    if builtin is None or not builtin.manifest.get("default_on"):
        return False
    return versions.fits(wanted, str(builtin.manifest["version"]))


def _update(instance: PluginInstance, rules: Policy) -> bool:
    state = of(instance, rules=rules)
    if (instance.health, instance.health_detail) == (state.health, state.detail):
        return False
    ran = instance.health in RUNNING
    instance.health, instance.health_detail = state.health, state.detail
    instance.save(update_fields=["health", "health_detail", "updated_at"])
    instance.refresh_from_db(fields=["row_version"])
    if ran and state.health not in RUNNING | {Health.DISABLED}:
        telling.stopped(instance)
    return True


def _stopped(instance: PluginInstance, _rules: Policy) -> State | None:
    if instance.plugin.status == Plugin.Status.BLOCKED:
        return State(Health.BLOCKED, {"reason": instance.plugin.status_reason})
    if not instance.enabled:
        return State(Health.DISABLED, {})
    return None


def _unsound(instance: PluginInstance, rules: Policy) -> State | None:
    version = instance.version
    if rules.runs(
        status=version.signature_status, slug=instance.plugin.slug, checksum=version.checksum
    ):
        return None
    return State(UNSOUND[version.signature_status], {"findings": version.findings})  # type: ignore[index]


def _dependent(instance: PluginInstance, _rules: Policy) -> State | None:
    found = missing(Manifest(instance.version.manifest), instance.workspace_id)
    return State(Health.MISSING_DEPENDENCY, {"missing": found}) if found else None


def _consented(instance: PluginInstance, _rules: Policy) -> State | None:
    """The code of a builtin is the platform's; it asks for no consent."""
    if instance.plugin.kind == Plugin.Kind.BUILTIN:
        return None
    lacking = sorted(set(instance.version.permissions) - standing_consents(instance))
    return State(Health.NEEDS_CONSENT, {"permissions": lacking}) if lacking else None


def _configured(instance: PluginInstance, _rules: Policy) -> State | None:
    found: Sequence[Any] = settings.faults(instance)
    if not found:
        return None
    return State(Health.CONFIG_INVALID, {"faults": [one.path for one in found]})
