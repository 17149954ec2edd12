"""Closing and opening accounts by an operator."""

from accounts import sessions, signals
from accounts.models import Session, User


def suspend(*, user: User, reason: str, by: User) -> None:
    """Shut an account out: every session, token and key is refused from the next request on; data stays."""
    active = User.objects.filter(pk=user.pk, status__in=[User.Status.PENDING, User.Status.ACTIVE])
    if active.update(status=User.Status.SUSPENDED, is_active=False):
        sessions.end_all(user=user, reason=Session.Reason.SUSPENDED)
        signals.user_suspended.send(sender=User, user=user, by=by, reason=reason)


def activate(*, user: User, reason: str, by: User) -> None:
    suspended = User.objects.filter(pk=user.pk, status=User.Status.SUSPENDED)
    if suspended.update(status=User.Status.ACTIVE, is_active=True):
        signals.user_activated.send(sender=User, user=user, by=by, reason=reason)
