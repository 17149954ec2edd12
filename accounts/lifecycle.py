"""The end of a workspace: fourteen days in which its owner can change their mind, then steps that leave nothing."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import invitations, news, registry, roles, signals, tenancy, workspaces
from accounts.members import PersonalWorkspace
from accounts.models import (
    ApiKey,
    IdempotencyKey,
    Invitation,
    Membership,
    Role,
    User,
    UserRole,
    Workspace,
)
from accounts.registry import DeletionStep

GRACE = timedelta(days=14)
BATCHES = 10_000
ENDING = (Workspace.Status.DELETING, Workspace.Status.DELETED)
REASON = "purge of deleted workspaces"


class NotBeingDeleted(Exception):
    """There is nothing to take back: it was not deleted, or the fourteen days are over."""

    code = "not_being_deleted"


def declare() -> None:
    registry.deletion_steps.add("accounts", DeletionStep("accounts", remove_access, order=10))


def delete(*, workspace: Workspace, by: User, at: datetime | None = None) -> Workspace:
    """Begin the fourteen days: keys are refused, members see nothing, running work is cancelled.

    `workspace` is locked by the caller. Raises PersonalWorkspace.
    """
    if workspace.kind == Workspace.Kind.PERSONAL:
        raise PersonalWorkspace
    before = {"status": workspace.status}
    due = (at or timezone.now()) + GRACE
    invitations.revoke_all(workspace=workspace, by=by)
    _set(workspace, Workspace.Status.DELETING, due, by)
    _tell_change(workspace, by, "deletion_started", before)
    signals.workspace_deleting.send(sender=Workspace, workspace=workspace)
    for member in User.objects.filter(memberships__workspace=workspace):
        news.tell(
            "workspace_deletion",
            user=member,
            link=("workspace", ""),
            workspace=workspace.name,
            owner=by.username,
            due=due,
        )
    return workspace


def restore(*, workspace: Workspace, by: User, note: str = "") -> Workspace:
    """Take the deletion back. `workspace` is locked by the caller. Raises NotBeingDeleted."""
    if workspace.status != Workspace.Status.DELETING:
        raise NotBeingDeleted
    before = {"status": workspace.status}
    _set(workspace, Workspace.Status.ACTIVE, None, by)
    _tell_change(workspace, by, "restored", before, note=note)
    signals.workspace_activated.send(sender=Workspace, workspace=workspace)
    for member in User.objects.filter(memberships__workspace=workspace).exclude(pk=by.pk):
        news.tell(
            "workspace_restored",
            user=member,
            link=("workspace", ""),
            workspace_id=workspace.pk,
            workspace=workspace.name,
        )
    return workspace


def extend(*, workspace: Workspace, days: int, by: User, note: str) -> None:
    """Give the owner more time. Runs in the platform scope. Raises NotBeingDeleted."""
    due = workspace.deletion_due_at
    rows = Workspace.objects.filter(pk=workspace.pk, status=Workspace.Status.DELETING)
    if due is None or not rows.update(deletion_due_at=due + timedelta(days=days)):
        raise NotBeingDeleted
    workspaces.tell(
        workspace,
        by,
        "deletion_postponed",
        before={"deletion_due_at": due},
        after={"deletion_due_at": due + timedelta(days=days), "reason": note},
    )


def purge_due(*, now: datetime | None = None) -> int:
    """Remove the workspaces whose days are over. Run daily; a crash is made good by the next run.

    Returns how many were finished. Each batch of each step is a transaction of its own.
    """
    at = now or timezone.now()
    with tenancy.platform_scope(reason=REASON):
        due = Workspace.objects.filter(status__in=ENDING, deletion_due_at__lte=at)
        ids = list(due.order_by("deletion_due_at").values_list("pk", flat=True))
    for workspace_id in ids:
        _purge(workspace_id, at)
    return len(ids)


def remove_access(*, workspace_id: int) -> int:
    """Keys, replies, invitations, roles and every membership but the owner's, which the row itself needs."""
    others = Membership.objects.exclude(user_id=_owner_id(workspace_id))
    doomed = (
        ApiKey.objects.all(),
        IdempotencyKey.objects.all(),
        Invitation.objects.all(),
        UserRole.objects.all(),
        others,
        Role.objects.filter(is_system=False),
    )
    return sum(rows.filter(workspace_id=workspace_id).delete()[0] for rows in doomed)


def _owner_id(workspace_id: int) -> object:
    return Workspace.objects.values_list("owner_id", flat=True).get(pk=workspace_id)


def _purge(workspace_id: int, at: datetime) -> None:
    with tenancy.workspace(workspace_id):
        # Nobody can take it back once the first row is gone.
        rows = Workspace.objects.filter(pk=workspace_id, deletion_due_at__lte=at)
        if not rows.filter(status__in=ENDING).update(status=Workspace.Status.DELETED):
            return
    counts = {}
    for step in sorted(registry.deletion_steps.values(), key=lambda step: step.order):
        counts[step.key] = _run(step, workspace_id)
    with tenancy.workspace(workspace_id), transaction.atomic():
        workspace = Workspace.objects.select_for_update().get(pk=workspace_id)
        _forget(workspace)
        signals.workspace_deleted.send(sender=Workspace, workspace=workspace, counts=counts)


def _run(step: DeletionStep, workspace_id: int) -> int:
    """Every batch of a step. Returns how many rows it removed."""
    total = 0
    for _batch in range(BATCHES):
        with tenancy.workspace(workspace_id):
            removed = step.run(workspace_id=workspace_id)
        if not removed:
            break
        total += removed
    return total


def _forget(workspace: Workspace) -> None:
    """The row stays, so that the audit log has something to point at; its name does not."""
    workspace.name = workspace.name_key = workspace.suspended_reason = ""
    workspace.slug = f"deleted-{workspace.pk}"
    workspace.deletion_due_at = None
    workspace.save(
        update_fields=["name", "name_key", "suspended_reason", "slug", "deletion_due_at"]
    )


def _set(workspace: Workspace, status: str, due: datetime | None, by: User) -> None:
    workspace.status, workspace.deletion_due_at, workspace.changed_by = status, due, by
    workspace.offered_to, workspace.offer_expires_at = None, None
    workspace.save(
        update_fields=[
            "status",
            "deletion_due_at",
            "offered_to",
            "offer_expires_at",
            "changed_by",
            "updated_at",
        ]
    )
    workspace.refresh_from_db(fields=["version"])
    roles.raise_authz_version(workspace)


def _tell_change(
    workspace: Workspace, by: User, verb: str, before: dict[str, Any], note: str = ""
) -> None:
    after = {"status": workspace.status, **({"reason": note} if note else {})}
    workspaces.tell(workspace, by, verb, before=before, after=after)
