"""Roles of a workspace's own: sets of permissions that its managers hold themselves."""

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models import F

from accounts import identity, registry, signals
from accounts.ids import uuid7
from accounts.models import Permission, Role, RolePermission, User, UserRole, Workspace

MAX_ROLES = 50
MAX_KEYS = 200


class CannotGrant(Exception):
    """Nobody grants, or takes from others, what they do not hold."""

    code = "cannot_grant"

    def __init__(self, missing: Iterable[str]) -> None:
        super().__init__("permissions")
        self.members = {"permissions": sorted(missing)}


class TooManyRoles(Exception):
    code = "limit_reached"
    members = {"limit": MAX_ROLES}


class RoleNameTaken(Exception):
    code = "name_taken"


class SystemRole(Exception):
    """Roles of the platform are the same everywhere."""

    code = "system_role"


class RoleInUse(Exception):
    code = "role_in_use"

    def __init__(self, holders: int) -> None:
        super().__init__(holders)
        self.members = {"holders": holders}


def create(
    *,
    workspace_id: int,
    name: str,
    description: str,
    keys: Iterable[str],
    held: frozenset[str],
    by: User,
) -> Role:
    """Add a role. Locks the workspace, so that parallel callers cannot pass the limit.

    Raises CannotGrant, TooManyRoles and RoleNameTaken.
    """
    wanted = grantable(keys, held)
    workspace = Workspace.objects.select_for_update().get(pk=workspace_id)
    if Role.objects.filter(workspace=workspace).count() >= MAX_ROLES:
        raise TooManyRoles
    role = Role(workspace=workspace, key=f"r{uuid7().hex}", name=name, description=description)
    role.name_key = identity.username_key(name)
    _save(role)
    _set_permissions(role, wanted)
    _tell(role, by, before={}, after={"name": name, "permissions": sorted(wanted)})
    return role


def change(
    *,
    role: Role,
    held: frozenset[str],
    by: User,
    name: str | None = None,
    description: str | None = None,
    keys: Iterable[str] | None = None,
) -> Role:
    """Change a role for everybody who holds it, from their next request on. `role` is locked by the caller.

    Raises SystemRole, CannotGrant and RoleNameTaken.
    """
    if role.is_system:
        raise SystemRole
    before = {"name": role.name, "permissions": sorted(permission_keys(role))}
    if keys is not None:
        grantable(before["permissions"], held)
        _set_permissions(role, grantable(keys, held))
        raise_authz_version(role.workspace)
    if name is not None:
        role.name, role.name_key = name, identity.username_key(name)
    if description is not None:
        role.description = description
    _save(role)
    after = {"name": role.name, "permissions": sorted(permission_keys(role))}
    _tell(role, by, before=before, after=after)
    return role


def delete(*, role: Role, replacement: Role | None, held: frozenset[str], by: User) -> None:
    """Remove a role; its holders get the replacement. Raises SystemRole, CannotGrant and RoleInUse."""
    if role.is_system:
        raise SystemRole
    grantable(permission_keys(role), held)
    holders = UserRole.objects.filter(role=role)
    user_ids = set(holders.values_list("user_id", flat=True))
    if user_ids and replacement is None:
        raise RoleInUse(len(user_ids))
    if replacement is not None:
        grantable(permission_keys(replacement), held)
        UserRole.objects.bulk_create(
            [
                UserRole(
                    workspace_id=role.workspace_id, user_id=holder, role=replacement, granted_by=by
                )
                for holder in user_ids
            ],
            ignore_conflicts=True,
        )
    holders.delete()
    raise_authz_version(role.workspace)
    _tell(role, by, before={"name": role.name}, after={})
    role.delete()


def grantable(keys: Iterable[str], held: frozenset[str]) -> set[str]:
    """The keys, if whoever holds `held` may hand them on. Raises CannotGrant."""
    wanted = set(keys)
    if missing := wanted - held:
        raise CannotGrant(missing)
    return wanted


def permission_keys(*roles: Role) -> set[str]:
    grants = RolePermission.objects.filter(role__in=roles, permission__retired_at__isnull=True)
    return set(grants.values_list("permission__key", flat=True))


def raise_authz_version(workspace: Workspace | None) -> None:
    """Make everything remembered about rights in this workspace unreachable, in the same transaction."""
    if workspace is not None:
        Workspace.objects.filter(pk=workspace.pk).update(authz_version=F("authz_version") + 1)


def unknown_keys(keys: Iterable[str]) -> list[str]:
    known = {key for key, entry in registry.permissions.items() if entry.scope == "workspace"}
    return sorted(set(keys) - known)


def _set_permissions(role: Role, keys: set[str]) -> None:
    RolePermission.objects.filter(role=role).delete()
    found = Permission.objects.filter(key__in=keys, retired_at__isnull=True)
    RolePermission.objects.bulk_create(
        RolePermission(workspace_id=role.workspace_id, role=role, permission=permission)
        for permission in found
    )


def _save(role: Role) -> None:
    try:
        with transaction.atomic():
            role.save()
    except IntegrityError as error:
        if "accounts_roles_name_uniq" in str(error):
            raise RoleNameTaken from error
        raise
    role.refresh_from_db(fields=["version"])


def _tell(role: Role, by: User, *, before: dict, after: dict) -> None:
    signals.role_changed.send(sender=Role, role=role, by=by, before=before, after=after)
