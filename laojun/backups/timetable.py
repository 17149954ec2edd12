"""When a backup is due: daily at its hour, made up for when the hour was missed; and whether it is late."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max
from django.utils import timezone

from accounts import tenancy
from laojun import configs
from laojun.backups import drill, jobs, restoring, telling
from laojun.backups.manifest import BackupRefused
from laojun.models import Backup

LATE_AFTER = timedelta(hours=26)
TRY_AGAIN_AFTER = timedelta(hours=1)


def due(now: datetime) -> bool:
    """Whether today's hour has come and nothing was saved by the clock since; after a failure, an hour later."""
    hour = int(configs.value("backup.hour"))
    local = timezone.localtime(now)
    moment = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    if moment > local:
        moment -= timedelta(days=1)
    with tenancy.platform_scope(reason="backups"):
        mine = Backup.objects.filter(kind=Backup.Kind.SCHEDULED)
        if mine.filter(state__in=("ok", "corrupt", "pruned"), started_at__gte=moment).exists():
            return False
        return not mine.filter(started_at__gt=now - TRY_AGAIN_AFTER).exists()


def tick(*, now: datetime | None = None) -> bool:
    """Ask for the backup when it is due, and tell operators once none was good for 26 hours. Every minute."""
    at = now or timezone.now()
    asked = due(at)
    if asked:
        jobs.ask(jobs.BACKUP, {"kind": Backup.Kind.SCHEDULED.value})
    if is_late(at):
        with tenancy.platform_scope(reason="backups"):
            telling.operators("backup_late", once="backup_late")
    return asked


def is_late(now: datetime) -> bool:
    """No good backup for 26 hours, of a platform that is older than that."""
    last = last_good_at()
    if last is not None:
        return last < now - LATE_AFTER
    with tenancy.platform_scope(reason="backups"):
        first = Backup.objects.aggregate(first=Max("started_at"))["first"]
    return first is not None and first < now - LATE_AFTER


def last_good_at() -> datetime | None:
    with tenancy.platform_scope(reason="backups"):
        found = Backup.objects.good().first()
    return None if found is None else found.started_at


def weekly() -> Any:
    """Ask for the drill, where there is anything to drill."""
    return jobs.ask(jobs.DRILL) if drill.newest() else None


def drop_old_databases() -> int:
    """Nightly, where this process may: what a restore put aside goes after a week."""
    try:
        return len(restoring.drop_old_databases(now=timezone.now()))
    except BackupRefused:
        return 0
