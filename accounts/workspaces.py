"""Opening, renaming and opening up workspaces."""

from django.db import IntegrityError, transaction

from accounts import identity, signals, signup
from accounts.models import User, Workspace

MAX_OWNED = 20


class TooManyWorkspaces(Exception):
    code = "limit_reached"
    members = {"limit": MAX_OWNED}


class NameTaken(Exception):
    """The owner has a workspace of this name."""

    code = "name_taken"


def create(*, name: str, owner: User) -> Workspace:
    """Open a team workspace. Locks the person's row, so that parallel callers cannot pass the limit.

    Raises TooManyWorkspaces and NameTaken.
    """
    User.objects.select_for_update().get(pk=owner.pk)
    owned = Workspace.objects.filter(owner=owner).exclude(status=Workspace.Status.DELETED)
    if owned.count() >= MAX_OWNED:
        raise TooManyWorkspaces
    try:
        with transaction.atomic():
            return signup.create_workspace(name=name, owner=owner)
    except IntegrityError as error:
        raise _named(error) from error


def rename(*, workspace: Workspace, name: str, by: User) -> Workspace:
    """Give a workspace another name. Raises NameTaken."""
    before = {"name": workspace.name}
    workspace.name, workspace.name_key = name, identity.username_key(name)
    try:
        with transaction.atomic():
            workspace.save(update_fields=["name", "name_key", "updated_at"])
    except IntegrityError as error:
        raise _named(error) from error
    workspace.refresh_from_db(fields=["version"])
    _tell(workspace, by, before, {"name": name})
    return workspace


def convert(*, workspace: Workspace, by: User) -> Workspace:
    """Make a personal workspace one that can be shared. Does nothing to a team's."""
    if workspace.kind == Workspace.Kind.PERSONAL:
        workspace.kind = Workspace.Kind.TEAM
        workspace.save(update_fields=["kind", "updated_at"])
        workspace.refresh_from_db(fields=["version"])
        _tell(workspace, by, {"kind": Workspace.Kind.PERSONAL}, {"kind": Workspace.Kind.TEAM})
    return workspace


def suspend(*, workspace: Workspace, reason: str, by: User) -> None:
    """Stop every change in a workspace; reading stays. Runs in the platform scope."""
    before = {"status": workspace.status}
    active = Workspace.objects.filter(pk=workspace.pk, status=Workspace.Status.ACTIVE)
    if active.update(status=Workspace.Status.SUSPENDED, suspended_reason=reason):
        after = {"status": Workspace.Status.SUSPENDED, "reason": reason}
        _tell(workspace, by, before, after)


def activate(*, workspace: Workspace, reason: str, by: User) -> None:
    """Let a suspended workspace work again. Runs in the platform scope."""
    before = {"status": workspace.status}
    suspended = Workspace.objects.filter(pk=workspace.pk, status=Workspace.Status.SUSPENDED)
    if suspended.update(status=Workspace.Status.ACTIVE, suspended_reason=""):
        _tell(workspace, by, before, {"status": Workspace.Status.ACTIVE, "reason": reason})


def _named(error: IntegrityError) -> Exception:
    return NameTaken() if "accounts_workspaces_name_uniq" in str(error) else error


def _tell(workspace: Workspace, by: User, before: dict, after: dict) -> None:
    signals.workspace_changed.send(
        sender=Workspace, workspace=workspace, by=by, before=before, after=after
    )
