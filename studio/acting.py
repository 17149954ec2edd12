"""Who a task acts for: the person who asked, with what they may do today."""

from __future__ import annotations

from accounts import permissions
from accounts.authentication import Principal
from accounts.models import User, Workspace
from taishang.runs import Permanent, Run


def principal_of(run: Run) -> Principal:
    """Inside the run's transaction. Raises Permanent when the person is gone."""
    user = User.objects.filter(pk=run.user_id).first()
    if user is None or run.workspace_id is None:
        raise Permanent("actor_gone", "The person who asked for this is gone.")
    workspace = Workspace.objects.get(pk=run.workspace_id)
    held = permissions.of_member(user_id=user.pk, workspace=workspace) or frozenset()
    return Principal(
        "task",
        user,
        workspace_id=workspace.pk,
        is_owner=workspace.owner_id == user.pk,
        _held=held,
    )
