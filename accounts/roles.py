"""Roles of a workspace's own: sets of permissions that its managers hold themselves."""

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from accounts import identity, permissions, signals
from accounts.ids import uuid7
from accounts.models import Invitation, Permission, Role, RolePermission, User, UserRole, Workspace

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
    role = Role(
        workspace=workspace,
        key=f"r{uuid7().hex}",
        name=name,
        description=description,
        changed_by=by,
    )
    role.name_key = identity.username_key(name)
    _save(role)
    _set_permissions(role, wanted)
    after = {"name": name, "permissions": sorted(wanted)}
    _tell(role, by, verb="created", before={}, after=after)
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
        _rights_moved(role)
    if name is not None:
        role.name, role.name_key = name, identity.username_key(name)
    if description is not None:
        role.description = description
    role.changed_by = by
    _save(role)
    after = {"name": role.name, "permissions": sorted(permission_keys(role))}
    _tell(role, by, verb="changed", before=before, after=after)
    return role


def delete(*, role: Role, replacement: Role | None, held: frozenset[str], by: User) -> None:
    """Remove a role; its holders, and those invited to it, get the replacement.

    Raises SystemRole, CannotGrant and RoleInUse.
    """
    if role.is_system:
        raise SystemRole
    grantable(permission_keys(role), held)
    grants = UserRole.objects.filter(role=role)
    invited = Invitation.objects.unanswered().filter(role=role)
    count = grants.values("user_id").distinct().count() + invited.count()
    if count and replacement is None:
        raise RoleInUse(count)
    if replacement is not None:
        grantable(permission_keys(replacement), held)
        _replace(grants, replacement, by)
        invited.update(role=replacement)
    grants.delete()
    _rights_moved(role)
    _tell(role, by, verb="deleted", before={"name": role.name}, after={})
    role.delete()


def grantable(keys: Iterable[str], held: frozenset[str]) -> set[str]:
    """The keys, if whoever holds `held` may hand them on. Raises CannotGrant."""
    wanted = set(keys)
    if missing := wanted - held:
        raise CannotGrant(missing)
    return wanted


def permission_keys(*roles: Role) -> set[str]:
    """What these roles let somebody do inside a workspace."""
    return permissions.keys_of(role.pk for role in roles)


def keys_by_role(workspace_id: int) -> dict[int, set[str]]:
    """Every role that can be held in a workspace, with what it gives there. One query."""
    found: dict[int, set[str]] = {}
    rows = Role.objects.grantable_in(workspace_id).values_list(
        "pk", "grants__permission__key", "grants__permission__retired_at"
    )
    known = permissions.in_workspaces()
    for role_id, key, retired_at in rows:
        keys = found.setdefault(role_id, set())
        if key in known and retired_at is None:
            keys.add(key)
    return found


def grantable_by(held: frozenset[str], *, workspace_id: int) -> QuerySet[Role]:
    """The roles that whoever holds `held` may give in a workspace."""
    within = [pk for pk, keys in keys_by_role(workspace_id).items() if keys <= held]
    return Role.objects.grantable_in(workspace_id).filter(pk__in=within).order_by("pk")


def raise_authz_version(workspace: Workspace | None) -> None:
    """Make everything remembered about rights in this workspace unreachable, in the same transaction."""
    if workspace is not None:
        Workspace.objects.filter(pk=workspace.pk).update(authz_version=F("authz_version") + 1)


def unknown_keys(keys: Iterable[str]) -> list[str]:
    return sorted(set(keys) - permissions.in_workspaces())


def _replace(grants: QuerySet[UserRole], replacement: Role, by: User) -> None:
    UserRole.objects.bulk_create(
        [
            UserRole(
                workspace_id=grant.workspace_id,
                user_id=grant.user_id,
                role=replacement,
                granted_by=by,
                expires_at=grant.expires_at,
            )
            for grant in grants
        ],
        ignore_conflicts=True,
    )


def _rights_moved(role: Role) -> None:
    raise_authz_version(role.workspace)
    signals.rights_changed.send(sender=Role, workspace=role.workspace, user=None)


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


def _tell(role: Role, by: User, *, verb: str, before: dict, after: dict) -> None:
    signals.role_changed.send(sender=Role, role=role, by=by, verb=verb, before=before, after=after)
