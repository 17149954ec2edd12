"""What a worker does for backups when somebody or the clock asks: with a bar, and a way to stop it."""

from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts import registry, tenancy
from accounts.registry import Job, Progress, unwatched
from laojun.backups import checking, drill, making
from laojun.backups.manifest import BackupRefused
from laojun.backups.programs import ProgramFailed
from laojun.models import Backup

BACKUP, DRILL, VERIFY = "laojun.backup", "laojun.restore_drill", "laojun.backup_verify"
TIMEOUT_S = 6 * 3600
KIND = {
    "type": "object",
    "properties": {"kind": {"enum": [Backup.Kind.SCHEDULED.value, Backup.Kind.MANUAL.value]}},
    "required": ["kind"],
    "additionalProperties": False,
}
WHICH = {
    "type": "object",
    "properties": {"backup": {"type": "integer"}},
    "required": ["backup"],
    "additionalProperties": False,
}
NOTHING = {"type": "object", "properties": {}, "additionalProperties": False}


def ask(kind: str, payload: dict[str, Any] | None = None) -> Any:
    """Enqueue a job; one of this kind that waits or runs already is the one."""
    return registry.enqueue(
        kind=kind,
        payload=payload or {},
        workspace=None,
        user=None,
        dedup_key=kind,
        on_duplicate="return",
    )


def run_backup(payload: dict[str, Any], progress: Progress = unwatched) -> dict[str, Any]:
    """A second backup at the same time is no failure: the first one is made."""
    try:
        backup = making.make(kind=payload["kind"], progress=progress)
    except making.AlreadyRunning:
        return {"backup": None}
    except (BackupRefused, making.StorageFull, ProgramFailed) as error:
        raise registry.JobFailed("backup_failed", str(error)) from error
    return {"backup": backup.pk, "folder": Path(backup.path).name}


def run_drill(_payload: dict[str, Any], progress: Progress = unwatched) -> dict[str, Any]:
    try:
        return drill.drill(progress=progress)
    except drill.NothingToDrill as error:
        raise registry.JobFailed("no_backup", str(_("There is no backup yet."))) from error
    except (BackupRefused, ProgramFailed) as error:
        raise registry.JobFailed("drill_failed", str(error)) from error


def run_verify(payload: dict[str, Any], progress: Progress = unwatched) -> dict[str, Any]:
    with tenancy.platform_scope(reason="backups"):
        backup = Backup.objects.filter(pk=payload["backup"]).first()
    if backup is None:
        raise registry.JobFailed("no_backup", str(_("There is no such backup.")))
    try:
        checking.verify(backup, by=making.SYSTEM, progress=progress)
    except BackupRefused as error:
        raise registry.JobFailed("backup_damaged", str(error)) from error
    return {"backup": backup.pk}


def _job(name: str, run: Any, schema: dict[str, Any], label: Any) -> Job:
    return Job(
        name,
        run,
        schema,
        queue="maintenance",
        label=label,
        watched=True,
        timeout_s=TIMEOUT_S,
    )


ALL = (
    _job(BACKUP, run_backup, KIND, _("Make a backup")),
    _job(DRILL, run_drill, NOTHING, _("Try whether the newest backup restores")),
    _job(VERIFY, run_verify, WHICH, _("Compare a backup with its manifest")),
)
