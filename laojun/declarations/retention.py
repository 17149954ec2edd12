"""How long the foundation keeps its tables, and the schedules that see to it."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.permissions import MANAGERS
from accounts.registry import DeletionStep, RetentionPolicy, Schedule
from laojun import configs, file_sweeps, removal
from laojun.declarations.entries import actions, console, problems, rights, schedules
from laojun.definitions import INTEGER, Definition, define
from laojun.models import File, Notification, SystemLog
from laojun.notifications import reading
from laojun.plugins import deliveries
from laojun.retention import jobs, partitions, sweeping

KEEPERS = MANAGERS | {"ops_admin"}
ACTIONS = {
    "retention.ran": _("let old rows go"),
    "retention.asked": _("asked for old rows to go, or for an archive"),
    "archive.restored": _("loaded an archive into a side table"),
    "archive.rewritten": _("took a deleted workspace out of an archive"),
}
PROBLEMS = (
    (
        "archive_damaged",
        409,
        _("The archive is damaged"),
        _("Bring the file back from a backup; its checksum stands in the index."),
    ),
)
RIGHTS = (
    ("retention.view", "查看数据保留与归档", "See retention and archives", KEEPERS, "low"),
    ("retention.run", "执行清理与归档", "Let old rows go and load archives", KEEPERS, "high"),
)
SETTINGS = (
    Definition(
        "audit.hot_days",
        INTEGER,
        90,
        _("Days of the audit log at hand"),
        _("A month leaves for its archive when its last day is that old."),
        group="retention",
        low=30,
        high=3650,
        unit=_("days"),
    ),
)
REMOVAL = DeletionStep("laojun.rewrite_archives", removal.rewrite_archives, 90)
FOR_EVER = _("for ever")
WITH_THE_WORKSPACE = _("until the workspace is deleted")


def declare() -> None:
    actions(ACTIONS)
    problems(PROBLEMS)
    rights(RIGHTS)
    console("archive", view="retention.view", change="retention.run")
    for setting in SETTINGS:
        define(setting)
    for policy in POLICIES:
        registry.retention_policies.add(policy.table, policy)
    registry.deletion_steps.add(REMOVAL.key, REMOVAL)
    for job in jobs.ALL:
        registry.jobs.add(job.name, job)
    schedules(
        Schedule("laojun.partitions", partitions.ensure_partitions, cron="0 1 * * *"),
        Schedule("laojun.retention_often", sweeping.run_often, every_s=300),
        Schedule(
            "laojun.retention", sweeping.run_all, cron="10 3 * * *", label=_("Let old rows go")
        ),
    )


def _hot_days() -> int:
    return int(configs.value("audit.hot_days"))


def _files_due(now: datetime) -> Any:
    return File.objects.expired(now) | File.objects.purgeable(now)


def _sweep_files(*, now: datetime) -> int:
    swept = file_sweeps.sweep(now=now)
    return swept.expired + swept.purged


def _old_logs(now: datetime) -> Any:
    days = int(configs.value("logs.retention_days"))
    return SystemLog.objects.filter(created_at__lt=now - timedelta(days=days))


def _read_notices(now: datetime) -> Any:
    return Notification.objects.expired(now, int(configs.value("notifications.retention_days")))


KEPT = {
    "lao_plugins": FOR_EVER,
    "lao_plugin_versions": FOR_EVER,
    "lao_plugin_keys": FOR_EVER,
    "lao_plugin_instances": _("until the plugin is uninstalled or the workspace is deleted"),
    "lao_plugin_consents": _("as long as the plugin is installed"),
    "lao_audit_chains": FOR_EVER,
    "lao_audit_anchors": FOR_EVER,
    "lao_audit_checkpoints": FOR_EVER,
}
POLICIES = (
    *(RetentionPolicy(table, "keep", why) for table, why in KEPT.items()),
    RetentionPolicy(
        "lao_plugin_audits",
        "months",
        _("90 days at hand, then archived for ever"),
        days=_hot_days,
        archived=True,
    ),
    RetentionPolicy(
        "lao_plugin_deliveries",
        "delete",
        _("30 days, what was given up 90 days"),
        due=deliveries.old,
    ),
    RetentionPolicy("lao_system_logs", "delete", _("90 days"), due=_old_logs, locked=False),
    RetentionPolicy(
        "lao_notifications",
        "expire",
        _("30 days after they were read"),
        due=_read_notices,
        sweep=reading.purge,
    ),
    RetentionPolicy(
        "lao_audit_logs",
        "months",
        _("90 days at hand, then archived for ever"),
        days=_hot_days,
        archived=True,
    ),
    RetentionPolicy("lao_configs", "keep", WITH_THE_WORKSPACE),
    RetentionPolicy(
        "lao_outbound_rules", "keep", _("until they are removed; ended ones do nothing")
    ),
    RetentionPolicy("lao_archives", "keep", FOR_EVER),
    RetentionPolicy("lao_backups", "keep", _("for ever; the folders go by their tier")),
    RetentionPolicy(
        "lao_files",
        "expire",
        _("temporary ones 1 hour, deleted ones 48 hours"),
        due=_files_due,
        sweep=_sweep_files,
    ),
)
