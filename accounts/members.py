"""Who belongs to a workspace and what they may do there.

Every change of rights raises the person's `authz_version` in the same transaction, so what was remembered of
their rights is unreachable from the next request on.
"""

from collections.abc import Iterable

from django.db.models import F

from accounts import roles, signals
from accounts.models import Membership, Role, User, UserRole, Workspace


class OwnerStays(Exception):
    """The owner's rights and membership end by handing the workspace over, in no other way."""

    code = "owner_must_transfer"


class PersonalWorkspace(Exception):
    code = "personal_workspace"


def role_ids(membership: Membership) -> set[int]:
    rows = UserRole.objects.filter(workspace_id=membership.workspace_id, user_id=membership.user_id)
    return set(rows.values_list("role_id", flat=True))


def change(
    *,
    membership: Membership,
    held: frozenset[str],
    by: User,
    to_roles: Iterable[Role] | None = None,
    status: str | None = None,
) -> Membership:
    """Give a member other roles, or suspend them. `membership` is locked by the caller.

    Raises OwnerStays and roles.CannotGrant: who acts must hold everything that they give and that the member
    has, so nobody rises by their own hand and nobody puts down somebody above them.
    """
    _check_not_owner(membership)
    current = list(
        Role.objects.filter(
            holders__workspace_id=membership.workspace_id, holders__user_id=membership.user_id
        )
    )
    roles.grantable(roles.permission_keys(*current), held)
    before = {"roles": sorted(role.key for role in current), "status": membership.status}
    if to_roles is not None:
        wanted = list(to_roles)
        roles.grantable(roles.permission_keys(*wanted), held)
        _set_roles(membership, current, wanted, by)
        current = wanted
    membership.status = status or membership.status
    membership.save(update_fields=["status"])
    membership.refresh_from_db(fields=["version"])
    _raise_authz_version(membership.user_id)
    after = {"roles": sorted(role.key for role in current), "status": membership.status}
    signals.membership_changed.send(
        sender=Membership, membership=membership, by=by, before=before, after=after
    )
    return membership


def remove(*, membership: Membership, held: frozenset[str], by: User) -> None:
    """Take somebody out; their roles and keys there go with the row. `membership` is locked by the caller.

    Raises OwnerStays and roles.CannotGrant.
    """
    _check_not_owner(membership)
    current = Role.objects.filter(
        holders__workspace_id=membership.workspace_id, holders__user_id=membership.user_id
    )
    roles.grantable(roles.permission_keys(*current), held)
    _delete(membership, by)


def leave(*, membership: Membership) -> None:
    """Go out of a workspace by oneself. Raises PersonalWorkspace and OwnerStays, both to its owner only."""
    workspace = membership.workspace
    if workspace.kind == Workspace.Kind.PERSONAL and workspace.owner_id == membership.user_id:
        raise PersonalWorkspace
    _check_not_owner(membership)
    _delete(membership, membership.user)


def _check_not_owner(membership: Membership) -> None:
    if membership.workspace.owner_id == membership.user_id:
        raise OwnerStays


def _set_roles(membership: Membership, current: list[Role], wanted: list[Role], by: User) -> None:
    kept = {role.pk for role in current} & {role.pk for role in wanted}
    mine = UserRole.objects.filter(workspace_id=membership.workspace_id, user_id=membership.user_id)
    mine.exclude(role_id__in=kept).delete()
    UserRole.objects.bulk_create(
        UserRole(
            workspace_id=membership.workspace_id,
            user_id=membership.user_id,
            role=role,
            granted_by=by,
        )
        for role in wanted
        if role.pk not in kept
    )


def _delete(membership: Membership, by: User) -> None:
    workspace, user = membership.workspace, membership.user
    # The database takes roles and keys along; see the membership foreign keys.
    Membership.objects.filter(pk=membership.pk).delete()
    _raise_authz_version(user.pk)
    signals.membership_removed.send(sender=Membership, workspace=workspace, user=user, by=by)


def _raise_authz_version(user_id: object) -> None:
    User.objects.filter(pk=user_id).update(authz_version=F("authz_version") + 1)
