"""What retention and restores ask of the chain: months that leave with their proof, branches that are closed."""

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from django.db import transaction

from accounts import tenancy
from laojun import audit
from laojun.audit import Actor, Target
from laojun.chain import anchors, checkpoints, verifying
from laojun.chain.checkpoints import MonthStays
from laojun.chain.verdicts import UNSEALED
from laojun.chain.verifying import Wanted
from laojun.models import Archive, AuditCheckpoint
from laojun.retention.months import MayNotLeave

REASON = "chain.checkpoints"
SYSTEM = Actor.system("retention")


def leave(*, archive: Archive, using: str) -> None:
    """Write the checkpoints of the month that was archived; each chain says so once it left. Raises MayNotLeave."""
    try:
        written = checkpoints.leave_month(
            start=archive.range_start, end=archive.range_end, archive_id=archive.pk
        )
    except MonthStays as stays:
        raise MayNotLeave(f"{archive.partition}: {stays}") from stays
    transaction.on_commit(partial(_record, archive.partition, written), using=using)


def _record(month: str, written: list[AuditCheckpoint]) -> None:
    with tenancy.platform_scope(reason=REASON):
        for one in written:
            platform = one.workspace_id is None
            audit.record(
                actor=audit.current_actor(SYSTEM),
                action="audit.checkpointed",
                target=Target("archive", month, platform, one.workspace_id),
                details={"up_to_seq": one.up_to_seq, "rows": one.row_count},
            )


def close_branch(*, made_at: datetime) -> str:
    """After a restore: sign which rows the anchors had seen and the dump has not."""
    number = anchors.close_branch(reason=f"restored from {made_at:%Y-%m-%d %H:%M} UTC")
    return f"anchor {number} closes the lost branch of the audit log"


def check_restored(*, folder: Path, content: dict[str, Any]) -> None:
    """Every chain of a restored database against the anchors that were saved with it. Raises ValueError.

    Rows that wait for their seal are no fault: the sealer stood still with the dump.
    """
    report = verifying.verify(wanted=Wanted(anchors=folder / "anchors"))
    found = [report.anchors, *(verdict.bad for verdict in report.verdicts)]
    for bad in found:
        if bad is not None and bad.kind != UNSEALED:
            raise ValueError(f"the audit log does not verify: {bad}")
