"""What a deleted workspace leaves in this app: settings, rules, archived rows, files. The audit log is kept."""

from django.utils import timezone

from accounts import registry, tenancy
from laojun import audit
from laojun.models import (
    Archive,
    Config,
    ConfigGeneration,
    File,
    FileUsage,
    Notification,
    OutboundRule,
)
from laojun.retention import archives

BATCH = 500
REASON = "purge of deleted workspaces"


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


def rewrite_archives(*, workspace_id: int) -> int:
    """Take archived rows along, one archive at a time. Months that are proved by a chain are never rewritten."""
    proved = [name for name, one in registry.retention_policies.items() if one.rule == "months"]
    with tenancy.platform_scope(reason=REASON):
        mine = Archive.objects.filter(summary__workspaces__has_key=str(workspace_id))
        archive = mine.exclude(table_name__in=proved).first()
        if archive is None:
            return 0
        gone = archives.rewrite(archive, without_workspace=workspace_id)
        audit.record(
            actor=audit.Actor.system("retention"),
            action="archive.rewritten",
            target=audit.Target("archive", str(archive.pk), platform=True),
            details={"table": archive.table_name, "part": archive.partition, "rows": gone},
        )
        return gone
