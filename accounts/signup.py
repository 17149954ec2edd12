"""Opening an account: the person, their profile, their preferences and their first workspace, or nothing."""

import re
import secrets

from django.db import IntegrityError, transaction

from accounts import addresses, identity, second_factor, signals, tenancy
from accounts.models import Membership, Profile, User, UserSettings, Workspace


class AccountTaken(Exception):
    """An account with this address or name exists. `field` says which; tell only its owner."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def open_account(
    *,
    email: str,
    username: str,
    password: str | None,
    language: str = "zh-CN",
    staff: bool = False,
    verified: bool = False,
) -> User:
    """Create the account and its personal workspace in one transaction.

    With `verified` the address is known to be the person's own; without, it waits for its confirmation where
    mail can be sent. Raises AccountTaken. Address and name must have been cleaned by `accounts.identity`.
    """
    pending = not verified and addresses.must_be_confirmed()
    user = User(
        email=email,
        email_key=identity.email_key(email),
        username=username,
        username_key=identity.username_key(username),
        status=User.Status.PENDING if pending else User.Status.ACTIVE,
        is_staff=staff,
        is_superuser=staff,
        mfa_due_at=second_factor.first_due() if staff else None,
    )
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            addresses.open_first(user=user, verified=verified)
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


def rehearse(*, password: str | None, language: str = "zh-CN") -> None:
    """Open an account for nobody and take it back.

    Who signs up with a taken address waits as long as everybody else, so the time tells nothing.
    """
    nobody = f"nobody-{secrets.token_hex(8)}"
    with transaction.atomic():
        open_account(
            email=f"{nobody}@example.com", username=nobody, password=password, language=language
        )
        transaction.set_rollback(True)


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
