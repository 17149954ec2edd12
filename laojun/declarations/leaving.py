"""How the audit log's months leave and what a restore means for its chains: the proof goes on through both."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from accounts import tenancy
from accounts.registry import LeavingMonth, RestoreStep
from laojun.chain import anchors, checkpoints, verifying
from laojun.chain.checkpoints import MonthStays
from laojun.chain.verdicts import UNSEALED
from laojun.chain.verifying import Wanted
from laojun.models import Archive
from laojun.retention.months import MayNotLeave


class _OnlyAsked(Exception):
    """Takes a rehearsal back."""


def may_leave(*, start: datetime, end: datetime, using: str) -> str:
    """Rehearse the checkpoints of a month and take them back: why it must stay, or nothing."""
    try:
        with tenancy.migration_scope(using), transaction.atomic(using=using):
            _checkpoint(start, end)
            raise _OnlyAsked
    except MonthStays as stays:
        return str(stays)
    except _OnlyAsked:
        return ""


def leave(*, archive: Archive, using: str) -> None:
    """Write the checkpoints in the transaction that drops the month. Raises MayNotLeave."""
    try:
        _checkpoint(archive.range_start, archive.range_end, archive.pk)
    except MonthStays as stays:
        raise MayNotLeave(f"{archive.partition}: {stays}") from stays


def check_chains(*, folder: Path, content: dict[str, Any]) -> None:
    """Every chain of a restored database against the anchors that were saved with it. Raises ValueError.

    Rows that wait for their seal are no fault: the sealer stood still with the dump.
    """
    report = verifying.verify(wanted=Wanted(anchors=folder / "anchors"))
    found = [report.anchors, *(verdict.bad for verdict in report.verdicts)]
    for bad in found:
        if bad is not None and bad.kind != UNSEALED:
            raise ValueError(f"the audit log does not verify: {bad}")


def close_branch(*, made_at: datetime) -> str:
    """Sign that what was anchored beyond the restored rows is another branch, so that it is no cut."""
    number = anchors.close_branch(reason=f"restored from {made_at:%F %T} UTC")
    return f"the audit log's lost branch is closed by anchor {number}"


def _checkpoint(start: datetime, end: datetime, archive_id: int | None = None) -> None:
    first, last = start.astimezone(UTC).date(), end.astimezone(UTC).date()
    checkpoints.leave_month(start=first, end=last, archive_id=archive_id)


PROVED = LeavingMonth(check=may_leave, leave=leave)
# The last step: from here on the anchors belong to the restored database.
STEPS = (RestoreStep("laojun.audit_branch", close_branch, 99),)
