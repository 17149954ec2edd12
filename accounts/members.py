"""Who belongs to a workspace and what they may do there.

Every change of rights raises the person's `authz_version` in the same transaction, so what was remembered of
their rights is unreachable from the next request on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import invitations, news, roles, signals
from accounts.models import Membership, Role, User, UserRole, Workspace
from accounts.roles import CannotGrant


class OwnerStays(Exception):
    """The owner's rights and membership end by handing the workspace over, in no other way."""

    code = "owner_must_transfer"


class PersonalWorkspace(Exception):
    code = "personal_workspace"


@dataclass(frozen=True)
class Wish:
    """What a membership shall become; None leaves as it is. `expires_at` bounds the roles newly given."""

    roles: tuple[Role, ...] | None = None
    status: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Outlook:
    """What a change would do to one member. `obstacle` is the code of the rule that forbids it."""

    membership: Membership
    before: list[Role]
    after: list[Role]
    obstacle: str = ""

    @property
    def changes(self) -> bool:
        return {role.pk for role in self.before} != {role.pk for role in self.after}


def change(*, membership: Membership, held: frozenset[str], by: User, wish: Wish) -> Membership:
    """Give a member other roles, or suspend them. `membership` is locked by the caller.

    Raises OwnerStays and roles.CannotGrant: who acts must hold everything that they give and that the member
    has, so nobody rises by their own hand and nobody puts down somebody above them.
    """
    current = held_roles(membership)
    _check(membership, current, held=held, by=by, wish=wish)
    before = _told(current, membership.status)
    if wish.roles is not None:
        _set_roles(membership, current, by=by, wish=wish)
        current = list(wish.roles)
    membership.status = wish.status or membership.status
    membership.changed_by = by
    membership.save(update_fields=["status", "changed_by", "updated_at"])
    membership.refresh_from_db(fields=["version"])
    _rights_moved(membership.workspace, membership.user)
    after = _told(current, membership.status)
    signals.membership_changed.send(
        sender=Membership, membership=membership, by=by, before=before, after=after
    )
    if before["roles"] != after["roles"] and membership.user_id != by.pk:
        names = ", ".join(str(role) for role in current)
        news.tell(
            "role_changed",
            user=membership.user,
            workspace_id=membership.workspace_id,
            workspace=membership.workspace.name,
            roles=names or "–",
        )
    return membership


def outlook(
    *, memberships: Iterable[Membership], held: frozenset[str], by: User, wish: Wish
) -> list[Outlook]:
    """What a change of roles would do to each of several members; nothing is written."""
    found = []
    for membership in memberships:
        current = held_roles(membership)
        after = list(current if wish.roles is None else wish.roles)
        try:
            _check(membership, current, held=held, by=by, wish=wish)
        except (OwnerStays, CannotGrant) as refused:
            found.append(Outlook(membership, current, current, refused.code))
        else:
            found.append(Outlook(membership, current, after))
    return found


def change_several(
    *, seen: Mapping[Membership, str], held: frozenset[str], by: User, wish: Wish
) -> tuple[list[Membership], list[Membership]]:
    """Change several members at once; the memberships are locked by the caller.

    `seen` maps each to the version its change was decided on. Returns those that were changed and those that
    were not: changed by somebody else meanwhile, or out of reach.
    """
    done, left = [], []
    for membership, version in seen.items():
        try:
            if str(membership.version) != version:
                left.append(membership)
                continue
            with transaction.atomic():
                change(membership=membership, held=held, by=by, wish=wish)
        except (OwnerStays, CannotGrant):
            left.append(membership)
        else:
            done.append(membership)
    return done, left


def remove(*, membership: Membership, held: frozenset[str], by: User) -> None:
    """Take somebody out; their roles and keys there go with the row. `membership` is locked by the caller.

    Raises OwnerStays and roles.CannotGrant.
    """
    _check_not_owner(membership)
    roles.grantable(roles.permission_keys(*held_roles(membership)), held)
    _delete(membership, by)
    news.tell("member_removed", user=membership.user, workspace=membership.workspace.name)


def leave(*, membership: Membership) -> None:
    """Go out of a workspace by oneself. Raises PersonalWorkspace and OwnerStays, both to its owner only."""
    workspace = membership.workspace
    if workspace.kind == Workspace.Kind.PERSONAL and workspace.owner_id == membership.user_id:
        raise PersonalWorkspace
    _check_not_owner(membership)
    _delete(membership, membership.user)


def held_roles(membership: Membership) -> list[Role]:
    """The roles in a member's hands now. One query."""
    grants = UserRole.objects.live(timezone.now()).filter(
        workspace_id=membership.workspace_id, user_id=membership.user_id
    )
    return [grant.role for grant in grants.select_related("role").order_by("role_id")]


def _check(
    membership: Membership, current: list[Role], *, held: frozenset[str], by: User, wish: Wish
) -> None:
    _check_not_owner(membership)
    roles.grantable(roles.permission_keys(*current), held)
    if wish.roles is None:
        return
    wanted = roles.permission_keys(*wish.roles)
    roles.grantable(wanted, held)
    new = {role.pk for role in wish.roles} - {role.pk for role in current}
    if membership.user_id == by.pk and new:
        # Also what one holds already: a grant that ends must not become one that does not.
        raise CannotGrant(wanted)


def _check_not_owner(membership: Membership) -> None:
    if membership.workspace.owner_id == membership.user_id:
        raise OwnerStays


def _set_roles(membership: Membership, current: list[Role], *, by: User, wish: Wish) -> None:
    wanted = {role.pk: role for role in wish.roles or ()}
    had = {role.pk: role for role in current}
    mine = UserRole.objects.filter(workspace_id=membership.workspace_id, user_id=membership.user_id)
    mine.exclude(role_id__in=wanted.keys() & had.keys()).delete()
    added = [role for key, role in wanted.items() if key not in had]
    UserRole.objects.bulk_create(
        UserRole(
            workspace_id=membership.workspace_id,
            user_id=membership.user_id,
            role=role,
            granted_by=by,
            expires_at=wish.expires_at,
        )
        for role in added
    )
    facts = {"user": membership.user, "workspace": membership.workspace, "by": by}
    for role in added:
        signals.role_granted.send(
            sender=UserRole, role=role, expires_at=wish.expires_at, note="", **facts
        )
    for role in (role for key, role in had.items() if key not in wanted):
        signals.role_revoked.send(sender=UserRole, role=role, note="", **facts)


def _delete(membership: Membership, by: User) -> None:
    workspace, user = membership.workspace, membership.user
    # The database takes roles and keys along; see the membership foreign keys.
    Membership.objects.filter(pk=membership.pk).delete()
    _rights_moved(workspace, user)
    signals.membership_removed.send(sender=Membership, workspace=workspace, user=user, by=by)


def _rights_moved(workspace: Workspace, user: User) -> None:
    raise_authz_version(user)
    invitations.revoke_unfounded(workspace=workspace, inviter=user)
    signals.rights_changed.send(sender=Membership, workspace=workspace, user=user)


def raise_authz_version(*users: User) -> None:
    """Make everything remembered about the rights of these people unreachable, in the same transaction."""
    ids = sorted(user.pk for user in users)
    User.objects.filter(pk__in=ids).update(authz_version=F("authz_version") + 1)


def _told(held: list[Role], status: str) -> dict[str, object]:
    return {"roles": sorted(role.key for role in held), "status": status}
