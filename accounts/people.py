"""Opening, closing and renaming accounts."""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import identity, mail, news, sessions, signals
from accounts.models import Session, User


class NameTaken(Exception):
    """Somebody else has this user name."""

    code = "name_taken"


def suspend(*, user: User, reason: str, by: User) -> None:
    """Shut an account out: every session, token and key is refused from the next request on; data stays."""
    active = User.objects.filter(pk=user.pk, status__in=[User.Status.PENDING, User.Status.ACTIVE])
    if active.update(status=User.Status.SUSPENDED, is_active=False):
        sessions.end_all(user=user, reason=Session.Reason.SUSPENDED)
        signals.user_suspended.send(sender=User, user=user, by=by, reason=reason)
        mail.send("suspended", user=user, reason=reason)


def activate(*, user: User, reason: str, by: User) -> None:
    suspended = User.objects.filter(pk=user.pk, status=User.Status.SUSPENDED)
    if suspended.update(status=User.Status.ACTIVE, is_active=True):
        signals.user_activated.send(sender=User, user=user, by=by, reason=reason)
        news.tell("activated", user=user, url=mail.address_of("account_login"))


def confirm(*, user: User, address: str) -> None:
    """An address is proven: who waited for that may come in."""
    User.objects.filter(pk=user.pk, status=User.Status.PENDING).update(status=User.Status.ACTIVE)
    user.refresh_from_db(fields=["status", "email", "email_key"])
    _tell(user, "user.address_confirmed", by=user)


def rename(*, user: User, username: str) -> None:
    """Give a person another user name, cleaned by `identity`. Raises NameTaken."""
    before = {"username": user.username}
    try:
        with transaction.atomic():
            User.objects.filter(pk=user.pk).update(
                username=username, username_key=identity.username_key(username)
            )
    except IntegrityError as error:
        raise NameTaken from error
    user.username = username
    _tell(user, "user.renamed", by=user, before=before, after={"username": username})


def set_plan(*, user: User, plan: str, reason: str, by: User) -> None:
    """Put a person on a plan that no subscription ends."""
    before = {"plan": user.plan}
    User.objects.filter(pk=user.pk).update(plan=plan, subscription_expires_at=None)
    after = {"plan": plan}
    _tell(user, "user.plan_changed", by=by, before=before, after=after, details={"reason": reason})


def password_changed(*, user: User, keep: UUID | None, action: str) -> None:
    """A password is new: every session but `keep` ends, and so do the access tokens in circulation."""
    User.objects.filter(pk=user.pk).update(password_changed_at=timezone.now())
    sessions.end_all(user=user, but=keep, reason=Session.Reason.PASSWORD)
    _tell(user, action, by=user)


def _tell(user: User, action: str, *, by: User, **facts: Any) -> None:
    signals.account_event.send(sender=User, user=user, action=action, by=by, **facts)
