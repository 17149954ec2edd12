"""The weekly drill: the newest backup restored into a scratch database and proved, so that it is known to work."""

import time
from pathlib import Path
from typing import Any

from django.utils import timezone

from accounts import tenancy
from accounts.registry import Progress, unwatched
from laojun import audit
from laojun.audit import Actor
from laojun.backups import checking, programs, restoring, telling
from laojun.backups.manifest import BackupRefused
from laojun.models import Backup

SCRATCH = "taishang_drill"
SYSTEM = Actor.system("drill")


class NothingToDrill(Exception):
    """There is no good backup yet."""

    code = "no_backup"


def drill(
    backup: Backup | None = None, *, by: Actor = SYSTEM, progress: Progress = unwatched
) -> dict[str, Any]:
    """Restore and prove a backup (the newest good one), keep the result in its row, and drop the database again.

    Raises NothingToDrill, BackupRefused, ProgramFailed after the result was kept.
    """
    chosen = backup or newest()
    if chosen is None:
        raise NothingToDrill
    started = time.monotonic()
    try:
        result = _prove(Path(chosen.path), progress)
    except (BackupRefused, programs.ProgramFailed, OSError) as error:
        _keep(chosen, by, {"ok": False, "error": f"{type(error).__name__}: {error}"[:2000]})
        raise
    result |= {"ok": True, "seconds": round(time.monotonic() - started)}
    _keep(chosen, by, result)
    return result


def newest() -> Backup | None:
    with tenancy.platform_scope(reason="backups"):
        return Backup.objects.good().first()


def _prove(folder: Path, progress: Progress) -> dict[str, Any]:
    content = checking.check(folder, progress=progress)
    name = f"{SCRATCH}_{timezone.now():%Y%m%d%H%M%S%f}"
    with restoring.scratch(name):
        report = restoring.prove(folder, content, name, put_back=False)
    return {"rows": report.rows, "files": report.files}


def _keep(backup: Backup, by: Actor, result: dict[str, Any]) -> None:
    with tenancy.platform_scope(reason="backups"):
        Backup.objects.filter(pk=backup.pk).update(drilled_at=timezone.now(), drill_result=result)
        audit.record(
            actor=by,
            action="backup.drilled",
            target=audit.Target("backup", str(backup.pk), platform=True),
            result=audit.OK if result["ok"] else audit.FAILED,
            details=result,
        )
        if not result["ok"]:
            telling.operators("drill_failed", error=result["error"][:300])
