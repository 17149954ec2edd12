"""The audit log's health as numbers on the operator's first screen, each with its remedy behind it."""

from datetime import timedelta
from typing import Any

from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from laojun.chain import sealing
from laojun.chain.alarms import LONGEST_LAG
from laojun.models import AuditAnchor, AuditChain

LATE_ANCHOR = timedelta(minutes=5)
LATE_VERIFICATION = timedelta(hours=26)
CHAINS = "admin:laojun_auditchain_changelist"
ANCHORS = "admin:laojun_auditanchor_changelist"


def seal_lag() -> dict[str, Any]:
    """How long the oldest row has been waiting for its seal."""
    found = sealing.backlog()
    seconds = int(found.lag.total_seconds())
    late = found.lag > LONGEST_LAG
    return {
        "value": _("%(seconds)d s") % {"seconds": seconds},
        "note": _("is a worker running?") if late else _("rows wait for their seal"),
        "state": "bad" if late else "good",
        "url": reverse(CHAINS),
    }


def last_anchor() -> dict[str, Any]:
    """The newest signed line and where it was written to. Without new rows there is no new line."""
    last = AuditAnchor.objects.order_by("-anchor_no").first()
    waiting = AuditChain.objects.filter(sealed_at__lt=timezone.now() - LATE_ANCHOR)
    late = waiting.filter(head_seq__gt=F("anchored_seq")).exists()
    failing = [name for name, error in (last.sinks if last else {}).items() if error]
    note = _("%(sinks)s cannot be written") % {"sinks": ", ".join(failing)} if failing else ""
    return {
        "value": f"#{last.anchor_no}" if last else "–",
        "note": note or (_("rows wait for an anchor") if late else _("signed heads")),
        "state": "bad" if failing or late else "good",
        "url": reverse(ANCHORS),
    }


def last_verification() -> dict[str, Any]:
    """How many chains the last day verified."""
    chains = AuditChain.objects.all()
    fresh = chains.filter(verified_at__gte=timezone.now() - LATE_VERIFICATION).count()
    total = chains.count()
    return {
        "value": f"{fresh}/{total}",
        "note": _("chains verified within a day"),
        "state": "good" if fresh == total else "warn",
        "url": reverse(CHAINS),
    }


def broken() -> dict[str, Any]:
    """Chains that do not hold."""
    count = AuditChain.objects.filter(status=AuditChain.Status.BROKEN).count()
    return {
        "value": count,
        "note": _("look at the first bad row") if count else _("every chain holds"),
        "state": "bad" if count else "good",
        "url": f"{reverse(CHAINS)}?status__exact=broken" if count else reverse(CHAINS),
    }
