"""What a deleted workspace leaves: its plugins in use, its private plugins and their keys. The history is kept."""

from laojun.models import Plugin, PluginGeneration, PluginInstance, PluginKey


def remove_plugins(*, workspace_id: int) -> int:
    """Instances first, since they hold the versions they are pinned to; packages are files and go with those."""
    return sum(
        model.objects.filter(workspace_id=workspace_id).delete()[0]
        for model in (PluginInstance, Plugin, PluginKey, PluginGeneration)
    )
