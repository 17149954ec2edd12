"""Telling the owner of a workspace that a plugin no longer runs there, where nobody there switched it off."""

from accounts import news
from accounts.models import Workspace
from laojun.models import PluginInstance

STOPPED, WAITING = "plugin_stopped", "plugin_waiting"


def stopped(instance: PluginInstance) -> None:
    """Say that it stopped, or that it waits for consent; once while the former news is unread."""
    waits = instance.health == PluginInstance.Health.NEEDS_CONSENT
    owner = Workspace.objects.select_related("owner").get(pk=instance.workspace_id).owner
    news.tell(
        WAITING if waits else STOPPED,
        user=owner,
        link=("plugin", instance.pk),
        workspace_id=instance.workspace_id,
        dedup_key=f"plugin_stopped:{instance.pk}",
        plugin=instance.plugin.slug,
    )
