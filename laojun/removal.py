"""What a deleted workspace leaves in this app: settings, outbound rules, files. The audit log is kept."""

from django.utils import timezone

from laojun.models import Config, ConfigGeneration, File, FileUsage, Notification, OutboundRule

BATCH = 500


def remove_settings(*, workspace_id: int) -> int:
    """Settings and outbound rules; their counter goes last, because a removed setting still counts."""
    return sum(
        model.objects.filter(workspace_id=workspace_id).delete()[0]
        for model in (Config, OutboundRule, ConfigGeneration)
    )


def remove_notifications(*, workspace_id: int) -> int:
    """What people were told of the workspace."""
    return Notification.objects.filter(workspace_id=workspace_id).delete()[0]


def remove_files(*, workspace_id: int) -> int:
    """Let a batch of files go at the next sweep, which takes their bytes along; then what counted them."""
    now = timezone.now()
    mine = File.objects.filter(workspace_id=workspace_id)
    batch = mine.exclude(state=File.State.DELETED).values_list("pk", flat=True)[:BATCH]
    removed = File.objects.filter(pk__in=list(batch)).update(
        state=File.State.DELETED, deleted_at=now, purge_after=now, is_public=False, url=None
    )
    if removed:
        return removed
    return FileUsage.objects.filter(workspace_id=workspace_id).delete()[0]
