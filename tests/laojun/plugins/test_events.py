"""What sinks hear of: tasks from their birth to their end, and nothing they may not."""

import pytest

from accounts import tenancy
from laojun import audit
from laojun.models import Config, PluginDelivery
from laojun.notifications import sending
from laojun.plugins import builtins, deliveries, events
from laojun.plugins.own import journal
from taishang import queue, runner, transitions
from taishang.claiming import Claimant
from taishang.models import Task
from tests.laojun.plugins.plugged import plug


def told(alice) -> dict[str, dict]:
    with tenancy.workspace(alice.workspace.pk):
        rows = PluginDelivery.objects.filter(event_type__startswith="task.")
        return {row.event_type: row.payload["data"] for row in rows}


def task_of(alice) -> Task:
    with tenancy.workspace(alice.workspace.pk, user_id=alice.user.pk):
        return queue.enqueue(
            kind="rig.echo", payload={"value": 1}, workspace=alice.workspace.pk, user=alice.user
        )


def test_a_task_is_told_of_when_it_is_created_and_when_it_succeeds(alice):
    plug(alice.workspace, permissions=("event:task",))
    task = task_of(alice)
    assert told(alice)["task.created"]["task_id"] == str(task.pk)

    runner.drain(Claimant("test:1", ["default"]))

    assert told(alice)["task.succeeded"]["result"] == {"value": 1, "attempt": 1}
    assert told(alice)["task.succeeded"]["state"] == "succeeded"


def test_the_result_is_for_those_who_may_read_results(alice):
    plug(alice.workspace, permissions=("event:task",))
    task_of(alice)
    with tenancy.workspace(alice.workspace.pk):
        row = PluginDelivery.objects.get(event_type="task.created")
    row.payload["data"]["result"] = {"answer": 42}

    without = events.as_cloud_event(row, frozenset({"event:task"}), "https://p.example.com")
    with_it = events.as_cloud_event(
        row, frozenset({"event:task", "data:task.result"}), "https://p.example.com"
    )

    assert "result" not in without["data"]
    assert with_it["data"]["result"] == {"answer": 42}


def test_what_the_dispatcher_ends_is_told_too(alice):
    """Its role sees no plugins; the event is written all the same, in its transaction."""
    plug(alice.workspace, permissions=("event:task",))
    task = task_of(alice)
    with tenancy.workspace(alice.workspace.pk):
        Task.objects.filter(pk=task.pk).update(expires_at=task.created_at)

    with tenancy.dispatcher_scope():
        transitions.expire()

    assert told(alice)["task.failed"]["error_code"] == "expired"


def test_the_platforms_own_events_go_to_the_workspace_that_was_named(alice, monkeypatch):
    plug(alice.workspace, permissions=("event:audit",))
    with tenancy.platform_scope(reason="test"):
        Config.objects.create(
            scope="global",
            key="plugins.platform_events_workspace",
            value=alice.workspace.pk,
            updated_by="test",
        )
        monkeypatch.setitem(audit.actions._entries, "audit.broken", "broken")
        for action in ("audit.broken", "feed.reset"):
            target = audit.Target("chain", "0", platform=True)
            audit.record(actor=audit.Actor.system("test"), action=action, target=target)

    with tenancy.workspace(alice.workspace.pk):
        kinds = set(PluginDelivery.objects.values_list("event_type", flat=True))
    assert kinds == {"audit.broken"}


def test_news_of_a_workspace_are_told_and_a_persons_own_are_not(alice):
    plug(alice.workspace, permissions=("event:notification",))
    for workspace_id in (alice.workspace.pk, None):
        sending.notify(
            user=alice.user,
            type="plugin_gone",
            params={"plugin": "courier"},
            workspace_id=workspace_id,
        )

    with tenancy.workspace(alice.workspace.pk):
        row = PluginDelivery.objects.get()
    assert row.event_type == "notification.created"
    assert "courier" in row.payload["data"]["title"]


def test_an_event_nobody_declared_is_a_mistake(alice):
    with pytest.raises(events.UnknownEvent), tenancy.workspace(alice.workspace.pk):
        events.emit("no.such", data={})


@pytest.mark.parametrize("slug", [slug for slug in builtins.builtins if not slug.startswith("rig")])
def test_the_committed_digests_are_those_of_the_code(slug):
    builtin = builtins.builtins[slug]

    assert builtins.digests_committed(builtin) == builtins.digests_now(builtin), (
        "record them anew: manage.py plugin_digests"
    )


def test_the_journal_writes_a_line_for_each_event(caplog):
    event = {"type": "task.failed", "id": "1", "source": "/workspaces/1", "subject": "tasks/9"}
    with caplog.at_level("INFO", logger="laojun.events"):
        journal.write(event, {})
        journal.write(event, {"with_subject": False})

    assert "subject=tasks/9" in caplog.messages[0]
    assert "tasks/9" not in caplog.messages[1]


def test_a_plugin_of_the_platform_hears_without_a_consent(alice, caplog):
    with tenancy.platform_scope(reason="test"):
        builtins.register()
    with tenancy.workspace(alice.workspace.pk, user_id=alice.user.pk):
        plugin = deliveries.runnables.Plugin.objects.get(slug="event_journal")
        version = plugin.versions.get()
        deliveries.PluginInstance.objects.create(
            workspace=alice.workspace, plugin=plugin, version=version, enabled=True, health="ok"
        )
    task_of(alice)

    with caplog.at_level("INFO", logger="laojun.events"):
        for claimed in deliveries.claim(most=9):
            assert deliveries.settle(claimed, deliveries.send(claimed))

    assert any("type=task.created" in line for line in caplog.messages)
