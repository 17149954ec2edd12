"""A person's list: what is unread, marking it as read, letting it go."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Subquery
from django.utils import timezone

from accounts import tenancy
from accounts.authentication import Principal
from laojun import audit, configs
from laojun.models import Notification, NotificationMark

BATCH = 1000


@dataclass(frozen=True)
class Badge:
    """What the bell shows: how many are unread, and the newest one's id ("" for none)."""

    unread: int
    latest_id: str


def badge(principal: Principal) -> Badge:
    """One query."""
    mine = Notification.objects.visible_to(principal)
    count = mine.unread().order_by().values("user").annotate(count=Count("pk")).values("count")
    newest = mine.newest_first().annotate(unread=Subquery(count)).values_list("pk", "unread")
    latest, unread = newest.first() or ("", 0)
    return Badge(unread or 0, str(latest))


def mark_of(principal: Principal) -> int:
    """The number that moves with every change of this person's notices."""
    rows = NotificationMark.objects.filter(user=principal.user)
    return rows.values_list("version", flat=True).first() or 0


def read(*, rows: Any, principal: Principal) -> int:
    """Mark those of `rows` that are unread. `rows` are visible to the principal. Returns how many were."""
    changed: int = rows.unread().update(is_read=True, read_at=timezone.now())
    if changed:
        _record(principal, "notification.read", count=changed)
    return changed


def read_some(
    *, principal: Principal, ids: Collection[UUID] = (), before: datetime | None = None
) -> int:
    """Mark the named ones, or all up to a moment."""
    rows = Notification.objects.visible_to(principal)
    chosen = rows.filter(created_at__lte=before) if before else rows.filter(pk__in=ids)
    return read(rows=chosen, principal=principal)


def set_read(*, row: Notification, is_read: bool, principal: Principal) -> Notification:
    """Mark one as read, or take that back; what is unread again is no longer counted up."""
    if is_read:
        read(rows=Notification.objects.filter(pk=row.pk), principal=principal)
    elif row.is_read:
        Notification.objects.filter(pk=row.pk).update(is_read=False, read_at=None, dedup_key="")
        _record(principal, "notification.unread", id=str(row.pk))
    row.refresh_from_db()
    return row


def delete(*, row: Notification, principal: Principal) -> None:
    row.delete()
    _record(principal, "notification.deleted", letter=row.letter)


def purge(*, now: datetime | None = None) -> int:
    """Let go what was read long ago (`notifications.retention_days`), in batches of a transaction each."""
    days = int(configs.value("notifications.retention_days"))
    at = now or timezone.now()
    removed = 0
    while count := _purge_batch(at, days):
        removed += count
    return removed


def _purge_batch(at: datetime, days: int) -> int:
    with tenancy.platform_scope(reason="purge of notices that were read"):
        old = Notification.objects.expired(at, days).select_for_update(skip_locked=True)
        batch = list(old.values_list("pk", flat=True)[:BATCH])
        return Notification.objects.filter(pk__in=batch).delete()[0]


def _record(principal: Principal, action: str, **details: Any) -> None:
    user: Any = principal.user
    target = audit.Target("user", str(user.pk), platform=True)
    audit.record(actor=principal, action=action, target=target, details=details)
