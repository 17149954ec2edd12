"""Closing an account: two weeks in which it can be opened again, then nothing of the person is left."""

import logging
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from accounts import mail, news, sessions, signals, tenancy
from accounts.models import (
    ApiKey,
    Membership,
    NoticeChoice,
    Profile,
    Session,
    SignIn,
    User,
    UserSettings,
    Workspace,
)

GRACE = timedelta(days=14)
UNCONFIRMED_LIFE = timedelta(days=7)
AT_ONCE = 200
RETURNING_KEY = "returning_user"
# What belongs to a person alone and goes with the account.
PERSONAL = (EmailAddress, SocialAccount, Authenticator, Session, SignIn, NoticeChoice, ApiKey)
logger = logging.getLogger(__name__)


class OwnsSharedWorkspace(Exception):
    """Others work in a workspace of this person's: it is handed over or emptied first."""

    code = "owns_shared_workspace"

    def __init__(self, shared: list[Workspace]) -> None:
        super().__init__("shared")
        self.shared = shared
        self.members = {"workspaces": [{"id": one.id, "name": one.name} for one in shared]}


class CannotReopen(Exception):
    """The account is not closed, or the two weeks are over."""

    code = "cannot_reopen"


def close(*, user: User) -> datetime:
    """Shut the account and every session, token and key of it; returns when it will be deleted.

    Raises OwnsSharedWorkspace.
    """
    if shared := _shared(user):
        raise OwnsSharedWorkspace(shared)
    due = timezone.now() + GRACE
    User.objects.filter(pk=user.pk, is_active=True).update(
        status=User.Status.DEACTIVATED, is_active=False, deletion_due_at=due
    )
    sessions.end_all(user=user, by=user, note="account closed")
    _tell(user, "user.closed")
    mail.send("closing", user=user, until=due, url=mail.address_of("account_login"))
    return due


def reopen(*, user: User) -> None:
    """Open a closed account again. Raises CannotReopen."""
    closed = User.objects.filter(
        pk=user.pk, status=User.Status.DEACTIVATED, deletion_due_at__gt=timezone.now()
    )
    if not closed.update(status=User.Status.ACTIVE, is_active=True, deletion_due_at=None):
        raise CannotReopen
    user.refresh_from_db(fields=["status", "is_active", "deletion_due_at"])
    _tell(user, "user.reopened")
    news.tell("reopened", user=user, link=("security", ""))


def purge(*, now: datetime | None = None) -> int:
    """Erase closed accounts whose time is over, and delete those that never confirmed an address.

    Each in a transaction of its own, so that it goes on where it was interrupted. Returns how many.
    """
    at = now or timezone.now()
    closed = User.objects.filter(status=User.Status.DEACTIVATED, deletion_due_at__lte=at)
    waiting = User.objects.filter(status=User.Status.PENDING, created_at__lte=at - UNCONFIRMED_LIFE)
    done = 0
    for user in closed.order_by("pk")[:AT_ONCE]:
        with tenancy.platform_scope(reason="accounts.purge_users"):
            _erase(user, at)
        done += 1
    for user in waiting.order_by("pk")[:AT_ONCE]:
        done += _forget(user)
    return done


def _shared(user: User) -> list[Workspace]:
    owned = Workspace.objects.filter(owner=user).exclude(status=Workspace.Status.DELETED)
    found = []
    for workspace in list(owned.order_by("id")):
        with tenancy.workspace(workspace.id, user_id=user.pk):
            others = Membership.objects.filter(workspace=workspace).exclude(user=user)
            if others.exists():
                found.append(workspace)
    return found


def _erase(user: User, at: datetime) -> None:
    """Keep the row, so that history stays whole, with nothing in it that tells who it was."""
    for model in PERSONAL:
        rows: Any = model.objects
        rows.filter(user=user).delete()
    UserSettings.objects.filter(user=user).delete()
    Profile.objects.filter(user=user).update(display_name="", avatar_url="", bio="", website="")
    Workspace.objects.filter(owner=user).exclude(status=Workspace.Status.DELETED).update(
        status=Workspace.Status.DELETING, deletion_due_at=at
    )
    name = f"deleted-{user.pk.hex[-20:]}"
    address = f"deleted-{user.pk.hex}@invalid"
    user.set_unusable_password()
    User.objects.filter(pk=user.pk).update(
        email=address,
        email_key=address,
        username=name,
        username_key=name,
        password=user.password,
        status=User.Status.DELETED,
        is_staff=False,
        is_superuser=False,
        last_login=None,
        deletion_due_at=None,
    )
    signals.user_deleted.send(sender=User, user=user)
    _tell(user, "user.deleted")


def _forget(user: User) -> int:
    """Delete an account nobody ever got into; 0 when something stands in it after all."""
    try:
        with transaction.atomic(), tenancy.platform_scope(reason="accounts.purge_users"):
            Workspace.objects.filter(owner=user).delete()
            User.objects.filter(pk=user.pk).delete()
    except ProtectedError:
        logger.warning("unconfirmed account is not empty user=%s", user.pk)
        return 0
    return 1


def _tell(user: User, action: str) -> None:
    signals.account_event.send(sender=User, user=user, action=action, by=None)
