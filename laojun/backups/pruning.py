"""Which backups stay: the last days, Sundays and first days of months. The last good one never goes."""

import shutil
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

import orjson
from django.db import transaction
from django.utils import timezone

from accounts import tenancy
from laojun import audit, configs
from laojun.audit import Actor
from laojun.backups.pool import FOLDER, Pool
from laojun.models import Backup

SUNDAY = 6
TIERS = (
    (Backup.Tier.DAILY, "backup.keep_daily"),
    (Backup.Tier.WEEKLY, "backup.keep_weekly"),
    (Backup.Tier.MONTHLY, "backup.keep_monthly"),
)


def tier_of(at: datetime) -> str:
    """By the wall clock: the first of a month, a Sunday, any other day."""
    day = timezone.localtime(at)
    if day.day == 1:
        return Backup.Tier.MONTHLY
    return Backup.Tier.WEEKLY if day.weekday() == SUNDAY else Backup.Tier.DAILY


def kept(backups: Iterable[Backup], counts: dict[str, int]) -> set[int]:
    """The numbers of those that stay: all of the last days, the newest of the last Sundays and firsts of months."""
    by_day: dict[date, list[Backup]] = {}
    for one in sorted(backups, key=lambda one: one.started_at, reverse=True):
        by_day.setdefault(timezone.localtime(one.started_at).date(), []).append(one)
    days = list(by_day)
    stay = {one.pk for day in days[: max(1, counts[Backup.Tier.DAILY])] for one in by_day[day]}
    sundays = [day for day in days if day.weekday() == SUNDAY][: counts[Backup.Tier.WEEKLY]]
    firsts = [day for day in days if day.day == 1][: counts[Backup.Tier.MONTHLY]]
    return stay | {by_day[day][0].pk for day in (*sundays, *firsts)}


def prune(*, root: Path, by: Actor) -> int:
    """Remove what no rule keeps, then what no backup needs from the pool. The caller holds the backup's lock."""
    counts: dict[str, int] = {tier: int(configs.value(key)) for tier, key in TIERS}
    with tenancy.platform_scope(reason="backups"):
        mine = [one for one in Backup.objects.good() if Path(one.path).parent == root]
        stay = kept(mine, counts)
        doomed = [one for one in mine if one.pk not in stay]
        for backup in doomed:
            _remove(backup, by)
    if doomed:
        sweep_pool(root)
    return len(doomed)


def sweep_pool(root: Path) -> int:
    """Remove pooled files that no folder lists any more. Returns how many."""
    wanted = {
        orjson.loads(line)[2]
        for listing in root.glob("*/files.jsonl")
        for line in listing.read_bytes().splitlines()
    }
    return Pool(root / FOLDER).keep_only(wanted)


def _remove(backup: Backup, by: Actor) -> None:
    """The row first: a folder without a good row is removed again by the next run."""
    Backup.objects.filter(pk=backup.pk).update(state=Backup.State.PRUNED)
    audit.record(
        actor=by,
        action="backup.pruned",
        target=audit.Target("backup", str(backup.pk), platform=True),
        details={"path": Path(backup.path).name, "tier": backup.tier},
    )
    transaction.on_commit(lambda: shutil.rmtree(backup.path, ignore_errors=True))
