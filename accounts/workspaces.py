"""Opening, renaming and opening up workspaces."""

from typing import Any

from django.db import IntegrityError, transaction

from accounts import identity, news, signals, signup
from accounts.models import User, Workspace

MAX_OWNED = 20


class TooManyWorkspaces(Exception):
    code = "limit_reached"
    members = {"limit": MAX_OWNED}


class NameTaken(Exception):
    """The owner has a workspace of this name."""

    code = "name_taken"


def create(*, name: str, owner: User) -> Workspace:
    """Open a team workspace. Raises TooManyWorkspaces and NameTaken."""
    check_room(owner=owner)
    try:
        with transaction.atomic():
            return signup.create_workspace(name=name, owner=owner)
    except IntegrityError as error:
        raise named(error) from error


def check_room(*, owner: User) -> None:
    """Whether somebody may own one more. Locks their row, so that parallel callers cannot pass the limit.

    Raises TooManyWorkspaces.
    """
    User.objects.select_for_update().get(pk=owner.pk)
    owned = Workspace.objects.filter(owner=owner).exclude(status=Workspace.Status.DELETED)
    if owned.count() >= MAX_OWNED:
        raise TooManyWorkspaces


def rename(*, workspace: Workspace, name: str, by: User) -> Workspace:
    """Give a workspace another name. Raises NameTaken."""
    before = {"name": workspace.name}
    workspace.name, workspace.name_key = name, identity.username_key(name)
    workspace.changed_by = by
    try:
        with transaction.atomic():
            workspace.save(update_fields=["name", "name_key", "changed_by", "updated_at"])
    except IntegrityError as error:
        raise named(error) from error
    workspace.refresh_from_db(fields=["version"])
    tell(workspace, by, "changed", before=before, after={"name": name})
    return workspace


def convert(*, workspace: Workspace, by: User) -> Workspace:
    """Make a personal workspace one that can be shared. Does nothing to a team's."""
    if workspace.kind == Workspace.Kind.PERSONAL:
        workspace.kind, workspace.changed_by = Workspace.Kind.TEAM, by
        workspace.save(update_fields=["kind", "changed_by", "updated_at"])
        workspace.refresh_from_db(fields=["version"])
        before, after = {"kind": Workspace.Kind.PERSONAL}, {"kind": Workspace.Kind.TEAM}
        tell(workspace, by, "converted", before=before, after=after)
    return workspace


def suspend(*, workspace: Workspace, reason: str, by: User) -> None:
    """Stop every change in a workspace; reading stays. Runs in the platform scope."""
    active = Workspace.objects.filter(pk=workspace.pk, status=Workspace.Status.ACTIVE)
    if active.update(status=Workspace.Status.SUSPENDED, suspended_reason=reason):
        before = {"status": workspace.status}
        after = {"status": Workspace.Status.SUSPENDED, "reason": reason}
        tell(workspace, by, "suspended", before=before, after=after)
        signals.workspace_suspended.send(sender=Workspace, workspace=workspace)
        news.tell(
            "workspace_suspended",
            user=workspace.owner,
            link=("workspace", ""),
            workspace_id=workspace.pk,
            workspace=workspace.name,
            reason=reason,
        )


def activate(*, workspace: Workspace, reason: str, by: User) -> None:
    """Let a suspended workspace work again. Runs in the platform scope."""
    suspended = Workspace.objects.filter(pk=workspace.pk, status=Workspace.Status.SUSPENDED)
    if suspended.update(status=Workspace.Status.ACTIVE, suspended_reason=""):
        before = {"status": workspace.status}
        after = {"status": Workspace.Status.ACTIVE, "reason": reason}
        tell(workspace, by, "activated", before=before, after=after)
        signals.workspace_activated.send(sender=Workspace, workspace=workspace)


def named(error: IntegrityError) -> Exception:
    """What a refused row means to a person."""
    return NameTaken() if "accounts_workspaces_name_uniq" in str(error) else error


def tell(
    workspace: Workspace,
    by: User,
    verb: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Let the apps above know what was done to a workspace; `verb` names the deed in the audit log."""
    signals.workspace_changed.send(
        sender=Workspace, workspace=workspace, by=by, verb=verb, before=before, after=after
    )
