"""Plugins whose code is part of the platform: declared by the app that ships them, bound to a committed list of digests."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.registry import Store
from laojun.models import Plugin, PluginInstance, PluginVersion
from laojun.plugins import generation, manifests, packages, verdicts, versions
from laojun.plugins.manifests import Manifest
from laojun.plugins.verdicts import Finding, Status

MAKER = "system:platform"


@dataclass(frozen=True)
class Builtin:
    """A plugin that comes with the platform.

    `manifest` has the fields of a package's manifest but `files`; with `default_on` it works in every workspace
    until somebody switches it off. `files` are its code, below the project's root; their digests stand under the
    slug in the JSON file `digests` of the app. `run` names what answers each hook.
    """

    slug: str
    manifest: Mapping[str, Any]
    files: tuple[str, ...]
    digests: Path
    run: Mapping[str, Callable[..., Any]] = field(default_factory=dict)


builtins: Store[Builtin] = Store("plugin_builtins")


def register() -> list[Plugin]:
    """Give every builtin its row in the catalogue, and a row for its version. Runs in the platform scope.

    Whoever uses one moves along with the platform. Returns the plugins of which anything is new.
    """
    return [plugin for builtin in builtins.values() if (plugin := _registered(builtin))]


def manifest_of(builtin: Builtin) -> Manifest:
    """Raises ManifestInvalid, InvalidVersion."""
    return manifests.checked({**builtin.manifest, "files": {}})


def digests_now(builtin: Builtin) -> dict[str, str]:
    """Path → SHA-256 of the code as it lies there; "" where it is missing."""
    root = Path(settings.BASE_DIR)
    return {name: _digest(root / name) for name in builtin.files}


def digests_committed(builtin: Builtin) -> dict[str, str]:
    if not builtin.digests.exists():
        return {}
    listed = json.loads(builtin.digests.read_text(encoding="utf-8"))
    return dict(listed.get(builtin.slug, {}))


def record_digests() -> list[Path]:
    """Write the lists anew from the code as it lies there; the files that changed."""
    lists: dict[Path, dict[str, dict[str, str]]] = {}
    for builtin in builtins.values():
        lists.setdefault(builtin.digests, {})[builtin.slug] = digests_now(builtin)
    changed = []
    for path, found in lists.items():
        text = json.dumps(found, indent=2, sort_keys=True) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


def findings(version: PluginVersion) -> list[Finding]:
    """What speaks against a builtin: code that is not what was committed (but where one works on it), or a misfit."""
    builtin = builtins.get(version.plugin.slug)
    if builtin is None or builtin.manifest["version"] != version.version:
        return [Finding(Status.INCOMPATIBLE, "not_shipped", version.version)]
    found = verdicts.compatibility(Manifest(version.manifest))
    if settings.DEBUG:
        return found
    committed, now = digests_committed(builtin), digests_now(builtin)
    changed = [name for name in sorted({*committed, *now}) if committed.get(name) != now.get(name)]
    return [Finding(Status.MODIFIED, "file_changed", name) for name in changed] + found


def _digest(path: Path) -> str:
    return packages.checksum(path.read_bytes()) if path.is_file() else ""


def _registered(builtin: Builtin) -> Plugin | None:
    manifest = manifest_of(builtin)
    document = manifests.canonical(manifest.data)
    plugin, is_new = Plugin.objects.get_or_create(
        workspace=None,
        slug=builtin.slug,
        defaults={
            "name": manifest.text("name", "en"),
            "description": manifest.text("description", "en"),
            "kind": Plugin.Kind.BUILTIN,
            "publisher": manifest.publisher,
            "status": Plugin.Status.ACTIVE,
        },
    )
    row = plugin.versions.filter(version=manifest.version).first()
    if row is not None and bytes(row.manifest_bytes) == document:
        return plugin if is_new else None
    row = row or PluginVersion(plugin=plugin, version=manifest.version, created_by=MAKER)
    now = timezone.now()
    row.version_sort = versions.sort_key(manifest.version)
    row.manifest, row.manifest_bytes = manifest.data, document
    row.checksum = packages.checksum(document)
    row.permissions, row.hooks = manifest.permissions, sorted(manifest.hooks)
    found = findings(row)
    row.signature_status = verdicts.status_of(found)
    row.findings = [one.as_json() for one in found]
    row.verified_at, row.first_verified_at = now, row.first_verified_at or now
    row.save()
    PluginInstance.objects.filter(plugin=plugin).exclude(version=row).update(version=row)
    generation.moved(None)
    return plugin
