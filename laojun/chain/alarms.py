"""When a chain is broken or the sealer falls behind: a row, a notice to every operator, and news for who listens."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from accounts import registry, tenancy
from accounts.models import User
from accounts.registry import Store
from laojun import audit
from laojun.audit import Actor, Target
from laojun.chain import sealing
from laojun.chain.verdicts import Bad, Report, Verdict
from laojun.models import AuditAnchor, AuditChain

LONGEST_LAG = timedelta(seconds=60)
ACTOR = Actor.system("audit_verify")
REASON = "audit alarm"
# Called with `chain_id` (None: the anchors) and the first bad row as JSON, in the transaction of the alarm's row.
broken: Store[Callable[..., None]] = Store("audit_broken")
logger = logging.getLogger(__name__)


def sound(report: Report) -> None:
    """Tell of every chain that a verification found bad, and of anchors that are."""
    for verdict in report.verdicts:
        if verdict.bad is not None:
            _tell(verdict.chain_id, verdict.bad, verdict)
    if report.anchors is not None:
        _tell(None, report.anchors, None)


def look() -> None:
    """Once a minute: is the sealer behind, did an anchor fail to reach its file, has a chain lost rows?"""
    lag = sealing.backlog().lag
    if lag > LONGEST_LAG:
        _notify("audit_seal_lag", {"seconds": int(lag.total_seconds())}, key="audit:lag")
    with tenancy.sealer_scope():
        last = AuditAnchor.objects.order_by("-anchor_no").first()
        suspect = AuditChain.objects.filter(status=AuditChain.Status.BROKEN)
        chains = list(suspect.values_list("pk", flat=True)[:20])
    failing = [name for name, error in (last.sinks if last else {}).items() if error]
    if failing:
        _notify("audit_anchor_sink", {"sinks": ", ".join(failing)}, key="audit:sink")
    for chain_id in chains:
        _notify("audit_broken", {"chain": chain_id}, key=f"audit:broken:{chain_id}")


def _tell(chain_id: int | None, bad: Bad, verdict: Verdict | None) -> None:
    name = "anchors" if chain_id is None else str(chain_id)
    logger.error("audit chain broken chain=%s kind=%s seq=%s", name, bad.kind, bad.seq)
    found = {"kind": bad.kind, "seq": bad.seq, "row": bad.id, "time": bad.at, "note": bad.note}
    audit.record(
        actor=ACTOR,
        action="audit.broken",
        target=Target("audit_chain", name, platform=True),
        result=audit.FAILED,
        details=found,
    )
    plain = verdict.plain()["bad"] if verdict else {"kind": bad.kind, "seq": bad.seq}
    for follow in broken.values():
        follow(chain_id=chain_id, bad=plain)
    params = {"chain": name, "kind": bad.kind, "seq": bad.seq}
    _notify("audit_broken", params, key=f"audit:broken:{name}")


def _notify(event: str, params: dict[str, Any], *, key: str) -> None:
    """A notice to everybody who operates the platform; the same unread one is not repeated."""
    if registry.notify.function is None:
        return
    with tenancy.platform_scope(reason=REASON):
        operators = list(User.objects.filter(is_staff=True, is_active=True))
        for user in operators:
            registry.notify(
                user=user,
                type="system",
                params={"event": event, **params},
                link_type="",
                link_id="",
                dedup_key=key,
            )
