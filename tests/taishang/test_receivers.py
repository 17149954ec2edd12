"""Tasks follow their workspace."""

import pytest

from accounts import signals, tenancy, workspaces
from accounts.models import Workspace
from taishang.claiming import Claimant

pytestmark = pytest.mark.django_db


def test_a_suspended_workspaces_tasks_wait_and_go_on_later(bench, olga):
    waiting = bench.ask("rig.echo")
    workspace = bench.person.workspace
    # The letter to the owner waits elsewhere.
    bench.claimant = Claimant("test:1", [waiting.queue])

    with tenancy.platform_scope(reason="test"):
        workspaces.suspend(workspace=workspace, reason="unpaid", by=olga.user)
    assert bench.claim() is None

    with tenancy.platform_scope(reason="test"):
        workspace.refresh_from_db()
        workspaces.activate(workspace=workspace, reason="paid", by=olga.user)
    assert bench.claim() is not None


def test_a_deleted_workspaces_tasks_are_cancelled(bench, alice):
    waiting = bench.ask("rig.echo")

    signals.workspace_deleting.send(sender=Workspace, workspace=alice.workspace)

    assert bench.now(waiting).state == "cancelled"
