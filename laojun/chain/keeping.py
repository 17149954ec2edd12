"""What retention and restores ask of the chain: months that leave with their proof, branches that are closed."""

from datetime import datetime

from laojun.chain import anchors, checkpoints
from laojun.chain.checkpoints import MonthStays
from laojun.models import Archive
from laojun.retention.months import MayNotLeave


def leave(*, archive: Archive, using: str) -> None:
    """Write the checkpoints of the month that was archived. Raises MayNotLeave."""
    try:
        checkpoints.leave_month(
            start=archive.range_start, end=archive.range_end, archive_id=archive.pk
        )
    except MonthStays as stays:
        raise MayNotLeave(f"{archive.partition}: {stays}") from stays


def close_branch(*, made_at: datetime) -> str:
    """After a restore: sign which rows the anchors had seen and the dump has not."""
    number = anchors.close_branch(reason=f"restored from {made_at:%Y-%m-%d %H:%M} UTC")
    return f"anchor {number} closes the lost branch of the audit log"
