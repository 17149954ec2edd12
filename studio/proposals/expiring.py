"""Proposals that nobody decides expire."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from accounts import tenancy
from studio.models import Proposal

OPEN_STAY = timedelta(days=30)
REASON = "studio.proposals expire"
UNDECIDED = (Proposal.State.OPEN, Proposal.State.PARTLY, Proposal.State.STALE)


def expire(now: datetime | None = None) -> int:
    """Close what has been open for a month; returns how many."""
    moment = now or timezone.now()
    with tenancy.platform_scope(reason=REASON):
        old = Proposal.objects.filter(state__in=UNDECIDED, created_at__lt=moment - OPEN_STAY)
        return old.update(state=Proposal.State.EXPIRED, decided_at=moment, updated_at=moment)
