"""The settings in force for a plugin in a workspace, and the secrets it signs with."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from laojun import configs
from laojun.models import Config, PluginInstance

ENDPOINT, SIGNING_SECRET = "endpoint", "signing_secret"
FORMER = "former"
# How long a receiver may go on with the secret it had before.
BOTH_LIVE = timedelta(hours=24)


def defaults(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: inner["default"]
        for name, inner in schema.get("properties", {}).items()
        if "default" in inner
    }


def settings_of(instance: PluginInstance) -> dict[str, Any]:
    """Default of the schema, below the platform's value, below the workspace's. Secrets are not among them."""
    scope = f"plugin:{instance.plugin.slug}"
    platform = Config.objects.filter(scope=scope, workspace=None, is_secret=False)
    return {
        **defaults(instance.version.manifest.get("config_schema", {})),
        **{key.rpartition(".")[2]: value for key, value in platform.values_list("key", "value")},
        **instance.config,
    }


def secrets_of(instance: PluginInstance) -> tuple[str, ...]:
    """What calls are signed with: the newest secret, and for a day the one before it."""
    rows = Config.objects.filter(
        Q(key=f"plugin.{SIGNING_SECRET}")
        | Q(key=f"plugin.{SIGNING_SECRET}_{FORMER}", updated_at__gt=timezone.now() - BOTH_LIVE),
        scope=f"plugin:{instance.plugin.slug}",
        workspace_id=instance.workspace_id,
        is_secret=True,
    )
    return tuple(configs.unsealed(row) for row in rows.order_by("key") if row.secret_ciphertext)
