"""Which plugins answer a hook in a workspace, and everything a call of theirs needs, read in one go."""

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.secrets import SecretUnreadable
from laojun.models import Plugin, PluginConsent, PluginInstance, PluginVersion
from laojun.plugins import schemas, settings, starting
from laojun.plugins.builtins import Builtin, builtins
from laojun.plugins.instances import MAX_PER_HOOK
from laojun.plugins.manifests import EMPTY_SCHEMA, SIGNING_SECRET

logger = logging.getLogger(__name__)
OFFERED = (Plugin.Status.ACTIVE, Plugin.Status.DEPRECATED)
DEFAULT_PRIORITY = 100


@dataclass(frozen=True, kw_only=True)
class Runnable:
    """A plugin that may be called now. `instance_id` is None for one of the platform's that nobody set up.

    `granted` is what its people agreed to; a builtin asks for no consent and sees what its manifest names.
    """

    slug: str
    kind: str
    workspace_id: int
    plugin_id: int
    version_id: int
    instance_id: int | None = None
    priority: int = DEFAULT_PRIORITY
    granted: frozenset[str] = frozenset()
    config: Mapping[str, Any] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    runtime: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    circuit: Mapping[str, Any] = field(default_factory=dict)


def on_hook(hook: str, workspace_id: int) -> list[Runnable]:
    """Those that answer a hook here, in the order they are asked: by priority, then slug; ten at most.

    The caller stands in the workspace.
    """
    rows = list(PluginInstance.objects.runnable().on_hook(hook).with_version()[:MAX_PER_HOOK])
    found = [*of_instances(rows), *_unasked(hook, workspace_id)]
    return sorted(found, key=lambda one: (one.priority, one.slug))[:MAX_PER_HOOK]


def of_instances(rows: Iterable[PluginInstance]) -> list[Runnable]:
    """What calls of these instances need. One query, and three for the settings of each."""
    instances = [
        row for row in rows if row.plugin.status in OFFERED and starting.cleared(row.version)
    ]
    granted = _granted(instances)
    found = [_of_instance(row, _allowed(row, granted)) for row in instances]
    return [one for one in found if one is not None]


def _of_instance(row: PluginInstance, granted: frozenset[str]) -> Runnable | None:
    """None where a secret cannot be read: without it the plugin is not what was set up."""
    try:
        config = settings.with_secrets(row)
        signing = settings.signing_secrets(row, now=timezone.now())
    except SecretUnreadable:
        logger.warning("a plugin's secret cannot be read instance=%s", row.pk)
        return None
    config.pop(SIGNING_SECRET, None)
    return Runnable(
        slug=row.plugin.slug,
        kind=row.plugin.kind,
        workspace_id=row.workspace_id,
        plugin_id=row.plugin_id,
        version_id=row.version_id,
        instance_id=row.pk,
        priority=row.priority,
        granted=granted,
        config=config,
        secrets=signing,
        runtime=row.version.manifest.get("runtime", {}),
        files=row.version.manifest.get("files", {}),
        circuit=row.circuit,
    )


def switched_off(hooks: Collection[str], workspace_id: int) -> set[str]:
    """The platform's own plugins on these hooks that must not run here: off, blocked or changed on disk. One query.

    What nobody set up runs where its manifest says so and a sound version is there.
    """
    own = {slug: entry for slug, entry in builtins.items() if _hooks(entry) & set(hooks)}
    sound = PluginVersion.objects.filter(plugin=OuterRef("pk"), signature_status="signed")
    set_up = PluginInstance.objects.filter(plugin=OuterRef("pk"), workspace_id=workspace_id)
    plugins = Plugin.objects.catalogue().filter(slug__in=own)
    rows = plugins.annotate(
        is_sound=Exists(sound), is_set_up=Exists(set_up), runs=Exists(set_up.runnable())
    )
    return {
        row.slug
        for row in rows
        if row.status not in OFFERED
        or not (row.runs if row.is_set_up else _is_on(own[row.slug]) and row.is_sound)
    }


def _unasked(hook: str, workspace_id: int) -> list[Runnable]:
    """The platform's own plugins that work without having been set up."""
    slugs = [slug for slug, entry in builtins.items() if _is_on(entry) and hook in _hooks(entry)]
    if not slugs:
        return []
    taken = PluginInstance.objects.filter(workspace_id=workspace_id).values("plugin_id")
    plugins = Plugin.objects.catalogue().filter(slug__in=slugs, status__in=OFFERED)
    versions = PluginVersion.objects.filter(
        plugin__in=plugins.exclude(pk__in=taken), signature_status="signed"
    )
    newest = versions.newest_first().distinct("plugin_id").select_related("plugin")
    return [
        Runnable(
            slug=version.plugin.slug,
            kind=Plugin.Kind.BUILTIN,
            workspace_id=workspace_id,
            plugin_id=version.plugin_id,
            version_id=version.pk,
            granted=frozenset(version.permissions),
            config=schemas.defaults(version.manifest.get("config_schema", EMPTY_SCHEMA)),
        )
        for version in newest
    ]


def _granted(instances: list[PluginInstance]) -> dict[int, set[str]]:
    consents = PluginConsent.objects.standing().filter(instance__in=instances)
    found: dict[int, set[str]] = {row.pk: set() for row in instances}
    for instance_id, permission in consents.values_list("instance_id", "permission"):
        found[instance_id].add(permission)
    return found


def _allowed(row: PluginInstance, granted: Mapping[int, set[str]]) -> frozenset[str]:
    """Agreed to, and still named by the version that runs."""
    named = frozenset(row.version.permissions)
    return named if row.plugin.kind == Plugin.Kind.BUILTIN else named & granted[row.pk]


def _is_on(entry: Builtin) -> bool:
    return bool(entry.manifest.get("default_on"))


def _hooks(entry: Builtin) -> set[str]:
    return {named["hook"] for named in entry.manifest["hooks"]}
