"""What may be turned on, as people find it: each plugin with its newest version and what this workspace does with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import get_language

from accounts.redaction import MASK
from laojun.models import Config, Plugin, PluginConsent, PluginInstance, PluginVersion
from laojun.plugins import schemas, settings, vocabulary
from laojun.plugins.manifests import Manifest
from laojun.plugins.settings import SECRET_KEY

FILTERS = frozenset({"status", "kind", "hook", "signature_status", "q"})


@dataclass(frozen=True)
class Card:
    """A plugin, its newest version that was not withdrawn (or None), and its instance here (or None)."""

    plugin: Plugin
    newest: PluginVersion | None
    instance: PluginInstance | None

    @property
    def is_on_everywhere(self) -> bool:
        """It works here without an instance, as in every workspace that did not switch it off."""
        if self.instance is not None or self.newest is None:
            return False
        return Manifest(self.newest.manifest).default_on

    @property
    def also(self) -> tuple[object, ...]:
        """What a card tells beside the plugin's own row."""
        newest, instance = self.newest, self.instance
        return (
            newest and (newest.pk, newest.signature_status, newest.verified_at),
            instance and (instance.pk, instance.row_version),
        )


@dataclass(frozen=True)
class Asked:
    """One permission as a person reads it."""

    key: str
    risk: str
    sentence: str
    granted: bool = False


def search(rows: QuerySet[Plugin], asked: Mapping[str, str]) -> QuerySet[Plugin]:
    """Narrow a list of plugins. Keys of `asked` are of FILTERS."""
    for name in ("status", "kind"):
        if name in asked:
            rows = rows.filter(**{name: asked[name]})
    versions = PluginVersion.objects.filter(plugin=OuterRef("pk"))
    if "hook" in asked:
        rows = rows.filter(Exists(versions.filter(hooks__contains=[asked["hook"]])))
    if "signature_status" in asked:
        newest = versions.pinnable().order_by("-version_sort").values("signature_status")[:1]
        rows = rows.alias(newest=Subquery(newest)).filter(newest=asked["signature_status"])
    if asked.get("q"):
        text = asked["q"]
        rows = rows.filter(
            Q(slug__icontains=text) | Q(name__icontains=text) | Q(description__icontains=text)
        )
    return rows


def cards(plugins: Iterable[Plugin], workspace_id: int | None) -> list[Card]:
    """Two queries, however many."""
    listed = list(plugins)
    ids = [plugin.pk for plugin in listed]
    newest = PluginVersion.objects.filter(plugin__in=ids).pinnable().newest_first()
    by_plugin = {row.plugin_id: row for row in newest.distinct("plugin_id")}
    instances = PluginInstance.objects.with_version().filter(
        plugin__in=ids, workspace_id=workspace_id
    )
    used = {row.plugin_id: row for row in instances}
    return [Card(one, by_plugin.get(one.pk), used.get(one.pk)) for one in listed]


def permissions(version: PluginVersion, granted: Iterable[str] = ()) -> list[Asked]:
    """What a version asks for, the gravest first."""
    given = set(granted)
    order = {vocabulary.HIGH: 0, vocabulary.MEDIUM: 1, vocabulary.LOW: 2}
    language = get_language() or "zh"
    found = [
        Asked(key, vocabulary.risk(key), vocabulary.explain(key, language), key in given)
        for key in version.permissions
    ]
    return sorted(found, key=lambda one: (order[one.risk], one.key))


def name_of(version: PluginVersion) -> str:
    return Manifest(version.manifest).text("name", get_language() or "zh")


def description_of(version: PluginVersion) -> str:
    return Manifest(version.manifest).text("description", get_language() or "zh")


def shown(instances: Iterable[PluginInstance]) -> list[dict[str, Any]]:
    """Instances for people, secrets masked. Two queries, however many."""
    listed = list(instances)
    consents: dict[int, list[str]] = {one.pk: [] for one in listed}
    rows = PluginConsent.objects.standing().filter(instance__in=listed)
    for pk, permission in rows.order_by("permission").values_list("instance_id", "permission"):
        consents[pk].append(permission)
    secrets = Config.objects.filter(
        workspace_id__in={one.workspace_id for one in listed},
        scope__in={settings.scope_of(one.plugin.slug) for one in listed},
        is_secret=True,
        key__startswith=SECRET_KEY,
    ).values_list("workspace_id", "scope", "key")
    masked: dict[tuple[int | None, str], list[str]] = {}
    for workspace_id, scope, key in secrets:
        masked.setdefault((workspace_id, scope), []).append(key.removeprefix(SECRET_KEY))
    return [_shown(one, consents[one.pk], masked) for one in listed]


def _shown(
    instance: PluginInstance,
    consents: list[str],
    masked: Mapping[tuple[int | None, str], list[str]],
) -> dict[str, Any]:
    config = schemas.merged(instance.config)
    scope = settings.scope_of(instance.plugin.slug)
    for path in sorted(masked.get((instance.workspace_id, scope), [])):
        schemas.put(config, path, MASK)
    previous = instance.previous_version
    return {
        "id": instance.pk,
        "row_version": instance.row_version,
        "plugin_id": instance.plugin_id,
        "slug": instance.plugin.slug,
        "name": name_of(instance.version),
        "version": instance.version.version,
        "enabled": instance.enabled,
        "health": instance.health,
        "health_label": instance.get_health_display(),
        "health_detail": instance.health_detail,
        "priority": instance.priority,
        "config": config,
        "permissions": consents,
        "permissions_wanted": sorted(instance.version.permissions),
        "previous_version": previous.version if previous else None,
        "deprecated": instance.plugin.status == Plugin.Status.DEPRECATED,
        "installed_at": instance.installed_at,
        "updated_at": instance.updated_at,
    }
