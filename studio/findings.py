"""What checks of the text found: kept once for each remark, decided by people."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from accounts.authentication import Principal
from laojun import audit
from studio.models import AIRequest, Chapter, Finding
from studio.prose import reports

MOVES = {
    Finding.State.OPEN: {
        Finding.State.FIXED,
        Finding.State.DISMISSED,
        Finding.State.INTENTIONAL,
    },
}


class FindingMoved(Exception):
    """The remark is in another state than this move starts from."""

    code = "finding_state"

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.members = {"state": state}


def keep(*, request: AIRequest, answer: str) -> dict[str, Any]:
    """Keep the remarks of an answer whose quotes stand in the chapter; those known already stay as they were decided.

    Shapes: `{found, known, dropped, unreadable}`, added to what earlier pieces of the chapter brought.
    """
    told = {
        "found": 0,
        "known": 0,
        "dropped": 0,
        "unreadable": 0,
        **request.context.get("report", {}),
    }
    chapter = Chapter.objects.filter(pk=request.chapter_id).first()
    if chapter is None:
        return told
    try:
        report = reports.findings(answer, chapters={str(chapter.pk): chapter.content})
    except reports.Unreadable:
        return {**told, "unreadable": told["unreadable"] + 1}
    rows = [_row(request, chapter, one) for one in report.findings]
    known = set(
        Finding.objects.filter(
            work_id=request.work_id, fingerprint__in=[row.fingerprint for row in rows]
        ).values_list("fingerprint", flat=True)
    )
    Finding.objects.bulk_create(rows, ignore_conflicts=True)
    return {
        **told,
        "found": told["found"] + len(rows) - len(known),
        "known": told["known"] + len(known),
        "dropped": told["dropped"] + report.dropped,
    }


def decide(*, principal: Principal, finding: Finding, state: str) -> Finding:
    """Say what became of a remark, or open it again. Raises FindingMoved."""
    wanted = Finding.State(state)
    if wanted == finding.state:
        return finding
    if wanted not in MOVES.get(Finding.State(finding.state), {Finding.State.OPEN}):
        raise FindingMoved(finding.state)
    rows = Finding.objects.filter(pk=finding.pk, state=finding.state)
    if not rows.update(state=wanted, updated_at=timezone.now()):
        finding.refresh_from_db()
        raise FindingMoved(finding.state)
    audit.record(
        actor=principal,
        action="finding.decided",
        target=("finding", finding.pk),
        before={"state": finding.state},
        after={"state": str(wanted)},
    )
    finding.refresh_from_db()
    return finding


def _row(request: AIRequest, chapter: Chapter, found: reports.Finding) -> Finding:
    return Finding(
        workspace_id=request.workspace_id,
        work_id=request.work_id,
        chapter=chapter,
        request_id=request.pk,
        kind=found.kind,
        severity=found.severity,
        message=found.message,
        suggestion=found.suggestion,
        quotes=[
            {"chapter_id": one.chapter, "text": one.text, "position": one.position}
            for one in found.quotes
        ],
        fingerprint=found.fingerprint,
    )
