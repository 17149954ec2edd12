"""Proposals nobody decided expire; decided ones go when they are old."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from accounts import tenancy
from studio.models import Proposal

OPEN_STAY = timedelta(days=30)
DECIDED_STAY = timedelta(days=90)
REASON = "studio.proposals expire"
UNDECIDED = (Proposal.State.OPEN, Proposal.State.PARTLY, Proposal.State.STALE)


def expire(now: datetime | None = None) -> int:
    """Close what has been open for a month; returns how many."""
    moment = now or timezone.now()
    with tenancy.platform_scope(reason=REASON):
        old = Proposal.objects.filter(state__in=UNDECIDED, created_at__lt=moment - OPEN_STAY)
        return old.update(state=Proposal.State.EXPIRED, decided_at=moment, updated_at=moment)


def due(now: datetime) -> QuerySet[Proposal]:
    """Decided or expired 90 days ago."""
    return Proposal.objects.exclude(state__in=UNDECIDED).filter(decided_at__lt=now - DECIDED_STAY)
