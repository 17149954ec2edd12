"""What a worker does for retention when an operator asks: with a bar, and a way to stop it."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts import registry, tenancy
from accounts.registry import Job, Progress, unwatched
from laojun import audit
from laojun.models import Archive
from laojun.retention import archives, side_tables, sweeping
from laojun.retention.partitions import OwnerUnreachable

SWEEP, VERIFY, LOAD = "laojun.retention_now", "laojun.archive_verify", "laojun.archive_load"
TIMEOUT_S = 6 * 3600
WHICH = {
    "type": "object",
    "properties": {"archive": {"type": "integer"}},
    "required": ["archive"],
    "additionalProperties": False,
}
NOTHING = {"type": "object", "properties": {}, "additionalProperties": False}


def run_sweep(_payload: dict[str, Any], progress: Progress = unwatched) -> dict[str, Any]:
    outcomes = sweeping.run(progress=progress)
    failed = [one.policy.table for one in outcomes if one.failed]
    if failed:
        raise registry.JobFailed("retention_failed", ", ".join(failed))
    return {
        "rows": sum(one.rows for one in outcomes),
        "months": sum(one.months for one in outcomes),
    }


def run_verify(payload: dict[str, Any], progress: Progress = unwatched) -> dict[str, Any]:
    archive = _archive(payload)
    progress(0, 1, archive.partition)
    try:
        archives.verify(archive)
    except archives.ArchiveDamaged as error:
        raise registry.JobFailed("archive_damaged", str(error)) from error
    return {"rows": archive.row_count}


def run_load(payload: dict[str, Any], progress: Progress = unwatched) -> dict[str, Any]:
    archive = _archive(payload)
    progress(0, 1, archive.partition)
    try:
        return {"table": side_tables.load(archive, by=audit.Actor.system("retention"))}
    except (archives.ArchiveDamaged, OwnerUnreachable) as error:
        raise registry.JobFailed("archive_damaged", str(error)) from error


def _archive(payload: dict[str, Any]) -> Archive:
    with tenancy.platform_scope(reason="archives"):
        found = Archive.objects.filter(pk=payload["archive"]).first()
    if found is None:
        raise registry.JobFailed("not_found", str(_("There is no such archive.")))
    return found


def _job(name: str, run: Any, schema: dict[str, Any], label: Any) -> Job:
    return Job(
        name, run, schema, queue="maintenance", label=label, watched=True, timeout_s=TIMEOUT_S
    )


ALL = (
    _job(SWEEP, run_sweep, NOTHING, _("Let old rows go")),
    _job(VERIFY, run_verify, WHICH, _("Compare an archive with its index")),
    _job(LOAD, run_load, WHICH, _("Load an archive into a side table")),
)
