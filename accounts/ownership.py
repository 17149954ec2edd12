"""Handing a workspace to another member: offered by its owner, taken over within a week."""

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import members, news, roles, signals, workspaces
from accounts.members import PersonalWorkspace
from accounts.models import Membership, Role, User, UserRole, Workspace
from accounts.permissions import ADMIN

OFFER_LIFE = timedelta(days=7)


class NotAMember(Exception):
    """A workspace is handed to somebody who works in it."""

    code = "not_a_member"


class NoOffer(Exception):
    """Nothing is offered to this person, or no longer."""

    code = "no_offer"


def offer(*, workspace: Workspace, to: User, by: User) -> Workspace:
    """Offer the workspace to an active member. A new offer takes the place of the one before.

    `workspace` is locked by the caller. Raises PersonalWorkspace and NotAMember.
    """
    if workspace.kind == Workspace.Kind.PERSONAL:
        raise PersonalWorkspace
    active = Membership.objects.active().filter(workspace=workspace, user=to)
    if to.pk == workspace.owner_id or not active.exists():
        raise NotAMember
    _set_offer(workspace, to, by)
    workspaces.tell(workspace, by, "offered", after={"offered_to": str(to.pk)})
    news.tell(
        "ownership_offered",
        user=to,
        link=("workspace", ""),
        workspace_id=workspace.pk,
        workspace=workspace.name,
        owner=by.username,
        days=OFFER_LIFE.days,
    )
    return workspace


def withdraw(*, workspace: Workspace, by: User) -> Workspace:
    """Take an offer back, or as the one it was made to, say no. Raises NoOffer. The caller holds the row."""
    if workspace.offered_to_id is None or by.pk not in (
        workspace.owner_id,
        workspace.offered_to_id,
    ):
        raise NoOffer
    before = {"offered_to": str(workspace.offered_to_id)}
    _set_offer(workspace, None, by)
    workspaces.tell(workspace, by, "offer_withdrawn", before=before)
    return workspace


def accept(*, workspace: Workspace, heir: User) -> Workspace:
    """Become the owner; the one before becomes an admin. `workspace` is locked by the caller.

    Raises NoOffer, workspaces.TooManyWorkspaces and workspaces.NameTaken.
    """
    if not workspace.is_offered_to(heir, timezone.now()):
        raise NoOffer
    workspaces.check_room(owner=heir)
    before = workspace.owner
    workspace.owner, workspace.changed_by = heir, heir
    try:
        with transaction.atomic():
            workspace.save(update_fields=["owner", "changed_by", "updated_at"])
    except IntegrityError as error:
        raise workspaces.named(error) from error
    _set_offer(workspace, None, heir)
    _swap_roles(workspace, before, heir)
    roles.raise_authz_version(workspace)
    members.raise_authz_version(before, heir)
    signals.rights_changed.send(sender=Workspace, workspace=workspace, user=None)
    workspaces.tell(
        workspace,
        heir,
        "transferred",
        before={"owner": str(before.pk)},
        after={"owner": str(heir.pk)},
    )
    facts = {"workspace": workspace.name, "owner": heir.username}
    link = ("workspace", "")
    news.tell("ownership_transferred", user=before, link=link, workspace_id=workspace.pk, **facts)
    return workspace


def _set_offer(workspace: Workspace, to: User | None, by: User) -> None:
    workspace.offered_to, workspace.changed_by = to, by
    workspace.offer_expires_at = timezone.now() + OFFER_LIFE if to else None
    workspace.save(update_fields=["offered_to", "offer_expires_at", "changed_by", "updated_at"])
    workspace.refresh_from_db(fields=["version"])


def _swap_roles(workspace: Workspace, before: User, heir: User) -> None:
    """An owner holds everything by owning and needs no role; the one before keeps what an admin has."""
    UserRole.objects.filter(workspace=workspace, user=heir).delete()
    admin = Role.objects.system().get(key=ADMIN)
    UserRole.objects.get_or_create(
        workspace=workspace, user=before, role=admin, defaults={"granted_by": heir}
    )
