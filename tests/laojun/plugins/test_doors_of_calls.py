"""Calls of plugins at their doors: lists, tests, second tries; for programs, people and operators."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from accounts import tenancy
from laojun.models import AuditLog, Notification, PluginDelivery
from laojun.plugins import deliveries
from laojun.plugins.outcomes import WORDS, Outcome
from tests.laojun.plugins.plugged import given_up, plug


@pytest.fixture
def sink(alice):
    return plug(alice.workspace, permissions=("event:task",))


def api(person, method: str, path: str, body: object = None):
    headers = {"HTTP_X_WORKSPACE_ID": str(person.workspace.pk), "HTTP_IDEMPOTENCY_KEY": path[:60]}
    send = getattr(person.client, method)
    if method == "get":
        return send(f"/api/v1{path}", **headers)
    return send(f"/api/v1{path}", json.dumps(body or {}), "application/json", **headers)


def actions(alice) -> set[str]:
    with tenancy.workspace(alice.workspace.pk):
        return set(AuditLog.objects.values_list("action", flat=True))


def test_the_calls_of_a_plugin_are_listed(alice, sink):
    row = given_up(sink)

    body = api(alice, "get", f"/plugin-instances/{sink.pk}/deliveries/").json()

    assert [one["id"] for one in body["results"]] == [str(row.pk)]
    assert body["results"][0]["error_code"] == "refused"
    assert "payload" not in body["results"][0]


@pytest.mark.parametrize(
    ("query", "count"),
    [("state=dead", 1), ("state=delivered", 0), ("hook=event.sink", 1), ("hook=x", 0),
     ("from=2020-01-01T00:00:00Z", 1), ("to=2020-01-01T00:00:00Z", 0)],
)  # fmt: skip
def test_they_are_filtered(alice, sink, query, count):
    given_up(sink)

    body = api(alice, "get", f"/plugin-instances/{sink.pk}/deliveries/?{query}").json()

    assert len(body["results"]) == count


def test_a_time_that_is_none_is_refused(alice, sink):
    reply = api(alice, "get", f"/plugin-instances/{sink.pk}/deliveries/?from=yesterday")

    assert reply.status_code == 400


def test_a_list_costs_the_same_for_many_calls(alice, sink, at_most):
    for _call in range(30):
        given_up(sink)

    with at_most(4):
        api(alice, "get", f"/plugin-instances/{sink.pk}/deliveries/")


def test_what_was_given_up_is_sent_once_more(alice, sink):
    row = given_up(sink)

    reply = api(alice, "post", f"/plugin-instances/{sink.pk}/deliveries/{row.pk}/retry/")

    assert (reply.status_code, reply.json()["state"]) == (202, "pending")
    assert reply.json()["event_id"] == str(row.event_id)
    assert "plugin.delivery_replayed" in actions(alice)
    (claimed,) = deliveries.claim(most=5)
    assert claimed.delivery.pk == row.pk


def test_what_was_not_given_up_is_not_sent_again(alice, sink):
    row = given_up(sink)
    with tenancy.workspace(alice.workspace.pk):
        PluginDelivery.objects.update(state="delivered", payload=None)

    reply = api(alice, "post", f"/plugin-instances/{sink.pk}/deliveries/{row.pk}/retry/")

    assert (reply.status_code, reply.json()["code"]) == (409, "not_dead")


def test_a_test_is_asked_for_and_made_at_the_next_turn(alice, sink):
    reply = api(alice, "post", f"/plugin-instances/{sink.pk}/test/", {"hook": "event.sink"})

    assert (reply.status_code, reply.json()["state"]) == (202, "pending")
    (claimed,) = deliveries.claim(most=5)
    deliveries.settle(claimed, Outcome(output={"seen": True}, status_code=200))
    body = api(alice, "get", f"/plugin-instances/{sink.pk}/deliveries/").json()
    assert body["results"][0]["answer"] == {"seen": True}
    assert "plugin.tested" in actions(alice)


def test_a_test_that_fails_is_not_tried_again(alice, sink):
    api(alice, "post", f"/plugin-instances/{sink.pk}/test/", {"hook": "event.sink"})
    (claimed,) = deliveries.claim(most=5)

    deliveries.settle(claimed, Outcome(code="timeout"))

    with tenancy.workspace(alice.workspace.pk):
        assert PluginDelivery.objects.get().state == "failed"


@pytest.mark.parametrize(
    "body",
    [{"hook": "studio.text_tool"}, {"hook": "no.such"}, {"hook": "event.sink", "event_type": "x"}],
)
def test_a_hook_it_does_not_answer_cannot_be_tried(alice, sink, body):
    reply = api(alice, "post", f"/plugin-instances/{sink.pk}/test/", body)

    assert (reply.status_code, reply.json()["code"]) == (409, "hook_not_offered")


@pytest.mark.parametrize(
    "body", [{}, {"hook": ["x"]}, {"hook": "x" * 100}, {"hook": "a", "more": 1}]
)
def test_a_malformed_test_is_refused(alice, sink, body):
    assert api(alice, "post", f"/plugin-instances/{sink.pk}/test/", body).status_code == 400


def test_an_editor_reads_and_does_not_act(alice, bob, sink):
    row = given_up(sink)

    assert api(bob, "get", f"/plugin-instances/{sink.pk}/deliveries/").status_code == 200
    assert api(bob, "post", f"/plugin-instances/{sink.pk}/test/", {"hook": "x"}).status_code == 403
    path = f"/plugin-instances/{sink.pk}/deliveries/{row.pk}/retry/"
    assert api(bob, "post", path).status_code == 403


def test_a_stranger_gets_404(alice, charlie, sink):
    row = given_up(sink)

    for method, path in (
        ("get", f"/plugin-instances/{sink.pk}/deliveries/"),
        ("post", f"/plugin-instances/{sink.pk}/deliveries/{row.pk}/retry/"),
        ("post", f"/plugin-instances/{sink.pk}/test/"),
    ):
        for body in ({"hook": "event.sink"}, {}):
            assert api(charlie, method, path, body).status_code == 404


def test_the_page_shows_calls_in_words(alice, sink):
    given_up(sink)

    page = alice.get(f"/workspace/plugins/{sink.pk}/calls/", HTTP_ACCEPT_LANGUAGE="en")

    text = page.content.decode()
    assert page.status_code == 200
    assert "task.failed" in text
    assert f"/workspace/plugins/{sink.pk}/test/" in text


def test_the_part_alone_is_for_htmx(alice, sink):
    part = alice.get(f"/workspace/plugins/{sink.pk}/calls/", HTTP_HX_REQUEST="true")

    assert b"<html" not in part.content
    assert b'id="plugin-calls"' in part.content


def test_while_a_test_is_under_way_the_part_asks_again(alice, sink):
    address = f"/workspace/plugins/{sink.pk}/calls/"
    alice.post(f"/workspace/plugins/{sink.pk}/test/", {"trial": "event.sink task.failed"})
    assert b"every 2s" in alice.get(address).content

    (claimed,) = deliveries.claim(most=5)
    deliveries.settle(claimed, Outcome(output={"fine": "<script>"}))

    page = alice.get(address).content
    assert b"every 2s" not in page
    assert b"&lt;script&gt;" in page


def test_the_button_sends_again(alice, sink):
    row = given_up(sink)

    alice.post(f"/workspace/plugins/{sink.pk}/calls/{row.pk}/retry/")

    with tenancy.workspace(alice.workspace.pk):
        assert PluginDelivery.objects.get().state == "pending"


def test_operators_send_again_what_was_given_up(alice, olga, sink):
    olga.user.is_superuser = True
    olga.user.save(update_fields=["is_superuser"])
    row = given_up(sink)

    olga.post(
        "/admin/laojun/plugindelivery/",
        {"action": "send_again", "_selected_action": [str(row.pk)]},
    )

    with tenancy.workspace(alice.workspace.pk):
        assert PluginDelivery.objects.get().state == "pending"
    assert "plugin.delivery_replayed" in actions(alice)


def test_operators_decide_about_what_a_restore_held_back(alice, olga, sink):
    olga.user.is_superuser = True
    olga.user.save(update_fields=["is_superuser"])
    row = given_up(sink)
    with tenancy.workspace(alice.workspace.pk):
        PluginDelivery.objects.update(state="held")

    olga.post(
        "/admin/laojun/plugindelivery/",
        {"action": "send_held", "_selected_action": [str(row.pk)]},
    )

    with tenancy.workspace(alice.workspace.pk):
        assert PluginDelivery.objects.get().state == "pending"


def test_an_operator_sees_that_something_was_told_and_not_what(alice, olga, sink):
    olga.user.is_superuser = True
    olga.user.save(update_fields=["is_superuser"])
    row = given_up(sink)
    with tenancy.workspace(alice.workspace.pk):
        PluginDelivery.objects.update(payload={"data": {"secret": "canary-9f2"}})

    page = olga.get(f"/admin/laojun/plugindelivery/{row.pk}/change/")

    assert page.status_code == 200
    assert b"canary-9f2" not in page.content


def test_a_workspace_that_goes_leaves_no_calls(alice, sink):
    given_up(sink)

    with tenancy.workspace(alice.workspace.pk):
        assert deliveries.remove(workspace_id=alice.workspace.pk) == 1
        assert deliveries.remove(workspace_id=alice.workspace.pk) == 0


def test_every_way_to_fail_has_words():
    """Read from the code: what is passed as an outcome's code."""
    folder = Path(settings.BASE_DIR) / "laojun" / "plugins"
    code = "".join(path.read_text() for path in folder.rglob("*.py"))
    named = re.findall(r'(?:code=|failed\(|ChildLost\(|Refused\()"([a-z_]+)"', code)

    assert {"timeout", "gone"} < set(named)
    assert set(named) <= set(WORDS)


def test_a_receiver_that_is_gone_is_switched_off(alice, sink):
    given_up(sink)
    with tenancy.workspace(alice.workspace.pk):
        PluginDelivery.objects.update(state="pending", attempts=0, next_attempt_at=timezone.now())
    (claimed,) = deliveries.claim(most=5)

    deliveries.settle(claimed, Outcome(code="gone", status_code=410))

    with tenancy.workspace(alice.workspace.pk):
        sink.refresh_from_db()
        assert PluginDelivery.objects.get(pk=claimed.delivery.pk).state == "dead"
    assert (sink.enabled, sink.health_detail) == (False, {"code": "gone"})
    with tenancy.user(alice.user.pk):
        assert Notification.objects.get().letter == "plugin_gone"
    assert "plugin.disabled" in actions(alice)
