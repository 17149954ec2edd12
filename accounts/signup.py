"""Opening an account: the person, their profile, their preferences and their first workspace, or nothing."""

import re
import secrets

from django.db import IntegrityError, transaction

from accounts import identity, signals, tenancy
from accounts.models import Membership, Profile, User, UserSettings, Workspace


class AccountTaken(Exception):
    """An account with this address or name exists. `field` says which; tell only its owner."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def open_account(
    *, email: str, username: str, password: str | None, language: str = "zh-CN", staff: bool = False
) -> User:
    """Create the account and its personal workspace in one transaction.

    Raises AccountTaken. The address and the name must have been cleaned by `accounts.identity`.
    """
    user = User(
        email=email,
        email_key=identity.email_key(email),
        username=username,
        username_key=identity.username_key(username),
        is_staff=staff,
        is_superuser=staff,
    )
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            Profile.objects.create(user=user, display_name=username)
            UserSettings.objects.create(user=user, language=language)
            signals.user_created.send(sender=User, user=user)
            with tenancy.user(user.id):
                create_workspace(
                    name=username, owner=user, kind=Workspace.Kind.PERSONAL, slug_from=username
                )
    except IntegrityError as error:
        raise AccountTaken("email" if "email_key" in str(error) else "username") from error
    return user


def create_workspace(
    *, name: str, owner: User, kind: str = Workspace.Kind.TEAM, slug_from: str | None = None
) -> Workspace:
    """Create a workspace with its owner as first member. Runs as the owner (`tenancy.user`)."""
    workspace = Workspace(
        name=name,
        name_key=identity.username_key(name),
        slug=_slug(slug_from or name),
        kind=kind,
        owner=owner,
    )
    workspace.save(force_insert=True)
    with tenancy.workspace(workspace.id, user_id=owner.id):
        Membership.objects.create(workspace=workspace, user=owner)
        signals.workspace_created.send(sender=Workspace, workspace=workspace, by=owner)
    return workspace


def _slug(text: str) -> str:
    """A readable address part. Random letters at its end keep names of other tenants unguessable."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:30] or "w"
    return f"{words}-{secrets.token_hex(4)}"
