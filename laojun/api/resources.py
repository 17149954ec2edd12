"""What of this app clients keep a copy of."""

from collections.abc import Sequence
from typing import Any

from accounts import sync
from accounts.api.resources import IF_MATCH, LAST_WRITE_WINS
from accounts.authentication import Principal
from accounts.registry import SyncResource, sync_resources
from laojun import configs
from laojun.api.configs import ConfigOut, versioned
from laojun.api.files import FileOut
from laojun.api.plugin_instances import PluginInstanceOut
from laojun.configs import Entry
from laojun.models import Config, File, PluginInstance
from laojun.plugins import catalogue


def declare() -> None:
    for resource in (
        SyncResource(
            "file",
            FileOut,
            "/api/v1/files/{id}/",
            IF_MATCH,
            **sync.of_queryset(File.objects.visible_to),
        ),
        SyncResource(
            "config",
            ConfigOut,
            "/api/v1/configs/{id}/",
            LAST_WRITE_WINS,
            find=_find,
            page=_page,
            key_of=lambda entry: entry.key,
            versioned=lambda entry: (Config(pk=0), versioned(entry)),
        ),
        SyncResource(
            "plugin_instance",
            PluginInstanceOut,
            "/api/v1/plugin-instances/{id}/",
            IF_MATCH,
            find=_instances_by_id,
            page=_instances_after,
            key_of=lambda shown: str(shown["id"]),
            versioned=lambda shown: (PluginInstance(pk=shown["id"]), shown["row_version"]),
        ),
    ):
        sync_resources.add(resource.type, resource)


def _find(principal: Principal, keys: Sequence[str]) -> list[Entry]:
    """Settings as they stand in the workspace: what was reset is there again with what it inherits."""
    return [entry for entry in _entries(principal) if entry.key in set(keys)]


def _page(principal: Principal, after: str, limit: int) -> list[Entry]:
    return [entry for entry in _entries(principal) if entry.key > after][:limit]


def _instances_by_id(principal: Principal, keys: Sequence[str]) -> list[Any]:
    return catalogue.shown(_instances(principal).filter(pk__in=keys))


def _instances_after(principal: Principal, after: str, limit: int) -> list[Any]:
    return catalogue.shown(_instances(principal).filter(pk__gt=int(after or 0))[:limit])


def _instances(principal: Principal) -> Any:
    return PluginInstance.objects.visible_to(principal).with_version().order_by("pk")


def _entries(principal: Principal) -> list[Any]:
    if principal.workspace_id is None or not principal.may("config.view"):
        return []
    return sorted(configs.entries(principal.workspace_id), key=lambda entry: entry.key)
