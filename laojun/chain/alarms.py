"""When a chain is broken or the sealer falls behind: a row, of which plugins hear too, and a notice to operators."""

import logging
import time
from datetime import timedelta
from typing import Any

from accounts import tenancy
from laojun import audit
from laojun.audit import Actor, Target
from laojun.backups import telling
from laojun.chain import sealing
from laojun.chain.verdicts import Bad, Report
from laojun.models import AuditAnchor, AuditChain

LONGEST_LAG = timedelta(seconds=60)
ACTOR = Actor.system("audit_verify")
AGAIN_SECONDS = 3600.0
_told: dict[str, float] = {}
logger = logging.getLogger(__name__)


def sound(report: Report) -> None:
    """Tell of every chain that a verification found bad, and of anchors that are."""
    for verdict in report.verdicts:
        if verdict.bad is not None:
            _tell(str(verdict.chain_id), verdict.bad)
    if report.anchors is not None:
        _tell("anchors", report.anchors)


def look() -> None:
    """Once a minute: is the sealer behind, did an anchor fail to reach its file, has a chain lost rows?

    What goes on is told again after an hour.
    """
    lag = sealing.backlog().lag
    if lag > LONGEST_LAG:
        _remind("audit_seal_lag", key="audit:lag", seconds=int(lag.total_seconds()))
    with tenancy.sealer_scope():
        last = AuditAnchor.objects.order_by("-anchor_no").first()
        suspect = AuditChain.objects.filter(status=AuditChain.Status.BROKEN)
        chains = list(suspect.values_list("pk", flat=True)[:20])
    failing = [name for name, error in (last.sinks if last else {}).items() if error]
    if failing:
        _remind("audit_anchor_sink", key="audit:sink", sinks=", ".join(failing))
    for chain_id in chains:
        _remind("audit_broken", key=f"audit:broken:{chain_id}", chain=str(chain_id))


def _tell(name: str, bad: Bad) -> None:
    logger.error("audit chain broken chain=%s kind=%s seq=%s", name, bad.kind, bad.seq)
    found = {"kind": bad.kind, "seq": bad.seq, "row": bad.id, "time": bad.at, "note": bad.note}
    audit.record(
        actor=ACTOR,
        action="audit.broken",
        target=Target("audit_chain", name, platform=True),
        result=audit.FAILED,
        details=found,
    )
    telling.operators("audit_broken", once=f"audit:broken:{name}", chain=name)


def _remind(event: str, *, key: str, **params: Any) -> None:
    """At most once an hour from this process."""
    now = time.monotonic()
    if now - _told.get(key, -AGAIN_SECONDS) >= AGAIN_SECONDS:
        _told[key] = now
        telling.operators(event, once=key, **params)
