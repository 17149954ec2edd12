"""Backups: who may make them, when they run, how long they stay, and what a restore changes of them."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from accounts import registry, tenancy
from accounts.permissions import MANAGERS
from accounts.registry import ConsoleTile, Letter, RestoreStep, Schedule
from laojun import keeping
from laojun.backups import jobs, timetable
from laojun.declarations.entries import actions, console, problems, rights, schedules
from laojun.definitions import INTEGER, Definition, define
from laojun.models import Backup
from laojun.plugins import deliveries

OPERATIONS = MANAGERS | {"ops_admin"}
ACTIONS = {
    "backup.made": _("made a backup"),
    "backup.failed": _("could not make a backup"),
    "backup.verified": _("compared a backup with its manifest"),
    "backup.pruned": _("removed an old backup"),
    "backup.drilled": _("tried whether a backup restores"),
    "backup.restored": _("restored a backup"),
    "backup.asked": _("asked for a backup or a drill"),
}
PROBLEMS = (
    (
        "backup_running",
        409,
        _("A backup is being made"),
        _("Wait until it is done; there is one at a time."),
    ),
    (
        "backup_damaged",
        409,
        _("The backup cannot be used"),
        _("Use another backup, or another copy of this one."),
    ),
    ("no_backup", 409, _("There is no backup yet"), _("Make one first.")),
)
RIGHTS = (
    ("backup.view", "查看备份", "See the backups", OPERATIONS, "low"),
    ("backup.run", "执行备份与恢复演练", "Make backups and try them", OPERATIONS, "high"),
)
HOURS = Definition(
    "backup.hour",
    INTEGER,
    2,
    _("Hour of the daily backup"),
    _("By the platform's clock; a missed one is made up for."),
    group="backup",
    low=0,
    high=23,
    unit=_("o'clock"),
)
KEPT = (
    ("backup.keep_daily", 30, 7, _("Days whose backups stay")),
    ("backup.keep_weekly", 12, 4, _("Sundays whose backups stay")),
    ("backup.keep_monthly", 12, 3, _("Firsts of months whose backups stay")),
)
LETTERS = {
    "backup_failed": Letter(
        _("A backup failed"),
        (
            _("No backup of %(site)s was made: %(error)s"),
            _("The console says more, and makes one."),
        ),
        level="error",
    ),
    "backup_late": Letter(
        _("No backup was good for 26 hours"),
        (
            _(
                "%(site)s was not saved since. Make a backup in the console; its line says why it fails."
            ),
        ),
        level="error",
    ),
    "drill_failed": Letter(
        _("The newest backup does not restore"),
        (_("The drill at %(site)s failed: %(error)s"), _("Make a new backup, and drill it.")),
        level="error",
    ),
    "disk_low": Letter(
        _("The disk is nearly full"),
        (_("%(percent)s %% of the disk that holds the backups of %(site)s are free."),),
        level="warning",
    ),
}
TILES = (
    ("backup", _("Last good backup"), "shield", keeping.backup, 60, "backup.view"),
    ("drill", _("Last drill"), "check", keeping.drill, 61, "backup.view"),
    ("disk", _("Disk free"), "folder", keeping.disk, 62, "backup.view"),
    ("defaults", _("Rows without a month"), "clock", keeping.waiting_rows, 63, "retention.view"),
    ("storage", _("Files in storage"), "folder", keeping.storage, 64, "file.view"),
)


def declare() -> None:
    actions(ACTIONS)
    problems(PROBLEMS)
    rights(RIGHTS)
    console("backup", view="backup.view", change="backup.run")
    define(HOURS)
    for key, default, low, title in KEPT:
        define(Definition(key, INTEGER, default, title, group="backup", low=low, high=1000))
    for job in jobs.ALL:
        registry.jobs.add(job.name, job)
    schedules(
        Schedule("laojun.backup_tick", timetable.tick, every_s=60),
        Schedule("laojun.drill_weekly", timetable.weekly, cron="0 4 * * 0"),
        Schedule("laojun.old_databases", timetable.drop_old_databases, cron="40 3 * * *"),
    )
    for step in (
        RestoreStep("laojun.backups", end_running_backups, 60),
        RestoreStep("laojun.plugins", hold_deliveries, 45),
    ):
        registry.after_restore.add(step.key, step)
    for kind, letter in LETTERS.items():
        registry.letters.add(kind, letter)
    for key, label, icon, build, order, permission in TILES:
        registry.console_tiles.add(key, ConsoleTile(key, label, icon, build, order, permission))


def end_running_backups(*, made_at: datetime) -> str:
    """The backup that is restored was being made when its own row was saved."""
    with tenancy.platform_scope(reason="after a restore"):
        Backup.objects.filter(state=Backup.State.RUNNING).update(
            state=Backup.State.FAILED, error="it was being made when this database was saved"
        )
    return "no backup is running"


def hold_deliveries(*, made_at: datetime) -> str:
    return f"{deliveries.hold_all()} calls of plugins are held: send or skip them in the console"
