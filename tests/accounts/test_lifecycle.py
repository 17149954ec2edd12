"""From active over suspended and being deleted to gone: who sees what, and what is left."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts import lifecycle, registry, tenancy, workspaces
from accounts.models import ApiKey, Membership, Role, Session, UserRole, Workspace
from accounts.registry import DeletionStep
from laojun import files
from laojun.files import Owner
from laojun.models import AuditLog, File, FileUsage
from taishang import queue
from taishang.models import Project, ProjectVersion, Task, TaskEvent
from tests.accounts.api.calls import JSON, Program, assert_problem, program
from tests.accounts.api.test_workspaces import make_role, members, one, patch

pytestmark = pytest.mark.django_db


@pytest.fixture
def team(alice, bob):
    assert alice.client.post(f"{one(alice)}conversion/").status_code == 200
    return one(alice)


def key_of(person, *scopes):
    body = {"name": "script", "scopes": list(scopes or ["workspace.view"])}
    return person.client.post("/api/v1/api-keys/", body, content_type=JSON).json()["key"]


def row(person):
    with tenancy.platform_scope(reason="test"):
        return Workspace.objects.get(pk=person.workspace.pk)


def later(days):
    return timezone.now() + timedelta(days=days)


# Being deleted


def test_a_deleted_workspace_is_there_for_its_owner_alone(alice, bob, team):
    key = Program(key_of(alice))
    caller = program(bob)

    gone = alice.client.delete(team)

    assert gone.status_code == 202
    assert gone.json()["status"] == "deleting"
    assert alice.get(team).json()["deletion_due_at"]
    assert_problem(caller.get(team), 404, "not_found")
    assert_problem(key.get("/api/v1/me/"), 401, "token_invalid")


def test_nothing_can_be_changed_in_it(alice, bob, team):
    tag = alice.get(team)["ETag"]
    alice.client.delete(team)

    assert_problem(patch(alice, team, {"name": "x"}, tag), 403, "workspace_deleting")
    assert_problem(make_role(alice), 403, "workspace_deleting")
    assert_problem(alice.client.delete(members(alice, bob)), 403, "workspace_deleting")


def test_its_owner_restores_it_with_everything(alice, bob, team):
    key = Program(key_of(alice))
    alice.client.delete(team)

    restored = alice.client.post(f"{team}restoration/")

    assert restored.json()["status"] == "active"
    assert restored.json()["deletion_due_at"] is None
    assert program(bob).get(team).status_code == 200
    assert key.get("/api/v1/me/").status_code == 200
    assert_problem(alice.client.post(f"{team}restoration/"), 409, "not_being_deleted")


def test_running_work_is_cancelled_and_open_invitations_end(alice, team):
    role = Role.objects.get(key="viewer", workspace=None).pk
    body = {"email": "x@example.com", "role": role}
    alice.client.post(f"{team}invitations/", body, content_type=JSON)
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        task = queue.enqueue(kind="rig.echo", workspace=alice.workspace, user=alice.user)

    alice.client.delete(team)

    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        assert Task.objects.get(pk=task.pk).state == "cancelled"
    assert alice.get(f"{team}invitations/").json()["results"][0]["state"] == "revoked"


def test_deleting_needs_a_fresh_sign_in_and_the_owner(alice, bob, team):
    assert_problem(bob.client.delete(team), 403, "permission_denied")
    long_ago = timezone.now() - timedelta(hours=1)
    Session.objects.filter(user=alice.user).update(authenticated_at=long_ago)

    assert_problem(alice.client.delete(team), 403, "reauth_required")


def test_a_key_deletes_nothing(alice, team):
    key = Program(key_of(alice, "workspace.delete"))

    assert_problem(key.delete(team), 403, "person_required")
    assert_problem(key.post(f"{team}restoration/"), 403, "person_required")


def test_a_personal_workspace_is_not_deleted(alice):
    assert_problem(alice.client.delete(one(alice)), 409, "personal_workspace")


def test_an_operator_gives_more_time(alice, olga, team):
    alice.client.delete(team)
    before = row(alice).deletion_due_at

    with tenancy.platform_scope(reason="test"):
        lifecycle.extend(workspace=row(alice), days=7, by=olga.user, note="asked for it")

    assert row(alice).deletion_due_at == before + timedelta(days=7)


# Suspended


def test_a_suspended_workspace_is_read_by_its_members(alice, bob, olga, team):
    with tenancy.platform_scope(reason="test"):
        workspaces.suspend(workspace=row(alice), reason="unpaid", by=olga.user)

    assert bob.get(members(alice)).status_code == 200
    assert_problem(alice.client.delete(team), 403, "workspace_suspended")
    assert_problem(alice.client.post(f"{team}restoration/"), 409, "not_being_deleted")


# Gone


@pytest.fixture
def full(alice, bob, team, tmp_path, settings):
    """A workspace with something of everything in it."""
    settings.STORAGES["default"]["OPTIONS"]["location"] = tmp_path
    key_of(alice)
    made = make_role(alice).json()["id"]
    patch(alice, members(alice, bob), {"roles": [made]})
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        owner = Owner(alice.user.pk, alice.workspace.pk)
        files.store(content=b"text", name="note.txt", purpose="attachment", owner=owner)
        queue.enqueue(kind="rig.echo", workspace=alice.workspace, user=alice.user)
    body = {"name": "shop"}
    assert alice.client.post("/api/v1/projects/", body, content_type=JSON).status_code == 201
    alice.client.delete(team)
    return alice.workspace.pk


def left_of(workspace_id):
    models = (ApiKey, UserRole, Role, File, FileUsage, Project, ProjectVersion, Task, TaskEvent)
    with tenancy.platform_scope(reason="test"):
        found = {}
        for model in models:
            rows = model.objects.filter(workspace_id=workspace_id)
            if model is File:
                rows = rows.exclude(state="deleted")
            if count := rows.count():
                found[model.__name__] = count
        return found


def test_before_its_day_nothing_is_removed(full, alice):
    assert lifecycle.purge_due(now=later(13)) == 0
    assert left_of(full)["Project"] == 1


def test_after_fourteen_days_nothing_is_left_but_a_row_without_a_name(full, alice, bob):
    assert lifecycle.purge_due(now=later(15)) == 1

    assert left_of(full) == {}
    gone = row(alice)
    assert (gone.status, gone.name, gone.slug) == ("deleted", "", f"deleted-{full}")
    with tenancy.platform_scope(reason="test"):
        people = Membership.objects.filter(workspace_id=full).values_list("user_id", flat=True)
        assert list(people) == [alice.user.id]
    assert lifecycle.purge_due(now=later(16)) == 0


def test_the_audit_log_is_kept_and_says_what_there_was(full):
    lifecycle.purge_due(now=later(15))

    with tenancy.platform_scope(reason="test"):
        rows = AuditLog.objects.filter(workspace_id=full)
        assert rows.filter(action="workspace.created").exists()
        details = rows.get(action="workspace.deleted").payload["details"]
    assert details["taishang.remove_projects"] == 1
    assert details["laojun.remove_files"] >= 1


def test_its_owner_does_not_see_it_any_more(full, alice):
    lifecycle.purge_due(now=later(15))

    assert_problem(alice.get(one(alice)), 404, "not_found")
    names = {found["id"] for found in alice.get("/api/v1/workspaces/").json()["results"]}
    assert full not in names


def test_a_crash_in_between_is_made_good_by_the_next_run(full, monkeypatch):
    def crash(**_):
        raise RuntimeError

    broken = DeletionStep("taishang.remove_work", crash, 30)
    monkeypatch.setitem(registry.deletion_steps._entries, "taishang.remove_work", broken)
    with pytest.raises(RuntimeError):
        lifecycle.purge_due(now=later(15))
    monkeypatch.undo()
    assert left_of(full)["Task"]

    assert lifecycle.purge_due(now=later(16)) == 1

    assert left_of(full) == {}


def test_files_go_last(full):
    steps = sorted(registry.deletion_steps.values(), key=lambda step: step.order)

    assert steps[-1].key == "laojun.remove_files"


def test_every_table_of_a_workspace_is_emptied(full):
    """No table may keep rows of a workspace that is gone, but for the named ones."""
    lifecycle.purge_due(now=later(15))

    kept = {"lao_audit_logs", "lao_audit_actors", "accounts_memberships", "lao_files"}
    kept.add("lao_plugin_audits")
    # Clients learn for 90 days that things are gone; the notes name a kind and an id, nothing else.
    kept.add("accounts_changes")
    with tenancy.platform_scope(reason="test"), connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            " AND a.attname = 'workspace_id' WHERE c.relnamespace = 'public'::regnamespace"
            " AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        )
        tables = {name for (name,) in cursor.fetchall()} - kept
        for table in sorted(tables):
            cursor.execute(f"SELECT count(*) FROM {table} WHERE workspace_id = %s", [full])
            assert cursor.fetchone() == (0,), table
