"""Roles that somebody holds on the whole platform: they open a part of the operators' console."""

from datetime import datetime

from django.utils import timezone

from accounts import second_factor, signals, tenancy
from accounts.members import raise_authz_version
from accounts.models import Role, User, UserRole


class NotPlatformWide(Exception):
    """This role means nothing outside a workspace."""

    code = "cannot_grant"


class NotConfirmed(Exception):
    """An account whose address is unconfirmed, or that is closed, gets no rights on the platform."""

    code = "address_unverified"


def appoint(*, user: User) -> None:
    """Open the whole console to somebody, by whoever has the machine's shell. Raises NotConfirmed."""
    if user.status != User.Status.ACTIVE:
        raise NotConfirmed
    with tenancy.platform_scope(reason=f"make_operator {user.pk}"):
        User.objects.filter(pk=user.pk, is_superuser=False).update(
            is_staff=True, is_superuser=True, mfa_due_at=second_factor.first_due()
        )
        raise_authz_version(user)


def grant(
    *, user: User, role: Role, by: User, reason: str, expires_at: datetime | None = None
) -> UserRole:
    """Give a role for the whole platform; the console opens to its holder. Runs in the platform scope.

    `by` is a superuser. A grant held already gets the new end. Raises NotPlatformWide and NotConfirmed.
    """
    if not Role.objects.grantable_platform_wide().filter(pk=role.pk).exists():
        raise NotPlatformWide
    if user.status != User.Status.ACTIVE:
        raise NotConfirmed
    found, _is_new = UserRole.objects.update_or_create(
        workspace=None,
        user=user,
        role=role,
        defaults={"granted_by": by, "expires_at": expires_at},
    )
    User.objects.filter(pk=user.pk).update(is_staff=True)
    raise_authz_version(user)
    signals.role_granted.send(
        sender=UserRole,
        role=role,
        user=user,
        workspace=None,
        by=by,
        expires_at=expires_at,
        note=reason,
    )
    return found


def revoke(*, grant: UserRole, by: User, reason: str) -> None:
    """Take a role for the whole platform back; the last one closes the console. Runs in the platform scope."""
    user, role = grant.user, grant.role
    if not UserRole.objects.platform_wide().filter(pk=grant.pk).delete()[0]:
        return
    _close_console(user)
    raise_authz_version(user)
    signals.role_revoked.send(
        sender=UserRole, role=role, user=user, workspace=None, by=by, note=reason
    )


def _close_console(user: User) -> None:
    left = UserRole.objects.platform_wide().live(timezone.now()).filter(user=user)
    if not left.exists():
        User.objects.filter(pk=user.pk, is_superuser=False).update(is_staff=False)
