"""When a backup is due: daily at its hour, made up for when the hour was missed; and whether it is late."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts import tenancy
from accounts.models import User
from laojun import configs
from laojun.backups import drill, jobs, restoring, telling
from laojun.backups.manifest import BackupRefused
from laojun.models import Backup

LATE_AFTER = timedelta(hours=26)
LOW_SHARE = 0.10
TRY_AGAIN_AFTER = timedelta(hours=1)


def due(now: datetime) -> bool:
    """Whether the day's hour has come and nothing was saved by the clock since; after a failure, an hour later.

    A platform that is younger than the hour waits for the next one.
    """
    hour = int(configs.value("backup.hour"))
    local = timezone.localtime(now)
    moment = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    if moment > local:
        moment -= timedelta(days=1)
    began = _began()
    if began is None or began > moment:
        return False
    with tenancy.platform_scope(reason="backups"):
        mine = Backup.objects.filter(kind=Backup.Kind.SCHEDULED)
        if mine.filter(state__in=("ok", "corrupt", "pruned"), started_at__gte=moment).exists():
            return False
        return not mine.filter(started_at__gt=now - TRY_AGAIN_AFTER).exists()


def tick(*, now: datetime | None = None) -> bool:
    """Every minute: ask for the backup when it is due, and tell operators what needs them."""
    at = now or timezone.now()
    asked = due(at)
    if asked:
        jobs.ask(jobs.BACKUP, {"kind": Backup.Kind.SCHEDULED.value})
    late, room = is_late(at), disk_share()
    with tenancy.platform_scope(reason="backups"):
        if late:
            telling.operators("backup_late")
        if room < LOW_SHARE:
            telling.operators("disk_low", percent=int(room * 100))
    return asked


def is_late(now: datetime) -> bool:
    """No good backup for 26 hours, of a platform that is older than that."""
    since = last_good_at() or _began()
    return since is not None and since < now - LATE_AFTER


def last_good_at() -> datetime | None:
    with tenancy.platform_scope(reason="backups"):
        found = Backup.objects.good().first()
    return None if found is None else found.started_at


def disk_share() -> float:
    """The free share of the disk that backups stand on, from 0 to 1."""
    folder = Path(settings.BACKUP_DIR)
    found = shutil.disk_usage(folder if folder.exists() else settings.DATA_DIR)
    return found.free / found.total


def _began() -> datetime | None:
    """When the first account was opened: before, there was nothing to save."""
    return User.objects.order_by("pk").values_list("created_at", flat=True).first()


def weekly() -> Any:
    """Ask for the drill, where there is anything to drill."""
    return jobs.ask(jobs.DRILL) if drill.newest() else None


def drop_old_databases() -> int:
    """Nightly, where this process may: what a restore put aside goes after a week."""
    try:
        return len(restoring.drop_old_databases(now=timezone.now()))
    except BackupRefused:
        return 0
